"""Baselines through a real channel: what they answer, what is refused, and how their training ends."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.server.conftest import COMPARE, EVALUATE, SOON

from evald.v1 import catalog_pb2, instance_pb2, metric_pb2, report_pb2, statistics_pb2
from evald.v1 import evaluation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.server.conftest import Server

WORDS = {"billing": "refund invoice charge money", "bug": "crash error freeze slow", "how": "where find setting menu"}
# Training is work for a process of low priority: on a busy machine it takes its time.
TRAINED = 300.0
pytestmark = pytest.mark.timeout(2 * TRAINED)
METRICS = ("accuracy", "f1(average=macro)", "log_loss", "brier")
needs_sklearn = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None, reason="scikit-learn is not installed: install evald[baselines]"
)


def make_rows(train: int, test: int, seed: int = 1) -> list[instance_pb2.Instance]:
    """Rows of three labels in mixed order; half of the words of a text tell its label."""
    draw = random.Random(seed)
    found = []
    for number in range(train + test):
        label = draw.choice(("billing", "bug", "bug", "how"))
        words = draw.choices(WORDS[label].split(), k=2) + draw.choices(" ".join(WORDS.values()).split(), k=2)
        found.append(
            instance_pb2.Instance(
                id=f"row-{number}",
                labels=[label],
                inputs={"text": " ".join(words)},
                split="train" if number < train else "test",
            )
        )
    draw.shuffle(found)
    return found


def system(kind: str, **fields: str) -> pb.System:
    return pb.System(name=kind, baseline=pb.BaselineSource(kind=kind, **fields))


def evaluate(
    rows: Sequence[instance_pb2.Instance],
    *systems: pb.System,
    metrics: Sequence[str] = METRICS,
    seed: int = 12_345,
    **fields: Any,
) -> pb.EvaluateRequest:
    spec = pb.EvaluationSpec(
        systems=systems,
        metrics=[metric_pb2.MetricSpec(name=name) for name in metrics],
        statistics=statistics_pb2.StatisticsSpec(replicates=100, seed=seed),
        **fields,
    )
    return pb.EvaluateRequest(spec=spec, instances=rows)


def values(answer: pb.EvaluateResponse, at: int = 0) -> dict[str, float]:
    return {one.metric: one.estimate.value for one in answer.systems[at].metrics}


def parts(rows: Sequence[instance_pb2.Instance]) -> tuple[list[Any], list[Any]]:
    """Rows to learn from, sorted as a baseline sees them, and rows to score."""
    train = sorted((row for row in rows if row.split == "train"), key=lambda row: (row.inputs["text"], row.labels[0]))
    return train, [row for row in rows if row.split != "train"]


def test_the_majority_is_what_scikit_learns_dummy_gives(server: Server) -> None:
    rows = make_rows(200, 100)
    train, test = parts(rows)
    answer = server.api.call(EVALUATE, evaluate(rows, system("majority")), pb.EvaluateResponse)
    counts = Counter(row.labels[0] for row in train)
    shares = {label: count / 200 for label, count in counts.items()}
    top = counts.most_common(1)[0][0]
    found = values(answer)
    assert found["accuracy"] == sum(row.labels[0] == top for row in test) / 100
    assert found["log_loss"] == pytest.approx(-np.mean([np.log(shares[row.labels[0]]) for row in test]), abs=1e-6)
    assert answer.systems[0].metrics[0].estimate.n == 100
    assert [(note.code, note.count) for note in answer.notes] == [("TRAINING_ROWS", 200)]
    (made,) = answer.provenance.baselines
    assert (made.system, made.kind, made.engine, made.training_rows) == ("majority", "majority", "evald", 200)
    assert len(made.training_digest) == 64
    assert answer.cost.rows == 100
    assert answer.cost.train_seconds > 0


@needs_sklearn
@pytest.mark.parametrize("kind", ["logistic_regression", "decision_tree"])
def test_text_baselines_are_what_scikit_learn_gives(server: Server, kind: str) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score, log_loss
    from sklearn.pipeline import make_pipeline
    from sklearn.tree import DecisionTreeClassifier

    rows = make_rows(300, 120)
    train, test = parts(rows)
    answer = server.api.call(EVALUATE, evaluate(rows, system(kind), seed=7), pb.EvaluateResponse, TRAINED)
    classifier: Any = LogisticRegression(C=10, max_iter=1000)
    if kind == "decision_tree":
        classifier = DecisionTreeClassifier(random_state=7)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), classifier)
    model.fit([row.inputs["text"] for row in train], [row.labels[0] for row in train])
    texts, gold = [row.inputs["text"] for row in test], [row.labels[0] for row in test]
    found, predicted = values(answer), model.predict(texts)
    assert found["accuracy"] == accuracy_score(gold, predicted)
    assert found["f1(average=macro)"] == pytest.approx(f1_score(gold, predicted, average="macro"), abs=1e-12)
    if kind == "logistic_regression":
        assert found["log_loss"] == pytest.approx(log_loss(gold, model.predict_proba(texts)), abs=1e-6)
    (made,) = answer.provenance.baselines
    assert made.engine.startswith("scikit-learn ")
    assert made.parameters["TfidfVectorizer.ngram_range"] == "[1, 2]"
    known = {row.inputs["text"] for row in train}
    overlap = sum(text in known for text in texts)
    assert {note.code: note.count for note in answer.notes}.get("TRAINING_OVERLAP", 0) == overlap


def test_stratified_answers_have_the_shares_and_do_not_depend_on_other_rows(server: Server) -> None:
    rows = make_rows(400, 2_000)
    _, test = parts(rows)
    request = evaluate(rows, system("stratified"), row_report=report_pb2.ROW_REPORT_ALL, metrics=["accuracy"])
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    scores = dict(zip(answer.systems[0].rows.ids, answer.systems[0].rows.scores[0].values, strict=True))
    # 2 * (1/4)^2 + (1/2)^2, give or take four standard errors.
    assert np.mean(list(scores.values())) == pytest.approx(0.375, abs=0.05)
    fewer = [row for row in rows if row.split == "train"] + test[:500]
    request = evaluate(fewer, system("stratified"), row_report=report_pb2.ROW_REPORT_ALL, metrics=["accuracy"])
    again = server.api.call(EVALUATE, request, pb.EvaluateResponse).systems[0].rows
    assert dict(zip(again.ids, again.scores[0].values, strict=True)) == {row.id: scores[row.id] for row in test[:500]}
    other = evaluate(rows, system("stratified"), row_report=report_pb2.ROW_REPORT_ALL, metrics=["accuracy"], seed=1)
    assert server.api.call(EVALUATE, other, pb.EvaluateResponse).systems[0].rows.scores[0] != again.scores[0]


@needs_sklearn
def test_the_order_of_rows_does_not_show(server: Server) -> None:
    rows = make_rows(150, 60)
    kinds = [system(kind) for kind in ("majority", "stratified", "decision_tree", "logistic_regression")]
    first = server.api.call(EVALUATE, evaluate(rows, *kinds), pb.EvaluateResponse, TRAINED)
    again = server.api.call(EVALUATE, evaluate(rows[::-1], *kinds), pb.EvaluateResponse, TRAINED)
    assert again.systems == first.systems
    assert again.provenance == first.provenance


def test_the_other_systems_are_scored_as_without_the_rows_to_learn_from(server: Server) -> None:
    rows = make_rows(50, 80)
    for row in rows:
        if row.split != "train":
            row.predictions.add()
            row.predictions.add(labels=["bug"])
    metrics = ("accuracy", "mcc", "confusion_matrix")
    both = evaluate(rows, system("majority"), pb.System(name="mine"), metrics=metrics)
    found = server.api.call(EVALUATE, both, pb.EvaluateResponse).systems[1]
    _, test = parts(rows)
    for row in test:
        del row.predictions[0]
    alone = evaluate(test, pb.System(name="mine"), metrics=metrics)
    assert found == server.api.call(EVALUATE, alone, pb.EvaluateResponse).systems[0]


def test_a_system_is_compared_with_the_majority(server: Server) -> None:
    rows = make_rows(50, 80)
    for row in rows:
        if row.split != "train":
            row.predictions.add()
            row.predictions.add(labels=[row.labels[0]])
    header = evaluate(rows, system("majority"), pb.System(name="mine"), metrics=["accuracy"])
    request = pb.CompareRequest(spec=header.spec, instances=rows)
    answer = server.api.call(COMPARE, request, pb.CompareResponse)
    assert answer.baseline == "majority"
    assert answer.comparisons[0].difference.value > 0.3
    assert "TRAINING_ROWS" in [note.code for note in answer.notes]
    assert len(answer.provenance.baselines) == 1


def test_sets_of_labels_are_guessed_label_by_label(server: Server) -> None:
    row = instance_pb2.Instance
    train = [row(labels=labels, split="train") for labels in (["a", "b"], ["a"], ["a", "c"], [])]
    test = [row(labels=["a"]), row(labels=["b", "c"])]
    metrics = ["hamming_loss(multilabel=true)"]
    request = evaluate([*train, *test], system("majority"), metrics=metrics)
    # "a" has a share of 3/4, the others of 1/4: the answer is always {"a"}.
    assert values(server.api.call(EVALUATE, request, pb.EvaluateResponse)) == {metrics[0]: pytest.approx(3 / 6)}


@needs_sklearn
@pytest.mark.filterwarnings("ignore:Label not 4 is present")
@pytest.mark.parametrize("kind", ["logistic_regression", "decision_tree"])
def test_sets_of_labels_are_learned_label_by_label(server: Server, kind: str) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score, hamming_loss
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MultiLabelBinarizer
    from sklearn.tree import DecisionTreeClassifier

    rows = make_rows(300, 120)
    for number, row in enumerate(rows):
        # Some have more labels, some none; one label no row to learn from has.
        if number % 3 == 0:
            row.labels.append("urgent" if "money" in row.inputs["text"] else "calm")
        if number % 7 == 0:
            del row.labels[:]
    train, test = parts([row for row in rows if row.labels or row.split != "train"])
    bare = [row for row in rows if row.split == "train" and not row.labels]
    metrics = ("hamming_loss(multilabel=true)", "f1(average=macro,multilabel=true)")
    classes = ["billing", "bug", "calm", "how", "unknown", "urgent"]
    request = evaluate(rows, system(kind), metrics=metrics, classes=classes, seed=7)
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse, TRAINED)
    one: Any = LogisticRegression(C=10, max_iter=1000)
    if kind == "decision_tree":
        one = DecisionTreeClassifier(random_state=7)
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), OneVsRestClassifier(one))
    binary = MultiLabelBinarizer(classes=classes)
    learned = sorted([*train, *bare], key=lambda row: (row.inputs["text"], list(row.labels)))
    model.fit([row.inputs["text"] for row in learned], binary.fit_transform([row.labels for row in learned]))
    # A leaf of a tree may have a label in half of its rows: it is among those of a row then, as everywhere in evald.
    predicted = (model.predict_proba([row.inputs["text"] for row in test]) >= 0.5).astype(int)
    gold = binary.transform([row.labels for row in test])
    found = values(answer)
    assert found["hamming_loss(multilabel=true)"] == pytest.approx(hamming_loss(gold, predicted), abs=1e-12)
    macro = f1_score(gold, predicted, average="macro", zero_division=0)
    assert found["f1(average=macro,multilabel=true)"] == pytest.approx(macro, abs=1e-12)


def test_rows_without_ids_are_named_by_their_place_in_the_request(server: Server) -> None:
    row = instance_pb2.Instance
    rows = [row(labels=["a"], split="train"), row(labels=["b"], split="train"), row(labels=["a"])]
    rows.append(row(labels=["b"], predictions=[instance_pb2.Prediction(), instance_pb2.Prediction(labels=["b"])]))
    request = evaluate(rows, system("majority"), pb.System(name="mine"), metrics=["accuracy"])
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse)
    assert [(error.id, error.reason) for error in answer.systems[1].rows.errors] == [("#2", "MISSING_PREDICTION")]


@needs_sklearn
def test_a_row_without_a_text_fails_for_the_baselines_that_read_texts(server: Server) -> None:
    rows = make_rows(40, 10)
    lacking = next(row for row in rows if row.split == "test")
    del lacking.inputs["text"]
    request = evaluate(rows, system("decision_tree"), system("majority"), metrics=["accuracy"])
    answer = server.api.call(EVALUATE, request, pb.EvaluateResponse, TRAINED)
    assert [(error.id, error.reason) for error in answer.systems[0].rows.errors] == [(lacking.id, "MISSING_INPUT")]
    assert [one.metrics[0].estimate.n for one in answer.systems] == [9, 10]


def _unlabelled(rows: list[instance_pb2.Instance]) -> None:
    rows[4].labels.pop()
    rows[4].split = "train"


def _textless(rows: list[instance_pb2.Instance]) -> None:
    del rows[4].inputs["text"]
    rows[4].split = "train"


def _same_label(rows: list[instance_pb2.Instance]) -> None:
    for row in rows:
        if row.split == "train":
            row.labels[0] = "bug"


def _unscored(rows: list[instance_pb2.Instance]) -> None:
    for row in rows:
        row.split = "train"


def _untrained(rows: list[instance_pb2.Instance]) -> None:
    for row in rows:
        row.split = "test"


def _predicted(rows: list[instance_pb2.Instance]) -> None:
    rows[4].split = "test"
    rows[4].predictions.add(labels=["bug"])


def _wordless(rows: list[instance_pb2.Instance]) -> None:
    for row in rows:
        row.inputs["text"] = "?"


@needs_sklearn
@pytest.mark.parametrize(
    ("kind", "spoil", "metric", "reason", "field"),
    [
        ("majorty", None, "accuracy", "UNKNOWN_BASELINE", "spec.systems[0].baseline.kind"),
        ("", None, "accuracy", "MISSING_NAME", "spec.systems[0].baseline.kind"),
        ("stratified", None, "bleu", "BASELINE_TASK_MISMATCH", "spec.systems[0].baseline.kind"),
        ("decision_tree", None, "bleu", "BASELINE_TASK_MISMATCH", "spec.systems[0].baseline.kind"),
        ("majority", _untrained, "accuracy", "NO_TRAINING_ROWS", "instances"),
        ("majority", _unscored, "accuracy", "NO_ROWS_TO_SCORE", "instances"),
        ("majority", _same_label, "accuracy", "ONE_CLASS", "instances"),
        ("majority", _unlabelled, "accuracy", "BAD_TRAINING_LABEL", "instances[4].labels"),
        ("logistic_regression", _textless, "accuracy", "MISSING_INPUT", "instances[4].inputs"),
        ("logistic_regression", _wordless, "accuracy", "EMPTY_VOCABULARY", "instances"),
        ("majority", _predicted, "accuracy", "UNEXPECTED_PREDICTION", "instances[4].predictions[0]"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    server: Server, kind: str, spoil: Callable[[Any], None] | None, metric: str, reason: str, field: str
) -> None:
    rows = make_rows(20, 20)
    if spoil is not None:
        spoil(rows)
    failure = server.api.failure(EVALUATE, evaluate(rows, system(kind), metrics=[metric]), TRAINED)
    assert (failure.code, failure.reason, failure.fields) == ("INVALID_ARGUMENT", reason, (field,))
    if kind == "majorty":
        assert "did you mean majority" in failure.message


def test_a_missing_library_is_named_with_its_extra(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    failure = server.api.failure(EVALUATE, evaluate(make_rows(20, 20), system("decision_tree"), metrics=["accuracy"]))
    assert failure.reason == "MISSING_LIBRARY"
    assert "evald[baselines]" in failure.message
    counted = evaluate(make_rows(20, 20), system("majority"), metrics=["accuracy"])
    assert server.api.call(EVALUATE, counted, pb.EvaluateResponse).systems


def workers() -> list[int]:
    """Processes of this one that train."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"baseline/worker.py" in command and parent == os.getpid():
                found.append(int(entry.name))
    return found


