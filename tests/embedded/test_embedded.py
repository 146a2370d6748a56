"""Evaluating without a server: inputs of every kind, errors with their place, threads and interrupts."""

from __future__ import annotations

import doctest
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import evald
import evald.embedded
from evald.errors import InvalidRequestError, NotFoundError

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "mat", "x"]), max_size=8).map(" ".join)
PAIRS = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=30)


@given(PAIRS, st.randoms(use_true_random=False))
def test_lists_rows_and_permuted_rows_agree(pairs: list[tuple[str, str]], shuffle: random.Random) -> None:
    predictions, references = map(list, zip(*pairs, strict=True))
    ids = [f"row-{row}" for row in range(len(pairs))]
    rows: list[Any] = [
        {"id": key, "prediction": p, "references": [r]} for key, p, r in zip(ids, predictions, references, strict=True)
    ]
    metrics = ["bleu", "rouge_1", "exact_match"]
    first = evald.evaluate(predictions, references, ids=ids, metrics=metrics)
    shuffle.shuffle(rows)
    again = evald.evaluate(rows=rows, metrics=metrics)
    assert [one.value for one in first.systems[0].metrics] == [one.value for one in again.systems[0].metrics]
    assert [one.low for one in first.systems[0].metrics] == [one.low for one in again.systems[0].metrics]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_accuracy_is_the_share_of_equal_labels(pairs: list[tuple[int, int]]) -> None:
    predictions, references = np.array([p for p, _ in pairs]), np.array([r for _, r in pairs])
    found = evald.evaluate(predictions, references, metrics="accuracy", replicates=0)["accuracy"]
    assert found.value == pytest.approx(float((predictions == references).mean()), abs=1e-12)


@pytest.mark.parametrize(
    ("predictions", "references"),
    [
        ([1, 0, 1, 1], [1, 0, 0, 1]),
        ([True, False, True, True], [1, 0, 0, 1]),
        (np.array([0.9, 0.1, 0.8, 0.7]) > 0.5, np.array([1, 0, 0, 1])),
        (["1", "0", "1", "1"], pd.Series([1, 0, 0, 1])),
        (["true", "false", "true", "true"], ["true", "false", "false", "true"]),
        ([True, False, True, True], [True, False, False, True]),
    ],
)
def test_binary_averaging_takes_ints_bools_and_words(predictions: Any, references: Any) -> None:
    found = evald.evaluate(predictions, references, metrics="precision,recall", replicates=0)
    assert found["precision"].value == pytest.approx(2 / 3)
    assert found["recall"].value == 1.0


def test_class_scores_choose_the_highest_class() -> None:
    scores = np.array([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5]])
    found = evald.evaluate(scores, ["b", "a", "a"], metrics="accuracy", classes=["a", "b"], replicates=0)
    assert found["accuracy"].value == 1.0


def test_weights_count() -> None:
    found = evald.evaluate(["a", "b"], ["a", "x"], metrics="accuracy", weights=[1, 3], replicates=0)["accuracy"]
    assert (found.value, found.n) == (0.25, 2)
    rows = [{"prediction": "a", "label": "a", "weight": 0.5}, {"prediction": "b", "label": "x", "weight": 1.5}]
    assert evald.evaluate(rows=rows, metrics="accuracy", replicates=0)["accuracy"].value == 0.25
    compared = evald.compare(["a", "b"], {"new": ["a", "x"]}, ["a", "x"], metrics="accuracy", weights=[1, 3])
    assert compared["accuracy"].difference == 0.75


def test_unknown_labels_are_refused_bucketed_or_dropped() -> None:
    arguments: dict[str, Any] = {"classes": ["a", "b"], "metrics": "accuracy", "replicates": 0}
    labels = (["a", "x", "b", "x"], ["a", "a", "y", "z"])
    with pytest.raises(InvalidRequestError, match=r"predictions\[1\]|references\[2\]"):
        evald.evaluate(*labels, **arguments)
    assert evald.evaluate(*labels, unknown_labels="bucket", **arguments)["accuracy"].value == 0.5
    dropped = evald.evaluate(*labels, unknown_labels="drop", **arguments)["accuracy"]
    assert (dropped.value, dropped.n, dropped.n_failed) == (1.0, 1, 3)


