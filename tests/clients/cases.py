"""Calls that every client makes, so that their answers can be compared bit for bit: values, streams, failures."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import Message

from evald.v1 import (
    analysis_pb2,
    catalog_pb2,
    evaluation_pb2,
    instance_pb2,
    metric_pb2,
    model_pb2,
    plan_pb2,
    report_pb2,
    slice_pb2,
    statistics_pb2,
    stream_predict_pb2,
    template_pb2,
)

Instance, Prediction = instance_pb2.Instance, instance_pb2.Prediction
Spec, System = evaluation_pb2.EvaluationSpec, evaluation_pb2.System
Batch = stream_predict_pb2.StreamPredictRequest

# What clients may break: nothing, blanks of Unicode, combining marks in both forms, emoji of several code points,
# scripts without spaces, line ends, a byte order mark, the last code point, letters that change length with case.
AWKWARD = [
    "",
    " ",
    "the\u00a0cat\u2003sat\u200bon\u3000the mat",
    "caf\u00e9 cafe\u0301 \u1e69 s\u0323\u0307",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 waves \U0001f44b\U0001f3fd \U0001f1e9\U0001f1ea",
    "\u732b\u304c\u5750\u3063\u305f\u3002 \uace0\uc591\uc774 \u0e41\u0e21\u0e27\u0e19\u0e31\u0e48\u0e07",
    "one\r\ntwo\rthree\nfour\u2028five\u0085six",
    "\ufefftext with a mark \U0010ffff \u0001\u0000 end",
    "\u0130stanbul STRASSE stra\u00dfe \u01c4 \ufb01n",
    '"quoted" \\ back {"json": [1, 2.50, null]} <b>&amp;</b>',
    "\u0645\u0631\u062d\u0628\u0627 \u0627\u0644\u0639\u0627\u0644\u0645 123 \u0661\u0662\u0663",
]
# Doubles at the ends of what is allowed: subnormals, neighbours of powers of two, a sum that is no short decimal.
EXTREMES = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 0.1 + 0.2, 1 / 3, -1e-9, 1e15 + 0.3, 2.0**53 + 2, 7e18, -4.5e18]


@dataclass(frozen=True)
class Case:
    """One call."""

    name: str
    service: str
    method: str
    requests: tuple[Message, ...]
    deadline_seconds: float = 0.0


def _evaluate(name: str, request: Message, deadline_seconds: float = 0.0) -> Case:
    return Case(name, "evald.v1.EvaluationService", "Evaluate", (request,), deadline_seconds)


def _compare(name: str, request: Message) -> Case:
    return Case(name, "evald.v1.EvaluationService", "Compare", (request,))


def _model(name: str, method: str, *requests: Message) -> Case:
    return Case(name, "evald.v1.ModelService", method, requests)


def _catalog(name: str, method: str, request: Message) -> Case:
    return Case(name, "evald.v1.CatalogService", method, (request,))


def _metrics(*forms: str) -> list[metric_pb2.MetricSpec]:
    return [metric_pb2.MetricSpec(name=form) for form in forms]


def _systems(*names: str) -> list[evaluation_pb2.System]:
    return [System(name=name) for name in names]


def _models() -> list[evaluation_pb2.System]:
    aliases = {"base": "support-base", "tuned": "support-tuned"}
    return [System(name=name, model=evaluation_pb2.ModelSource(alias=alias)) for name, alias in aliases.items()]


def text_rows(systems: int) -> list[instance_pb2.Instance]:
    """Every awkward text beside itself and others, and one of 10,000 words."""
    draw = random.Random(8)
    rows = []
    for at, reference in enumerate([*AWKWARD * 4, " ".join(f"w{draw.randrange(500)}" for _ in range(10_000))]):
        words = reference.split(" ")
        texts = []
        for _ in range(systems):
            kept = [word for word in words if draw.random() < 0.9]
            texts.append(" ".join(kept) if draw.random() < 0.7 else draw.choice(AWKWARD))
        rows.append(
            Instance(
                id=f"row-{at}-\u00e9",
                references=[reference, draw.choice(AWKWARD)],
                predictions=[Prediction(text=text) for text in texts],
                slices={"language": draw.choice(["de", "\u65e5\u672c\u8a9e"]), "z": "1"},
                task=draw.choice(["qa", "mt"]),
                cluster=f"document {at // 3}",
            )
        )
    return rows


def number_rows() -> list[instance_pb2.Instance]:
    """Numbers and caller's scores at the ends of what doubles hold."""
    draw = random.Random(9)
    rows = []
    for at, gold in enumerate(EXTREMES * 4):
        predictions = [
            Prediction(
                value=gold * (1 + draw.random() / 10) + draw.random(),
                scores={"quality": draw.choice(EXTREMES), "\u00fc": 1.0},
                usage=instance_pb2.Usage(latency_seconds=draw.random(), output_tokens=2**53 + at, cost=draw.random()),
            )
            for _ in range(2)
        ]
        rows.append(Instance(id=str(at), value=gold, predictions=predictions))
    return rows


