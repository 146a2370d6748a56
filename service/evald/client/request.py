"""Writes requests: the header from options, the rows from a table. Knows v1 messages but not gRPC."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypedDict, cast

from evald.data import split_metrics
from evald.data.columns import CHUNK, Column, References, column
from evald.data.table import Model, Table
from evald.errors import InvalidRequestError
from evald.v1 import evaluation_pb2 as evaluation
from evald.v1 import instance_pb2 as instance
from evald.v1 import metric_pb2 as metric
from evald.v1 import report_pb2 as report
from evald.v1 import statistics_pb2 as statistics

Kind = Literal["evaluate", "compare"]
Progress = Callable[[int, int], None]
# A text form such as "rouge_l(stemmer=true)", or name, params, profile and key apart.
Metrics = str | Sequence[str | Mapping[str, Any]]


class Options(TypedDict, total=False):
    """How to score. All are optional; what is left out takes the default of the definition.

    classes: the class set, in the order of class scores; a label outside of it is refused.
    seed: seed of all draws, 0 to 2^64 - 1 (12345).
    confidence_level: level of the intervals, 0.5 to 0.999 (0.95).
    replicates: bootstrap replicates, 100 to 10,000; 0 turns intervals off (1,000).
    row_report: "none", "failed" or "all" (failed).
    correction: "holm" or "none", over metrics x candidates (holm).
    missing: "pairwise" leaves rows without a prediction out of the paired figures, "fail" refuses them (pairwise).
    """

    classes: Sequence[str | int | bool] | None
    seed: int | None
    confidence_level: float | None
    replicates: int | None
    row_report: Literal["none", "failed", "all"] | None
    correction: Literal["holm", "none"] | None
    missing: Literal["pairwise", "fail"] | None


@dataclass(frozen=True)
class Request:
    """A request that is ready to be sent in parts: concatenated messages merge."""

    kind: Kind
    header: bytes
    table: Table
    # As written by the caller: names or text forms.
    metrics: Sequence[str]

    def parts(self, needs: Collection[str]) -> Iterator[bytes]:
        """The rows in chunks, as serialised requests that hold nothing else."""
        write = row_writer(self.table, needs)
        for start in range(0, self.table.rows, CHUNK):
            # Rows have the same field number in both requests.
            chunk = evaluation.EvaluateRequest()
            for row in range(start, min(start + CHUNK, self.table.rows)):
                write(row, chunk.instances.add())
            yield chunk.SerializeToString()

    def whole(self, needs: Collection[str]) -> bytes:
        """Header and rows."""
        return b"".join([self.header, *self.parts(needs)])


def request_of(kind: Kind, table: Table, metrics: Metrics, options: Options, baseline: str | None = None) -> Request:
    """The request of a table; checks what can be known without the metrics' definitions."""
    unknown = options.keys() - Options.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected argument {min(unknown)!r}; there are {', '.join(Options.__annotations__)}")
    spec = _spec(table, metrics, options)
    check_class_scores(table, spec.classes)
    if kind == "evaluate":
        message: Any = evaluation.EvaluateRequest(spec=spec)
    else:
        message = evaluation.CompareRequest(spec=spec, baseline=baseline or "")
    return Request(kind, message.SerializeToString(), table, [one.name for one in spec.metrics])


def check_class_scores(table: Table, classes: Sequence[Any] | None) -> None:
    """Refuses class scores without classes, or with another number of them."""
    for source in table.systems.values():
        if not isinstance(source, Column) or "scores" not in source.kinds:
            continue
        if not classes:
            raise InvalidRequestError.of_field("MISSING_FIELD", "classes", "are required beside class scores")
        for row, cell in enumerate(source.values):
            if isinstance(cell, list) and len(cell) != len(classes):
                raise InvalidRequestError.of_field(
                    "CLASS_SCORES_MISMATCH",
                    source.where(row),
                    f"has {len(cell)} class scores but there are {len(classes)} classes",
                )


def check_needs(table: Table, needs: Collection[str]) -> None:
    """Refuses a table that lacks what the metrics need, or holds it in another type."""
    if table.references is None and table.labels is None:
        raise InvalidRequestError.of_field("MISSING_FIELD", "references", "are required")
    columns = [source for source in table.systems.values() if isinstance(source, Column)]
    if "prediction_text" in needs:
        refused = () if table.lenient else ("int", "bool")
        for one in columns:
            _check_texts(one, refused)
        if table.references is not None:
            _check_texts(table.references, refused)
    gold = table.references
    if "labels" in needs and table.labels is None and gold is not None and gold.nested:
        for row, values in enumerate(gold.values):
            if len(values) != 1:
                raise InvalidRequestError.of_field(
                    "TOO_MANY_LABELS", gold.where(row), f"holds {len(values)} labels; a row has exactly one gold label"
                )


def _check_texts(part: Column | References, refused: Collection[str]) -> None:
    for kind in ("scores", *refused):
        if kind in part.kinds:
            found = {"scores": "a list of class scores", "int": "an int", "bool": "a bool"}[kind]
            raise InvalidRequestError.of_field(
                "BAD_TYPE", part.where(part.kinds[kind]), f"is {found}; text metrics take str"
            )


