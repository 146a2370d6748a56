"""Answers that contain, match or hold a number; Python's operators, re and NumPy beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.conftest import lines
from tests.metrics.golden import golden, named, numbers
from tests.properties.build import AWKWARD, Question, any_text, components, result_of, row_scores, texts, value_of

from evald.errors import InvalidRequestError
from evald.v1 import metric_pb2

CONTAINS = ["contains", "contains(ignore_case=true)", "contains(require=all)", "contains(ignore_case=true,require=all)"]

PIECES = [
    "1",
    "23",
    "456",
    ",",
    ".",
    "-",
    "+",
    "\u2212",
    "$",
    "\u20ac",
    "%",
    " ",
    "\u00a0",
    "\u202f",
    "e",
    "E5",
    "x",
    "_",
]
PIECES += ["\u0665", "\u00b2", "/"]


def number_pattern(decimal: str) -> re.Pattern[str]:
    """A number as the documentation defines it."""
    comma = "," if decimal == "." else "."
    whole = "|".join(
        rf"[0-9]{{1,3}}(?:{sep}[0-9]{{3}}(?![0-9]))+" for sep in (f"[{comma}]", "\u00a0", "\u2009", "\u202f")
    )
    return re.compile(
        # Behind a letter or digit no sign and no bare decimals.
        rf"(?:(?<![^\W_])[-+\u2212])?[$\u20ac\u00a3\u00a5]?"
        rf"(?:(?:{whole}|[0-9]+)(?:[{decimal}][0-9]+)?|(?:(?<=[-+\u2212$\u20ac\u00a3\u00a5])|(?<![^\W_]))[{decimal}][0-9]+)"
        rf"(?:[eE][-+]?[0-9]+)?(?:[ \u00a0\u202f]?%)?"
    )


def read_number(text: str, which: str, decimal: str, percent: str) -> float | None:
    """The number of a text that counts."""
    pattern = number_pattern(decimal)
    if which == "only":
        whole = pattern.fullmatch(text.strip())
        found = [whole[0]] if whole else []
    else:
        found = pattern.findall(text)
    if not found:
        return None
    written = found[0] if which == "first" else found[-1]
    is_fraction = "%" in written and percent == "fraction"
    digits = re.sub(r"[^-+\u22120-9eE.,]", "", written).replace("\u2212", "-")
    digits = digits.replace("," if decimal == "." else ".", "").replace(",", ".")
    return float(digits) / (100.0 if is_fraction else 1.0)


def check_contains(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    answer = Question(CONTAINS, rows=True).answer(texts([predictions], references))
    for metric in CONTAINS:
        change = str.lower if "ignore_case" in metric else str
        join = all if "require" in metric else any
        hits = [
            join(change(gold) in change(said) for gold in golds)
            for said, golds in zip(predictions, references, strict=True)
        ]
        assert row_scores(answer, metric) == [100.0 * hit for hit in hits]
        assert components(result_of(answer, metric)) == {"matches": sum(hits)}
        assert value_of(result_of(answer, metric)) == pytest.approx(100.0 * np.mean(hits), rel=0, abs=1e-9)


def check_numbers(prediction: str, reference: str, which: str, decimal: str, percent: str) -> None:
    metric = f"numeric_match(decimal={'point' if decimal == '.' else 'comma'},extract={which},percent={percent})"
    said, asked = (read_number(text, which, decimal, percent) for text in (prediction, reference))
    question, rows = Question([named(metric)], rows=True), texts([[prediction]], [[reference]])
    if asked is None:
        with pytest.raises(InvalidRequestError, match=r"instances\[0\].references: no reference holds a number"):
            question.answer(rows)
    else:
        assert row_scores(question.answer(rows), metric) == [100.0 * (said == asked)], (said, asked)


@pytest.mark.parametrize(
    "table", [t for t in golden("answers.json")["tables"] if "pairs" in t], ids=lambda table: str(table["pairs"])
)
def test_golden_numbers(table: dict[str, Any]) -> None:
    """Numbers that a person read."""
    [pair] = table["pairs"]
    answer = Question([named(table["written"])], rows=True).answer(texts([[pair["prediction"]]], [pair["references"]]))
    assert row_scores(answer, table["written"]) == [100.0 * score for score in numbers(table["rows"])]


def test_real_answers(shared_data: Path) -> None:
    folder = shared_data / "qa-xquad-en"
    questions = json.loads((folder / "dataset-xquad-en.json").read_text(encoding="utf-8"))
    golds = [question["answers"]["text"] for question in questions]
    check_contains([question["context"] for question in questions], golds)
    for question in questions:
        for decimal in ".,":
            check_numbers(question["context"], question["answers"]["text"][0], "last", decimal, "ignore")


def test_numbers_of_real_sentences(shared_data: Path) -> None:
    """News in English and German: what is found in the translation beside what is found in the reference."""
    folder = shared_data / "mt-wmt17-en-de"
    both = list(zip(lines(folder / "FBK.txt"), lines(folder / "reference.txt"), strict=True))
    for decimal in ".,":
        for which in ("first", "last"):
            found = [[read_number(text, which, decimal, "fraction") for text in pair] for pair in both]
            kept = [(pair, values) for pair, values in zip(both, found, strict=True) if values[1] is not None]
            metric = f"numeric_match(decimal={'point' if decimal == '.' else 'comma'},extract={which},percent=fraction)"
            rows = texts([[said for (said, _), _ in kept]], [[gold] for (_, gold), _ in kept])
            answer = Question([named(metric)], rows=True).answer(rows)
            assert len(kept) > 500
            assert row_scores(answer, metric) == [100.0 * (said == gold) for _, (said, gold) in kept]


@pytest.mark.parametrize("awkward", AWKWARD)
def test_awkward_text(awkward: str) -> None:
    others = [awkward, f"x{awkward}y", awkward.upper(), awkward.lower(), awkward[1:], "", "x"]
    check_contains([awkward] * len(others), [[other] for other in others])
    check_contains(others, [[awkward, "k", "i\u0307"]] * len(others))
    for which in ("first", "last", "only"):
        check_numbers(awkward, f"5{awkward}", which, ".", "ignore")
        check_numbers(f"5{awkward}", awkward, which, ",", "fraction")


@given(st.lists(st.tuples(any_text(), st.lists(any_text(), min_size=1, max_size=3)), min_size=1, max_size=6))
def test_any_text(rows: list[tuple[str, list[str]]]) -> None:
    predictions, references = zip(*rows, strict=True)
    check_contains(predictions, references)


pieces = st.lists(st.sampled_from(PIECES), max_size=10).map("".join)


@given(pieces, pieces, st.sampled_from(["first", "last", "only"]), st.sampled_from(".,"), st.booleans())
def test_any_numbers(prediction: str, reference: str, which: str, decimal: str, fraction: bool) -> None:
    check_numbers(prediction, reference, which, decimal, "fraction" if fraction else "ignore")


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(0.0, 1e6),
    st.floats(0.0, 10.0),
)
def test_any_tolerance(said: float, gold: float, absolute: float, relative: float) -> None:
    metric = f"numeric_match(absolute_tolerance={absolute!r},relative_tolerance={relative!r})"
    answer = Question([named(metric)], rows=True).answer(texts([[repr(said)]], [[repr(gold)]]))
    with np.errstate(over="ignore"):
        expected = bool(np.isclose(said, gold, atol=absolute, rtol=relative))
    assert row_scores(answer, metric) == [100.0 * expected]


def test_any_of_several_numbers() -> None:
    answer = Question(["numeric_match"], rows=True).answer(texts([["12", "13"]], [["a dozen", "12"], ["12", "11"]]))
    assert row_scores(answer, "numeric_match") == [100.0, 0.0]


@pytest.mark.parametrize("mode", ["search", "full"])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_patterns_equal_python(shared_data: Path, mode: str, ignore_case: bool) -> None:
    """What both dialects have in common, on real sentences."""
    sentences = lines(shared_data / "mt-wmt17-en-de" / "FBK.txt")
    flags = re.IGNORECASE if ignore_case else 0
    for pattern in [r"\bdie\b", r"^.*(\d+)[.,]\d+ ?(Prozent|%)?.*$", r"(?:ein|eine)\s+[A-Z]\w+", r"[^a-z]{4,}|\.$"]:
        spec = metric_pb2.MetricSpec(name="regex_match", key="match")
        spec.params.update({"ignore_case": ignore_case, "mode": mode, "pattern": pattern})
        answer = Question([spec], rows=True).answer(texts([sentences], [[""]] * len(sentences)))
        match = re.compile(pattern, flags).search if mode == "search" else re.compile(pattern, flags).fullmatch
        assert row_scores(answer, "match") == [100.0 * (match(sentence) is not None) for sentence in sentences]


def test_references_are_patterns() -> None:
    rows = texts([["Paris, 1889", "in 1889", "x"]], [["^paris", r"\d{4}$"], ["paris"], ["", "("][:1]])
    answer = Question(["regex_match(ignore_case=true)"], rows=True).answer(rows)
    assert row_scores(answer, "regex_match(ignore_case=true)") == [100.0, 0.0, 100.0]


def test_bad_patterns_are_refused_by_name() -> None:
    with pytest.raises(InvalidRequestError, match=r"metrics\[0\].params.pattern: .*unclosed group"):
        Question(['regex_match(pattern="(a")']).spec()
    with pytest.raises(InvalidRequestError, match=r"params.pattern: .*too large"):
        Question(['regex_match(pattern="(\\\\w{500}){500}")']).spec()
    with pytest.raises(InvalidRequestError, match=r"instances\[1\].references\[1\]: .*unclosed") as refused:
        Question(["regex_match"]).answer(texts([["a", "secret"]], [["a"], ["a", "(secret"]]))
    assert "secret" not in str(refused.value)
