"""sacrebleu's paired tests, draw by draw, and evald's own beside them, on the systems of WMT 2017."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest
from tests.metrics.translations import SYSTEMS, english_german
from tests.properties.build import Question
from tests.properties.test_accumulator import make_rows

import evald
from evald.errors import InvalidRequestError
from evald.results import PairedResult, ResampledMean
from evald.v1.statistics_pb2 import TestMethod

# Rows of the short runs; sacrebleu needs seconds for all of them.
FEW = 300


def theirs(
    systems: list[tuple[str, list[str]]], references: list[str], test: str, metrics: dict[str, Any], samples: int
) -> Any:
    """Results of sacrebleu by metric, baseline first."""
    _, found = PairedTest(systems, metrics, [references], test_type=test, n_samples=samples)()
    return [found[name] for name in found if name != "System"]


def ours(
    systems: dict[str, list[str]], references: list[str], metrics: str, **options: Any
) -> dict[tuple[str, str], PairedResult]:
    found = evald.compare(systems=systems, references=references, metrics=metrics, **options)
    return {(one.candidate, one.metric): one for one in found.comparisons}


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> dict[str, list[str]]:
    return english_german(shared_data)


def cut(wmt: dict[str, list[str]], *names: str, rows: int = FEW) -> dict[str, list[str]]:
    return {name: wmt[name][:rows] for name in names}


# TER is slow in both.
METRICS = {"bleu": BLEU, "chrf": CHRF, "ter": TER}


def test_approximate_randomisation_is_sacrebleus(wmt: dict[str, list[str]]) -> None:
    systems = cut(wmt, "KIT", "online-B", "uedin-nmt")
    references = wmt["reference"][:FEW]
    metrics = {name.upper(): make() for name, make in METRICS.items()}
    expected = theirs(list(systems.items()), references, "ar", metrics, 10_000)
    found = ours(systems, references, ",".join(METRICS), test="sacrebleu_paired_ar", replicates=0)
    for metric, results in zip(METRICS, expected, strict=True):
        for name, result in zip(("online-B", "uedin-nmt"), results[1:], strict=True):
            one = found[name, metric]
            assert (one.p_value, one.test, one.draws) == (result.p_value, "sacrebleu_paired_ar", 10_000)
            assert one.candidate_value == pytest.approx(result.score, rel=1e-12)


@pytest.mark.parametrize("samples", [100, 1_000])
def test_the_paired_bootstrap_is_sacrebleus(wmt: dict[str, list[str]], samples: int) -> None:
    """p-values to the bit; means and intervals to the precision that numpy has them in."""
    systems = cut(wmt, "KIT", "online-B", "uedin-nmt")
    references = wmt["reference"][:FEW]
    metrics = {name.upper(): make() for name, make in METRICS.items()}
    expected = theirs(list(systems.items()), references, "bs", metrics, samples)
    found = ours(systems, references, ",".join(METRICS), test="sacrebleu_paired_bs", replicates=samples)
    for metric, (base, *results) in zip(METRICS, expected, strict=True):
        exact = 1e-13 if metric == "bleu" else 0.0
        for name, result in zip(("online-B", "uedin-nmt"), results, strict=True):
            one = found[name, metric]
            assert (one.p_value, one.draws) == (result.p_value, samples)
            check(one.baseline_resampled, base, exact)
            check(one.candidate_resampled, result, exact)


def check(found: ResampledMean | None, result: Any, exact: float) -> None:
    assert found is not None
    assert [found.mean, found.half_width] == pytest.approx([float(result.mean), float(result.ci)], rel=exact, abs=0)


def test_all_rows_of_a_pair_are_drawn_as_sacrebleu_does(wmt: dict[str, list[str]]) -> None:
    systems = {name: wmt[name] for name in ("online-A", "LIUM-NMT")}
    for short, test in (("bs", "sacrebleu_paired_bs"), ("ar", "sacrebleu_paired_ar")):
        ((_, expected),) = theirs(list(systems.items()), wmt["reference"], short, {"BLEU": BLEU()}, 0)
        found = ours(systems, wmt["reference"], "bleu", test=test)["LIUM-NMT", "bleu"]
        assert found.p_value == expected.p_value


def test_a_seed_and_smoothing_are_followed(wmt: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows leave orders without matches, which are smoothed in single precision."""
    monkeypatch.setenv("SACREBLEU_SEED", str(2**40 + 7))
    systems = cut(wmt, "KIT", "online-B", rows=3)
    references = wmt["reference"][:3]
    for form, metric in [
        ("bleu", BLEU()),
        ("bleu(smoothing=floor)", BLEU(smooth_method="floor")),
        ("bleu(smoothing=none)", BLEU(smooth_method="none")),
        ("chrf(word_order=2)", CHRF(word_order=2)),
    ]:
        for short, test in (("bs", "sacrebleu_paired_bs"), ("ar", "sacrebleu_paired_ar")):
            ((_, expected),) = theirs(list(systems.items()), references, short, {"M": metric}, 0)
            found = ours(systems, references, form, test=test, seed=2**40 + 7)["online-B", form]
            assert found.p_value == expected.p_value, (form, test)