def class_rows() -> list[instance_pb2.Instance]:
    """Class scores of two systems, some rows without an answer."""
    draw = random.Random(10)
    rows = []
    for at in range(90):
        predictions = []
        for _ in range(2):
            scores = [draw.random() + 1e-300 for _ in range(3)]
            total = sum(scores)
            missing = draw.random() < 0.05
            predictions.append(Prediction(class_scores=[] if missing else [score / total for score in scores]))
        label = draw.choice(["no", "yes", "\u00fcber"])
        rows.append(Instance(id=f"r{at}", labels=[label], predictions=predictions, slices={"part": str(at % 2)}))
    return rows


def _input_rows(*texts: str) -> list[instance_pb2.Instance]:
    return [Instance(inputs={"text": text}) for text in texts]


def _first(*texts: str) -> stream_predict_pb2.StreamPredictRequest:
    header = stream_predict_pb2.StreamPredictHeader(alias="support-base")
    return Batch(header=header, instances=_input_rows(*texts))


def _choice_rows() -> list[instance_pb2.Instance]:
    draw = random.Random(11)
    return [
        Instance(
            references=["\u00e9 x"],
            choices=[instance_pb2.Choice(text=f"c{choice}", correct=choice == 1) for choice in range(3)],
            predictions=[
                Prediction(
                    choice_scores=[-draw.random() * 50 for _ in range(3)],
                    token_logprobs=[-draw.random() for _ in range(4)],
                )
            ],
        )
        for _ in range(30)
    ]


def values() -> list[Case]:
    """Calls that answer with values."""
    texts = _metrics(
        *(
            "bleu",
            "bleu(tokenizer=char)",
            "rouge_1",
            "rouge_l(stemmer=true)",
            "rouge_lsum",
            "chrf",
            "chrf(word_order=2)",
        ),
        *("ter", "wer", "cer", "exact_match", "token_f1", "distinct_n", "length_ratio", "contains"),
    )
    everything = report_pb2.ROW_REPORT_ALL
    slices = [slice_pb2.SliceSpec(by=by) for by in ("language x task", "length(reference)")]
    tests = statistics_pb2.StatisticsSpec(replicates=500, seed=7, margin=0.01, min_slice_size=5)
    classes = ["no", "yes", "\u00fcber"]
    return [
        _evaluate("texts", evaluation_pb2.EvaluateRequest(
            spec=Spec(systems=_systems("a", "b"), metrics=texts, row_report=everything), instances=text_rows(2),
        )),
        _compare("texts-compared", evaluation_pb2.CompareRequest(
            spec=Spec(systems=_systems("old", "new", "\u65b0"), metrics=texts[:6], statistics=tests, slices=slices,
                      analysis=analysis_pb2.AnalysisSpec()),
            instances=text_rows(3), baseline="old",
        )),
        _evaluate("numbers", evaluation_pb2.EvaluateRequest(
            spec=Spec(systems=_systems("a", "b"), row_report=everything, metrics=_metrics(
                "mae", "rmse", "r2", "pearson", "spearman", "kendall", "score(of=quality)", "latency", "cost")),
            instances=number_rows(),
        )),
        _compare("classes-compared", evaluation_pb2.CompareRequest(
            spec=Spec(systems=_systems("a", "b"), classes=classes, slices=[slice_pb2.SliceSpec(by="part")],
                      metrics=_metrics("accuracy", "f1(average=macro)", "mcc", "log_loss", "ece",
                                       "roc_auc(average=macro)", "confusion_matrix", "top_k_accuracy(k=2)")),
            instances=class_rows(),
        )),
        _evaluate("choices", evaluation_pb2.EvaluateRequest(
            spec=Spec(metrics=_metrics("choice_accuracy", "nll", "perplexity", "bits_per_byte"), row_report=everything),
            instances=_choice_rows(),
        )),
        _compare("models-compared", evaluation_pb2.CompareRequest(
            spec=Spec(systems=_models(), metrics=_metrics("accuracy", "log_loss")),
            instances=[Instance(inputs={"text": text or "x"}, labels=["praise"]) for text in AWKWARD],
        )),
        _model("predict", "Predict", model_pb2.PredictRequest(alias="support-tuned", instances=_input_rows(*AWKWARD))),
        _model("stream", "StreamPredict", _first("a", "b"), Batch(instances=_input_rows(*AWKWARD))),
        Case("plan", "evald.v1.EvaluationService", "Plan",
             (plan_pb2.PlanRequest(difference_std=0.1 + 0.2, effect=1 / 30),)),
        _catalog("metrics", "ListMetrics", catalog_pb2.ListMetricsRequest()),
        _catalog("metric", "GetMetric", catalog_pb2.GetMetricRequest(name="rouge_l")),
        Case("template", "evald.v1.TemplateService", "GetTemplate",
             (template_pb2.GetTemplateRequest(name="truthfulqa_mc1"),)),
    ]  # fmt: skip


