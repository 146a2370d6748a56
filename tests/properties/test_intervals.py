"""Intervals by formula equal statsmodels and scipy; resampled ones equal them for the documented draws."""

from __future__ import annotations

import itertools
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.proportion import proportion_confint
from tests.properties import bell_mccaffrey, draws
from tests.properties.build import Question, Row, labels, result_of
from tests.properties.draws import Numbers

from evald.v1.evaluation_pb2 import CompareResponse
from evald.v1.instance_pb2 import Prediction
from evald.v1.statistics_pb2 import Estimate, IntervalMethod

SCORE = "score(of=s)"


def asked(method: str, **others: Any) -> dict[str, Any]:
    return {"interval": IntervalMethod.Value(f"INTERVAL_METHOD_{method.upper()}")} | others


def check(estimate: Estimate, method: str, interval: Any, std_error: float, tolerance: float = 1e-12) -> None:
    scale = max(abs(estimate.value), *np.abs(interval))
    expected = [*interval, std_error]
    assert [estimate.low, estimate.high, estimate.std_error] == pytest.approx(
        expected, rel=tolerance, abs=tolerance * scale
    )
    assert estimate.method == method


def scored(systems: Numbers, clusters: Any = None, weights: Any = None) -> list[Row]:
    """Rows with a number of each system."""
    rows = []
    for at, scores in enumerate(systems.T):
        row = Row(id=f"{at}", predictions=[Prediction(scores={"s": score}) for score in scores])
        if clusters is not None:
            row.cluster = f"talk {clusters[at]}"
        if weights is not None:
            row.weight = weights[at]
        rows.append(row)
    return rows


@pytest.mark.parametrize(("method", "theirs"), [("wilson", "wilson"), ("clopper_pearson", "beta")])
def test_proportions_are_those_of_statsmodels(method: str, theirs: str) -> None:
    for count, level in itertools.product([1, 2, 7, 40, 999, 12_000], [0.5, 0.9, 0.95, 0.999]):
        question = Question(["accuracy"], statistics=asked(method, confidence_level=level))
        for right in {0, 1, count // 3, count // 2, count - 1, count}:
            rows = labels([["a"] * right + ["b"] * (count - right)], ["a"] * count)
            share = right / count
            interval = proportion_confint(right, count, 1 - level, theirs)
            estimate = result_of(question.answer(rows), "accuracy").estimate
            check(estimate, method, interval, np.sqrt(share * (1 - share) / count))


@pytest.mark.parametrize("count", [2, 3, 30, 700, 6_000])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e9])
def test_means_are_those_of_scipy(count: int, scale: float) -> None:
    """Also beyond 4,096 rows, where slots are shared."""
    scores = (np.random.default_rng(count).lognormal(size=(2, count)) + 3) * scale
    answer = Question([SCORE], ("base", "new"), "compare", statistics={}).answer(scored(scores))
    assert isinstance(answer, CompareResponse)
    for name, of_system in zip(("base", "new"), scores, strict=True):
        test = scipy.stats.ttest_1samp(of_system, 0.0)
        estimate = result_of(answer, SCORE, name).estimate
        check(estimate, "t", test.confidence_interval(0.95), scipy.stats.sem(of_system), 1e-11)
    test = scipy.stats.ttest_rel(scores[1], scores[0])
    error = scipy.stats.sem(scores[1] - scores[0])
    check(answer.comparisons[0].difference, "t", test.confidence_interval(0.95), error, 1e-11)


@pytest.mark.parametrize(("count", "clusters"), [(5, 2), (60, 12), (900, 200)])
@pytest.mark.parametrize("weighted", [False, True])
def test_clusters_are_those_of_bell_and_mccaffrey(count: int, clusters: int, weighted: bool) -> None:
    random = np.random.default_rng(clusters)
    groups = np.concatenate([np.arange(clusters), random.integers(clusters, size=count - clusters)])
    scores = random.normal(size=(2, count)) + random.normal(size=clusters)[groups]
    weights = random.uniform(0.5, 2, size=count) if weighted else None
    question = Question([SCORE], ("base", "new"), "compare", statistics={"confidence_level": 0.9})
    answer = question.answer(scored(scores, groups, weights))
    assert isinstance(answer, CompareResponse)
    for name, of_system in zip(("base", "new"), scores, strict=True):
        estimate = result_of(answer, SCORE, name).estimate
        check(estimate, "cluster_robust", *bell_mccaffrey.interval(of_system, groups, weights, 0.9), 1e-11)
    expected = bell_mccaffrey.interval(scores[1] - scores[0], groups, weights, 0.9)
    check(answer.comparisons[0].difference, "cluster_robust", *expected, 1e-11)


