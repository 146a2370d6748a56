"""Messages become results: absent fields None, results escaped, flat and ready for JSON."""

from __future__ import annotations

import builtins
import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import evald
from evald.client import convert
from evald.results import ConfusionCell, ConfusionMatrix
from evald.results.text import number, p_value, printable, table
from evald.v1 import evaluation_pb2, metric_pb2, model_pb2, report_pb2, statistics_pb2

EVIL = "<script>alert('x')</script>\x1b[31m"


def evaluation() -> evald.Evaluation:
    matrix = metric_pb2.ConfusionMatrix(labels=[EVIL, "b"], counts=[1, 2, 3, 4])
    note = metric_pb2.Note(code="CODE", text=f"about {EVIL}", count=2, row_ids=[EVIL, "#4"])
    message = evaluation_pb2.EvaluateResponse(
        systems=[
            evaluation_pb2.SystemResult(
                system=EVIL,
                metrics=[
                    metric_pb2.MetricResult(
                        metric="f1",
                        estimate=statistics_pb2.Estimate(value=0.5, low=0.25, high=0.75, n=10),
                        reference_signature="nrefs:1",
                        direction=metric_pb2.DIRECTION_LOWER,
                        components=[
                            metric_pb2.Component(name="class.a.f1", value=1.0),
                            metric_pb2.Component(name="class.b.f1"),
                        ],
                        notes=[note, note],
                    ),
                    metric_pb2.MetricResult(metric="confusion_matrix", confusion_matrix=matrix),
                ],
                rows=report_pb2.RowResults(scores=[report_pb2.RowScores(metric="f1", values=[1.0, math.nan])]),
            )
        ]
    )
    return convert.evaluation_of(message, None)


def comparison() -> evald.Comparison:
    paired = statistics_pb2.PairedResult(
        metric="bleu",
        candidate=EVIL,
        difference=statistics_pb2.Estimate(value=1.5),
        p_value=0.0001,
        p_at_floor=True,
        decision=statistics_pb2.DECISION_IMPROVED,
        wins=0,
    )
    newer = statistics_pb2.PairedResult(metric="ter", candidate=EVIL)
    # A server of a later version may know decisions that this client does not.
    newer.MergeFromString(b"\x78\x63")
    systems = [evaluation_pb2.SystemResult(system=name) for name in ("base", EVIL)]
    message = evaluation_pb2.CompareResponse(systems=systems, baseline="base", comparisons=[paired, newer])
    return convert.comparison_of(message, 0.9)


def test_absent_fields_are_none() -> None:
    found = evaluation()
    f1 = found["f1"]
    assert (f1.value, f1.low, f1.std_error, f1.undefined_reason, f1.method) == (0.5, 0.25, None, None, None)
    assert f1.components == {"class.a.f1": 1.0, "class.b.f1": None}
    assert found.systems[0].rows.scores == {"f1": (1.0, None)}
    assert found.cost is None
    assert found["confusion_matrix"].value is None
    matrix = found["confusion_matrix"].confusion_matrix
    assert matrix is not None
    assert matrix.counts == ((1, 2), (3, 4))
    paired = comparison()["bleu"]
    assert (paired.wins, paired.losses, paired.p_adjusted, paired.decision) == (0, None, None, "improved")
    assert comparison()["ter"].decision is None


def sparse(*labels: str, cells: list[tuple[int, int, float]]) -> ConfusionMatrix:
    gold, predicted, values = zip(*cells, strict=True)
    matrix = metric_pb2.ConfusionMatrix(labels=labels, cell_gold=gold, cell_predicted=predicted, cell_value=values)
    result = metric_pb2.MetricResult(metric="m", confusion_matrix=matrix)
    message = evaluation_pb2.EvaluateResponse(systems=[evaluation_pb2.SystemResult(metrics=[result])])
    found = convert.evaluation_of(message, None)["m"].confusion_matrix
    assert found is not None
    return found


def test_directions_and_signatures_of_references_come_along() -> None:
    found = evaluation()
    assert (found["f1"].direction, found["f1"].reference_signature) == ("lower", "nrefs:1")
    matrix = found["confusion_matrix"]
    assert (matrix.direction, matrix.reference_signature) == (None, None)
    assert evaluation().to_dict()["systems"][0]["metrics"][0]["direction"] == "lower"