def test_a_prediction_may_name_its_fields() -> None:
    named = [{"text": "a", "scores": {"comet": 0.5}}, "b", {"text": "c", "token_logprobs": [-1.0]}]
    assert evald.evaluate(named, ["a", "x", "c"], metrics="exact_match", replicates=0)["exact_match"].value == (
        pytest.approx(200 / 3)
    )
    scores = [{"class_scores": [0.1, 0.9]}, {"labels": "a"}]
    assert evald.evaluate(scores, ["b", "a"], metrics="accuracy", classes=["a", "b"])["accuracy"].value == 1.0


def test_several_references_count() -> None:
    found = evald.evaluate(["a b"], [["x", "a b"]], metrics="exact_match", replicates=0)
    assert found["exact_match"].value == 100.0


def test_missing_predictions_are_counted_and_reported() -> None:
    rows = [{"id": "x", "prediction": "a", "label": "a"}, {"id": "y", "prediction": None, "label": "b"}]
    found = evald.evaluate(rows=rows, metrics="accuracy", replicates=0)
    assert (found["accuracy"].n, found["accuracy"].n_failed) == (1, 1)
    assert [(error.id, error.reason) for error in found.systems[0].rows.errors] == [("y", "MISSING_PREDICTION")]


def test_row_scores_come_when_asked() -> None:
    found = evald.evaluate(["a", "b"], ["a", "x"], metrics="exact_match", row_report="all", ids=[1, 2], replicates=0)
    rows = found.systems[0].rows
    assert rows.ids == ("1", "2")
    assert rows.scores == {"exact_match": (100.0, 0.0)}
    assert rows.to_frame()["exact_match"].tolist() == [100.0, 0.0]


def test_texts_and_labels_in_one_call() -> None:
    rows = [{"prediction": "a", "reference": "a b", "label": "a"}, {"prediction": "b", "reference": "b", "label": "a"}]
    found = evald.evaluate(rows=rows, metrics="exact_match,accuracy", replicates=0)
    assert (found["exact_match"].value, found["accuracy"].value) == (50.0, 0.5)


def test_a_signature_is_a_metric() -> None:
    first = evald.evaluate(["a b c"], ["a b c"], metrics="rouge_l(stemmer=true)", replicates=0)
    signature = first.systems[0].metrics[0].signature
    again = evald.evaluate(["a b c"], ["a b c"], metrics=[signature], replicates=0)
    assert again.systems[0].metrics[0].signature == signature


def test_values_do_not_depend_on_chunks() -> None:
    chooser = random.Random(5)
    predictions = [chooser.choice(["a", "b", "c"]) for _ in range(5000)]
    references = [chooser.choice(["a", "b", "c"]) for _ in range(5000)]
    whole = evald.evaluate(predictions, references, metrics="f1(average=macro)")
    again = evald.evaluate(
        rows=[{"prediction": p, "label": r} for p, r in zip(predictions, references, strict=True)],
        metrics="f1(average=macro)",
    )
    assert whole == again


