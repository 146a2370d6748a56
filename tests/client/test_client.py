"""The client against a real server: same answers as the embedded API, and typed errors."""

from __future__ import annotations

import csv
import dataclasses
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import evald
from evald import errors

GOLD = ["a", "b", "b", "c"] * 30
BASE = ["a", "a", "b", "c"] * 30
TUNED = ["a", "b", "b", "a"] * 30
LABELS = ["accuracy", "f1(average=macro)", "confusion_matrix"]
TEXTS = ["the cat sat on the mat today", "a dog ran far away from home", "birds sing in the tall trees"] * 20


def same(one: Any, other: Any) -> None:
    """Equal but for the cost, which only a server tells."""
    assert dataclasses.replace(one, cost=None) == dataclasses.replace(other, cost=None)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ({"predictions": BASE, "references": GOLD}, {"metrics": LABELS}),
        ({"predictions": BASE, "references": GOLD, "ids": range(120)}, {"metrics": LABELS, "row_report": "all"}),
        ({"predictions": TEXTS, "references": [[t, "x"] for t in TEXTS]}, {"metrics": "bleu,rouge_l(stemmer=true)"}),
        (
            {"predictions": TEXTS, "references": TEXTS, "clusters": [0, 1, 2] * 20},
            {"metrics": ["exact_match"], "seed": 7},
        ),
        ({"predictions": BASE, "references": GOLD}, {"metrics": ["exact_match", "accuracy"], "replicates": 0}),
        ({"systems": {"x": BASE, "y": TUNED}, "references": GOLD}, {"metrics": LABELS, "confidence_level": 0.9}),
        (
            {"predictions": [[0.9, 0.1], [0.2, 0.8]] * 20, "references": [0, 1] * 20},
            {"metrics": "f1", "classes": [0, 1]},
        ),
        (
            {"rows": [{"id": i, "prediction": None if i == 3 else "a", "label": "a"} for i in range(40)]},
            {"metrics": [{"name": "accuracy", "key": "acc"}]},
        ),
    ],
)
def test_evaluate_answers_as_the_embedded_api(
    client: evald.Client, arguments: dict[str, Any], options: dict[str, Any]
) -> None:
    found = client.evaluate(**arguments, **options)
    same(found, evald.evaluate(**arguments, **options))
    assert found.cost is not None
    assert found.cost.rows == found.systems[0].metrics[0].n + found.systems[0].metrics[0].n_failed


@pytest.mark.parametrize(
    "arguments",
    [
        {"baseline": BASE, "candidate": TUNED, "references": GOLD},
        {"baseline": BASE, "candidates": {"new": TUNED, "gold": GOLD}, "references": GOLD, "correction": "none"},
        {"baseline": "y", "systems": {"x": BASE, "y": TUNED}, "references": GOLD, "ids": range(120)},
    ],
)
def test_compare_answers_as_the_embedded_api(client: evald.Client, arguments: dict[str, Any]) -> None:
    same(client.compare(metrics=LABELS, **arguments), evald.compare(metrics=LABELS, **arguments))


