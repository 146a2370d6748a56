"""Slices in this process: columns, rows, frames, results in words and as data."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import evald
from evald.errors import InvalidRequestError

GOLD = ["the cat sat", "a dog did not run", "it rains", "we went home"] * 30
BASE = ["the cat", "a dog", "it rains", "we went"] * 30
NEW = ["the cat sat", "a dog did not run", "it rains", "we went"] * 30
DOMAIN = ["pets", "pets", "weather", None] * 30


def compared(**options: object) -> evald.Comparison:
    options = {"metrics": "token_f1", "replicates": 200, **options}
    return evald.compare(BASE, {"new": NEW}, GOLD, slice_values={"domain": DOMAIN}, **options)  # type: ignore[arg-type]


def test_slices_of_columns() -> None:
    result = compared(slices=["domain", 'contains(reference, "not run")', "length(reference, characters, edges=8|11)"])
    assert [(one.by.partition("(")[0], *one.values, one.rows) for one in result.slices] == [
        ("domain", "pets", 60),
        ("domain", "weather", 30),
        ("domain", "(none)", 30),
        ("contains", "no", 90),
        ("contains", "yes", 30),
        ("length", "0-8", 30),
        ("length", "9-11", 30),
        ("length", "12+", 60),
    ]
    assert result.slice("pets")["token_f1"].decision == "improved"
    assert result.slice("weather")["new", "token_f1"].difference == 0
    with pytest.raises(KeyError, match="'law'"):
        result.slice("law")
    with pytest.raises(KeyError, match="bleu"):
        result.slice("pets")["bleu"]
    frame = result.slices_to_frame()
    assert list(frame["slice"][:3]) == ["pets", "weather", "(none)"]
    assert json.loads(json.dumps(result.to_dict()))["slices"][0]["comparisons"][0]["metric"] == "token_f1"


def test_results_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    result = compared(slices="domain")
    for shown in (str(result), result._repr_html_()):
        assert "new against baseline, token_f1 by slice" in shown
        assert "domain: weather" in shown
        assert "consistency of slices" in shown
    evaluated = evald.evaluate(BASE, GOLD, metrics="token_f1", slice_values={"domain": DOMAIN}, slices="domain")
    for shown in (str(evaluated), evaluated._repr_html_()):
        assert "system, token_f1 by slice" in shown
    assert list(evaluated.slices_to_frame()["n"]) == [60, 30, 30]


def test_names_of_slices_are_escaped() -> None:
    evil = ["<b>", "\u202eflip"] * 60
    result = evald.evaluate(BASE, GOLD, metrics="token_f1", slice_values={"k": evil}, slices="k", replicates=0)
    assert "<b>" not in result._repr_html_()
    assert "\u202e" not in str(result)


def test_slices_of_rows_and_frames() -> None:
    """The field `slices` of a row wins over a column of the same name; numbers and bools are taken as text."""
    rows = [
        {
            "prediction": "b",
            "label": "b",
            "year": 2020 + at % 2,
            "clean": at % 2 == 0,
            "slices": {"set": "x"},
            "set": "y",
        }
        for at in range(60)
    ]
    result = evald.evaluate(rows=rows, metrics="accuracy", slices=["year", "clean", "set"], replicates=0)
    assert [one.values for one in result["accuracy"].slices] == [("2020",), ("2021",), ("false",), ("true",), ("x",)]
    frame = pd.DataFrame([{key: row[key] for key in ("prediction", "label", "year")} for row in rows])
    result = evald.evaluate(rows=frame, metrics="accuracy", slices="year x label", replicates=0)
    assert [one.values for one in result["accuracy"].slices] == [("2020", "b"), ("2021", "b")]


def test_inputs_and_the_text_of_the_baseline_are_read() -> None:
    rows = [
        {
            "predictions": {"base": "one two" if at % 2 else "one", "new": "one"},
            "reference": "one",
            "question": "who " * 12,
        }
        for at in range(60)
    ]
    result = evald.compare(
        rows=rows, metrics="exact_match", slices=["length(input)", "length(prediction, edges=1)"], replicates=100
    )
    assert [(one.by, *one.values) for one in result.slices] == [
        ("length(input)", "11-25"),
        ("length(prediction, edges=1)", "0-1"),
        ("length(prediction, edges=1)", "2+"),
    ]


def test_labels_and_references_that_no_metric_needs() -> None:
    rows = [{"prediction": "ab"[at % 2], "reference": "ab"[at % 2], "label": "xy"[at % 2]} for at in range(60)]
    result = evald.evaluate(rows=rows, metrics="exact_match", slices=["label", "split"], replicates=0)
    assert [one.values for one in result["exact_match"].slices] == [("x",), ("y",), ("(none)",)]


def test_metrics_that_are_no_sums_have_slices() -> None:
    numbers = [float(at % 7) for at in range(120)]
    gold = [float(at % 5) for at in range(120)]
    result = evald.evaluate(numbers, gold, metrics="spearman", slice_values={"half": [0, 1] * 60}, slices="half")
    for index, one in enumerate(result["spearman"].slices):
        alone = evald.evaluate(numbers[index::2], gold[index::2], metrics="spearman")["spearman"]
        assert one.value == alone.value


@pytest.mark.parametrize(
    ("options", "reason", "field"),
    [
        ({"slices": ["domain", 7]}, "BAD_TYPE", "slices[1]"),
        ({"slices": "length(reference, edges=3|2)"}, "BAD_SLICE", "spec.slices[0].by"),
        ({"slices": "domain", "slice_values": {"domain": ["x"]}}, "LENGTH_MISMATCH", "slice_values"),
        ({"slices": "domain", "slice_values": {"domain": [["x"]] * 120}}, "BAD_TYPE", 'slice_values[0]["domain"]'),
        ({"slices": "domain", "slice_values": ["x"]}, "BAD_TYPE", "slice_values"),
        ({"slices": "domian"}, "UNKNOWN_SLICE_KEY", "slices"),
        ({"slices": "label x domian"}, "UNKNOWN_SLICE_KEY", "slices"),
        ({"slices": "domain", "min_slice_size": -1}, "BAD_STATISTICS", "min_slice_size"),
        ({"slices": "domain", "slice_values": {"domain": ["a\nb"] * 120}}, "BAD_SLICE_VALUE", "slice_values[0]"),
    ],
)
def test_bad_slices_are_refused(options: dict[str, object], reason: str, field: str) -> None:
    arguments = {"slice_values": {"domain": DOMAIN}, **options}
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(BASE, GOLD, metrics="token_f1", **arguments)  # type: ignore[arg-type]
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)