def gold_labels(table: Table) -> Sequence[str]:
    """The gold label of every row, after `check_needs`."""
    if table.labels is not None:
        return [str(label) for label in table.labels.values]
    gold = table.references
    if gold is None:
        return []
    return [values[0] for values in gold.values] if gold.nested else cast(Sequence[str], gold.values)


def row_writer(table: Table, needs: Collection[str]) -> Callable[[int, instance.Instance], None]:
    """A function that fills the message of a row."""
    check_needs(table, needs)
    texts, labels = "prediction_text" in needs, "labels" in needs
    columns = [source if isinstance(source, Column) else None for source in table.systems.values()]
    gold = gold_labels(table) if labels else ()
    models = any(source is None for source in columns)

    def write(row: int, message: instance.Instance) -> None:
        _write_key(table, row, message)
        if texts and table.references is not None:
            values = table.references.values[row]
            message.references.extend([values] if isinstance(values, str) else values)
        if labels:
            message.labels.append(gold[row])
        if models and table.inputs is not None:
            message.inputs.update(table.inputs[row])
        for one in columns:
            prediction = message.predictions.add()
            if one is not None:
                _write_prediction(prediction, one.values[row], texts, labels)

    return write


def _write_key(table: Table, row: int, message: instance.Instance) -> None:
    if table.ids is not None:
        message.id = table.ids[row]
    if table.clusters is not None:
        message.cluster = table.clusters[row]
    if table.samples is not None:
        message.sample = table.samples[row]


def _write_prediction(message: instance.Prediction, cell: Any, texts: bool, labels: bool) -> None:
    if cell is None:
        return
    if isinstance(cell, list):
        message.class_scores.extend(cell)
        return
    if texts:
        message.text = cell
    if labels:
        message.labels.append(cell)


def _spec(table: Table, metrics: Metrics, options: Options) -> evaluation.EvaluationSpec:
    classes = column(options.get("classes") or [], "classes")
    spec = evaluation.EvaluationSpec(
        systems=[_system(name, source) for name, source in table.systems.items()],
        metrics=[metric_spec(entry, index) for index, entry in enumerate(metric_list(metrics))],
        classes=[str(label) for label in classes.values],
    )
    spec.row_report = _choice(report.RowReport, "ROW_REPORT", "row_report", options.get("row_report"))
    found = spec.statistics
    found.correction = _choice(
        statistics.CorrectionMethod, "CORRECTION_METHOD", "correction", options.get("correction")
    )
    found.missing = _choice(statistics.MissingPolicy, "MISSING_POLICY", "missing", options.get("missing"))
    for name in ("seed", "confidence_level", "replicates"):
        _put_number(found, name, options.get(name))
    return spec


def _put_number(message: Any, name: str, value: Any) -> None:
    if value is None:
        return
    try:
        setattr(message, name, value)
    except (TypeError, ValueError, OverflowError):
        wanted = "a number" if name == "confidence_level" else "a whole number from 0 on"
        raise InvalidRequestError.of_field("BAD_STATISTICS", name, f"must be {wanted}") from None


def _choice(enum: Any, prefix: str, name: str, value: Any) -> Any:
    if value is None:
        return 0
    words = _words(enum, prefix)
    if not isinstance(value, str) or value not in words:
        raise InvalidRequestError.of_field("BAD_CHOICE", name, f"must be one of {', '.join(words)}")
    return words[value]


@cache
def _words(enum: Any, prefix: str) -> Mapping[str, int]:
    return {
        key.removeprefix(f"{prefix}_").lower(): number
        for key, number in enum.items()
        if not key.endswith("_UNSPECIFIED")
    }


def _system(name: str, source: Column | Model) -> evaluation.System:
    if isinstance(source, Model):
        return evaluation.System(name=name, model=evaluation.ModelSource(alias=source.alias, input=source.input))
    return evaluation.System(name=name, inline=evaluation.InlineSource())


def metric_list(metrics: Metrics) -> Sequence[str | Mapping[str, Any]]:
    """The metrics one by one; a single string may name several."""
    if isinstance(metrics, str):
        return split_metrics(metrics)
    if not metrics:
        raise InvalidRequestError.of_field("MISSING_FIELD", "metrics", "must name at least one metric")
    return metrics


def metric_spec(entry: str | Mapping[str, Any], index: int) -> metric.MetricSpec:
    """The message of a metric in text form or in parts."""
    path = f"metrics[{index}]"
    if isinstance(entry, str):
        return metric.MetricSpec(name=entry.strip())
    if not isinstance(entry, Mapping):
        raise InvalidRequestError.of_field("BAD_TYPE", path, f"must be a str or a dict, not {type(entry).__name__}")
    unknown = entry.keys() - {"name", "params", "profile", "key"}
    if unknown or "name" not in entry:
        raise InvalidRequestError.of_field("BAD_TYPE", path, "is a dict with name and perhaps params, profile, key")
    spec = metric.MetricSpec(name=entry["name"], profile=entry.get("profile") or "", key=entry.get("key") or "")
    try:
        spec.params.update(entry.get("params") or {})
    except (TypeError, ValueError):
        raise InvalidRequestError.of_field("BAD_PARAMETER", f"{path}.params", "must hold bool, number or str") from None
    return spec