@pytest.mark.parametrize(
    ("arguments", "reason", "field"),
    [
        ({"predictions": ["a"], "references": ["a", "b"]}, "LENGTH_MISMATCH", "references"),
        ({"predictions": [], "references": []}, "", ""),
        ({"predictions": ["a", None], "references": ["a", "b"]}, "MISSING_VALUE", "predictions[1]"),
        ({"predictions": ["a", 3], "references": ["a", "b"]}, "BAD_TYPE", "predictions[1]"),
        ({"predictions": ["a", "b"], "references": ["a", True]}, "MIXED_TYPES", "predictions"),
        ({"predictions": ["a", "b"], "references": ["a", "\udfff"]}, "BAD_TEXT", "references[1]"),
        ({"predictions": ["a", "b"], "references": ["a", "b"], "ids": ["x", "x"]}, "DUPLICATE_ID", "ids[1]"),
        ({"predictions": ["a", "b"], "references": ["a", "b"], "ids": ["x"]}, "LENGTH_MISMATCH", "ids"),
        ({"predictions": [[0.5, 0.5]], "references": ["a"], "classes": ["a", "b"]}, "BAD_TYPE", "predictions[0]"),
        ({"predictions": ["a"]}, "MISSING_FIELD", "references"),
        ({"references": ["a"]}, "MISSING_FIELD", "predictions"),
        ({"predictions": ["a"], "rows": [{}]}, "CONFLICT", "predictions"),
        ({"predictions": evald.Model("m"), "references": ["a"]}, "MISSING_FIELD", "inputs"),
        ({"predictions": ["a"], "references": ["a"], "seed": -1}, "BAD_STATISTICS", "seed"),
        ({"predictions": ["a"], "references": ["a"], "seed": 1.5}, "BAD_STATISTICS", "seed"),
        ({"predictions": ["a"], "references": ["a"], "row_report": "some"}, "BAD_CHOICE", "row_report"),
        ({"predictions": ["a"], "references": ["a"], "confidence_level": 2.0}, "", "confidence_level"),
        ({"predictions": ["a"], "references": ["a"], "metrics": []}, "MISSING_FIELD", "metrics"),
        ({"predictions": ["a"], "references": ["a"], "metrics": [7]}, "BAD_TYPE", "metrics[0]"),
        ({"predictions": ["a"], "references": ["a"], "metrics": ["bleau"]}, "UNKNOWN_METRIC", "metrics[0]"),
        ({"predictions": ["a"], "references": [[]]}, "MISSING_REFERENCE", "references[0]"),
        ({"predictions": [{"text": 1}], "references": ["a"]}, "BAD_TYPE", "predictions[0].text"),
        ({"predictions": [{"txt": "a"}], "references": ["a"]}, "UNKNOWN_FIELD", "predictions[0]"),
        ({"predictions": [0.5], "references": ["a"]}, "BAD_TYPE", "predictions[0]"),
        ({"predictions": ["a"], "references": ["a"], "weights": [1.0]}, "WEIGHT_NOT_ALLOWED", "weights[0]"),
        (
            {"predictions": ["a"], "references": ["a"], "weights": [0], "metrics": "accuracy"},
            "BAD_WEIGHT",
            "weights[0]",
        ),
        (
            {"predictions": ["a"], "references": ["a"], "weights": [float("nan")], "metrics": "accuracy"},
            "BAD_WEIGHT",
            "weights[0]",
        ),
        ({"predictions": ["a"], "references": ["a"], "weights": ["1"]}, "BAD_TYPE", "weights[0]"),
        ({"predictions": ["a"], "references": ["a"], "weights": [1, 2]}, "LENGTH_MISMATCH", "weight"),
        (
            {"predictions": ["a"], "references": ["a"], "metrics": "accuracy", "unknown_labels": "some"},
            "BAD_CHOICE",
            "unknown_labels",
        ),
        (
            {"predictions": ["a"], "references": [["a", "b"]], "metrics": "accuracy"},
            "MULTIPLE_LABELS",
            "references[0]",
        ),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(**{"metrics": "exact_match", **arguments})
    assert caught.value.reason.startswith(reason)
    assert field in caught.value.violations[0].field


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(
        [
            np.int64(1),
            np.array([1, 2]),
            np.array([[0.5]]),
            pd.NA,
            pd.NaT,
            pd.Series([1, 2]),
            pd.DataFrame({"a": [1]}),
            b"x",
        ]
    )
)
CELLS = st.recursive(
    LEAVES, lambda cell: st.lists(cell, max_size=3) | st.tuples(cell) | st.dictionaries(st.text(), cell)
)
COLUMNS = st.lists(CELLS, max_size=4) | CELLS
ROWS = st.lists(
    st.fixed_dictionaries(
        {"prediction": CELLS, "label": CELLS},
        optional=dict.fromkeys(("id", "sample", "weight", "value", "choices", "tokens", "scores"), CELLS),
    )
)


@given(
    st.fixed_dictionaries(
        {"predictions": COLUMNS, "references": COLUMNS}, optional={"ids": COLUMNS, "classes": COLUMNS}
    )
    | st.fixed_dictionaries(
        {"predictions": st.just(["a", "b"]), "references": st.just(["a", "c"])},
        optional=dict.fromkeys(evald.RowColumns.__annotations__, COLUMNS),
    )
    | st.fixed_dictionaries({"rows": ROWS | COLUMNS}, optional={"seed": LEAVES, "row_report": LEAVES}),
    st.sampled_from(["accuracy", "exact_match", "exact_match,f1(average=macro)"]),
)
def test_any_input_is_scored_or_refused(arguments: dict[str, Any], metrics: str) -> None:
    try:
        found = evald.evaluate(metrics=metrics, **arguments)
    except InvalidRequestError as error:
        assert error.violations or error.reason  # noqa: PT017 - either outcome is right
    else:
        assert found.systems


def test_class_scores_and_classes_have_one_length() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate([[0.5, 0.5], [1.0]], ["a", "b"], metrics="accuracy", classes=["a", "b"])
    assert caught.value.violations[0].field == "predictions[1]"
    with pytest.raises(InvalidRequestError, match="classes"):
        evald.evaluate([[0.5, 0.5]], ["a"], metrics="accuracy")


def test_labels_outside_the_classes_are_named_over_chunks() -> None:
    predictions = ["a"] * 3000
    predictions[2500] = "x"
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(predictions, ["a"] * 3000, metrics="accuracy", classes=["a", "b"])
    assert caught.value.violations[0].field == "predictions[2500]"
    assert "instances" not in str(caught.value)


def test_models_need_a_server() -> None:
    systems = {"x": evald.Model("m"), "y": evald.Model("n")}
    with pytest.raises(InvalidRequestError, match="Client"):
        evald.compare("x", systems=systems, rows=[{"text": "t", "label": "a"}], metrics="accuracy")


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="sed"):
        evald.evaluate(["a"], ["a"], metrics="exact_match", sed=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "arguments",
    [
        {"baseline": ["a"], "references": ["a"]},
        {"baseline": ["a"], "candidates": {}, "references": ["a"]},
        {"baseline": {"n": ["a"]}, "candidates": ["a"]},
        {"baseline": ["a"], "candidates": {"n": ["a"]}, "candidate": ["a"], "references": ["a"]},
        {"baseline": ["a"], "candidates": {"baseline": ["a"]}, "references": ["a"]},
        {"baseline": "x", "candidates": {"n": ["a"]}, "references": ["a"]},
        {"baseline": ["a"], "systems": {"n": ["a"]}, "references": ["a"]},
        {"baseline": "z", "systems": {"x": ["a"], "y": ["a"]}, "references": ["a"]},
        {"systems": {"x": ["a"]}, "references": ["a"]},
    ],
)
def test_comparisons_that_make_no_sense_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        evald.compare(**arguments, metrics="exact_match")