def test_models_answer_for_systems(client: evald.Client, root: Path) -> None:
    with (root / "examples" / "data" / "support-tickets" / "test.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    systems = {"base": evald.Model("support-base"), "tuned": evald.Model("support-tuned")}
    texts, labels, ids = ([row[name] for row in rows] for name in ("text", "label", "id"))
    found = client.compare("base", systems=systems, inputs=texts, references=labels, ids=ids, metrics=LABELS)
    assert found["accuracy"].decision == "improved"
    assert [model.alias for model in found.provenance.models] == ["support-base", "support-tuned"]

    predicted = client.predict("support-tuned", texts)
    assert len(predicted) == len(rows)
    again = client.evaluate(predicted.labels, labels, metrics="accuracy")
    assert again["accuracy"].value == found.system("tuned")["accuracy"].value
    mixed = client.compare("b", systems={"b": predicted.labels, "m": systems["tuned"]}, inputs=texts, references=labels,
                           metrics="accuracy")  # fmt: skip
    assert mixed["accuracy"].difference == 0
    from_rows = client.evaluate(rows=rows, systems=systems, metrics="accuracy")
    assert from_rows.system("base")["accuracy"].value == found.system("base")["accuracy"].value


def test_the_catalog_is_the_installed_one(client: evald.Client) -> None:
    assert client.list_metrics() == evald.list_metrics()
    assert client.get_metric("bleu") == evald.get_metric("bleu")
    assert [model.alias for model in client.list_models()] == ["support-base", "support-tuned", "tiny-encoder"]
    assert client.get_model("support-base").state == "ready"
    encoder = client.get_model("tiny-encoder")
    assert (encoder.task, encoder.dimensions, encoder.layers) == ("embedding", 64, (0, 1, 2, 3))
    info = client.server_info()
    assert info.limits.max_rows
    assert any("onnxruntime" in engine for engine in info.engines)


@pytest.mark.parametrize(
    ("call", "kind", "reason", "field"),
    [
        (lambda c: c.evaluate(["a"], ["a"], metrics="bleau"), "InvalidRequestError", "UNKNOWN_METRIC", "metrics[0]"),
        (
            lambda c: c.evaluate(["a"], ["a"], metrics="bleu(tokenise=13a)"),
            "InvalidRequestError",
            "UNKNOWN_PARAMETER",
            "metrics[0]",
        ),
        (
            lambda c: c.evaluate(["a", "b"], ["a", "x"], metrics="accuracy", classes=["a", "b"]),
            "InvalidRequestError",
            "UNKNOWN_LABEL",
            "references[1]",
        ),
        (
            lambda c: c.compare(["a"], {"n": ["a"], "m": ["x"]}, ["a"], metrics="accuracy", classes=["a"]),
            "InvalidRequestError",
            "UNKNOWN_LABEL",
            "m[0]",
        ),
        (lambda c: c.evaluate(["a"], ["a"], metrics="bleu", replicates=5), "InvalidRequestError", "", "replicates"),
        (lambda c: c.evaluate(["a" * 2**21], ["a"], metrics="bleu"), "InvalidRequestError", "LIMIT_EXCEEDED", ""),
        (lambda c: c.evaluate(["a" * 2**26], ["a"], metrics="bleu"), "InvalidRequestError", "MESSAGE_TOO_LARGE", None),
        (lambda c: c.predict("support-base", ["a" * 2**26]), "InvalidRequestError", "MESSAGE_TOO_LARGE", None),
        (lambda c: c.get_metric("bleau"), "NotFoundError", "UNKNOWN_METRIC", None),
        (lambda c: c.get_model("nope"), "NotFoundError", "UNKNOWN_MODEL", None),
        (lambda c: c.predict("nope", ["a"]), "NotFoundError", "UNKNOWN_MODEL", None),
        (lambda c: c.evaluate(TEXTS * 100, TEXTS * 100, metrics="bleu", timeout=0.001), "DeadlineError", "", None),
    ],
)
def test_errors_are_typed(
    client: evald.Client, call: Callable[[evald.Client], Any], kind: str, reason: str, field: str | None
) -> None:
    with pytest.raises(getattr(errors, kind)) as caught:
        call(client)
    assert caught.value.reason.startswith(reason)
    if field is not None:
        assert field in caught.value.violations[0].field


def test_what_is_wrong_is_found_before_anything_is_sent() -> None:
    with evald.Client("127.0.0.1:1") as nobody, pytest.raises(errors.InvalidRequestError, match=r"predictions\[1\]"):
        nobody.evaluate(["a", None], ["a", "b"], metrics="bleu")


def test_nobody_there_is_unavailable() -> None:
    with evald.Client("127.0.0.1:1") as nobody:
        with pytest.raises(errors.UnavailableError, match=r"127\.0\.0\.1:1"):
            nobody.server_info()
        with pytest.raises(errors.DeadlineError):
            nobody.wait_ready(0.2)


def test_a_server_that_never_answers_meets_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            evald.Client(address, timeout=0.3) as client,
            pytest.raises((errors.DeadlineError, errors.UnavailableError)),
        ):
            client.server_info()


def test_a_closed_client_says_so(address: str) -> None:
    client = evald.Client(address)
    client.close()
    with pytest.raises(errors.UnavailableError, match="closed"):
        client.server_info()


def test_threads_share_a_client(client: evald.Client) -> None:
    found: list[Any] = []

    def work() -> None:
        found.append(client.evaluate(BASE, GOLD, metrics="accuracy")["accuracy"])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(map(str, found)) == {str(found[0])}


def test_texts_become_vectors(client: evald.Client) -> None:
    found = client.predict("tiny-encoder", ["the parcel is late", "cancel it"])
    assert [len(vector or ()) for vector in found.embeddings] == [64, 64]
    assert found.provenance.pooling == "mean+normalize"
    assert found.labels == (None, None)
