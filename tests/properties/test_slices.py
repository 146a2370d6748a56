"""A slice is what a call with its rows alone would be, whatever the order of rows, the shards and the threads."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_generic
from tests.properties.build import Question, Row, result_of
from tests.properties.test_accumulator import EVERYTHING, arrangements, make_rows, merged_in_pairs, split
from tests.properties.test_states import changed, why_refused

import evald
from evald.v1 import evaluation_pb2, instance_pb2, statistics_pb2

SLICES = ("language", "task x language", "label", "length(reference)", 'contains(prediction, "the")')
# What is no sum, as well.
METRICS = (*EVERYTHING[:-1], "kendall")
EVALUATE = Question(
    METRICS,
    systems=("base", "new"),
    slices=SLICES,
    statistics={"replicates": 100, "min_slice_size": 5},
)
COMPARE = EVALUATE.asking(kind="compare")


def sliced_rows(count: int, systems: int, seed: int = 0, missing: float = 0.1) -> list[Row]:
    """Rows of three languages, one of them rare; some rows say nothing of themselves."""
    choose = random.Random(seed)
    rows = make_rows(count, systems, seed, missing)
    for row in rows:
        row.value = choose.randrange(5)
        for prediction in row.predictions:
            if prediction.HasField("text"):
                prediction.value = choose.randrange(5)
        if choose.random() < 0.9:
            row.slices["language"] = choose.choice(["de", "de", "en", "en", "en", "sw"])
        row.task = choose.choice(["", "qa", "summary"])
    return rows


def language_of(row: Row) -> str:
    return row.slices.get("language", "(none)")


def first_reference_class(row: Row) -> str:
    count = len(row.references[0].split())
    return next((name for most, name in ((0, "0"), (10, "1-10"), (25, "11-25")) if count <= most), "26-50")


@pytest.mark.parametrize("question", [EVALUATE, COMPARE], ids=["evaluate", "compare"])
@given(arrangement=arrangements(40), seed=st.integers(0, 9))
def test_any_order_split_and_merge_gives_the_same_bytes(
    question: Question, arrangement: tuple[list[int], list[int], random.Random], seed: int
) -> None:
    order, cuts, choose = arrangement
    rows = sliced_rows(40, 2, seed)
    whole = question.accumulate(rows)
    answer, state = whole.finish(), whole.state()
    pieces = split([rows[at] for at in order], cuts)
    assert question.accumulate(*pieces).state() == state
    merged = merged_in_pairs(question, [question.accumulate(piece).state() for piece in pieces], choose)
    assert (merged.state(), merged.finish()) == (state, answer)
    late = question.accumulate(*pieces[:1])
    if pieces[1:]:
        late.merge(question.accumulate(*pieces[1:]).state())
    assert late.finish() == answer


@pytest.mark.parametrize("count", [1_500, 5_000])
def test_the_border_of_exact_slots_of_a_slice(count: int) -> None:
    """Slices cross their border at 512 keys, some of them only when shards join."""
    question = COMPARE.asking(metrics=("exact_match", "f1(average=macro)"))
    rows = sliced_rows(count, 2, seed=1)
    whole = question.accumulate(rows)
    shuffled = random.Random(count).sample(rows, count)
    states = [question.accumulate(piece).state() for piece in split(shuffled, [5, 600, 1_000])]
    for order in (states, states[::-1]):
        merged = question.merge(order)
        assert merged.state() == whole.state()
        assert merged.finish() == whole.finish()


@pytest.mark.parametrize(
    ("form", "slice_of"),
    [
        ("language", language_of),
        ("label", lambda row: row.labels[0]),
        ("length(reference)", first_reference_class),
    ],
)
def test_a_slice_is_a_call_with_its_rows(form: str, slice_of: Callable[[Row], str]) -> None:
    """Value, interval and rows; a slice of at most 512 keys has their slots, so the interval is the same, too."""
    rows = sliced_rows(400, 2)
    question = EVALUATE.asking(slices=(form,))
    whole = question.answer(rows)
    for value in {slice_of(row) for row in rows}:
        own = [row for row in rows if slice_of(row) == value]
        alone = question.asking(slices=()).answer(own)
        for system in ("base", "new"):
            for metric in (one.metric for one in whole.systems[0].metrics):
                of_whole = result_of(whole, metric, system)
                sliced = next(one for one in of_whole.slices if list(one.values) == [value])
                expected = result_of(alone, metric, system)
                if len(own) < 5:
                    assert next(note.code for note in sliced.notes) == "SMALL_SLICE"
                    assert sliced.estimate.value == expected.estimate.value
                else:
                    assert sliced.estimate == expected.estimate, metric
                    assert list(sliced.notes) == list(expected.notes)


def compared(rows: list[Row], *slices: str, metrics: tuple[str, ...] = METRICS) -> evaluation_pb2.CompareResponse:
    answer = COMPARE.asking(slices=slices, metrics=metrics).answer(rows)
    assert isinstance(answer, evaluation_pb2.CompareResponse)
    return answer


def test_a_comparison_by_slice_is_one_with_its_rows() -> None:
    """The p-value is drawn until it is known to 10 %, so it is near, and all else is equal."""
    rows = sliced_rows(500, 2)
    sliced = compared(rows, "language")
    for found in sliced.slices:
        own = [row for row in rows if language_of(row) == found.values[0]]
        alone = compared(own)
        assert found.rows == len(own)
        assert list(found.notes) == list(alone.notes)
        for one, expected in zip(found.comparisons, alone.comparisons, strict=True):
            assert one.difference == expected.difference
            assert (one.wins, one.losses, one.ties) == (expected.wins, expected.losses, expected.ties)
            assert (one.baseline_value, one.candidate_value) == (expected.baseline_value, expected.candidate_value)
            assert one.test == expected.test
            if not one.draws:
                assert one.p_value == expected.p_value
                continue
            error = (expected.p_value * (1 - expected.p_value) / min(one.draws, expected.draws)) ** 0.5
            assert abs(one.p_value - expected.p_value) <= 4 * error * 2**0.5 + 1e-3


def test_slices_of_a_partition_add_up() -> None:
    rows = sliced_rows(300, 2)
    answer = compared(rows, *SLICES)
    for form in SLICES:
        slices = [one for one in answer.slices if one.by == form]
        assert sum(one.rows for one in slices) == len(rows)
        assert len({tuple(one.values) for one in slices}) == len(slices)
        for at, whole in enumerate(answer.comparisons):
            for count in ("wins", "losses", "ties"):
                assert sum(getattr(one.comparisons[at], count) for one in slices) == getattr(whole, count)
            assert sum(one.comparisons[at].difference.n for one in slices) == whole.difference.n
    # A mean over all rows is the mean of the means of slices.
    match = result_of(answer, "exact_match")
    parts = [one.estimate for one in match.slices if one.by == "language"]
    assert sum(part.n * part.value for part in parts) / match.estimate.n == pytest.approx(
        match.estimate.value, abs=1e-9
    )


def test_slices_are_a_family_of_their_own() -> None:
    answer = compared(sliced_rows(600, 2), "language", "label", metrics=("bleu", "accuracy", "token_f1"))
    tested = [one for found in answer.slices for one in found.comparisons if one.HasField("p_value")]
    assert len(tested) > 10
    adjusted = multipletests([one.p_value for one in tested], method="fdr_bh")[1]
    assert [one.p_adjusted for one in tested] == pytest.approx(list(adjusted), rel=1e-12)
    family = f"benjamini-hochberg over {len(tested)} tests: slices x metrics x candidates"
    assert {one.family for one in tested} == {family}
    assert {one.family for one in answer.comparisons} == {"holm over 3 tests: metrics x candidates"}


def test_consistency_is_that_of_the_slices() -> None:
    """Heterogeneity as statsmodels has it."""
    answer = compared(sliced_rows(600, 2), "language", metrics=("token_f1",))
    (found,) = answer.consistency
    large = [one for one in answer.slices if one.rows >= 5]
    differences = [one.comparisons[0].difference for one in large]
    values = np.array([one.value for one in differences])
    expected = combine_effects(values, np.array([one.std_error**2 for one in differences]))
    assert found.heterogeneity.q == pytest.approx(expected.q, rel=1e-12)
    assert found.heterogeneity.i_squared == pytest.approx(max(0.0, expected.i2), abs=1e-12)
    assert found.heterogeneity.degrees == len(large) - 1
    rows = np.array([one.n for one in differences])
    variances = np.array([one.std_error**2 for one in differences]) * rows
    welch = anova_generic(values, variances, rows, use_var="unequal", welch_correction=True)
    assert found.heterogeneity.f == pytest.approx(welch.statistic, rel=1e-12)
    assert found.heterogeneity.denominator_degrees == pytest.approx(welch.df_denom, rel=1e-12)
    assert found.heterogeneity.p_value == pytest.approx(welch.pvalue, rel=1e-11)
    assert (found.slices, found.improved) == (len(large), sum(values > 0))
    worst = int(values.argmin())
    assert list(found.worst) == list(large[worst].values)
    assert found.worst_difference == differences[worst]
    improved = sum(one.n for one in differences if one.value > 0)
    assert found.improved_rows == pytest.approx(improved / sum(one.n for one in differences), rel=1e-12)


@pytest.mark.parametrize("gap", [0.05, 0.2, 0.4, 0.5])
@pytest.mark.parametrize("groups", [2, 3, 10, 100])
def test_far_tails_of_heterogeneity_are_scipys(groups: int, gap: float) -> None:
    """Half of the slices are better by the gap, the others worse; p goes down to 1e-300 and beyond."""
    rows = 4_000 // groups
    changed = round(rows * gap)
    of_better = (["n"] * changed + ["y"] * (rows - changed), ["y"] * (rows - 1) + ["n"])
    parts = [of_better[:: 1 if group % 2 else -1] for group in range(groups)]
    base, new = ([one for part in parts for one in part[side]] for side in (0, 1))
    keys = [f"{group}" for group in range(groups) for _ in range(rows)]
    found = evald.compare(
        base, {"new": new}, ["y"] * len(base), metrics="accuracy", slice_values={"group": keys}, slices="group"
    )
    spread = found.consistency[0].heterogeneity
    assert spread is not None
    assert spread.degrees == groups - 1
    p_value = stats.f.sf(spread.f, groups - 1, spread.denominator_degrees)
    assert spread.p_value == pytest.approx(p_value, rel=1e-10, abs=1e-307)


def simpson_rows() -> list[Row]:
    """The candidate calls more easy rows positive: its precision is worse on easy and on hard rows, better on all."""
    rows: list[Row] = []
    for level, (base, new) in {"easy": ((10, 10), (90, 85)), "hard": ((90, 45), (10, 4))}.items():
        for at in range(100):
            # Of the rows that a system calls positive, the first ones are.
            gold = [at < right for _, right in (base, new)]
            called = [at < called for called, _ in (base, new)]
            rows.extend(
                Row(
                    id=f"{level} {at} {system}",
                    labels=["yes" if gold[system] else "no"],
                    predictions=[
                        instance_pb2.Prediction(labels=["yes" if called[system] and here == system else "no"])
                        for here in (0, 1)
                    ],
                    slices={"level": level},
                )
                for system in (0, 1)
            )
    return rows


def test_slices_that_contradict_the_whole_are_noted() -> None:
    metric = "precision(average=binary,positive_label=yes)"
    answer = compared(simpson_rows(), "level", metrics=(metric, "accuracy"))
    assert answer.comparisons[0].difference.value == pytest.approx(0.89 - 0.55)
    assert [one.comparisons[0].difference.value < 0 for one in answer.slices] == [True, True]
    notes = {one.metric: [note.code for note in one.notes] for one in answer.consistency}
    # Accuracy is a mean: what is better in no slice is not better on the whole.
    assert notes == {metric: ["SIMPSONS_PARADOX"], "accuracy": []}


def test_clusters_may_be_the_values_of_a_slice_key() -> None:
    rows = sliced_rows(200, 2)
    of_key = COMPARE.asking(statistics={"replicates": 100, "cluster": "language"}).answer(rows)
    for row in rows:
        row.cluster = row.slices.get("language", "")
    of_rows = COMPARE.asking(statistics={"replicates": 100}).answer(rows)
    for answer in (of_key, of_rows):
        assert answer.provenance.row_key == "mixed"
        answer.provenance.spec_digest = ""
    assert of_key == of_rows


def test_small_slices_are_named_and_not_tested() -> None:
    question = COMPARE.asking(statistics={"replicates": 100, "min_slice_size": 60}, slices=("language",))
    answer = question.answer(sliced_rows(200, 2))
    assert isinstance(answer, evaluation_pb2.CompareResponse)
    small = [one for one in answer.slices if one.rows < 60]
    assert 0 < len(small) < len(answer.slices)
    for found in answer.slices:
        is_small = found in small
        assert ("SMALL_SLICE" in [note.code for note in found.notes]) is is_small
        for one in found.comparisons:
            assert one.HasField("p_value") is not is_small
            assert (one.decision == statistics_pb2.DECISION_UNSPECIFIED) is is_small
            assert one.difference.HasField("value")
            assert one.difference.HasField("low") is not is_small
            assert bool(one.difference.undefined_reason) is is_small


@pytest.mark.parametrize("seed", range(4))
def test_a_forged_state_is_refused_or_merged(seed: int) -> None:
    choose = random.Random(seed)
    question = COMPARE.asking(metrics=("rouge_l", "accuracy", "kendall"), slices=("language", "task x language"))
    states = [question.accumulate(sliced_rows(12, 2, seed=of)).state() for of in (1, 2)]
    reasons = []
    for _ in range(300):
        accumulator = question.accumulate(sliced_rows(5, 2, seed=3))
        before = accumulator.state()
        reason = why_refused(accumulator, changed(choose.choice(states), choose))
        reasons.append(reason)
        if reason is None:
            accumulator.finish()
            question.merge([accumulator.state()])
        else:
            assert accumulator.state() == before
    assert set(reasons) <= {None, "BAD_STATE", "STATE_MISMATCH"}
    assert reasons.count(None) > 5
