"""Error analysis is what counting row by row gives, whatever the order of rows and however they are sharded."""

from __future__ import annotations

import contextlib
import math
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from scipy.stats import chi2_contingency
from tests.properties.build import Question, Row, labels, row_scores
from tests.properties.test_accumulator import COMPARE, arrangements, make_rows, merged_in_pairs, split
from tests.properties.test_states import changed, refuse, why_refused

from evald.errors import InvalidRequestError
from evald.v1 import analysis_pb2 as pb
from evald.v1.evaluation_pb2 import UNKNOWN_LABELS_BUCKET, UNKNOWN_LABELS_DROP
from evald.v1.instance_pb2 import Prediction

METRICS = ("exact_match", "rouge_l", "wer", "accuracy", "confusion_matrix")
ANALYSED = COMPARE.asking(metrics=METRICS, analysis={"samples": 3, "top": 4})
BEST = {"exact_match": 100.0, "rouge_l": 1.0, "wer": 0.0, "accuracy": 1.0}


@given(arrangement=arrangements(40), seed=st.integers(0, 9))
def test_any_order_split_and_merge_gives_the_same_bytes(
    arrangement: tuple[list[int], list[int], random.Random], seed: int
) -> None:
    order, cuts, choose = arrangement
    rows = make_rows(40, 3, seed)
    whole = ANALYSED.accumulate(rows)
    answer, state = whole.finish(), whole.state()
    pieces = split([rows[at] for at in order], cuts)
    pushed = ANALYSED.accumulate(*pieces)
    assert pushed.state() == state
    assert pushed.finish() == answer
    merged = merged_in_pairs(ANALYSED, [ANALYSED.accumulate(piece).state() for piece in pieces], choose)
    assert merged.state() == state
    assert merged.finish() == answer


def test_many_pairs_of_labels_are_cut_the_same_way_in_shards() -> None:
    """More confused rows than are kept."""
    question = Question(["accuracy"], analysis={})
    choose = random.Random(3)
    rows = [
        Row(id=f"{number}", labels=[f"{choose.randrange(90)}"], predictions=[Prediction(labels=[f"{number % 97}"])])
        for number in range(9_000)
    ]
    whole = question.accumulate(rows)
    shards = [question.accumulate(rows[start::3]).state() for start in range(3)]
    for order in (shards, shards[::-1]):
        merged = question.merge(order)
        assert merged.state() == whole.state()
        assert merged.finish() == whole.finish()
    assert question.accumulate(rows[::-1]).state() == whole.state()


@pytest.fixture(scope="module")
def compared() -> tuple[Any, list[Row]]:
    rows = make_rows(300, 3, seed=5)
    return ANALYSED.asking(rows=True).answer(rows), rows


def scores_of(answer: Any, metric: str, system: str) -> dict[str, float]:
    """Row scores by id, without failed rows."""
    ids = answer.systems[0].rows.ids
    return {name: one for name, one in zip(ids, row_scores(answer, metric, system), strict=True) if not math.isnan(one)}


def is_right(metric: str, score: float) -> bool:
    return abs(score - BEST[metric]) < 1e-6


def test_rows_by_score(compared: tuple[Any, list[Row]]) -> None:
    answer, _ = compared
    seen = 0
    for system in answer.analysis.systems:
        assert [found.metric for found in system.metrics] == list(BEST)
        for found in system.metrics:
            scores = scores_of(answer, found.metric, system.system)
            assert found.right == sum(is_right(found.metric, score) for score in scores.values())
            assert found.right + sum(band.rows for band in found.bands) == len(scores)
            for band in found.bands:
                if band.HasField("worst"):
                    of_band = {
                        name
                        for name, score in scores.items()
                        if not is_right(found.metric, score)
                        and (band.worst <= score < band.best or (band.best == BEST[found.metric] <= score))
                    }
                    assert band.rows == len(of_band)
                    seen += 1
                assert len(band.samples) == min(3, band.rows)
                for row in band.samples:
                    assert list(row.scores) == [scores[row.id]]
                    assert not is_right(found.metric, scores[row.id])
            assert ([band.HasField("worst") for band in found.bands] == [False]) == (found.metric == "wer")
    assert seen > 10


def words(text: str) -> int:
    return len(text.split())


def of_length(one: pb.LengthBucket, count: int) -> bool:
    return one.low <= count and (not one.HasField("high") or count <= one.high)


