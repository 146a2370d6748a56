"""Which column plays which role."""

from __future__ import annotations

from typing import Any

import pytest

from evald.data import Column, Model, Table, table_of
from evald.data.naming import with_models
from evald.errors import InvalidRequestError


def predictions(table: Table, system: str = "system") -> Any:
    source = table.systems[system]
    assert isinstance(source, Column)
    return source.values


@pytest.mark.parametrize("name", ["prediction", "output", "answer", "response", "completion", "pred"])
def test_predictions_are_found_by_common_names(name: str) -> None:
    assert predictions(table_of([{name: "a", "target": "b"}])) == ["a"]


@pytest.mark.parametrize("name", ["reference", "references", "target", "gold", "label", "expected"])
def test_references_are_found_by_common_names(name: str) -> None:
    gold = table_of([{"prediction": "a", name: "b"}]).references
    assert gold is not None
    assert gold.values == ["b"]


def test_the_own_name_of_a_role_wins() -> None:
    assert predictions(table_of([{"answer": "x", "prediction": "a", "reference": "b"}])) == ["a"]


def test_labels_beside_references_are_kept_apart() -> None:
    table = table_of([{"prediction": "a", "reference": "text", "label": 1}])
    assert table.references is not None
    assert table.references.values == ["text"]
    assert table.labels is not None
    assert table.labels.values == ["1"]


def test_a_mapping_wins_and_takes_its_columns_out_of_the_search() -> None:
    rows = [{"output": "x", "answer": "a", "label": "l", "gold": "g"}]
    table = table_of(rows, {"prediction": "label", "reference": "answer"})
    assert predictions(table) == ["l"]
    assert table.references is not None
    assert table.references.values == ["a"]
    assert table.labels is None


def test_ids_clusters_and_samples_are_read() -> None:
    rows = [
        {"id": 7, "cluster": "c", "sample": 0, "prediction": "a", "reference": "b"},
        {"id": 7, "cluster": None, "sample": 1, "prediction": None, "reference": "b"},
    ]
    table = table_of(rows)
    assert (table.ids, table.clusters, table.samples) == (["7", "7"], ["c", ""], [0, 1])
    assert predictions(table) == ["a", None]


def test_predictions_by_system() -> None:
    rows = [
        {"predictions": {"base": "a", "new": "b"}, "reference": "b"},
        {"predictions": {"base": "a"}, "reference": "a"},
    ]
    table = table_of(rows)
    assert (predictions(table, "base"), predictions(table, "new")) == (["a", "a"], ["b", None])


def test_models_take_inputs() -> None:
    table = with_models([{"text": "t", "label": "x"}], {"base": Model("m")})
    assert table.inputs == [{"text": "t"}]
    assert table.systems == {"base": Model("m")}


@pytest.mark.parametrize(
    ("mapping", "reason", "words"),
    [
        ({"predicton": "output"}, "UNKNOWN_ROLE", "prediction"),
        ({"prediction": "absent"}, "MISSING_FIELD", "absent"),
        ({}, "MISSING_FIELD", "columns are x, y"),
    ],
)
def test_wrong_mappings_say_what_there_is(mapping: dict[str, str], reason: str, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words) as caught:
        table_of([{"x": "a", "y": "b"}], mapping)
    assert caught.value.reason == reason


@pytest.mark.parametrize("rows", [[{"prediction": True, "label": "true"}], [{"prediction": "1", "label": True}]])
def test_bools_are_not_matched_with_strings(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        table_of(rows)
    assert caught.value.reason == "MIXED_TYPES"


@pytest.mark.parametrize("sample", [-1, 1.5, "x", True, 2**32])
def test_samples_are_whole_numbers(sample: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        table_of([{"id": 1, "sample": sample, "prediction": "a", "label": "a"}])
    assert caught.value.violations[0].field == "rows[0].sample"