def slow_training() -> pb.EvaluateRequest:
    """Learns for minutes: many classes that no word tells apart."""
    draw = random.Random(3)
    rows = [
        instance_pb2.Instance(
            labels=[f"class {number % 800}"],
            inputs={"text": " ".join(f"w{draw.randrange(4000)}" for _ in range(20))},
            split="train" if number < 8_000 else "",
        )
        for number in range(8_100)
    ]
    return evaluate(rows, system("logistic_regression"), metrics=["accuracy"])


@needs_sklearn
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc to look for processes in")
def test_training_ends_with_its_call_and_is_not_done_twice_at_once(make_server: Callable[..., Server]) -> None:
    server, request = make_server(), slow_training().SerializeToString()
    call = server.api.start(EVALUATE, request, pb.EvaluateResponse, TRAINED)
    server.wait_until(lambda: len(workers()) == 1)
    refused = server.api.failure(EVALUATE, request)
    assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "OVERLOADED")
    assert refused.metadata is not None
    assert refused.metadata["limit"] == "max_concurrent_trainings"
    assert refused.retry_seconds
    # Guesses that need no training are answered meanwhile.
    counted = evaluate(make_rows(20, 20), system("majority"), metrics=["accuracy"])
    assert server.api.call(EVALUATE, counted, pb.EvaluateResponse).systems
    call.cancel()
    server.wait_until(lambda: not workers())
    server.wait_for_calls(0)
    late = server.api.failure(EVALUATE, request, timeout=2.0)
    assert late.code == "DEADLINE_EXCEEDED"
    server.wait_until(lambda: not workers())
    server.wait_for_calls(0)


