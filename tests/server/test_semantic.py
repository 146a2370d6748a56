"""Metrics that a model of the server computes, over gRPC, against formulas on the embeddings that Predict gives."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from tests.metrics.golden import golden

from evald.settings import ModelSetting
from evald.v1 import catalog_pb2, instance_pb2, metric_pb2, model_pb2, report_pb2, slice_pb2, statistics_pb2
from evald.v1 import evaluation_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

EVALUATE = "/evald.v1.EvaluationService/Evaluate"
COMPARE = "/evald.v1.EvaluationService/Compare"
SIMILARITY = "semantic_similarity(model=tiny-encoder)"
F1 = "bertscore_f1(model=tiny-encoder)"
PAIRS = [
    ("the parcel is late", ["my parcel is late", "where is it"]),
    ("", ["the invoice is wrong"]),
    ("Über naïve façades: 日本語 🙂", ["über naïve façades", "日本語"]),
    ("cancel my contract", ["cancel my contract"]),
    ("again and " * 100, ["again and again"]),
]


@pytest.fixture(scope="module")
def encoder(start_server: Callable[..., Server], root: Path) -> Iterator[Server]:
    """A server that runs the example encoder and a classifier."""
    pytest.importorskip("onnxruntime")
    folders = {name: root / "examples" / "models" / name for name in ("tiny-encoder", "support-tuned")}
    server = start_server(models={name: ModelSetting(folder) for name, folder in folders.items()})
    server.wait_until(lambda: server.get("/startupz")[0] == 200)
    yield server
    server.close()


def rows(*predictions: Callable[[str], str]) -> list[instance_pb2.Instance]:
    """The pairs, one prediction a system, in two slices."""
    systems = predictions or (str,)
    return [
        instance_pb2.Instance(
            id=f"r{at}",
            references=references,
            predictions=[instance_pb2.Prediction(text=make(text)) for make in systems],
            slices={"half": "first" if at < 3 else "second"},
        )
        for at, (text, references) in enumerate(PAIRS)
    ]


def spec(*metrics: str, **fields: Any) -> pb.EvaluationSpec:
    named = [metric_pb2.MetricSpec(name=name) for name in metrics]
    return pb.EvaluationSpec(metrics=named, row_report=report_pb2.ROW_REPORT_ALL, **fields)


def evaluate(server: Server, *metrics: str, instances: Any = None, **fields: Any) -> pb.EvaluateResponse:
    request = pb.EvaluateRequest(spec=spec(*metrics, **fields), instances=instances or rows())
    return server.api.call(EVALUATE, request, pb.EvaluateResponse)


def scores(answer: pb.EvaluateResponse, at: int = 0) -> list[float]:
    return list(answer.systems[0].rows.scores[at].values)


def embedded(server: Server, texts: list[str]) -> dict[str, np.ndarray[Any, Any]]:
    """What Predict gives; texts that are too long, cut as the model would."""
    instances = [instance_pb2.Instance(inputs={"text": text}) for text in texts]
    request = model_pb2.PredictRequest(alias="tiny-encoder", instances=instances)
    answer = server.api.call("/evald.v1.ModelService/Predict", request, model_pb2.PredictResponse)
    return {text: np.array(one.embedding) for text, one in zip(texts, answer.predictions, strict=True)}


def test_similarity_is_the_cosine_with_the_best_reference(encoder: Server) -> None:
    found = scores(evaluate(encoder, SIMILARITY))
    pairs = PAIRS[:4]
    vectors = embedded(encoder, sorted({text for one, others in pairs for text in (one, *others)}))
    expected = [max(float(vectors[one] @ vectors[other]) for other in others) for one, others in pairs]
    np.testing.assert_allclose(found[:4], expected, atol=1e-6)
    assert found[3] == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("table", golden("semantic.json")["tables"], ids=lambda table: str(table["params"]))
def test_numbers_are_those_of_the_references(encoder: Server, table: dict[str, Any]) -> None:
    """bert-score and sentence-transformers' formula, on the same weights in torch."""
    expected = golden("semantic.json")
    instances = [
        instance_pb2.Instance(references=pair["references"], predictions=[{"text": pair["prediction"]}])
        for pair in expected["pairs"]
    ]
    params = "".join(f",{name}={str(value).lower()}" for name, value in table["params"].items())
    found = scores(evaluate(encoder, f"{table['metric']}(model=tiny-encoder{params})", instances=instances))
    np.testing.assert_allclose(found, table["scores"], atol=expected["tolerance"])


