"""Exact match and token F1 equal the evaluation script of SQuAD v1.1."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.conftest import lines
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts, value_of

METRICS = ["exact_match", "token_f1"]

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalised(answer: str) -> str:
    """Lower case; without ASCII punctuation, then without English articles; single spaces."""
    return " ".join(ARTICLES.sub(" ", answer.lower().translate(PUNCTUATION)).split())


def f1(prediction: str, reference: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of the words; two empty answers have nothing in common."""
    said, asked = normalised(prediction).split(), normalised(reference).split()
    common = sum((Counter(said) & Counter(asked)).values())
    if common == 0:
        return 0.0, 0.0, 0.0
    precision, recall = common / len(said), common / len(asked)
    return precision, recall, 2 * precision * recall / (precision + recall)


def check(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    """Rows equal in every bit, the corpus within 1e-9."""
    answer = Question(METRICS, rows=True).answer(texts([predictions], references))
    pairs = list(zip(predictions, references, strict=True))
    matches = [any(normalised(p) == normalised(reference) for reference in of_row) for p, of_row in pairs]
    # max() keeps the first of equals.
    best = [max((f1(p, reference) for reference in of_row), key=lambda triple: triple[2]) for p, of_row in pairs]
    assert row_scores(answer, "exact_match") == [100.0 * match for match in matches]
    assert row_scores(answer, "token_f1") == [100.0 * triple[2] for triple in best]
    exact, overlap = (result_of(answer, metric) for metric in METRICS)
    assert components(exact) == {"matches": sum(matches)}
    assert value_of(exact) == pytest.approx(100.0 * sum(matches) / len(pairs), rel=0, abs=1e-9)
    means = [100.0 * sum(column) / len(pairs) for column in zip(*best, strict=True)]
    parts = components(overlap)
    assert [parts["precision"], parts["recall"]] == pytest.approx(means[:2], rel=0, abs=1e-9)
    assert value_of(overlap) == pytest.approx(means[2], rel=0, abs=1e-9)


@pytest.fixture(scope="module")
def xquad(shared_data: Path) -> tuple[list[str], list[list[str]]]:
    folder = shared_data / "qa-xquad-en"
    questions = json.loads((folder / "dataset-xquad-en.json").read_text(encoding="utf-8"))
    answers = json.loads((folder / "output-xquad-en.json").read_text(encoding="utf-8"))
    predictions = [answer["predicted_answers"]["text"] for answer in answers]
    return predictions, [question["answers"]["text"] for question in questions]


def test_real_answers(xquad: tuple[list[str], list[list[str]]]) -> None:
    check(*xquad)


def test_several_references(xquad: tuple[list[str], list[list[str]]]) -> None:
    predictions, references = xquad
    others = references[1:] + references[:1]
    check(
        predictions,
        [
            [*other, *of_row, prediction[: at % 9]]
            for at, (prediction, of_row, other) in enumerate(zip(predictions, references, others, strict=True))
        ],
    )


@pytest.mark.parametrize(("folder", "system"), [("mt-wmt17-en-de", "FBK"), ("mt-ted-ja", "sys1")])
def test_sentences(shared_data: Path, folder: str, system: str) -> None:
    """Longer texts than answers are, in German and Japanese."""
    reference = "reference" if folder.startswith("mt-wmt17") else "ref"
    references = [[line] for line in lines(shared_data / folder / f"{reference}.txt")]
    check(lines(shared_data / folder / f"{system}.txt"), references)


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, f"the {awkward}", f"{awkward}a an", awkward.upper(), awkward.strip(), f"a{awkward}the", "", "x"]
    check([awkward] * len(others), [[other] for other in others])
    check(others, [[awkward, "cat the", "5kelvin i\u0307stanbul"]] * len(others))


def test_articles_stand_between_any_two_word_boundaries() -> None:
    """Word characters of Python's re, not of ASCII, decide where an article ends."""
    joints = [
        "\u00e9",
        "_",
        "\u0301",
        "\u4e2d",
        "1",
        "\u0661",
        "\u00b2",
        "-",
        "\u2019",
        "\u00a0",
        "\x1c",
        "\u200d",
        "\u2160",
        "\u24d0",
    ]
    predictions = [text for joint in joints for text in (f"a{joint}b", f"{joint}the{joint}", f"an{joint}", f"{joint}A")]
    references = [[prediction.replace("the", " ").replace("a", " ")] for prediction in predictions]
    check(predictions, references)
    check(predictions, [["b"]] * len(predictions))


def test_answers_of_articles_and_punctuation_alone_are_empty() -> None:
    """Two empty answers match exactly and yet share no word: the script of v1.1 gives F1 0."""
    rows = Question(METRICS, rows=True).answer(texts([["the", "", "?!"]], [["a"], [""], ["An"]]))
    assert row_scores(rows, "exact_match") == [100.0] * 3
    assert row_scores(rows, "token_f1") == [0.0] * 3


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=6))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check(predictions, references)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=6))
def test_any_characters_around_an_article(pieces: list[str]) -> None:
    predictions = ["the".join(pieces), "a".join(pieces), " an ".join(pieces)]
    check(predictions, [["".join(pieces), "the ".join(pieces)]] * 3)


@pytest.mark.torch
def test_torchmetrics_agrees(xquad: tuple[list[str], list[list[str]]]) -> None:
    """An implementation that is not ours and not a copy; it sums in single precision."""
    squad = pytest.importorskip(
        "torchmetrics.text", reason="torchmetrics is missing: SQuAD is NOT compared with it"
    ).SQuAD
    predictions, references = xquad
    metric = squad()
    metric.update(
        [{"prediction_text": text, "id": str(at)} for at, text in enumerate(predictions)],
        [
            {"answers": {"answer_start": [0] * len(of_row), "text": of_row}, "id": str(at)}
            for at, of_row in enumerate(references)
        ],
    )
    expected = {name: float(value) for name, value in metric.compute().items()}
    answer = Question(METRICS).answer(texts([predictions], references))
    got = {"exact_match": value_of(result_of(answer, "exact_match")), "f1": value_of(result_of(answer, "token_f1"))}
    assert got == pytest.approx(expected, rel=1e-5)