def test_clusters_of_one_size_are_those_of_statsmodels() -> None:
    """CR1 with G - 1 degrees of freedom, which is the same for them."""
    random = np.random.default_rng(3)
    groups = np.arange(120) % 12
    scores = random.normal(size=120) + random.normal(size=12)[groups]
    fitted = WLS(scores, np.ones(120)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    estimate = result_of(Question([SCORE], statistics={}).answer(scored(scores[None], groups)), SCORE).estimate
    check(estimate, "cluster_robust", fitted.conf_int(0.05)[0], float(fitted.bse[0]), 1e-11)


def test_weighted_rows_are_clusters_of_one() -> None:
    """The standard error is that of HC2 in statsmodels."""
    random = np.random.default_rng(4)
    scores, weights = random.normal(size=(1, 80)), random.uniform(0.1, 3, size=80)
    estimate = result_of(Question([SCORE], statistics={}).answer(scored(scores, None, weights)), SCORE).estimate
    check(estimate, "cluster_robust", *bell_mccaffrey.interval(scores[0], np.arange(80), weights), 1e-11)
    fitted = WLS(scores[0], np.ones(80), weights=weights).fit(cov_type="HC2")
    assert estimate.std_error == pytest.approx(float(fitted.bse[0]), rel=1e-11)


def test_samples_of_one_id_are_a_cluster() -> None:
    scores = np.random.default_rng(5).normal(size=60)
    rows = [
        Row(id=f"{at // 3}", sample=at % 3, predictions=[Prediction(scores={"s": score})])
        for at, score in enumerate(scores)
    ]
    estimate = result_of(Question([SCORE], statistics={}).answer(rows), SCORE).estimate
    check(estimate, "cluster_robust", *bell_mccaffrey.interval(scores, np.arange(60) // 3), 1e-11)


def test_one_cluster_that_has_nearly_all_rows_leaves_little_to_go_by() -> None:
    """Half of all rows beside ten small clusters: 3.3 degrees of freedom where G - 1 would be 10."""
    groups = np.concatenate([np.zeros(500, int), np.arange(500) % 10 + 1])
    scores = np.random.default_rng(7).normal(size=1_000)
    estimate = result_of(Question([SCORE], statistics={}).answer(scored(scores[None], groups)), SCORE).estimate
    check(estimate, "cluster_robust", *bell_mccaffrey.interval(scores, groups), 1e-11)
    half = (estimate.high - estimate.low) / 2 / estimate.std_error
    assert half == pytest.approx(scipy.stats.t.isf(0.025, 3.31193), rel=1e-4)


@pytest.mark.parametrize("count", [12, 90])
def test_bca_is_that_of_scipy(count: int) -> None:
    """Scipy takes the documented replicates in place of draws of its own."""
    scores = np.random.default_rng(count).lognormal(size=count)
    rows = scored(scores[None])
    slots = np.array(draws.slots_of([draws.key_hash(row.id) for row in rows]))
    by_slot = np.zeros(count)
    by_slot[slots] = scores
    weights = draws.bootstrap_weights(12_345, 1_000, count)
    replicates = weights @ by_slot / weights.sum(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        drawn = SimpleNamespace(bootstrap_distribution=replicates)
        expected = scipy.stats.bootstrap(
            (scores,), np.mean, n_resamples=0, method="BCa", bootstrap_result=drawn, confidence_level=0.9
        )
    question = Question([SCORE], statistics=asked("bca", confidence_level=0.9))
    estimate = result_of(question.answer(rows), SCORE).estimate
    check(estimate, "bca", expected.confidence_interval, replicates.std(ddof=1), 1e-9)


def test_the_jackknife_of_a_mean_is_students_interval() -> None:
    scores = np.random.default_rng(6).normal(size=(2, 50))
    answer = Question([SCORE], ("base", "new"), "compare", statistics=asked("jackknife")).answer(scored(scores))
    assert isinstance(answer, CompareResponse)
    test = scipy.stats.ttest_rel(scores[1], scores[0])
    error = scipy.stats.sem(scores[1] - scores[0])
    check(answer.comparisons[0].difference, "jackknife", test.confidence_interval(), error, 1e-11)


def test_a_jackknife_of_another_function() -> None:
    """Words wrong of all words: leaving out one row at a time, from the definition."""
    random = np.random.default_rng(7)
    words = [random.choice(list("abc"), size=random.integers(3, 9)) for _ in range(40)]
    said = [np.where(random.random(len(row)) < 0.7, row, "x") for row in words]
    rows = [
        Row(id=f"{at}", references=[" ".join(row)], predictions=[Prediction(text=" ".join(other))])
        for at, (row, other) in enumerate(zip(words, said, strict=True))
    ]
    wrong = np.array([(row != other).sum() for row, other in zip(words, said, strict=True)])
    length = np.array([len(row) for row in words])
    left_out = (wrong.sum() - wrong) / (length.sum() - length)
    error = float(np.sqrt(39 / 40 * ((left_out - left_out.mean()) ** 2).sum()))
    half = scipy.stats.t.isf(0.025, 39) * error
    rate = wrong.sum() / length.sum()
    estimate = result_of(Question(["wer"], statistics=asked("jackknife")).answer(rows), "wer").estimate
    check(estimate, "jackknife", [rate - half, rate + half], error)


@pytest.mark.parametrize(
    ("method", "grouped", "found", "falls_back"),
    [
        ("unspecified", False, {"accuracy": "wilson", "token_f1": "t", "bleu": "percentile_bootstrap"}, set()),
        (
            "unspecified",
            True,
            {"accuracy": "cluster_robust", "token_f1": "cluster_robust", "bleu": "percentile_bootstrap"},
            set(),
        ),
        (
            "clopper_pearson",
            False,
            {"accuracy": "clopper_pearson", "token_f1": "t", "bleu": "percentile_bootstrap"},
            {"token_f1", "bleu"},
        ),
        (
            "wilson",
            True,
            {"accuracy": "cluster_robust", "token_f1": "cluster_robust", "bleu": "percentile_bootstrap"},
            {"accuracy", "token_f1", "bleu"},
        ),
        ("t", False, {"accuracy": "t", "token_f1": "t", "bleu": "percentile_bootstrap"}, {"bleu"}),
        ("jackknife", True, {"accuracy": "jackknife", "token_f1": "jackknife", "bleu": "jackknife"}, set()),
    ],
)
def test_methods_fit_the_metric_and_its_rows(
    method: str, grouped: bool, found: dict[str, str], falls_back: set[str]
) -> None:
    """What a metric cannot have is its default, and a note says so."""
    rows = [
        Row(
            id=f"{at}",
            cluster=f"{at % 40}" if grouped else "",
            references=["the cat sat on the mat"],
            labels=["a"],
            predictions=[Prediction(text="the cat sat on a mat" if at % 3 else "a dog", labels=["ab"[at % 2]])],
        )
        for at in range(80)
    ]
    answer = Question(list(found), statistics=asked(method, replicates=100)).answer(rows)
    assert {metric: result_of(answer, metric).estimate.method for metric in found} == found
    noted = {
        metric for metric in found if "INTERVAL_FALLBACK" in {note.code for note in result_of(answer, metric).notes}
    }
    assert noted == falls_back


def test_intervals_keep_to_the_scale() -> None:
    rows = labels([["a"] * 19 + ["b"]], ["a"] * 20)
    estimate = result_of(Question(["accuracy"], statistics=asked("t")).answer(rows), "accuracy").estimate
    assert (estimate.high, estimate.low < estimate.value) == (1.0, True)


def test_rare_classes_are_noted() -> None:
    def codes(right: int, metric: str) -> set[str]:
        rows = labels([["a"] * right + ["b"] * (200 - right)], ["a"] * 191 + ["b"] * 9)
        answer = Question([metric], statistics={"replicates": 100}).answer(rows)
        return {note.code for note in result_of(answer, metric).notes}

    assert codes(180, "accuracy") == set()
    assert codes(190, "accuracy") == {"RARE_CLASS"}
    assert codes(180, "f1(average=macro)") == {"RARE_CLASS"}
    # Ten wrong rows are enough, although (1 - 50 / 60) * 60 is less.
    answer = Question(["accuracy"], statistics={}).answer(labels([["a"] * 50 + ["b"] * 10], ["a"] * 60))
    assert not result_of(answer, "accuracy").notes


def test_skewed_scores_are_noted() -> None:
    """Under 25 rows for each unit of squared skewness, whether rows have slots of their own or share them."""
    for count, shape in itertools.product((60, 700, 6_000), (0.3, 1.5, 2.5)):
        scores = np.random.default_rng(count).lognormal(sigma=shape, size=count)
        found = result_of(Question([SCORE], statistics={}).answer(scored(scores[None])), SCORE)
        needed = 25 * scipy.stats.skew(scores) ** 2
        codes = [note.code for note in found.notes]
        assert codes == ["SMALL_SAMPLE"] * int(needed > count), (count, shape, needed)
        if codes and count <= 4_096:
            assert f"about {needed:.0f} rows" in found.notes[0].text


@pytest.mark.parametrize(("method", "noted"), [("unspecified", False), ("t", True), ("percentile_bootstrap", True)])
def test_differences_of_few_rows_are_noted(method: str, noted: bool) -> None:
    """Tango's interval holds there, the others do not."""
    systems = [["a"] * 190 + ["b"] * 10, ["a"] * 187 + ["b"] * 13]
    question = Question(["accuracy"], ("base", "new"), "compare", statistics=asked(method))
    answer = question.answer(labels(systems, ["a"] * 200))
    assert isinstance(answer, CompareResponse)
    assert [note.code for note in answer.notes] == ["FEW_CHANGES"] * noted


def test_one_row_has_no_spread() -> None:
    estimate = result_of(Question([SCORE], statistics={}).answer(scored(np.ones((1, 1)))), SCORE).estimate
    assert not estimate.HasField("low")
    assert estimate.undefined_reason == "one independent row has no spread: an interval needs at least two"