@pytest.mark.parametrize("by", ["reference", "prediction"])
def test_rows_by_length(compared: tuple[Any, list[Row]], by: str) -> None:
    answer, rows = compared
    for at, system in enumerate(answer.analysis.systems):

        def length(row: Row, at: int = at) -> int:
            return words(row.references[0] if by == "reference" else row.predictions[at].text)

        for found in system.metrics:
            scores = scores_of(answer, found.metric, system.system)
            buckets = getattr(found, f"by_{by}_length")
            assert sum(one.rows for one in buckets) == len(scores)
            for one in buckets:
                inside = [scores[row.id] for row in rows if row.id in scores and of_length(one, length(row))]
                assert one.rows == len(inside) > 0
                assert one.mean_score == pytest.approx(sum(inside) / len(inside), rel=1e-12)
                assert one.error_rate == sum(not is_right(found.metric, score) for score in inside) / len(inside)


def test_rows_fixed_and_broken(compared: tuple[Any, list[Row]]) -> None:
    answer, _ = compared
    for pair in answer.analysis.pairs:
        for found in pair.metrics:
            base, new = (scores_of(answer, found.metric, name) for name in ("base", pair.candidate))
            common = base.keys() & new.keys()
            flips = Counter((is_right(found.metric, base[name]), is_right(found.metric, new[name])) for name in common)
            counts = (found.fixed, found.broken, found.both_right, found.both_wrong)
            assert counts == (flips[False, True], flips[True, False], flips[True, True], flips[False, False])
            sign = -1 if found.metric == "wer" else 1
            gains = {name: sign * (new[name] - base[name]) for name in common}
            for rows, direction in ((found.gains, 1), (found.losses, -1)):
                for row in rows:
                    assert list(row.scores) == [base[row.id], new[row.id]]
                changes = sorted((direction * gain for gain in gains.values() if direction * gain > 0), reverse=True)
                assert [direction * gains[row.id] for row in rows] == changes[:3]


def test_hardest_rows(compared: tuple[Any, list[Row]]) -> None:
    answer, _ = compared
    for found in answer.analysis.hardest:
        columns = [scores_of(answer, found.metric, name) for name in ("base", "new", "newer")]
        common = set.intersection(*(set(column) for column in columns))
        means = {name: sum(column[name] for column in columns) / 3 for name in common}
        worst = sorted(means.values(), reverse=found.metric == "wer")[:3]
        assert [means[row.id] for row in found.rows] == pytest.approx(worst)
        for row in found.rows:
            assert list(row.scores) == [column[row.id] for column in columns]