def test_the_definition_names_the_model_and_what_it_is(encoder: Server) -> None:
    answer = evaluate(encoder, SIMILARITY, F1)
    by_metric = {model.metric: model for model in answer.provenance.models}
    assert by_metric.keys() == {SIMILARITY, F1}
    made = by_metric[F1]
    assert (made.alias, made.system, made.pooling) == ("tiny-encoder", "", "mean+normalize")
    signed = f"tiny-encoder@{made.embedding_digest[:12]}"
    similarity, f1 = (metric.signature for metric in answer.systems[0].metrics)
    assert similarity.startswith(f"semantic_similarity(model={signed})|")
    assert f1.startswith(f"bertscore_f1(baseline=none,idf=false,layer=-1,model={signed})|")
    assert scores(evaluate(encoder, f1)) == scores(answer, 1)
    other = pb.EvaluateRequest(spec=spec(f1.replace(signed, "tiny-encoder@0123456789ab")), instances=rows())
    failure = encoder.api.failure(EVALUATE, other)
    assert (failure.reason, failure.fields) == ("BAD_PARAMETER", ("spec.metrics[0].params.model",))
    assert signed in failure.message
    assert answer.cost.tokens > 0
    assert answer.cost.infer_seconds > 0


def test_f1_joins_precision_and_recall_and_texts_that_are_cut_are_named(encoder: Server) -> None:
    names = [f"bertscore_{part}(model=tiny-encoder)" for part in ("precision", "recall", "f1")]
    answer = evaluate(encoder, *names, instances=[row for row in rows() if len(row.references) == 1])
    precision, recall, f1 = (np.array(scores(answer, at)) for at in range(3))
    with np.errstate(invalid="ignore"):
        harmonic = np.nan_to_num(2 * precision * recall / (precision + recall))
    np.testing.assert_allclose(f1, harmonic, atol=1e-12)
    assert f1[0] == 0  # nothing was said
    assert f1[1] == pytest.approx(1, abs=1e-12)
    notes = {note.code: list(note.row_ids) for note in answer.systems[0].metrics[2].notes}
    assert notes["TRUNCATED"] == ["r4"]


def test_parameters_change_the_numbers(encoder: Server) -> None:
    plain, inner, idf, rescaled = (
        np.array(scores(evaluate(encoder, f"bertscore_f1(model=tiny-encoder{more})")))
        for more in ("", ",layer=1", ",idf=true", ",baseline=0.5")
    )
    assert not np.allclose(plain, inner)
    assert not np.allclose(plain, idf)
    np.testing.assert_allclose(rescaled, (plain - 0.5) / 0.5, atol=1e-12)
    last = np.array(scores(evaluate(encoder, "bertscore_f1(model=tiny-encoder,layer=3)")))
    assert last.tolist() == plain.tolist()


def test_neighbours_and_systems_change_no_bit(encoder: Server) -> None:
    together = scores(evaluate(encoder, F1))
    for at, row in enumerate(rows()):
        assert scores(evaluate(encoder, F1, instances=[row])) == together[at : at + 1]


def test_a_comparison_has_intervals_tests_and_slices(encoder: Server) -> None:
    request = pb.CompareRequest(
        spec=spec(
            SIMILARITY,
            F1,
            "rouge_l",
            systems=[pb.System(name="good"), pb.System(name="bad")],
            slices=[slice_pb2.SliceSpec(by="half")],
            statistics=statistics_pb2.StatisticsSpec(min_slice_size=2),
        ),
        instances=rows(str, lambda text: "the invoice " + text[:3]) * 1,
    )
    answer = encoder.api.call(COMPARE, request, pb.CompareResponse)
    by_metric = {one.metric: one for one in answer.comparisons}
    for name in (SIMILARITY, F1):
        paired = by_metric[name]
        good, bad = (
            next(metric for metric in system.metrics if metric.metric == name).estimate.value
            for system in answer.systems
        )
        assert paired.difference.value == pytest.approx(bad - good)
        assert paired.difference.HasField("low")
        assert paired.HasField("p_value")
        assert paired.wins + paired.losses + paired.ties == len(PAIRS)
    assert {one.metric for part in answer.slices for one in part.comparisons} == {SIMILARITY, F1, "rouge_l"}


