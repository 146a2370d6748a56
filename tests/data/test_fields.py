"""Fields that few data sets have: what a cell of each may be, and where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evald.data import Column, Table, combine, fields, join, read_file, source_of, table_of
from evald.data.arguments import Arguments
from evald.data.columns import PREDICTION_FIELDS, Field, inside
from evald.errors import InvalidRequestError
from evald.v1 import instance_pb2

RESERVED = {"finish_reason", "reasoning", "embedding"}


def values(found: Field | None) -> list[Any]:
    assert found is not None
    return list(found.values)


def column(table: Table, name: str = "system") -> Column:
    found = table.systems[name]
    assert isinstance(found, Column)
    return found


def test_all_fields_of_the_row_type_are_known() -> None:
    common = {"id", "predictions", "references", "labels", "cluster", "sample", "inputs"}
    assert {*fields.ROW, *common} == {*instance_pb2.Instance.DESCRIPTOR.fields_by_name} - RESERVED
    assert fields.PREDICTION.keys() == {*instance_pb2.Prediction.DESCRIPTOR.fields_by_name} - RESERVED
    assert tuple(fields.PREDICTION) == PREDICTION_FIELDS


@pytest.mark.parametrize(
    ("name", "cell", "expected"),
    [
        ("wrong_references", ["a", ""], ["a", ""]),
        ("wrong_references", "a", ["a"]),
        ("wrong_references", [], []),
        ("reference_tokens", ["a", "b"], [["a", "b"]]),
        ("reference_tokens", [["a", "b"], ["c"], []], [["a", "b"], ["c"], []]),
        ("reference_tokens", [], []),
        ("reference_tokens", np.array(["a", "b"]), [["a", "b"]]),
        ("value", 1, 1.0),
        ("value", np.float32(0.5), 0.5),
        ("choices", [{"text": "a", "correct": True}, ("b", 0)], [("a", True), ("b", False)]),
        ("choices", (["a", 1],), [("a", True)]),
        ("human_labels", ["a", 1, True], ["a", "1", "1"]),
        ("human_labels", "a", ["a"]),
        ("human_labels", {"b", "a"}, ["a", "b"]),
        ("tokens", ("a", "b"), ["a", "b"]),
        ("token_logprobs", [-1, -0.5], [-1.0, -0.5]),
        ("token_logprobs", np.array([-1.0]), [-1.0]),
        ("scores", {"comet": 0.5, "none": None, "n": 1}, {"comet": 0.5, "n": 1.0}),
        (
            "usage",
            {"latency_seconds": 1, "cost": None, "input_tokens": 7.0},
            {"latency_seconds": 1.0, "input_tokens": 7.0},
        ),
        ("labels", 3, ["3"]),
        ("labels", [], []),
        ("text", "", ""),
    ],
)
def test_cells_become_plain_values(name: str, cell: Any, expected: Any) -> None:
    assert {**fields.ROW, **fields.PREDICTION}[name](cell, "place") == expected


@pytest.mark.parametrize(
    ("name", "cell", "reason", "field"),
    [
        ("usage", 0.5, "BAD_TYPE", "at"),
        ("usage", {"seconds": 0.5}, "BAD_TYPE", "at"),
        ("usage", {"input_tokens": 0.5}, "BAD_TYPE", "at.input_tokens"),
        ("usage", {"output_tokens": -1}, "BAD_TYPE", "at.output_tokens"),
        ("usage", {"cost": "dear"}, "BAD_TYPE", "at.cost"),
        ("usage", {"peak_memory_bytes": float("inf")}, "BAD_TYPE", "at.peak_memory_bytes"),
        ("input_tokens", 2**64, "BAD_TYPE", "at"),
        ("latency_seconds", "0.5 s", "BAD_TYPE", "at"),
        ("wrong_references", 7, "BAD_TYPE", "at"),
        ("wrong_references", {"a"}, "BAD_TYPE", "at"),
        ("wrong_references", ["a", 7], "BAD_TYPE", "at[1]"),
        ("wrong_references", ["a", "\ud800"], "BAD_TEXT", "at[1]"),
        ("wrong_references", float("nan"), "BAD_TYPE", "at"),
        ("reference_tokens", "a b", "BAD_TYPE", "at"),
        ("reference_tokens", [["a"], "b"], "BAD_TYPE", "at[1]"),
        ("reference_tokens", [["a"], [1]], "BAD_TYPE", "at[1][0]"),
        ("reference_tokens", ["a", ["b"]], "BAD_TYPE", "at[1]"),
        ("value", "1", "BAD_TYPE", "at"),
        ("value", True, "BAD_TYPE", "at"),
        ("value", 10**400, "BAD_NUMBER", "at"),
        ("weight", [1.0], "BAD_TYPE", "at"),
        ("choices", "a", "BAD_TYPE", "at"),
        ("choices", ["a"], "BAD_TYPE", "at[0]"),
        ("choices", [("a", True), {"text": "a"}], "BAD_TYPE", "at[1]"),
        ("choices", [{"text": "a", "correct": True, "label": 1}], "BAD_TYPE", "at[0]"),
        ("choices", [("a", 2)], "BAD_TYPE", "at[0].correct"),
        ("choices", [("a", "true")], "BAD_TYPE", "at[0].correct"),
        ("choices", [(1, True)], "BAD_TYPE", "at[0].text"),
        ("human_labels", ["a", None], "MISSING_VALUE", "at[1]"),
        ("human_labels", ["a", 0.5], "BAD_TYPE", "at[1]"),
        ("token_logprobs", [-1.0, "a"], "BAD_TYPE", "at[1]"),
        ("token_logprobs", -1.0, "BAD_TYPE", "at"),
        ("choice_scores", {0.5}, "BAD_TYPE", "at"),
        ("scores", 0.5, "BAD_TYPE", "at"),
        ("scores", {1: 0.5}, "BAD_TYPE", "at"),
        ("scores", {"comet": "0.5"}, "BAD_TYPE", 'at["comet"]'),
        ("scores", {"my secret": "0.5"}, "BAD_TYPE", 'at["?"]'),
        ("text", 7, "BAD_TYPE", "at"),
    ],
)
def test_wrong_cells_are_named(name: str, cell: Any, reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        {**fields.ROW, **fields.PREDICTION, **fields.USAGE}[name](cell, "at")
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)
    assert "secret" not in str(caught.value)


def test_parts_of_a_files_cell_are_named_in_its_parentheses() -> None:
    assert inside("a.jsonl:3 (prediction)", ".tokens[1]") == "a.jsonl:3 (prediction.tokens[1])"
    assert inside("predictions[3]", ".tokens[1]") == "predictions[3].tokens[1]"


ROW = {
    "wrong_references": ["w"],
    "reference_tokens": [["r"]],
    "value": 1.5,
    "choices": [["c", True]],
    "weight": 2.0,
    "human_labels": ["h"],
}
ANSWER = {
    "class_scores": [0.5],
    "tokens": ["t"],
    "token_logprobs": [-1.0],
    "choice_scores": [1.0],
    "no_answer_score": 0.25,
    "scores": {"x": 1.0},
    "usage": {"cost": 0.5},
}


def test_fields_of_rows_are_found_by_their_names() -> None:
    table = table_of([{"prediction": "a", "reference": "b", **ROW, **ANSWER}, {"prediction": "a", "reference": "b"}])
    assert {name: one.values[0] for name, one in table.fields.items()} == ROW
    assert {name: one.values[0] for name, one in column(table).fields.items()} == ANSWER
    assert all(fields.of(one, 1) is None for one in table.fields.values())
    assert table.fields["weight"].where(1) == "rows[1].weight"


def test_fields_can_be_mapped() -> None:
    table = table_of([{"prediction": "a", "reference": "b", "w": 2.0}], {"weight": "w"})
    assert values(table.fields["weight"]) == [2.0]


def test_a_prediction_may_be_a_dict_of_its_fields() -> None:
    rows: list[Any] = [{"prediction": {"text": "a", "scores": {"x": 1}}}, {"prediction": "b"}, {"prediction": None}]
    assert column(table_of(rows)).values == [{"text": "a", "scores": {"x": 1}}, "b", None]


@pytest.mark.parametrize(
    "rows",
    [
        [{"prediction": {"base": "a", "text": {"text": "b", "value": 1.0}}}],
        [{"predictions": {"base": "a", "text": {"text": "b", "value": 1.0}}}],
    ],
)
def test_dicts_by_system_hold_predictions_of_any_kind(rows: Any) -> None:
    table = table_of(rows)
    assert (column(table, "base").values, column(table, "text").values) == (["a"], [{"text": "b", "value": 1.0}])
    assert not column(table, "base").fields


def test_a_column_predictions_is_by_system_even_if_names_are_those_of_fields() -> None:
    assert column(table_of([{"predictions": {"text": "a"}}]), "text").values == ["a"]


def test_rows_may_hold_nothing_but_fields_of_the_prediction() -> None:
    found = column(table_of([{"choices": [["c", True]], "choice_scores": [1.0]}]))
    assert (found.values, values(found.fields["choice_scores"])) == ([None], [[1.0]])
    with pytest.raises(InvalidRequestError, match="has no prediction column"):
        table_of([{"choices": [["c", True]]}])


def test_agreement_between_people_needs_no_predictions() -> None:
    found = table_of([{"human_labels": ["a", "b"]}])
    assert column(found).values == [None]
    assert values(found.fields["human_labels"]) == [["a", "b"]]


def test_parts_of_usage_may_be_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prediction,latency_seconds,output_tokens,cost\na,0.5,12,\nb,1e-3,x,2\n", encoding="utf-8")
    found = column(table_of(read_file(path))).fields
    assert {name: values(one) for name, one in found.items()} == {
        "latency_seconds": [0.5, 0.001],
        "output_tokens": [12.0, "x"],
        "cost": [None, 2.0],
    }
    assert found["output_tokens"].where(1) == f"{path}:3 (output_tokens)"
    mapped = table_of(read_file(path), {"peak_memory_bytes": "output_tokens"})
    assert set(column(mapped).fields) == {"latency_seconds", "peak_memory_bytes", "cost"}


def test_columns_of_usage_may_be_by_system() -> None:
    rows: list[Any] = [
        {"predictions": {"base": "a", "new": "b"}, "cost": {"base": 0.5, "new": 2}, "latency_seconds": 1.0},
        {"predictions": {"base": "a", "new": "b"}, "cost": {"new": 3}},
        {"predictions": {"base": "a", "new": "b"}},
    ]
    table = table_of(rows)
    for system, expected in (("base", [0.5, None, None]), ("new", [2, 3, None])):
        found = column(table, system).fields
        assert {name: values(one) for name, one in found.items()} == {"cost": expected}
        assert found["cost"].where(1) == f"rows[1].cost['{system}']"


def test_csv_cells_of_numbers_are_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prediction,reference,weight,value,no_answer_score\na,b,2,1e3,\na,b,0.5,x,1_0\n", encoding="utf-8")
    table = table_of(read_file(path))
    assert values(table.fields["weight"]) == [2.0, 0.5]
    assert values(table.fields["value"]) == [1000.0, "x"]
    assert values(column(table).fields["no_answer_score"]) == [None, "1_0"]
    assert table.fields["value"].where(1) == f"{path}:3 (value)"


def test_a_join_takes_rows_from_gold_and_answers_from_predictions() -> None:
    gold = source_of([{"id": 1, "value": 1.0}, {"id": 2, "value": 2.0}], "gold")
    base = source_of([{"id": 2, "value": 2.5, "scores": {"x": 1}}], "base")
    table = join(gold, {"base": base})
    assert values(table.fields["value"]) == [1.0, 2.0]
    found = column(table, "base")
    assert values(found.fields["value"]) == [None, 2.5]
    assert (values(found.fields["scores"]), found.fields["scores"].where(1)) == ([None, {"x": 1}], "base[0].scores")


def test_sources_agree_on_the_fields_of_rows() -> None:
    def source(name: str, *rows: tuple[int, float]) -> Any:
        return source_of([{"id": key, "prediction": "a", "reference": "b", "weight": w} for key, w in rows], name)

    table = combine({"a": source("a", (1, 1.0), (2, 2.0)), "b": source("b", (3, 3.0), (2, 2.0))})
    assert values(table.fields["weight"]) == [1.0, 2.0, 3.0]
    assert table.fields["weight"].where(2) == "b[0].weight"
    with pytest.raises(InvalidRequestError) as caught:
        combine({"a": source("a", (1, 1.0)), "b": source("b", (1, 2.0))})
    assert (caught.value.reason, caught.value.violations[0].field) == ("WEIGHT_MISMATCH", "b[0]")


def test_keyword_columns_are_fields() -> None:
    given: Any = {"values": np.array([1.0]), "weights": (2,), "choices": [[["a", True]]], "labels": [["x", "y"]]}
    table = Arguments(["r"], given=given).table({"system": ["a"]})
    assert {name: values(one) for name, one in table.fields.items()} == {
        "value": [1.0],
        "weight": [2],
        "choices": [[["a", True]]],
    }
    assert table.labels is not None
    assert table.labels.values == [["x", "y"]]
    assert table.fields["weight"].where(0) == "weights[0]"


@pytest.mark.parametrize(
    ("given", "reason", "field"),
    [
        ({"weights": [1.0, 2.0]}, "LENGTH_MISMATCH", "weight"),
        ({"weights": 1.0}, "BAD_TYPE", "weights"),
        ({"labels": [0.5j]}, "BAD_TYPE", "labels[0]"),
    ],
)
def test_wrong_keyword_columns_are_named(given: Any, reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Arguments(["r"], given=given).table({"system": ["a"]})
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)


def test_keyword_columns_and_rows_exclude_each_other() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Arguments(rows=[{"prediction": "a"}], given={"weights": [1.0]}).table(None)
    assert (caught.value.reason, caught.value.violations[0].field) == ("CONFLICT", "weights")