def cells(matrix: Any) -> dict[tuple[str, str], float]:
    names, size = list(matrix.labels), len(matrix.labels)
    dense = {(names[at // size], names[at % size]): count for at, count in enumerate(matrix.counts) if count}
    sparse = zip(matrix.cell_gold, matrix.cell_predicted, matrix.cell_value, strict=True)
    return dense | {(names[gold], names[predicted]): value for gold, predicted, value in sparse}


def pairs_of(rows: Iterable[Row], at: int) -> Counter[tuple[str, str]]:
    return Counter((row.labels[0], row.predictions[at].labels[0]) for row in rows)


def test_confused_labels(compared: tuple[Any, list[Row]]) -> None:
    answer, rows = compared
    answered = [[row for row in rows if row.predictions[at].labels] for at in range(3)]
    for at, system in enumerate(answer.analysis.systems):
        counts = pairs_of(answered[at], at)
        assert cells(system.confusion_matrix) == counts
        wrong = sorted(
            ((count, gold, predicted) for (gold, predicted), count in counts.items() if gold != predicted),
            key=lambda one: (-one[0], one[1], one[2]),
        )
        assert [(one.count, one.gold, one.predicted) for one in system.confusions] == wrong[:4]
        for one in system.confusions:
            of_pair = {
                row.id
                for row in answered[at]
                if (row.labels[0], row.predictions[at].labels[0]) == (one.gold, one.predicted)
            }
            assert one.share == one.count / sum(row.labels[0] == one.gold for row in answered[at])
            assert len(one.rows) == min(3, len(of_pair))
            assert {row.id for row in one.rows} <= of_pair
    for at, pair in enumerate(answer.analysis.pairs, start=1):
        common = [row for row in rows if row.predictions[0].labels and row.predictions[at].labels]
        change = pairs_of(common, at)
        change.subtract(pairs_of(common, 0))
        assert cells(pair.confusion_difference) == {labels: count for labels, count in change.items() if count}


def test_another_seed_names_other_rows() -> None:
    question = Question(["exact_match"], analysis={})
    rows = [Row(id=f"{at}", references=["a"], predictions=[Prediction(text="b")]) for at in range(500)]
    named = []
    for seed in (1, 2, 1):
        found = question.asking(statistics={"seed": seed}).answer(rows).analysis.systems[0].metrics[0]
        named.append([row.id for row in found.bands[0].samples])
    assert named[0] == named[2] != named[1]
    assert len(named[0]) == 5


def test_an_analysis_changes_no_value() -> None:
    rows = make_rows(60, 3)
    with_analysis = ANALYSED.answer(rows)
    without = ANALYSED.asking(analysis=None).answer(rows)
    assert not without.HasField("analysis")
    with_analysis.ClearField("analysis")
    without.provenance.spec_digest = with_analysis.provenance.spec_digest
    assert with_analysis == without


def test_long_ids_are_cut_and_rows_without_ids_are_named_by_position() -> None:
    question = Question(["accuracy"], analysis={})
    rows = labels([["a", "b"]], ["a", "a"])
    assert question.answer(rows).analysis.hardest[0].rows[0].id == "#1"
    for at, row in enumerate(rows):
        row.id = str(at) + "\u00e9" * 400
    found = question.answer(rows).analysis.hardest[0].rows[0].id
    assert found == "1" + "\u00e9" * 127 + "\u2026"


def forged(question: Question, rows: int, seed: int) -> Counter[str | None]:
    """Why changed states of so many rows were refused; None counts those that were merged and answered."""
    choose = random.Random(seed)
    states = [question.accumulate(make_rows(rows, 2, seed=at)).state() for at in range(3)]
    reasons: Counter[str | None] = Counter()
    for _ in range(400):
        accumulator = question.accumulate(make_rows(5, 2))
        reason = why_refused(accumulator, changed(choose.choice(states), choose))
        reasons[reason] += 1
        if reason is None:
            with contextlib.suppress(InvalidRequestError):
                accumulator.finish()
            question.merge([accumulator.state()])
    assert set(reasons) <= {None, "BAD_STATE", "STATE_MISMATCH", "OVERLAPPING_POSITIONS"}
    return reasons


@pytest.mark.parametrize("seed", range(4))
def test_a_forged_state_is_refused_or_merged(seed: int) -> None:
    reasons = forged(ANALYSED.asking(systems=("base", "new")), 12, seed)
    assert reasons[None] > 20, "the changes never reached the findings"


def test_states_merge_only_if_both_have_an_analysis_of_the_same_size() -> None:
    rows = make_rows(5, 3, seed=8)
    others: list[dict[str, int] | None] = [None, {}, {"samples": 4, "top": 4}, {"samples": 3, "top": 5}]
    for asked in others:
        foreign = ANALYSED.asking(analysis=asked)
        assert refuse(foreign.accumulate(rows).state(), ANALYSED) == "STATE_MISMATCH"


def test_matrices_are_weighted_and_rows_count_once() -> None:
    question = Question(["accuracy"], analysis={})
    rows = labels([["a", "b", "b"]], ["a", "a", "b"])
    for row, weight in zip(rows, (1.0, 2.5, 4.0), strict=True):
        row.weight = weight
    (system,) = question.answer(rows).analysis.systems
    assert [(one.count, one.share) for one in system.confusions] == [(2.5, 2.5 / 3.5)]
    assert (system.metrics[0].right, system.metrics[0].bands[0].rows) == (2, 1)


def test_labels_that_are_no_class() -> None:
    question = Question(["accuracy"], classes=("b", "a"), unknown_labels=UNKNOWN_LABELS_BUCKET, analysis={})
    rows = labels([["a", "x", "b"]], ["a", "a", "y"])
    for at, row in enumerate(rows):
        row.id = f"{at}"
    answer = question.answer(rows)
    found = [(one.gold, one.predicted, [row.id for row in one.rows]) for one in answer.analysis.systems[0].confusions]
    assert found == [("a", "(other)", ["1"]), ("(other)", "b", ["2"])]
    merged = question.merge([question.accumulate(rows[at : at + 1]).state() for at in (2, 0, 1)])
    assert question.read(merged.finish()) == answer
    dropped = question.asking(unknown_labels=UNKNOWN_LABELS_DROP).answer(rows).analysis.systems[0]
    assert (len(dropped.confusions), dropped.metrics[0].right, len(dropped.metrics[0].bands)) == (0, 1, 0)


def test_sets_of_labels_are_not_confused() -> None:
    question = Question(["accuracy(multilabel=true)", "f1(multilabel=true,average=macro)"], analysis={})
    rows = [
        Row(id="1", labels=["a"], predictions=[Prediction(labels=["b"])]),
        Row(id="2", labels=["a", "b"], predictions=[Prediction(labels=["b", "a"])]),
    ]
    (system,) = question.answer(rows).analysis.systems
    assert not system.confusions
    assert not system.HasField("confusion_matrix")
    assert (system.metrics[0].right, system.metrics[0].bands[0].rows) == (1, 1)


def test_samples_of_one_id_are_rows_of_their_own() -> None:
    question = Question(["exact_match"], analysis={"samples": 50})
    rows = [Row(id="a", sample=at, references=["x"], predictions=[Prediction(text="y")]) for at in range(40)]
    (band,) = question.answer(rows).analysis.systems[0].metrics[0].bands
    assert {row.id for row in band.samples} == {"a", *(f"a/{at}" for at in range(1, 40))}


NGRAMS = ANALYSED.asking(metrics=("rouge_l", "accuracy"), analysis={"top": 1000, "ngrams": 3})


@given(arrangement=arrangements(30), seed=st.integers(0, 9))
def test_ngrams_do_not_depend_on_the_order_of_rows(
    arrangement: tuple[list[int], list[int], random.Random], seed: int
) -> None:
    order, cuts, choose = arrangement
    rows = make_rows(30, 3, seed)
    whole = NGRAMS.accumulate(rows)
    pieces = split([rows[at] for at in order], cuts)
    merged = merged_in_pairs(NGRAMS, [NGRAMS.accumulate(piece).state() for piece in pieces], choose)
    assert merged.state() == whole.state() == NGRAMS.accumulate(*pieces).state()
    assert merged.finish() == whole.finish()


def tokens(text: str) -> list[str]:
    return list(Tokenizer13a()(text).split())


def grams(text: str) -> Counter[str]:
    found = tokens(text)
    return Counter(
        " ".join(found[at : at + order]) for order in (1, 2, 3) for at in range(len(found) - order + 1)
    )  # fmt: skip


def test_ngrams_are_counted_and_ranked_as_scipy_ranks_them() -> None:
    rows = make_rows(300, 3, seed=5)
    answer = NGRAMS.answer(rows)
    for at, system in enumerate(answer.analysis.systems):
        produced: Counter[str] = Counter()
        referenced: Counter[str] = Counter()
        for row in rows:
            if row.predictions[at].labels:
                produced += grams(row.predictions[at].text)
                referenced += grams(row.references[0])
        both = (produced, referenced)
        totals = {
            order: [sum(n for gram, n in found.items() if len(gram.split(" ")) == order) for found in both]
            for order in (1, 2, 3)
        }
        for over, found in ((True, system.overproduced), (False, system.underproduced)):
            assert len(found) > 100
            values = [one.log_likelihood for one in found]
            assert values == sorted(values, reverse=True)
            for one in found[:50]:
                assert (one.produced, one.referenced) == (produced[one.text], referenced[one.text])
                texts, references = totals[len(one.text.split(" "))]
                assert (one.produced * references > one.referenced * texts) == over
                cells = [[one.produced, texts - one.produced], [one.referenced, references - one.referenced]]
                expected = chi2_contingency(cells, correction=False, lambda_="log-likelihood").statistic
                assert one.log_likelihood == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_forged_ngrams_are_refused_or_merged(seed: int) -> None:
    reasons = forged(NGRAMS.asking(systems=("base", "new")), 4, seed)
    assert reasons[None] > 20


def test_a_state_holds_words_only_if_ngrams_are_counted() -> None:
    secret = "Xylophonquartett"
    rows = [Row(id="a", references=[secret], predictions=[Prediction(text=f"{secret} {secret}")])]
    question = Question(["rouge_1", "exact_match"], analysis={})
    assert secret.encode() not in question.accumulate(rows).state()
    assert secret.encode() in question.asking(analysis={"ngrams": 1}).accumulate(rows).state()


def test_too_many_ngrams_are_not_counted_whatever_the_order() -> None:
    """More than two million / systems different pairs of words; the words themselves are few."""
    choose = random.Random(1)
    systems = [f"system {at}" for at in range(16)]
    rows = [
        Row(
            id=f"{number}",
            references=[" ".join(f"w{choose.randrange(500)}" for _ in range(1_500))],
            predictions=[Prediction(text="w1 w2")] * len(systems),
        )
        for number in range(150)
    ]
    question = Question(["exact_match"], systems=systems, analysis={"ngrams": 2})
    whole = question.accumulate(rows)
    answer = question.read(whole.finish()).analysis
    assert [note.code for note in answer.notes] == ["TOO_MANY_NGRAMS"]
    assert {len(one.text.split(" ")) for one in answer.systems[0].underproduced} == {1}
    halves = [question.accumulate(rows[start::2]) for start in (0, 1)]
    assert not question.read(halves[0].finish()).analysis.notes
    assert question.merge([half.state() for half in halves]).state() == whole.state()