def test_predictions_that_are_missing_fail_and_nothing_else(encoder: Server) -> None:
    instances = rows()
    instances[1].predictions[0].Clear()
    answer = evaluate(encoder, SIMILARITY, instances=instances)
    estimate = answer.systems[0].metrics[0].estimate
    assert (estimate.n, estimate.n_failed) == (4, 1)
    assert [error.reason for error in answer.systems[0].rows.errors] == ["MISSING_PREDICTION"]
    assert np.isnan(scores(answer)[1])


@pytest.mark.parametrize(
    ("metric", "code", "reason", "field"),
    [
        ("semantic_similarity(model=tiny-encodr)", "NOT_FOUND", "UNKNOWN_MODEL", "model"),
        ("semantic_similarity", "INVALID_ARGUMENT", "BAD_PARAMETER", "model"),
        ("bertscore_f1(model=support-tuned)", "INVALID_ARGUMENT", "MODEL_TASK_MISMATCH", "model"),
        ("bertscore_f1(model=tiny-encoder,layer=4)", "INVALID_ARGUMENT", "BAD_PARAMETER", "layer"),
    ],
)
def test_models_that_cannot_be_asked_are_refused(
    encoder: Server, metric: str, code: str, reason: str, field: str
) -> None:
    failure = encoder.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec("bleu", metric), instances=rows()))
    assert (failure.code, failure.reason) == (code, reason)
    assert failure.fields == (f"spec.metrics[1].params.{field}",)


def test_rows_are_checked_before_a_model_reads_them(encoder: Server) -> None:
    before = encoder.metric("evald_batch_tokens_count", model="tiny-encoder")
    instances = [*rows(), instance_pb2.Instance(id="bare", predictions=[instance_pb2.Prediction(text="late")])]
    failure = encoder.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec(F1), instances=instances))
    assert (failure.code, failure.reason) == ("INVALID_ARGUMENT", "MISSING_REFERENCE")
    assert failure.fields == ("instances[5].references",)
    assert encoder.metric("evald_batch_tokens_count", model="tiny-encoder") == before


def test_classifiers_give_no_texts_to_compare(encoder: Server) -> None:
    system = pb.System(name="a", model=pb.ModelSource(alias="support-tuned"))
    row = instance_pb2.Instance(inputs={"text": "late"}, references=["late"])
    failure = encoder.api.failure(EVALUATE, pb.EvaluateRequest(spec=spec(F1, systems=[system]), instances=[row]))
    assert (failure.reason, failure.fields) == ("MODEL_TASK_MISMATCH", ("spec.systems[0].model",))


def test_the_catalog_says_that_a_model_computes_it(encoder: Server) -> None:
    answer = encoder.api.call(
        "/evald.v1.CatalogService/ListMetrics", catalog_pb2.ListMetricsRequest(), catalog_pb2.ListMetricsResponse
    )
    of_models = {metric.name for metric in answer.metrics if metric.model}
    assert of_models == {"semantic_similarity", "bertscore_f1", "bertscore_precision", "bertscore_recall"}


def test_a_call_that_is_cancelled_or_late_ends(encoder: Server) -> None:
    instances = [
        instance_pb2.Instance(references=[f"the parcel {at} is late"], predictions=[{"text": f"{at} " * 60}])
        for at in range(20_000)
    ]
    request = pb.EvaluateRequest(spec=spec(F1), instances=instances).SerializeToString()
    call: Any = encoder.api.channel.unary_unary(EVALUATE)
    with pytest.raises(grpc.RpcError) as late:
        call(request, timeout=0.5)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    running = call.future(request, timeout=120)
    threading.Timer(0.5, running.cancel).start()
    with pytest.raises(grpc.FutureCancelledError):
        running.result()
    encoder.wait_for_calls(0)