def failures() -> list[Case]:
    """Calls that the server refuses."""
    row = Instance(references=["a"], predictions=[Prediction(text="a")])
    bleu = Spec(metrics=_metrics("bleu"))
    nobody = Spec(systems=[System(model=evaluation_pb2.ModelSource(alias="nobody"))], metrics=_metrics("accuracy"))
    infinite = Instance(value=1.0, predictions=[Prediction(value=float("inf"))])
    reserved = Instance(predictions=[Prediction(finish_reason="stop")])
    twice = [Instance(id="\u00e9", references=["a"], predictions=[Prediction(text="a")])] * 2
    Request = evaluation_pb2.EvaluateRequest  # noqa: N806 - a class
    return [
        _evaluate("nothing", Request()),
        _evaluate("no-rows", Request(spec=bleu)),
        _evaluate("unknown-metric", Request(spec=Spec(metrics=_metrics("blue")), instances=[row])),
        _evaluate("unknown-parameter", Request(spec=Spec(metrics=_metrics("bleu(smoth=1)")), instances=[row])),
        _evaluate("wrong-rows", Request(spec=bleu, instances=[row, Instance(), row, Instance(references=["a"])])),
        _evaluate("not-finite", Request(spec=Spec(metrics=_metrics("mae")), instances=[infinite])),
        _evaluate("duplicates", Request(spec=bleu, instances=twice)),
        _evaluate("large-row", Request(spec=bleu, instances=[Instance(references=["x" * (2 << 20)])])),
        _evaluate("large-message", Request(spec=bleu, instances=[Instance(references=["x" * (900 << 10)])] * 12)),
        _evaluate("unknown-model", Request(spec=nobody, instances=_input_rows("a"))),
        _evaluate("reserved-field", Request(spec=bleu, instances=[reserved])),
        _model("no-model", "GetModel", model_pb2.GetModelRequest(alias="nobody")),
        _compare("one-system", evaluation_pb2.CompareRequest(spec=bleu, instances=[row])),
        _catalog("no-metric", "GetMetric", catalog_pb2.GetMetricRequest(name="bleurt")),
        Case("no-template", "evald.v1.TemplateService", "GetTemplate", (template_pb2.GetTemplateRequest(name="x"),)),
        _model("wrong-stream", "StreamPredict", _first("a"), Batch()),
    ]


def hopeless() -> Case:
    """A call that cannot be in time."""
    spec = Spec(metrics=_metrics("bleu"))
    return _evaluate("deadline", evaluation_pb2.EvaluateRequest(spec=spec, instances=text_rows(1)), 1e-6)


def write(cases: list[Case], file: Path) -> None:
    """The cases as the programs of the other languages read them."""
    told = [
        {
            "name": case.name,
            "service": case.service,
            "method": case.method,
            "requests": [json_format.MessageToJson(request, indent=None) for request in case.requests],
            "deadline_seconds": case.deadline_seconds,
        }
        for case in cases
    ]
    file.write_text(json.dumps(told))
