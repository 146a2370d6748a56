"""Intervals and p-values equal an independent implementation; over many data sets they keep what they promise."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from tests.properties import draws
from tests.properties.build import Question, Row, components, labels, result_of, value_of
from tests.properties.draws import Numbers

import evald
from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.instance_pb2 import Prediction
from evald.v1.statistics_pb2 import CorrectionMethod, Decision, Estimate, PairedResult, TestMethod

DRAWS = 10_000
SWAPS = {"test": TestMethod.TEST_METHOD_PAIRED_RANDOMISATION}
WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "saw", "dogs")

Value = Callable[[Numbers], float]


def make_rows(count: int, clusters: int = 0, seed: int = 0, skill: tuple[float, ...] = (0.6, 0.7)) -> list[Row]:
    """Rows of texts and labels; a system keeps a word, and a label, with the probability of its skill."""
    choose = random.Random(seed)

    def answer(reference: list[str], label: str, skill: float) -> Prediction:
        words = [word if choose.random() < skill else choose.choice(WORDS) for word in reference]
        return Prediction(text=" ".join(words), labels=[label if choose.random() < skill else choose.choice("abc")])

    rows = []
    for number in range(count):
        words, label = choose.choices(WORDS, k=choose.randint(4, 9)), choose.choice("abc")
        cluster = f"talk {choose.randrange(clusters)}" if clusters else ""
        predictions = [answer(words, label, of_system) for of_system in skill]
        rows.append(
            Row(id=f"{number}", cluster=cluster, references=[" ".join(words)], labels=[label], predictions=predictions)
        )
    return rows


def accuracy(sums: Numbers) -> float:
    """The share of right rows; columns: rows, right rows."""
    return float(sums[1] / sums[0])


def bleu(sums: Numbers) -> float:
    """BLEU with exponential smoothing; columns: rows, lengths, four orders of matches, four of n-grams."""
    system, reference, matches, grams = sums[1], sums[2], sums[3:7], sums[7:11]
    if not matches.any():
        return 0.0
    halving, logs = 1.0, 0.0
    for matched, total in zip(matches, grams, strict=True):
        if matched == 0:
            halving *= 2
        logs += math.log(100.0 * matched / total if matched else 100.0 / (halving * total))
    return (1.0 if system >= reference else math.exp(1 - reference / system)) * math.exp(logs / 4)


VALUES: dict[str, Value] = {"accuracy": accuracy, "bleu": bleu}


def row_statistics(rows: Sequence[Row], metric: str, system: int) -> Numbers:
    """The statistics of every row: those of BLEU from corpora of one row, which the parity tests check."""
    if metric == "accuracy":
        return np.array([[1.0, float(row.labels == row.predictions[system].labels)] for row in rows])
    one_row = Question(["bleu"])
    names = ["sys_len", "ref_len", *(f"{what}_{n}" for what in ("correct", "total") for n in range(1, 5))]
    columns = []
    for row in rows:
        parts = components(
            result_of(one_row.answer([Row(references=row.references, predictions=[row.predictions[system]])]), "bleu")
        )
        columns.append([1.0, *(float(parts[name] or 0) for name in names)])
    return np.array(columns)


def slot_sums(rows: Sequence[Row], statistics: Numbers) -> Numbers:
    """Sums by slot."""
    slots = draws.slots_of([draws.key_hash(row.id, row.cluster) for row in rows])
    sums = np.zeros((max(slots) + 1, statistics.shape[1]))
    np.add.at(sums, slots, statistics)
    return sums


def replicates_of(sums: Numbers, value: Value, seed: int, replicates: int) -> Numbers:
    """The value of every bootstrap replicate."""
    weights = draws.bootstrap_weights(seed, replicates, len(sums))
    return np.array([value(replicate) for replicate in weights @ sums])


def check_interval(estimate: Estimate, replicates: Numbers, level: float = 0.95) -> None:
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    expected = [low, high, replicates.std(ddof=1)]
    assert [estimate.low, estimate.high, estimate.std_error] == pytest.approx(expected, rel=0, abs=1e-9)
    assert estimate.method == "percentile_bootstrap"


def compare(question: Question, rows: Sequence[Row]) -> CompareResponse:
    answer = question.answer(rows)
    assert isinstance(answer, CompareResponse)
    return answer


def paired(answer: CompareResponse, metric: str) -> PairedResult:
    return next(found for found in answer.comparisons if found.metric == metric)


@pytest.mark.parametrize(("clusters", "seed", "replicates", "level"), [(0, 12_345, 1_000, 0.95), (60, 7, 333, 0.9)])
def test_intervals_are_those_of_the_documented_draws(clusters: int, seed: int, replicates: int, level: float) -> None:
    """Values, differences and their intervals on 200 rows, to 1e-9."""
    statistics = {"seed": seed, "replicates": replicates, "confidence_level": level}
    rows = make_rows(200, clusters)
    answer = compare(Question(list(VALUES), ("base", "new"), "compare", statistics=statistics), rows)
    for metric, value in VALUES.items():
        of_system = []
        for system, name in enumerate(("base", "new")):
            sums = slot_sums(rows, row_statistics(rows, metric, system))
            of_system.append(replicates_of(sums, value, seed, replicates))
            estimate = result_of(answer, metric, name).estimate
            assert estimate.value == pytest.approx(value(sums.sum(axis=0)), rel=0, abs=1e-9)
            check_interval(estimate, of_system[-1], level)
        check_interval(paired(answer, metric).difference, of_system[1] - of_system[0], level)
        assert answer.provenance.slots == (clusters or 200)


def test_differences_rest_on_the_rows_that_both_answered() -> None:
    """The slots are those of all rows; rows that one system failed leave the sums of the other, in pairs alone."""
    rows = make_rows(90)
    for at in range(0, 90, 7):
        rows[at].predictions[at % 2].Clear()
    common = np.array([all(prediction.labels for prediction in row.predictions) for row in rows])
    answer = compare(Question(["accuracy"], ("base", "new"), "compare", statistics=SWAPS), rows)
    result = paired(answer, "accuracy")
    assert (result.difference.n, result.difference.n_failed) == (common.sum(), 13)
    of_system = []
    for system, name in enumerate(("base", "new")):
        right = row_statistics(rows, "accuracy", system)
        answered = np.array([bool(row.predictions[system].labels) for row in rows])
        own = slot_sums(rows, right * answered[:, None])
        check_interval(result_of(answer, "accuracy", name).estimate, replicates_of(own, accuracy, 12_345, 1_000))
        of_system.append(slot_sums(rows, right * common[:, None]))
    base, new = (replicates_of(sums, accuracy, 12_345, 1_000) for sums in of_system)
    check_interval(result.difference, new - base)
    moved = draws.swap_bits(12_345, DRAWS, 90) @ (of_system[1] - of_system[0])[:, 1]
    observed = of_system[1].sum(axis=0)[1] - of_system[0].sum(axis=0)[1]
    extreme = int((np.abs(observed - 2 * moved) >= abs(observed)).sum())
    assert result.p_value == (extreme + 1) / (DRAWS + 1)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 9])
def test_few_rows_leave_replicates_without_a_value(count: int) -> None:
    """A replicate that drew no row has no value; more than one in a hundred of them are no interval."""
    rows = make_rows(count)
    estimate = result_of(Question(["accuracy"], statistics={}).answer(one_system(rows)), "accuracy").estimate
    sums = slot_sums(rows, row_statistics(rows, "accuracy", 0))
    drawn = draws.bootstrap_weights(12_345, 1_000, len(sums)) @ sums
    drawn = drawn[drawn[:, 0] > 0]
    if len(drawn) >= 990:
        check_interval(estimate, drawn[:, 1] / drawn[:, 0])
    else:
        assert not estimate.HasField("low")
        assert estimate.undefined_reason.startswith(f"{1_000 - len(drawn)} of 1000 bootstrap replicates")


def one_system(rows: Sequence[Row]) -> list[Row]:
    """The rows with the answer of their first system alone."""
    return [Row(id=row.id, labels=row.labels, predictions=row.predictions[:1]) for row in rows]


def test_intervals_of_more_rows_than_slots() -> None:
    """Beyond 4,096 keys rows share slots by the top bits of their hash."""
    rows = make_rows(5_000, skill=(0.6,))
    estimate = result_of(Question(["accuracy"], statistics={"replicates": 200}).answer(rows), "accuracy").estimate
    sums = slot_sums(rows, row_statistics(rows, "accuracy", 0))
    sums = np.vstack([sums, np.zeros((4_096 - len(sums), 2))])
    check_interval(estimate, replicates_of(sums, accuracy, 12_345, 200))


@pytest.mark.parametrize(("count", "clusters", "seed"), [(200, 0, 12_345), (200, 60, 99), (13, 0, 5)])
def test_p_values_are_those_of_the_documented_swaps(count: int, clusters: int, seed: int) -> None:
    """The number of draws at least as extreme, exactly."""
    rows = make_rows(count, clusters, skill=(0.6, 0.64))
    question = Question(list(VALUES), ("base", "new"), "compare", statistics={"seed": seed, "replicates": 0, **SWAPS})
    answer = compare(question, rows)
    for metric, value in VALUES.items():
        base, new = (slot_sums(rows, row_statistics(rows, metric, system)) for system in (0, 1))
        moved = draws.swap_bits(seed, DRAWS, len(base)) @ (new - base)
        observed = value(new.sum(axis=0)) - value(base.sum(axis=0))
        drawn = np.array([value(new.sum(axis=0) - by) - value(base.sum(axis=0) + by) for by in moved])
        slack = 1e-10 * max(value(new.sum(axis=0)), value(base.sum(axis=0)))
        extreme = int((np.abs(drawn) >= abs(observed) - slack).sum())
        result = paired(answer, metric)
        assert (result.p_value, result.draws) == ((extreme + 1) / (DRAWS + 1), DRAWS), metric
        assert result.p_at_floor == (extreme == 0)


@pytest.mark.parametrize(("count", "clusters", "missing"), [(1, 0, 0), (2, 0, 0), (7, 0, 0), (8, 0, 3), (24, 6, 5)])
def test_few_slots_are_enumerated(count: int, clusters: int, missing: int) -> None:
    """Every assignment of answers to systems, evaluated from scratch, for every kind of metric."""
    metrics = ["accuracy", "bleu", "rouge_l", "token_f1", "f1(average=macro)", "recall(average=weighted)"]
    rows = make_rows(count, clusters, seed=3)
    for row in rows[:missing]:
        row.predictions[0].Clear()
    keys = sorted({draws.key_hash(row.id, row.cluster) for row in rows})
    answer = compare(Question(metrics, ("base", "new"), "compare", statistics={"replicates": 0, **SWAPS}), rows)
    evaluate = Question(metrics, ("base", "new"))
    differences: list[list[float]] = []
    for swaps in itertools.product([False, True], repeat=len(keys)):
        swapped = [key for key, swap in zip(keys, swaps, strict=True) if swap]
        arranged = [exchanged(row) if draws.key_hash(row.id, row.cluster) in swapped else row for row in rows[missing:]]
        values = evaluate.answer(arranged)
        pair = ([value_of(result_of(values, metric, name)) for metric in metrics] for name in ("base", "new"))
        differences.append([(new or 0) - (base or 0) for base, new in zip(*pair, strict=True)])
    for at, metric in enumerate(metrics):
        column = np.abs([row[at] for row in differences])
        result = paired(answer, metric)
        assert result.p_value == (column >= column[0] - 1e-12).mean(), metric
        assert (result.draws, result.p_at_floor) == (2 ** len(keys), False)


def exchanged(row: Row) -> Row:
    """The row with the answers of its two systems exchanged."""
    swapped = Row()
    swapped.CopyFrom(row)
    swapped.predictions[0].CopyFrom(row.predictions[1])
    swapped.predictions[1].CopyFrom(row.predictions[0])
    return swapped


@pytest.mark.parametrize("count", [12, 13])
def test_the_border_of_enumeration(count: int) -> None:
    answer = compare(Question(["accuracy"], ("base", "new"), "compare", statistics=SWAPS), make_rows(count))
    assert paired(answer, "accuracy").draws == {12: 4_096, 13: DRAWS}[count]


def test_p_values_agree_with_the_binomial_distribution() -> None:
    """For accuracy the swap test is the exact McNemar test on the rows where one of the two is right."""
    for seed in range(12):
        rows = make_rows(150, seed=seed, skill=(0.6, 0.68))
        right = [[row.labels == prediction.labels for prediction in row.predictions] for row in rows]
        wins, losses = (sum(new > base if won else new < base for base, new in right) for won in (True, False))
        tail = sum(math.comb(wins + losses, k) for k in range(max(wins, losses), wins + losses + 1))
        exact = min(1.0, 2 * tail / 2 ** (wins + losses))
        result = paired(compare(Question(["accuracy"], ("base", "new"), "compare", statistics=SWAPS), rows), "accuracy")
        assert (result.wins, result.losses, result.ties) == (wins, losses, 150 - wins - losses)
        assert abs(result.p_value - exact) < 5 * math.sqrt(exact * (1 - exact) / DRAWS) + 2 / DRAWS


# evald's choice, and the method of statsmodels' multipletests.
CORRECTIONS = {
    CorrectionMethod.CORRECTION_METHOD_UNSPECIFIED: ("holm", "holm"),
    CorrectionMethod.CORRECTION_METHOD_HOLM: ("holm", "holm"),
    CorrectionMethod.CORRECTION_METHOD_HOLM_SIDAK: ("holm-sidak", "holm-sidak"),
    CorrectionMethod.CORRECTION_METHOD_BENJAMINI_HOCHBERG: ("benjamini-hochberg", "fdr_bh"),
    CorrectionMethod.CORRECTION_METHOD_BENJAMINI_YEKUTIELI: ("benjamini-yekutieli", "fdr_by"),
    CorrectionMethod.CORRECTION_METHOD_NONE: ("no correction", None),
}


def test_every_correction_is_tested() -> None:
    assert CORRECTIONS.keys() == set(CorrectionMethod.values())


# Of a p-value of 1, in statsmodels.
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.parametrize("correction", CORRECTIONS)
def test_p_values_of_a_family_are_corrected(correction: CorrectionMethod) -> None:
    name, method = CORRECTIONS[correction]
    metrics = ["accuracy", "bleu", "rouge_1", "exact_match", "confusion_matrix"]
    rows = make_rows(120, seed=8, skill=(0.55, 0.55, 0.6, 0.7))
    statistics = {"replicates": 0, "correction": correction}
    answer = compare(Question(metrics, ("base", "a", "b", "c"), "compare", statistics=statistics), rows)
    raw = [result.p_value for result in answer.comparisons]
    assert len(raw) == 12
    assert min(raw) < 0.01
    assert max(raw) > 0.2
    expected = raw if method is None else multipletests(raw, method=method)[1]
    assert [result.p_adjusted for result in answer.comparisons] == pytest.approx(list(expected), rel=1e-12)
    assert {result.family for result in answer.comparisons} == {f"{name} over 12 tests: metrics x candidates"}
    for result in answer.comparisons:
        better = "IMPROVED" if result.difference.value > 0 else "REGRESSED"
        verdict = better if result.p_adjusted <= 0.05 else "INCONCLUSIVE"
        assert Decision.Name(result.decision) == f"DECISION_{verdict}"


def test_inconclusive_comparisons_say_what_they_could_show() -> None:
    metrics = ["accuracy", "exact_match"]
    rows = make_rows(300, seed=4, skill=(0.6, 0.62, 0.9))
    statistics = {"replicates": 200}
    answer = compare(Question(metrics, ("base", "same", "better"), "compare", statistics=statistics), rows)
    decisions = {result.candidate: Decision.Name(result.decision) for result in answer.comparisons}
    assert decisions == {"same": "DECISION_INCONCLUSIVE", "better": "DECISION_IMPROVED"}
    for result in answer.comparisons:
        assert result.HasField("mde") == (result.candidate == "same")
        if result.HasField("mde"):
            found = result.difference
            plan = evald.plan(rows=300, difference_std=found.std_error * math.sqrt(300), tests=4)
            assert result.mde == pytest.approx(plan.effect, rel=1e-9)
            # Two standard errors reach the level alone; the power asks for more.
            assert 2 < result.mde / found.std_error < 4


def test_intervals_cover_and_tests_reject_as_often_as_promised() -> None:
    """300 data sets of 500 rows: two equal systems that are right on 70 % of rows."""
    covered = covered_zero = rejected = 0
    errors = []
    for run in range(300):
        draw = np.random.default_rng(run)
        predictions = [["1" if right else "0" for right in draw.random(500) < 0.7] for _ in range(2)]
        statistics = {"replicates": 400, "seed": run}
        question = Question(["accuracy"], ("base", "new"), "compare", statistics=statistics)
        answer = compare(question, labels(predictions, ["1"] * 500))
        estimate, result = result_of(answer, "accuracy").estimate, paired(answer, "accuracy")
        covered += estimate.low <= 0.7 <= estimate.high
        covered_zero += result.difference.low <= 0 <= result.difference.high
        rejected += result.p_value <= 0.05
        errors.append(estimate.std_error)
    assert 0.90 <= covered / 300 <= 0.99
    assert 0.90 <= covered_zero / 300 <= 0.99
    assert 0.01 <= rejected / 300 <= 0.10
    assert np.mean(errors) == pytest.approx(math.sqrt(0.7 * 0.3 / 500), rel=0.03)


def test_a_clear_gain_is_found() -> None:
    question = Question(["accuracy"], ("base", "new"), "compare", statistics=SWAPS)
    answer = compare(question, make_rows(400, skill=(0.5, 0.8)))
    result = paired(answer, "accuracy")
    assert result.p_at_floor
    assert result.p_value == 1 / (DRAWS + 1)


def test_identical_systems_have_p_one() -> None:
    rows = make_rows(40, skill=(0.5,))
    for row in rows:
        row.predictions.append(row.predictions[0])
    answer = compare(Question(["accuracy", "bleu"], ("base", "new"), "compare"), rows)
    assert [(result.p_value, result.ties) for result in answer.comparisons] == [(1.0, 40)] * 2
    assert "IDENTICAL_SYSTEMS" in {note.code for note in answer.notes}
