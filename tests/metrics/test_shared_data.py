"""Whole data sets: the ranking of WMT 2017 as sacrebleu gives it, and what the tests of single metrics leave out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.metrics.conftest import lines
from tests.metrics.translations import SYSTEMS, english_german, japanese, single
from tests.parity import summarization, transcription, translation
from tests.parity.generate import Pair
from tests.parity.runner import Case, differences
from tests.properties.build import Question, components, result_of, texts, value_of

METRICS = ("bleu", "chrf", "chrf(word_order=2)", "ter")

# What sacrebleu 2.6.0 printed for all 3,004 lines: BLEU, chrF2, chrF2++, TER and its edits; the reference has 52,833
# words. TER of all of them takes the reference minutes, so these are written down.
WMT17: dict[str, tuple[float, ...]] = {
    "C-3MA": (22.674635039470754, 51.95328040239268, 49.16975151800492, 66.88244089868076, 35336),
    "FBK": (26.3316213125408, 54.71518752570632, 52.237990234566745, 63.6231143414154, 33614),
    "KIT": (26.076033504662192, 55.76287940804713, 52.989258611000736, 64.09819620313061, 33865),
    "LIUM-NMT": (26.59580468309487, 55.92837490341378, 53.235619159464655, 63.25213408286488, 33418),
    "RWTH-nmt-ensemble": (26.02450077792544, 55.61156420002735, 52.88562188216318, 62.84708420873317, 33204),
    "online-A": (20.796506153855994, 52.002272704529815, 49.046886556560054, 68.96825847481688, 36438),
    "online-B": (26.651046216335573, 56.26334773903824, 53.54157324979975, 63.19345863380842, 33387),
    "uedin-nmt": (28.301225088283296, 57.722703142284985, 55.00968849776348, 61.19849336588874, 32333),
}


def check(case: Case, tolerance: float) -> None:
    """Nothing differs."""
    found = case.found()
    for metric, expected in case.expected.items():
        assert not list(differences(found[metric], expected, tolerance)), metric


def pairs(predictions: Sequence[str], references: Sequence[str]) -> list[Pair]:
    return [Pair(prediction, (reference,)) for prediction, reference in zip(predictions, references, strict=True)]


@pytest.fixture(scope="module")
def wmt(shared_data: Path) -> dict[str, list[str]]:
    return english_german(shared_data)


def test_the_scores_and_the_ranking_of_wmt17(wmt: dict[str, list[str]]) -> None:
    rows = texts([wmt[system] for system in SYSTEMS], single(wmt["reference"]))
    answer = Question(METRICS, systems=SYSTEMS).answer(rows)
    found: dict[str, list[float]] = {system: [] for system in SYSTEMS}
    for system in SYSTEMS:
        for metric in METRICS:
            value = value_of(result_of(answer, metric, system))
            assert value is not None
            found[system].append(value)
        parts = components(result_of(answer, "ter", system))
        assert (parts["edits"], parts["ref_len"]) == (WMT17[system][4], 52_833)
        assert found[system] == pytest.approx(WMT17[system][:4], rel=0, abs=1e-9)
    for at in range(len(METRICS)):
        ranking = sorted(SYSTEMS, key=lambda system: found[system][at])
        assert ranking == sorted(SYSTEMS, key=lambda system: WMT17[system][at])


@pytest.mark.parametrize("system", ["sys1", "sys2"])
@pytest.mark.parametrize("tokenizer", ["char", "none"])
def test_japanese_tokenizers(shared_data: Path, system: str, tokenizer: str) -> None:
    predictions, references = japanese(shared_data, system)
    scorers = translation.bleu_scorers(tokenizer, "exp", None, 4, (False, False))
    form = f"bleu(tokenizer={tokenizer})"
    drawn = pairs(predictions, [of_row[0] for of_row in references])
    check(Case(texts([predictions], references), {form: translation.bleu_expected(scorers, drawn)}), 1e-9)


@pytest.mark.parametrize("system", ["convs2s", "ptgen"])
def test_every_rouge_of_real_summaries(shared_data: Path, system: str) -> None:
    folder = shared_data / "summ-xsum"
    drawn = pairs(lines(folder / f"{system}.txt"), lines(folder / "reference.txt"))
    check(summarization.case(drawn), 0)


def test_every_error_rate_of_a_real_system(wmt: dict[str, list[str]]) -> None:
    check(transcription.case(pairs(wmt["online-A"][:1500], wmt["reference"][:1500])), 1e-12)