@needs_sklearn
def test_limits_of_training_are_published_and_named(make_server: Callable[..., Server]) -> None:
    server = make_server(max_training_rows=100, max_training_seconds=1.0)
    answer = server.api.call("/evald.v1.CatalogService/GetServerInfo", b"", catalog_pb2.GetServerInfoResponse)
    assert (answer.limits.max_training_rows, answer.limits.max_training_seconds) == (100, 1.0)
    assert answer.limits.max_concurrent_trainings == 1
    many = evaluate(make_rows(101, 20), system("decision_tree"), metrics=["accuracy"])
    failure = server.api.failure(EVALUATE, many)
    assert (failure.reason, (failure.metadata or {})["limit"]) == ("LIMIT_EXCEEDED", "max_training_rows")
    slow = make_server(max_training_seconds=1.0, max_collected_numbers=100 * 800)
    failure = slow.api.failure(EVALUATE, slow_training(), timeout=SOON)
    assert (failure.reason, (failure.metadata or {})["limit"]) == ("LIMIT_EXCEEDED", "max_training_seconds")
    wide = make_server(max_collected_numbers=100 * 800 - 1).api.failure(EVALUATE, slow_training())
    assert (wide.reason, (wide.metadata or {})["limit"]) == ("LIMIT_EXCEEDED", "max_collected_numbers")