def test_compare_pairs_rows_and_names_systems() -> None:
    rows = [
        {"id": row, "predictions": {"base": "a", "new": "b" if row % 4 else None}, "reference": "b"}
        for row in range(40)
    ]
    found = evald.compare(rows=rows, metrics="exact_match")
    assert (found.baseline, found.candidates) == ("base", ["new"])
    assert (found["exact_match"].n, found["exact_match"].decision) == (30, "improved")
    assert found["new", "exact_match"] is found["exact_match"]
    swapped = evald.compare("new", rows=rows, metrics="exact_match")
    assert swapped["exact_match"].difference == -100.0


def test_metrics_are_described() -> None:
    names = [metric.name for metric in evald.list_metrics()]
    assert names == sorted(names)
    for name in names:
        found = evald.get_metric(name)
        assert found.summary
        # Without a parameter that must be given there is no definition yet.
        assert found.signature is None or found.signature.startswith(name)
        assert (found.signature is None) == (found.model or name in ("pass_at_k", "score"))
        assert found.needs
    with pytest.raises(NotFoundError, match="bleu"):
        evald.get_metric("bleau")


def test_progress_ends_at_all_rows() -> None:
    seen: list[tuple[int, int]] = []
    evald.evaluate(["a"] * 3000, ["a"] * 3000, metrics="exact_match", progress=lambda *step: seen.append(step))
    assert seen[-1] == (3000, 3000)
    assert seen == sorted(seen)