def test_sparse_matrices_are_drawn_whole() -> None:
    matrix = sparse("a", "b", cells=[(0, 1, 0.25), (1, 1, 1500.0)])
    assert matrix.counts == ()
    assert matrix.cells == (ConfusionCell("a", "b", 0.25), ConfusionCell("b", "b", 1500.0))
    assert matrix.dense() == [[0.0, 0.25], [0.0, 1500.0]]
    assert [line.split()[-2:] for line in str(matrix).splitlines()[3:]] == [["0", "0.25"], ["0", "1,500"]]
    assert "<td>0.25</td>" in matrix._repr_html_()
    large = sparse(*map(str, range(101)), cells=[(100, 0, 7.0)])
    assert large.dense()[100][0] == 7.0
    assert "101 classes" in str(large)
    assert ConfusionMatrix(("a",), ((3,),)).dense() == [[3]]


@pytest.mark.parametrize("make", [evaluation, comparison])
def test_html_is_escaped(make: Any) -> None:
    page = make()._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True))
@example(["\u2028", "\u2029", "\x85"])
def test_no_label_reaches_html_or_a_terminal_unescaped(labels: list[str]) -> None:
    matrix = ConfusionMatrix(tuple(labels), tuple((0,) * len(labels) for _ in labels))
    plain = ConfusionMatrix(tuple("x" for _ in labels), matrix.counts)
    assert matrix._repr_html_().count("<") == plain._repr_html_().count("<")
    assert len(str(matrix).splitlines()) == len(str(plain).splitlines())
    assert all(printable(char) == char for char in str(matrix).replace("\n", ""))


@pytest.mark.parametrize("make", [evaluation, comparison])
def test_text_holds_no_control_characters(make: Any) -> None:
    assert "\x1b" not in str(make())
    assert "\\x1b" in str(make())


def test_the_same_note_is_printed_once() -> None:
    assert str(evaluation()).count("CODE") == 1


@pytest.mark.parametrize("make", [evaluation, comparison])
def test_json_reads_back(make: Any) -> None:
    found = make()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["systems"][-1]["name"] == EVIL


def test_flat_numbers_have_paths_and_no_gaps() -> None:
    flat = evaluation().flat()
    assert flat[f"{EVIL}/f1"] == 0.5
    assert flat[f"{EVIL}/f1/low"] == 0.25
    assert f"{EVIL}/f1/std_error" not in flat
    assert f"{EVIL}/f1/class.b.f1" not in flat
    assert comparison().flat()[f"compare/{EVIL}/bleu/p_value"] == 0.0001
    assert all(isinstance(value, float) for value in (flat | comparison().flat()).values())


def test_frames_have_a_row_a_result() -> None:
    assert evaluation().to_frame()["metric"].tolist() == ["f1", "confusion_matrix"]
    assert comparison().to_frame()["difference"].tolist()[0] == 1.5
    assert evaluation().systems[0].rows.to_frame()["id"].tolist() == ["#0", "#1"]


def test_without_pandas_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match="pip install pandas"):
        evaluation().to_frame()


def test_wrong_names_say_what_there_is() -> None:
    with pytest.raises(KeyError, match="confusion_matrix"):
        evaluation()["bleu"]
    with pytest.raises(KeyError, match="base"):
        comparison().system("nobody")
    with pytest.raises(KeyError, match="bleu"):
        comparison()["rouge_l"]


def test_predictions_take_the_best_class() -> None:
    message = model_pb2.PredictResponse(classes=["a", "b"])
    message.predictions.add(class_scores=[0.5, 0.5])
    message.predictions.add()
    message.predictions.add(text="t", labels=["b"])
    found = convert.predictions_of(message)
    assert found.labels == ("a", None, "b")
    assert found.texts == (None, None, "t")
    assert found.class_scores == ((0.5, 0.5), None, None)


def test_tables_align_wide_characters() -> None:
    lines = table(["a", "b"], [["日本", "1"], ["e\u0301", "22"]], left=1).splitlines()
    assert lines[2] == "日本   1"
    assert lines[3] == "e\u0301     22"


@pytest.mark.parametrize(
    ("value", "scale", "shown"),
    [(None, 1, "–"), (0.5, 1, "0.5000"), (34.567, 100, "34.57"), (1234.5, 100, "1,234.50"), (5.2795, 100, "5.28")],
)
def test_numbers_have_the_digits_of_their_scale(value: float | None, scale: float, shown: str) -> None:
    assert number(value, scale) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.04321, "<0.0433"), (0.000099990001, "<0.0001"), (0.00039996, "<0.0004"), (1e-9, "<1.1e-9")]
)
def test_p_values_at_the_floor_say_so(value: float, shown: str) -> None:
    assert p_value(value, comparison()["bleu"]) == shown
