"""Requests for the extension, built from rows; answers as messages. Used by the parity and property tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hypothesis import strategies as st

from evald import _native
from evald.v1 import (
    analysis_pb2,
    evaluation_pb2,
    forgetting_pb2,
    gate_pb2,
    instance_pb2,
    metric_pb2,
    report_pb2,
    slice_pb2,
    statistics_pb2,
)

Row = instance_pb2.Instance
Answer = evaluation_pb2.EvaluateResponse | evaluation_pb2.CompareResponse

ANSWERS: dict[str, type[Answer]] = {
    "evaluate": evaluation_pb2.EvaluateResponse,
    "compare": evaluation_pb2.CompareResponse,
}

# Places where the tables of Python and of Rust are known to part: separators that only Python counts as spaces, letters
# whose lower case is ASCII or longer, characters outside of the basic plane, ends of lines, entities of HTML.
AWKWARD = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\x1c\x1d\x1e\x1f",
    "a\x1cb\x1dc\x1ed\x1fe",
    "\u212aelvin 5\u212a",
    "\u0130stanbul \u0130",
    "stra\u00dfe STRASSE \u1e9e",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 ok \U0001f1e9\U0001f1ea",
    "\u6771\u4eac\u90fd\u306b\u884c\u304f\u3002\u4f60\u597d\uff0c\u4e16\u754c\uff01",
    "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u0928\u092e\u0938\u094d\u0924\u0947 \u0645\u0631\u062d\u0628\u0627",
    "one\r\ntwo\rthree\nfour\x0bfive\x0csix\x85seven\u2028eight\u2029nine",
    "end-\nof-\r\nline-\n",
    "&quot;a&quot; &amp;amp; &lt;b&gt; &amp;quot; &#39; <skipped> </skipped>",
    "1,000.50 3.14, .5 5. 1-2 -7 3-D a,b 1,a a,1 ,,, ... $5 50% #1",
    "\u00a0nbsp\u2003em\u3000ideographic\u200bzero\ufeffbom\u180emongol",
    "na\u00efve caf\u00e9 cafe\u0301 \u201cquoted\u201d \u2018it\u2019s\u2019 it's don't - \u2013 \u2014",
    "the The THE a an An A the",
    "running runs ran happily happiness dying skies news innings succeed generalizations",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    "\u0660\u0661\u0662 \u00bd \u2167 \U0001d7d9 x\u00b2",
    "\x7f\x80\x9f\ue000\ufffd\U0010ffff",
)


def any_text() -> st.SearchStrategy[str]:
    """Texts: real words, awkward places, and any characters that protobuf can carry."""
    words = st.sampled_from(
        ["the", "a", "cat", "Cat", "sat.", "sat", "mat", "-", "1,5", "don't", "\u212a", "\x1c", "\U0001f600"]
    )
    characters = st.characters(exclude_categories=["Cs"])
    return st.one_of(
        st.lists(words, max_size=12).map(" ".join),
        st.lists(st.one_of(words, st.sampled_from(AWKWARD)), max_size=4).map("".join),
        st.text(characters, max_size=40),
    )


@dataclass(frozen=True)
class Question:
    """What to ask of rows: everything of a request but the rows."""

    metrics: Sequence[str | metric_pb2.MetricSpec]
    systems: Sequence[str] = ("system",)
    kind: Literal["evaluate", "compare"] = "evaluate"
    classes: Sequence[str] = ()
    unknown_labels: evaluation_pb2.UnknownLabels = evaluation_pb2.UNKNOWN_LABELS_UNSPECIFIED
    rows: bool = False
    slices: Sequence[str] = ()
    # Content by name: the files that parameters name.
    resources: Mapping[str, bytes] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=lambda: {"replicates": 0})
    analysis: dict[str, int] | None = None
    # Of comparisons only.
    forgetting: forgetting_pb2.ForgettingSpec | None = None
    gate: gate_pb2.GatePolicy | None = None

    def asking(self, **changes: Any) -> Question:
        """The same question with some parts changed."""
        return replace(self, **changes)

    def spec(self) -> _native.Spec:
        """The checked header."""
        named = [m if isinstance(m, metric_pb2.MetricSpec) else metric_pb2.MetricSpec(name=m) for m in self.metrics]
        spec = evaluation_pb2.EvaluationSpec(
            systems=[evaluation_pb2.System(name=name) for name in self.systems],
            metrics=named,
            classes=self.classes,
            unknown_labels=self.unknown_labels,
            slices=[slice_pb2.SliceSpec(by=form) for form in self.slices],
            statistics=statistics_pb2.StatisticsSpec(**self.statistics),
            row_report=report_pb2.ROW_REPORT_ALL if self.rows else report_pb2.ROW_REPORT_NONE,
            analysis=None if self.analysis is None else analysis_pb2.AnalysisSpec(**self.analysis),
        )
        # What both requests have has the same field numbers.
        request = evaluation_pb2.CompareRequest(spec=spec, forgetting=self.forgetting, gate=self.gate)
        header = request.SerializeToString(deterministic=True)
        files = _native.Resources({name: [(name, content)] for name, content in self.resources.items()})
        return _native.Spec.from_request(self.kind, header, _native.Limits(max_response_bytes=64 << 20), files)

    def accumulate(self, *batches: Iterable[Row]) -> _native.Accumulator:
        """The sums of the rows, pushed batch by batch."""
        spec = self.spec()
        accumulator = _native.Accumulator(spec)
        for batch in batches:
            rows = evaluation_pb2.EvaluateRequest(instances=batch).SerializeToString()
            accumulator.push(spec.read(rows))
        return accumulator

    def merge(self, states: Iterable[bytes]) -> _native.Accumulator:
        """The sums of other accumulators."""
        accumulator = _native.Accumulator(self.spec())
        for state in states:
            accumulator.merge(state)
        return accumulator

    def answer(self, *batches: Iterable[Row]) -> Answer:
        """The answer for the rows."""
        return self.read(self.accumulate(*batches).finish())

    def read(self, answer: bytes) -> Answer:
        """The answer as a message."""
        return ANSWERS[self.kind].FromString(answer)


def texts(predictions: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> list[Row]:
    """Rows without ids: predictions[system][row], references[row]."""
    answers = zip(*predictions, strict=True)
    return [
        Row(predictions=[instance_pb2.Prediction(text=text) for text in row], references=of_row)
        for row, of_row in zip(answers, references, strict=True)
    ]


def labels(predictions: Sequence[Sequence[str]], gold: Sequence[str]) -> list[Row]:
    """Rows without ids: predictions[system][row], gold[row]."""
    answers = zip(*predictions, strict=True)
    return [
        Row(predictions=[instance_pb2.Prediction(labels=[label]) for label in row], labels=[of_row])
        for row, of_row in zip(answers, gold, strict=True)
    ]


def result_of(answer: Answer, metric: str, system: str | None = None) -> metric_pb2.MetricResult:
    """The result of a metric by its key, of the first system unless named."""
    of_system = next(found for found in answer.systems if system in {None, found.system})
    return next(found for found in of_system.metrics if found.metric == metric)


def components(result: metric_pb2.MetricResult) -> dict[str, float | None]:
    """The parts of a value by name; None where undefined."""
    return {part.name: part.value if part.HasField("value") else None for part in result.components}


def value_of(result: metric_pb2.MetricResult) -> float | None:
    """The value; None where undefined."""
    return result.estimate.value if result.estimate.HasField("value") else None


def row_scores(answer: Answer, metric: str, system: str | None = None) -> list[float]:
    """The scores of every row by a metric's key, of the first system unless named."""
    of_system = next(found for found in answer.systems if system in {None, found.system})
    return list(next(found for found in of_system.rows.scores if found.metric == metric).values)
