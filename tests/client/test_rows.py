"""Rows on their way into messages: what the metrics need is written, the rest is not, and places stay known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.client.locate import located
from evald.client.rows import row_writer
from evald.data import Table, fields, read_file, table_of
from evald.data.arguments import Arguments
from evald.errors import InvalidRequestError
from evald.v1.instance_pb2 import Choice, Instance, Prediction, Tokens, Usage
from evald.v1.metric_pb2 import RowField

TEXTS = {"prediction_text", "references"}
LABELS = {"prediction_label", "labels"}
SETS = {"prediction_label_set", "label_set"}
NUMBERS = {"prediction_value", "value"}


def table(predictions: Any, references: Any = None, **columns: Any) -> Table:
    return Arguments(references, given=columns).table({"system": predictions})  # type: ignore[arg-type]


def written(found: Table, needs: set[str], is_open: bool = False) -> list[Instance]:
    write = row_writer(found, needs, is_open)
    rows = [Instance() for _ in range(found.rows)]
    for index, row in enumerate(rows):
        write(index, row)
    return rows


def only(found: Table, needs: set[str]) -> Instance:
    (row,) = written(found, needs)
    return row


@pytest.mark.parametrize(
    ("predictions", "references", "needs", "expected"),
    [
        (["a"], ["b"], TEXTS, {"predictions": [{"text": "a"}], "references": ["b"]}),
        (["a"], [["b", "c"]], TEXTS, {"predictions": [{"text": "a"}], "references": ["b", "c"]}),
        (["a"], ["b"], LABELS, {"predictions": [{"labels": ["a"]}], "labels": ["b"]}),
        ([1], [True], LABELS, {"predictions": [{"labels": ["1"]}], "labels": ["1"]}),
        (["a"], [["b"]], LABELS, {"predictions": [{"labels": ["a"]}], "labels": ["b"]}),
        (["a"], ["b"], TEXTS | LABELS,
         {"predictions": [{"text": "a", "labels": ["a"]}], "references": ["b"], "labels": ["b"]}),
        ([[0.5, 0.5]], ["b"], LABELS, {"predictions": [{"class_scores": [0.5, 0.5]}], "labels": ["b"]}),
        ([[1, 0]], ["b"], {"class_scores", "labels"}, {"predictions": [{"class_scores": [1, 0]}], "labels": ["b"]}),
        ([["a", "b"]], [["b", "c"]], SETS, {"predictions": [{"labels": ["a", "b"]}], "labels": ["b", "c"]}),
        ([{"a", "b"}], [{"c"}], SETS, {"predictions": [{"labels": ["a", "b"]}], "labels": ["c"]}),
        (["a"], ["b"], SETS, {"predictions": [{"labels": ["a"]}], "labels": ["b"]}),
        # Without a text it would be no answer at all.
        ([[]], [[]], SETS, {"predictions": [{"text": ""}]}),
        ([0.5], [1.5], NUMBERS, {"predictions": [{"value": 0.5}], "value": 1.5}),
        ([2], [3], NUMBERS, {"predictions": [{"value": 2.0}], "value": 3.0}),
        ([["a", "b"]], None, {"prediction_tokens"}, {"predictions": [{"tokens": ["a", "b"]}]}),
        ([[-1, -0.5]], None, {"token_logprobs"}, {"predictions": [{"token_logprobs": [-1, -0.5]}]}),
        ([[-1, -0.5]], None, {"choice_scores"}, {"predictions": [{"choice_scores": [-1, -0.5]}]}),
        (["a"], None, {"prediction_text"}, {"predictions": [{"text": "a"}]}),
    ],
)  # fmt: skip
def test_a_cell_stands_for_what_the_metrics_need(
    predictions: Any, references: Any, needs: set[str], expected: dict[str, Any]
) -> None:
    predicted = [Prediction(**one) for one in expected.pop("predictions")]
    assert only(table(predictions, references), needs) == Instance(predictions=predicted, **expected)


EVERYTHING: dict[str, Any] = {
    "text": "t",
    "labels": ["l", 1],
    "class_scores": [0.5],
    "tokens": ["a", ""],
    "value": 1,
    "token_logprobs": [-1.0],
    "choice_scores": [2.0],
    "no_answer_score": 0.25,
    "scores": {"comet": 0.5},
    "usage": {"latency_seconds": 0.25, "input_tokens": 7, "output_tokens": 2, "cost": 0.5, "peak_memory_bytes": 9},
}
WHOLE = Prediction(**{**EVERYTHING, "labels": ["l", "1"]})


@pytest.mark.parametrize(
    ("need", "names"),
    [
        ("prediction_text", ["text"]),
        ("prediction_label", ["labels", "class_scores"]),
        ("prediction_label_set", ["labels", "class_scores"]),
        ("class_scores", ["class_scores"]),
        ("prediction_tokens", ["tokens"]),
        ("prediction_value", ["value"]),
        ("token_logprobs", ["token_logprobs"]),
        ("choice_scores", ["choice_scores"]),
        ("no_answer_score", ["no_answer_score"]),
        ("scores", ["scores"]),
        ("latency_seconds", ["usage"]),
        ("input_tokens", ["usage"]),
        ("output_tokens", ["usage"]),
        ("cost", ["usage"]),
        ("peak_memory_bytes", ["usage"]),
    ],
)
def test_a_dict_names_fields_and_only_those_that_are_needed_go(need: str, names: list[str]) -> None:
    (prediction,) = only(table([EVERYTHING]), {need}).predictions
    assert {field.name for field, _ in prediction.ListFields()} == set(names)
    for name in names:
        assert getattr(prediction, name) == getattr(WHOLE, name)


def test_a_column_counts_and_not_the_part_of_usage() -> None:
    rows = [
        {"prediction": "a", "usage": {"latency_seconds": 9.0, "cost": 7.0}, "latency_seconds": 0.5},
        {"prediction": "a", "usage": {"tokens": 3}, "latency_seconds": 0.25},
    ]
    found = written(table_of(rows), {"prediction_text", "latency_seconds"})
    assert [one.predictions[0] for one in found] == [
        Prediction(text="a", usage=Usage(latency_seconds=seconds)) for seconds in (0.5, 0.25)
    ]
    both = written(table_of(rows[:1]), {"latency_seconds", "cost"})
    assert both[0].predictions[0].usage == Usage(latency_seconds=0.5, cost=7.0)
    with pytest.raises(InvalidRequestError) as caught:
        written(table_of(rows), {"cost"})
    assert caught.value.violations[0].field == "rows[1].usage"
    with pytest.raises(InvalidRequestError) as caught:
        written(table_of([{"prediction": "a", "cost": "3 EUR"}]), {"cost"})
    assert caught.value.violations[0].field == "rows[0].cost"
    with pytest.raises(InvalidRequestError, match="takes a column latency_seconds, or a dict with usage"):
        written(table_of([{"prediction": "a", "cost": 3}]), {"latency_seconds"})


def test_all_that_is_named_goes_where_needs_are_not_known() -> None:
    columns = {"human_labels": [["h"]], "choices": [[("c", True)]]}
    (row,) = written(table([EVERYTHING], None, **columns), set(), is_open=True)
    assert row.predictions[0] == WHOLE
    assert list(row.human_labels) == ["h"]
    assert list(row.choices) == [Choice(text="c", correct=True)]
    assert only(table([EVERYTHING], None, **columns), {"prediction_text"}) == Instance(
        predictions=[Prediction(text="t")]
    )


def test_fields_of_rows_go_when_needed_and_weights_always() -> None:
    found = table(
        ["a"], ["b"], wrong_references=[["w"]], reference_tokens=[["r", "s"]], values=[1], choices=[[("c", 1)]],
        human_labels=[["h", 2]], weights=[0.5], labels=["l"],
    )  # fmt: skip
    assert only(found, TEXTS) == Instance(references=["b"], weight=0.5, predictions=[Prediction(text="a")])
    needs = {"wrong_references", "reference_tokens", "value", "choices", "human_labels", "labels"}
    assert only(found, needs) == Instance(
        wrong_references=["w"],
        reference_tokens=[Tokens(tokens=["r", "s"])],
        value=1,
        choices=[Choice(text="c", correct=True)],
        weight=0.5,
        human_labels=["h", "2"],
        labels=["l"],
        predictions=[Prediction()],
    )


def test_rows_without_a_field_leave_it_out() -> None:
    found = table(["a", "b"], weights=[None, 2.0], human_labels=[None, []])
    assert [row.HasField("weight") for row in written(found, {"human_labels"})] == [False, True]


def test_columns_of_predictions_join_their_cells() -> None:
    found = table_of(
        [
            {"prediction": "a", "no_answer_score": 0.5, "tokens": ["x"]},
            {"prediction": {"text": "b"}, "no_answer_score": None},
            {"prediction": None, "no_answer_score": 1},
        ]
    )
    predictions = [row.predictions[0] for row in written(found, {"prediction_text", "no_answer_score"})]
    assert predictions == [
        Prediction(text="a", no_answer_score=0.5),
        Prediction(text="b"),
        Prediction(no_answer_score=1),
    ]


def test_texts_of_a_file_may_be_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("prediction,reference\n0.5,1\n 2 ,1e3\n1_0,1\n", encoding="utf-8")
    found = table_of(read_file(path))
    write = row_writer(found, NUMBERS)
    row = Instance()
    write(1, row)
    assert row == Instance(value=1000, predictions=[Prediction(value=2)])
    with pytest.raises(InvalidRequestError) as caught:
        write(2, row)
    assert caught.value.violations[0].field == f"{path}:4 (prediction)"


@pytest.mark.parametrize(
    ("predictions", "references", "needs", "field", "words"),
    [
        ([0.5], ["a"], TEXTS, "predictions[0]", "a float; text metrics take str"),
        (["a", 1], ["a", "b"], TEXTS, "predictions[1]", "an int; text metrics take str"),
        ([["a"]], ["a"], TEXTS, "predictions[0]", "a list of str; text"),
        (["a"], [0.5], TEXTS, "references[0]", "a float; text"),
        (["a"], None, TEXTS, "references", "are required"),
        ([0.5], ["a"], LABELS, "predictions[0]", "a float; label"),
        ([["a"]], ["a"], LABELS, "predictions[0]", "a list of str; label"),
        ([[]], ["a"], LABELS, "predictions[0]", "an empty list; label"),
        (["a"], [0.5], LABELS, "references[0]", "a float; label"),
        ([0.5], ["a"], SETS, "predictions[0]", "a float; multilabel"),
        (["a"], ["a"], {"class_scores", "labels"}, "predictions[0]", "a str; the metric takes class scores"),
        (["0.5"], [1.0], NUMBERS, "predictions[0]", "a str; the metric takes numbers"),
        ([True], [1.0], NUMBERS, "predictions[0]", "a bool; the metric takes numbers"),
        ([0.5], ["1.0"], NUMBERS, "references[0]", "a str; the metric takes numbers"),
        ([0.5], [["1.0"]], NUMBERS, "references[0]", "a str; the metric takes numbers"),
        ([0.5], [[1]], NUMBERS, "references[0]", "one number a row"),
        ([0.5], None, NUMBERS, "references", "are required"),
        (["a b"], None, {"prediction_tokens"}, "predictions[0]", "list of tokens"),
        ([[]], None, {"token_logprobs"}, "predictions[0]", "an empty list"),
        (["a"], None, {"prediction_text", "no_answer_score"}, "predictions[0]", "dict with no_answer_score"),
        ([0.5], None, {"scores"}, "predictions[0]", "dict with scores"),
        ([[0.5]], ["a"], LABELS | {"token_logprobs"}, "predictions[0]", "class_scores or token_logprobs"),
        ([{"text": 7}], ["a"], TEXTS, "predictions[0].text", "must be a str"),
        ([{"scores": {"comet": "x"}}], None, {"scores"}, 'predictions[0].scores["comet"]', "str, not a number"),
        ([{"tokens": ["a", 1]}], None, {"prediction_tokens"}, "predictions[0].tokens[1]", "int, not a str"),
    ],
)
def test_cells_that_no_metric_takes_are_named(
    predictions: Any, references: Any, needs: set[str], field: str, words: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        written(table(predictions, references), needs)
    assert (caught.value.violations[0].field, words in str(caught.value)) == (field, True), str(caught.value)


@pytest.mark.parametrize("cell", [{"labels": []}, {"tokens": []}, {"labels": [], "text": "not needed"}])
def test_nothing_is_an_answer_when_it_is_given(cell: dict[str, Any]) -> None:
    needs = {"prediction_label_set", "prediction_tokens"}
    assert only(table([cell]), needs).predictions == [Prediction(text="")]
    # But no text: a metric that needs one must not see an empty answer.
    texts = [Prediction(text=cell["text"])] if "text" in cell else [Prediction()]
    assert only(table([cell]), needs | {"prediction_text"}).predictions == texts
    assert only(table([{"labels": None}]), needs).predictions == [Prediction()]


def test_label_sets_go_where_parameters_may_ask_for_them() -> None:
    (row,) = written(table([["a", "b"]], [["c", "d"]]), LABELS, is_open=True)
    assert row == Instance(labels=["c", "d"], predictions=[Prediction(labels=["a", "b"])])


NUMBERS_LIKE = st.integers() | st.floats() | st.booleans()
LEAVES = st.none() | NUMBERS_LIKE | st.text(max_size=2) | st.sampled_from([b"x", np.float32(1), np.array(["a"])])
CELLS = st.recursive(
    LEAVES,
    lambda cell: (
        st.lists(cell, max_size=3)
        | st.lists(NUMBERS_LIKE, max_size=3)
        | st.dictionaries(st.text(max_size=2), cell, max_size=2)
        | st.fixed_dictionaries({"text": cell, "correct": cell})
    ),
    max_leaves=6,
)
PREDICTIONS = CELLS | st.fixed_dictionaries({}, optional=dict.fromkeys(fields.PREDICTION, CELLS))


@given(
    PREDICTIONS,
    CELLS,
    st.fixed_dictionaries({}, optional=dict.fromkeys((*fields.ROW, *fields.PREDICTION), CELLS)),
    st.sets(st.sampled_from([word.removeprefix("ROW_FIELD_").lower() for word in RowField.keys()])),  # noqa: SIM118
    st.booleans(),
)
def test_any_row_is_written_or_refused(
    prediction: Any, reference: Any, more: dict[str, Any], needs: set[str], is_open: bool
) -> None:
    try:
        rows = written(table_of([{**more, "prediction": prediction, "reference": reference}]), needs, is_open)
    except InvalidRequestError as error:
        assert error.violations[0].field  # noqa: PT017 - either outcome is right
    else:
        assert Instance.FromString(rows[0].SerializeToString()) is not None


PLACES = table_of(
    [
        {
            "prediction": {"text": "a", "scores": {"comet": 0.5}},
            "references": ["a", "b"],
            "label": "l",
            "weight": 1.0,
            "tokens": ["a"],
        },
        {"prediction": ["a"], "references": "b", "label": ["l", "m"], "weight": 1.0},
    ]
)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ('instances[0].predictions[0].scores["comet"]', 'rows[0].prediction.scores["comet"]'),
        ("instances[0].predictions[0].tokens[1]", "rows[0].tokens[1]"),
        ("instances[0].predictions[0]", "rows[0].prediction"),
        ("instances[1].predictions[0].labels[0]", "rows[1].prediction[0]"),
        ("instances[0].references[1]", "rows[0].references[1]"),
        ("instances[1].labels[1]", "rows[1].label[1]"),
        ("instances[0].weight", "rows[0].weight"),
        ("instances[1].choices", "instances[1].choices"),
        ("instances[0].id", "ids[0]"),
        ("instances[7].id", "instances[7].id"),
        ("instances[0].predictions[7].text", "instances[0].predictions[7].text"),
        ("spec.metrics[0]", "spec.metrics[0]"),
    ],
)
def test_errors_name_the_callers_places(path: str, place: str) -> None:
    found = located(InvalidRequestError.of_field("REASON", path, "is wrong"), PLACES)
    assert (found.violations[0].field, str(found)) == (place, f"{place}: is wrong")


def test_gold_numbers_of_references_are_found() -> None:
    error = InvalidRequestError.of_field("NOT_FINITE", "instances[0].value", "is wrong")
    assert located(error, table([0.5, 1.0], [0.5, 1.0]), 1).violations[0].field == "references[1]"
    assert located(error, table([0.5], values=[1.0])).violations[0].field == "values[0]"


def test_parts_of_a_cell_in_a_file_are_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"prediction": {"tokens": ["a"]}, "references": ["b"]}\n', encoding="utf-8")
    error = InvalidRequestError.of_field("REASON", "instances[0].predictions[0].tokens[0]", "is wrong")
    assert located(error, table_of(read_file(path))).violations[0].field == f"{path}:1 (prediction.tokens[0])"