def test_all_pairs_of_wmt_are_decided_alike(wmt: dict[str, list[str]]) -> None:
    """28 pairs on all rows: sacrebleu's p-values, and evald's own randomisation with the same decisions."""
    references = wmt["reference"]
    apart = []
    for at, base in enumerate(SYSTEMS[:-1]):
        systems = {name: wmt[name] for name in SYSTEMS[at:]}
        drawn = ours(systems, references, "bleu", test="sacrebleu_paired_ar", replicates=0, correction="none")
        own = ours(systems, references, "bleu", replicates=0, correction="none")
        for name in SYSTEMS[at + 1 :]:
            theirs_p, own_p = drawn[name, "bleu"].p_value, own[name, "bleu"].p_value
            assert theirs_p is not None
            assert own_p is not None
            assert drawn[name, "bleu"].decision == own[name, "bleu"].decision, (base, name)
            p = (theirs_p + own_p) / 2
            # Both draw 10,000 times, and independently.
            error = math.sqrt(2 * p * (1 - p) / 10_000)
            apart.append(abs(theirs_p - own_p) / error)
    assert len(apart) == len(list(itertools.combinations(SYSTEMS, 2))) == 28
    assert max(apart) < 5
    assert np.mean(apart) < 1.5


def test_systems_that_score_alike_are_undecided(wmt: dict[str, list[str]]) -> None:
    """No trial is beyond no difference at all, so that sacrebleu's p is the smallest there is."""
    same = {"base": wmt["KIT"][:20], "new": wmt["KIT"][:20]}
    found = ours(same, wmt["reference"][:20], "bleu", test="sacrebleu_paired_ar")["new", "bleu"]
    assert (found.p_value, found.decision) == (1 / 10_001, "inconclusive")


@pytest.mark.parametrize(("test", "noted"), [("sacrebleu_paired_bs", True), ("sacrebleu_paired_ar", False)])
def test_a_bootstrap_that_finds_too_much_is_noted(test: Any, noted: bool) -> None:
    texts = [f"row {number} of some" for number in range(40)]
    new = ["another row", *texts[1:]]
    found = evald.compare(texts, {"new": new}, texts, metrics="bleu", test=test, replicates=100)
    assert ("LIBERAL_TEST" in {note.code for note in found.notes}) == noted


REFUSED = [
    ({"metrics": "rouge_l"}, "for its own BLEU, chrF and TER"),
    ({"metrics": "bleu(profile=nltk)"}, "for its own BLEU, chrF and TER"),
    ({"metrics": "bleu", "clusters": ["a", "a"]}, "they have clusters"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_what_sacrebleu_cannot_test_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words) as caught:
        evald.compare(["a", "b"], {"new": ["a", "c"]}, ["a", "b"], test="sacrebleu_paired_bs", **arguments)
    assert caught.value.reason == "UNSUITABLE_TEST"


def test_rows_must_be_in_one_process() -> None:
    """States hold sums, no rows."""
    question = Question(
        ("bleu",), ("base", "new"), "compare", statistics={"test": TestMethod.TEST_METHOD_SACREBLEU_PAIRED_AR}
    )
    shards = [question.accumulate(make_rows(5, 2, seed, missing=0)).state() for seed in (1, 2)]
    with pytest.raises(InvalidRequestError, match="all rows in one process, in their order"):
        question.merge(shards).finish()


def test_rows_must_be_complete() -> None:
    rows = [
        {"reference": "a", "predictions": {"base": "a", "new": None}},
        {"reference": "b", "predictions": {"base": "b", "new": "b"}},
    ]
    with pytest.raises(InvalidRequestError, match="a prediction of every system for every row"):
        evald.compare(rows=rows, metrics="bleu", test="sacrebleu_paired_ar")
