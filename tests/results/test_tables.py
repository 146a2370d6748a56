"""Tables for papers and programs: numbers at full precision, names that no format takes for markup."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evald
from evald.results import Comparison, Evaluation, PairedResult, Provenance
from evald.results.text import printable

GOLD = ["a", "b"] * 30
BASE = ["a"] * 60
NEW = ["a", "b"] * 20 + ["a"] * 20
WHERE = Provenance("0", "16", 1, "", 1, "id")


def compared(**options: Any) -> Comparison:
    return evald.compare(BASE, {"new_one": NEW}, GOLD, metrics=["accuracy", "f1(average=macro)"], **options)


def one_result(name: str, metric: str = "m") -> Comparison:
    found = PairedResult(metric=metric, candidate=name, difference=-0.25, decision="regressed")
    return Comparison(systems=(), baseline="base", comparisons=(found,), notes=(), provenance=WHERE)


def test_csv_has_every_number_at_full_precision() -> None:
    result = compared()
    lines = list(csv.DictReader(io.StringIO(result.to_table("csv"))))
    assert [line["metric"] for line in lines] == ["accuracy", "f1(average=macro)"]
    for line, found in zip(lines, result.comparisons, strict=True):
        for name in ("difference", "low", "high", "std_error", "p_value", "p_adjusted", "candidate_value"):
            assert float(line[name]) == getattr(found, name)
        assert (line["baseline"], line["candidate"], line["decision"]) == ("baseline", "new_one", "improved")
        assert line["mde"] == "", "nothing stands where there is nothing"


def test_csv_of_an_evaluation_has_a_line_a_system_and_metric() -> None:
    result = evald.evaluate(systems={"a": BASE, "b": NEW}, references=GOLD, metrics=["accuracy", "mcc"])
    lines = list(csv.DictReader(io.StringIO(result.to_table("csv"))))
    assert [(line["system"], line["metric"]) for line in lines] == [
        ("a", "accuracy"), ("a", "mcc"), ("b", "accuracy"), ("b", "mcc"),
    ]  # fmt: skip
    assert float(lines[2]["value"]) == result.system("b")["accuracy"].value


def test_markdown_is_a_pipe_table_with_verdicts() -> None:
    lines = compared(gate={"rules": [{"metric": "accuracy", "margin": 0.01}]}).to_table("md").splitlines()
    assert lines[0].startswith("| candidate | metric | baseline | candidate | difference |")
    assert set(lines[1]) == set("|:- ")
    assert lines[2].startswith("| new\\_one | accuracy | 0.5000 | 0.8333 | +0.3333 |")
    assert lines[2].endswith("| ▲ improved |")
    assert lines[-2:] == [
        "- adjusted p: holm over 2 tests: metrics x candidates",
        "- gate, new\\_one: GO (critical and shown to hold: accuracy)",
    ]


def test_latex_is_a_booktabs_tabular() -> None:
    lines = compared().to_table("latex").splitlines()
    assert lines[0] == r"% \usepackage{booktabs}"
    assert lines[2] == r"\begin{tabular}{llrrrrrrrr}"
    assert [line for line in lines if "rule" in line] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert r"new\_one & accuracy & 0.5000 & 0.8333 & $+$0.3333" in lines[6]
    assert r"95 \% interval" in lines[4]
    assert lines[-1] == r"\end{tabular}"


LANGUAGES = ["de|x"] * 30 + ["en"] * 30


def sliced(**options: Any) -> Comparison:
    return compared(slice_values={"language": LANGUAGES}, slices="language", **options)


def test_csv_has_a_line_a_slice_after_those_of_all_rows() -> None:
    result = sliced()
    lines = list(csv.DictReader(io.StringIO(result.to_table("csv"))))
    assert [(line["by"], line["slice"], line["metric"]) for line in lines] == [
        (by, one, metric)
        for by, one in (("", ""), ("language", "de|x"), ("language", "en"))
        for metric in ("accuracy", "f1(average=macro)")
    ]
    found = result.slice("en")["accuracy"]
    assert (lines[4]["baseline"], lines[4]["candidate"], lines[4]["n"]) == ("baseline", "new_one", "30")
    assert (float(lines[4]["low"]), float(lines[4]["p_adjusted"])) == (found.low, found.p_adjusted)
    values = evald.evaluate(NEW, GOLD, metrics="mcc", slice_values={"language": LANGUAGES}, slices="language")
    lines = list(csv.DictReader(io.StringIO(values.to_table("csv"))))
    assert [(line["system"], line["by"], line["slice"], line["metric"]) for line in lines] == [
        ("system", "", "", "mcc"), ("system", "language", "de|x", "mcc"), ("system", "language", "en", "mcc"),
    ]  # fmt: skip
    assert float(lines[1]["value"]) == values["mcc"].slices[0].value
    assert "slice" not in compared().to_table("csv").splitlines()[0]


def test_slices_and_their_consistency_are_tables_of_their_own() -> None:
    markdown = sliced().to_table("md").split("\n\n")
    assert [block.splitlines()[0] for block in markdown[1:-1:2]] == ["slices", "consistency of slices"]
    head, _, first, *others = markdown[2].splitlines()
    assert head.startswith("| sliced by | slice | candidate | metric | baseline | candidate | difference |")
    assert first.startswith("| language | de\\|x | new\\_one | accuracy | 0.5000 | 1.0000 | +0.5000 |")
    assert first.endswith("| ▲ improved |")
    assert len(others) == 3
    assert markdown[4].splitlines()[2].startswith("| language | new\\_one | accuracy | 2 of 2 | 100 % | en |")
    latex = sliced(min_slice_size=31).to_table("latex")
    assert [latex.count(word) for word in ("\n\n% slices\n", r"\begin{tabular}", "too few rows")] == [1, 3, 4]
    assert r"{llllrrrrrrrr}" in latex
    assert r"I$^2$" in sliced().to_table("latex")


def test_numbers_of_slices_have_paths() -> None:
    result = sliced()
    found = result.flat()
    accuracy = result.slice("en")["accuracy"]
    assert found["slice/language/en/compare/new_one/accuracy/low"] == accuracy.low
    assert found["slice/language/en/new_one/accuracy"] == accuracy.candidate_value
    assert found["consistency/language/new_one/accuracy/improved"] == 2
    assert found["consistency/language/new_one/accuracy/worst_difference"] == accuracy.difference
    assert not any("slice" in path or "consistency" in path for path in compared().flat())


def test_a_hyphen_in_a_name_is_no_minus() -> None:
    row = one_result("gpt-4", "rouge-1").to_table("latex").splitlines()[-3]
    assert row.startswith(r"gpt-4 & rouge-1 & -- & -- & $-$0.2500")
    assert r"$\downarrow$ regressed" in row


@given(name=st.text(max_size=20))
def test_names_are_never_markup(name: str) -> None:
    result = one_result(name)
    latex = result.to_table("latex").splitlines()[-3]
    words = r"\\text[a-z]+\{\}|\\(?:up|down)arrow|\\cdot|\\approx|\\geq|\$\^2\$"
    bare = re.sub(rf"{words}|\\[&%$#_{{}}]|\$[<>|+-]\$|\\\\$", "", latex)
    assert bare.count("&") == 9, "cells are as many as columns"
    assert not set("\\%#_{}~^").intersection(bare)
    markdown = result.to_table("md").splitlines()[2]
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", markdown)) == 11
    (line,) = csv.DictReader(io.StringIO(result.to_table("csv"), newline=""))
    assert line["candidate"] == printable(name)


def test_an_empty_result_is_a_head() -> None:
    nothing = Evaluation(systems=(), provenance=WHERE)
    assert nothing.to_table("md").startswith("| system |")
    assert nothing.to_table("csv") == ""


@pytest.mark.parametrize("style", ["md", "latex", "csv"])
def test_undefined_numbers_have_a_place(style: Any) -> None:
    assert "base" in one_result("x").to_table(style)