def test_errors_of_a_progress_function_reach_the_caller() -> None:
    def fail(_done: int, _rows: int) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        evald.evaluate(["a"], ["a"], metrics="exact_match", progress=fail)


def test_threads_work_at_once() -> None:
    found: list[evald.Evaluation] = []

    def work() -> None:
        found.append(evald.evaluate(["a b c", "b"] * 2000, ["a b c", "c"] * 2000, metrics="bleu,rouge_l"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    ("texts", "brief"),
    [
        (["a b"] * 2000, True),
        ([["a b"]], False),
        (["a b"] * 5000, False),
        (["a b " * 10_000], False),
        (["a"] * 3000 + ["a b " * 10_000], False),
    ],
)
def test_only_long_work_takes_a_thread(texts: Any, brief: bool) -> None:
    seen: set[bool] = set()
    predictions = [text if isinstance(text, str) else text[0] for text in texts]
    evald.evaluate(
        predictions,
        texts,
        metrics="exact_match",
        replicates=0,
        progress=lambda *_: seen.add(threading.current_thread() is threading.main_thread()),
    )
    assert seen == {brief}


# A process that was started in the background of a shell ignores SIGINT, and so does Python then.
PROGRAM = """
import signal, evald
signal.signal(signal.SIGINT, signal.default_int_handler)
texts = [f"{row} a b c d e f g h" for row in range(400_000)]
try:
    print("started", flush=True)
    while True:
        evald.evaluate(texts, texts, metrics="bleu,rouge_l,rouge_1,rouge_2,token_f1")
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_interrupts_end_native_work() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "started\n"
            time.sleep(0.5)  # Somewhere inside of a call; where exactly must not matter.
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n"
            assert process.wait(30) == 0
        finally:
            process.kill()


LIGHT = """
import sys, evald
heavy = {"grpc", "numpy", "pandas", "torch", "transformers", "sklearn", "google.protobuf", "evald._native"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
evald.evaluate(["a"], ["a"], metrics="exact_match", replicates=0)
heavy -= {"google.protobuf", "evald._native"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert {"evaluate", "Client"} <= set(dir(evald))
try:
    evald.evaluate([None], ["a"], metrics="exact_match")
except evald.errors.InvalidRequestError:
    pass
"""


def test_import_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_names_are_those_of_the_stub(root: Path) -> None:
    stub = (root / "service" / "evald" / "__init__.pyi").read_text()
    listed = {line.strip(' ",') for line in stub.split("__all__ = [")[1].splitlines() if '"' in line}
    assert listed == set(evald.__all__)
    assert all(getattr(evald, name).__name__.endswith(name) for name in evald.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        evald.nothing  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("module", [evald, evald.embedded], ids=str)
def test_examples_of_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert (found.failed, found.attempted > 0) == (0, True)


def test_the_first_wrong_row_of_many_chunks_is_named() -> None:
    texts, answers = (["a b c"] * 40_000 for _ in range(2))
    huge = "x y " * 60_000
    texts[17_000], answers[17_000] = huge, huge
    seen: list[int] = []
    with pytest.raises(InvalidRequestError, match="17000") as caught:
        evald.evaluate(answers, texts, metrics=["rouge_l"], replicates=0, progress=lambda done, _: seen.append(done))
    assert caught.value.reason == "TEXT_TOO_LONG"
    assert seen == [1_024, 5_120, 9_216, 13_312]


def test_metrics_that_a_model_computes_need_a_server() -> None:
    for rows in (1, 2000):
        with pytest.raises(InvalidRequestError, match="models run on a server") as caught:
            evald.evaluate(["a"] * rows, ["b"] * rows, metrics=["bleu", "semantic_similarity(model=mini)"])
        assert caught.value.reason == "MODEL_NEEDS_SERVER"
        assert [one.field for one in caught.value.violations] == ["spec.metrics[1]"]
