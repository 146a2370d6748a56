"""Every field of a row reaches the metric that needs it, with a server and without, and wrong ones are named alike."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import evald
from evald.errors import InvalidRequestError

CHOICES = [[("yes", True), ("no", False)], [{"text": "a", "correct": 0}, {"text": "b", "correct": 1}]]
GIVEN: dict[str, tuple[str, float, dict[str, Any]]] = {
    "numbers": ("mae", 0.25, {"predictions": [0.5, 1.0], "references": [1, 1]}),
    "numbers beside texts": ("mae", 0.25, {"predictions": [0.5, 1], "references": ["a", "b"], "values": [1.0, 1.0]}),
    "label sets": (
        "f1(average=micro,multilabel=true)",
        0.8,
        {"predictions": [["a"], {"b", "a"}, []], "references": [["a"], ["b"], []]},
    ),
    "labels beside texts": ("accuracy", 0.5, {"predictions": ["x", "y"], "references": ["t", "t"], "labels": ["x", 1]}),
    "class scores": (
        "top_k_accuracy(k=1)",
        0.5,
        {"predictions": [[0.9, 0.1], [0.6, 0.4]], "references": ["a", "b"], "classes": ["a", "b"]},
    ),
    "log-likelihoods": ("nll", 1.5, {"predictions": [[-1, -2.0], [-1.5]]}),
    "tokens": (
        "entity_f1",
        1.0,
        {"predictions": [["B-PER", "I-PER"], ["O"]], "reference_tokens": [["B-PER", "I-PER"], [["O"]]]},
    ),
    "tokens in place of a tokenizer": (
        "bleu(tokenizer=given)",
        100.0,
        {"predictions": [["a", "b", "c", "d"]], "reference_tokens": [["a", "b", "c", "d"]]},
    ),
    "choices": ("truthfulqa_mc1", 0.5, {"predictions": [[0.9, 0.1], [0.9, 0.1]], "choices": CHOICES}),
    "no-answer scores": (
        "squad2_exact(no_answer_threshold=0.5)",
        100.0,
        {
            "predictions": [{"text": "a", "no_answer_score": 0.9}, {"text": "b", "no_answer_score": 0.1}],
            "references": ["", "b"],
        },
    ),
    "named scores": ("score(of=comet)", 0.75, {"predictions": [{"scores": {"comet": 0.5}}, {"scores": {"comet": 1}}]}),
    "samples": (
        "pass_at_k(k=1,of=passed)",
        0.5,
        {
            "predictions": [{"scores": {"passed": passed}} for passed in (1, 0)],
            "ids": ["task", "task"],
            "samples": [0, 1],
        },
    ),
    "human labels": ("fleiss_kappa", 1.0, {"predictions": ["x", "x"], "human_labels": [["a", "a"], ["b", "b"]]}),
    "human labels and the system's": (
        "fleiss_kappa(system_is_rater=true)",
        1.0,
        {"predictions": ["a", "b"], "human_labels": [["a", "a"], ["b", "b"]]},
    ),
    "weights": ("accuracy", 0.75, {"predictions": ["a", "b"], "references": ["a", "a"], "weights": [3, 1]}),
    "a parameter in place of references": ("regex_match(pattern=a)", 50.0, {"predictions": ["a", "b"]}),
    "bucketed labels": (
        "accuracy",
        1.0,
        {"predictions": ["a", "x"], "references": ["a", "y"], "classes": ["a"], "unknown_labels": "bucket"},
    ),
}


@pytest.mark.parametrize("name", GIVEN)
def test_every_field_reaches_its_metric(client: evald.Client, name: str) -> None:
    metric, value, arguments = GIVEN[name]
    found = evald.evaluate(metrics=[metric], replicates=0, **arguments)
    assert found[metric].value == pytest.approx(value)
    again = client.evaluate(metrics=[metric], replicates=0, **arguments)
    assert dataclasses.replace(again, cost=None) == found


def test_rows_hold_all_fields_at_once(client: evald.Client) -> None:
    rows: list[dict[str, Any]] = [
        {"prediction": "a", "reference": "a", "label": "x", "value": 1, "choices": CHOICES[0], "weight": 1},
        {
            "prediction": {"text": "b", "labels": "x", "value": 1.5},
            "reference": "b",
            "label": "x",
            "value": 1,
            "weight": 3,
        },
    ]
    rows[0] |= {"prediction": {"text": "a", "labels": ["y"], "value": 2}, "choice_scores": [1.0, 0.0]}
    metrics = ["accuracy", "mae"]
    found = evald.evaluate(rows=rows, metrics=metrics, replicates=0)
    assert [found[metric].value for metric in metrics] == [0.75, 0.625]
    again = client.evaluate(rows=rows, metrics=metrics, replicates=0)
    assert dataclasses.replace(again, cost=None) == found


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("mae", {"predictions": [0.5, float("inf")], "references": [1.0, 1.0]}, "NOT_FINITE", "predictions[1]"),
    ("mae", {"predictions": [0.5, 1.0], "references": [1.0, float("-inf")]}, "NOT_FINITE", "references[1]"),
    ("mae", {"predictions": [{"value": "x"}], "references": [1.0]}, "BAD_TYPE", "predictions[0].value"),
    ("mae", {"predictions": [0.5]}, "MISSING_FIELD", "references"),
    ("nll", {"predictions": [[-1.0], [-1.0, float("nan")]]}, "NAN_SCORE", "predictions[1][1]"),
    ("entity_f1", {"predictions": [["O"]]}, "MISSING_TOKENS", "instances[0].reference_tokens"),
    ("truthfulqa_mc1", {"predictions": [[0.1]], "choices": CHOICES[:1]}, "CHOICE_SCORES_LENGTH", "predictions[0]"),
    (
        "score(of=comet)",
        {"predictions": [{"scores": {"comet": float("nan")}}]},
        "NOT_FINITE",
        'predictions[0].scores["comet"]',
    ),
    ("accuracy", {"predictions": ["a"], "references": ["a"], "weights": [-1]}, "BAD_WEIGHT", "weights[0]"),
    ("accuracy", {"predictions": [["a"]], "references": ["a"]}, "BAD_TYPE", "predictions[0]"),
    ("accuracy", {"predictions": ["a"], "references": [["a", "b"]]}, "MULTIPLE_LABELS", "references[0]"),
    (
        "accuracy",
        {"predictions": [[0.5, 0.5]], "references": ["a"], "classes": ["a", "b", "c"]},
        "CLASS_SCORES_LENGTH",
        "predictions[0]",
    ),
    ("nll", {"predictions": [[-1.0]], "samples": ["x"]}, "BAD_TYPE", "samples[0]"),
]


@pytest.mark.parametrize(("metric", "arguments", "reason", "field"), WRONG)
def test_wrong_fields_are_named_alike(
    client: evald.Client, metric: str, arguments: dict[str, Any], reason: str, field: str
) -> None:
    with pytest.raises(InvalidRequestError) as here:
        evald.evaluate(metrics=[metric], **arguments)
    assert (here.value.reason, here.value.violations[0].field) == (reason, field)
    with pytest.raises(InvalidRequestError) as there:
        client.evaluate(metrics=[metric], **arguments)
    assert (there.value.reason, str(there.value)) == (reason, str(here.value))


def test_needs_of_another_version_are_those_of_its_catalog(
    client: evald.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dataclasses.replace(client.server_info(), evald_version="0.0.0")
    monkeypatch.setattr(client, "_server", known)
    for name in ("numbers", "label sets", "no-answer scores", "weights"):
        metric, value, arguments = GIVEN[name]
        assert client.evaluate(metrics=[metric], replicates=0, **arguments)[metric].value == pytest.approx(value)
    with pytest.raises(InvalidRequestError) as caught:
        client.evaluate(["a"], ["a"], metrics=["bleau"])
    assert caught.value.reason == "UNKNOWN_METRIC"
