"""Compares evald with its references on generated data and counts what differs, metric by metric."""

from __future__ import annotations

import math
import random
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from tests.metrics.golden import key_of, named
from tests.metrics.oracles import dense
from tests.parity.generate import Pair, pairs
from tests.properties.build import Question, Row, components, result_of, row_scores, value_of

import evald
from evald.errors import InvalidRequestError
from evald.v1.evaluation_pb2 import UNKNOWN_LABELS_UNSPECIFIED, UnknownLabels
from evald.v1.instance_pb2 import Prediction

# Cases of very long texts: at most so many a check, and one for so many other rows.
MOST_LONG, LONG_EVERY = 20, 5_000


@dataclass(frozen=True)
class Expected:
    """What the reference says of a metric; parts of which it says nothing (None) are not compared, nan is undefined."""

    value: float | None = None
    rows: Sequence[float] | None = None
    components: Mapping[str, float] = field(default_factory=dict)
    # A confusion matrix.
    matrix: Any = None
    # The field that a refusal names, where the rows have no value.
    refused: str | None = None


@dataclass(frozen=True)
class Case:
    """A small data set, and what the references say of it by the text form of each metric."""

    rows: Sequence[Row]
    expected: Mapping[str, Expected]
    classes: Sequence[str] = ()
    unknown_labels: UnknownLabels = UNKNOWN_LABELS_UNSPECIFIED
    # The files that parameters name, by name.
    resources: Mapping[str, bytes] = field(default_factory=dict)
    # In place of rows of the API: what `evald.evaluate` is called with.
    arguments: Mapping[str, Any] | None = None

    def found(self) -> Mapping[str, Expected]:
        """What evald says of the same metrics."""
        if any(expected.refused for expected in self.expected.values()):
            return {metric: Expected(refused=self.refusal(metric)) for metric in self.expected}
        if self.arguments is not None:
            given = evald.evaluate(**self.arguments, metrics=list(self.expected), replicates=0)
            return {metric: Expected(undefined(given[metric].value)) for metric in self.expected}
        wanted = any(expected.rows is not None for expected in self.expected.values())
        question = Question(
            [*map(named, self.expected)],
            classes=self.classes,
            rows=wanted,
            unknown_labels=self.unknown_labels,
            resources=self.resources,
        )
        answer = question.answer(self.rows)
        found = {}
        for metric, expected in self.expected.items():
            result = result_of(answer, key_of(metric))
            scores = None if expected.rows is None else row_scores(answer, key_of(metric))
            parts = {name: undefined(part) for name, part in components(result).items()}
            matrix = None if expected.matrix is None else dense(result.confusion_matrix)
            found[metric] = Expected(undefined(value_of(result)), scores, parts, matrix)
        return found

    def refusal(self, metric: str) -> str | None:
        """The field that evald names when it refuses the rows; None if it takes them."""
        try:
            Question([named(metric)], classes=self.classes).answer(self.rows)
        except InvalidRequestError as error:
            return error.violations[0].field
        return None

    def told(self, difference: str) -> str:
        """The row that a difference names; else everything."""
        row = re.match(r"row (\d+)", difference)
        return ascii(str(self.arguments or (self.rows[int(row[1])] if row else self.rows)))


class Check(Protocol):
    """A source of cases."""

    @property
    def tolerance(self) -> float:
        """Absolute below 1 and relative above; 0 asks for equal bits."""

    def cases(self, choose: random.Random, rows: int) -> Iterator[tuple[int, Case]]:
        """Cases with the number of their rows, until there are so many rows."""


@dataclass(frozen=True)
class CaseCheck:
    """Cases of several metrics."""

    make: Callable[[random.Random], Case]
    tolerance: float = 1e-9
    # Makes a case of a very long text.
    long: Callable[[random.Random], Case] | None = None

    def cases(self, choose: random.Random, rows: int) -> Iterator[tuple[int, Case]]:
        done = 0
        while done < rows:
            case = self.make(choose)
            done += len(case.rows)
            yield len(case.rows), case
        if self.long is not None:
            for _ in range(min(MOST_LONG, rows // LONG_EVERY)):
                case = self.long(choose)
                yield len(case.rows), case


@dataclass(frozen=True)
class RowCheck:
    """A metric of texts whose row scores are compared, pair by pair."""

    metric: str
    reference: Callable[[Pair], float]
    tolerance: float = 1e-9
    most_references: int = 7

    def cases(self, choose: random.Random, rows: int) -> Iterator[tuple[int, Case]]:
        for start in range(0, rows, 500):
            drawn = pairs(choose, min(500, rows - start), self.most_references)
            yield (
                len(drawn),
                Case(instances(drawn), {self.metric: Expected(rows=[self.reference(one) for one in drawn])}),
            )


@dataclass(frozen=True)
class CorpusCheck:
    """A metric whose value is compared through `evald.evaluate`."""

    metric: str
    # Makes a data set from a generator: keyword arguments of `evald.evaluate`, the reference's value, rows.
    make: Callable[[random.Random], tuple[Mapping[str, Any], float | None, int]]
    tolerance: float = 1e-12

    def cases(self, choose: random.Random, rows: int) -> Iterator[tuple[int, Case]]:
        done = 0
        while done < rows:
            arguments, value, count = self.make(choose)
            done += max(count, 1)
            yield count, Case((), {self.metric: Expected(undefined(value))}, arguments=arguments)


@dataclass
class Tally:
    """A line of the table."""

    forms: set[str] = field(default_factory=set)
    cases: int = 0
    mismatches: int = 0
    seconds: float = 0.0


def undefined(value: float | None) -> float:
    """None is as good as nan."""
    return math.nan if value is None else float(value)


def instances(drawn: Sequence[Pair]) -> list[Row]:
    """Rows of texts."""
    return [Row(predictions=[Prediction(text=one.prediction)], references=one.references) for one in drawn]


def close(found: float, expected: float, tolerance: float) -> bool:
    """Whether two numbers are the same; undefined equals undefined."""
    if math.isnan(found) or math.isnan(expected) or math.isinf(found) or math.isinf(expected):
        return found == expected or (math.isnan(found) and math.isnan(expected))
    return found == expected or abs(found - expected) <= tolerance * max(1.0, abs(expected))


def differences(found: Expected, expected: Expected, tolerance: float) -> Iterator[str]:
    """One line for every part that differs."""
    if found.refused != expected.refused:
        yield f"refused: evald {found.refused!r} expected {expected.refused!r}"
    if expected.value is not None and not close(found.value or 0.0, expected.value, tolerance):
        yield f"value: evald {found.value!r} reference {expected.value!r}"
    if expected.rows is not None:
        for at, (ours, theirs) in enumerate(zip(found.rows or (), expected.rows, strict=True)):
            if not close(ours, theirs, tolerance):
                yield f"row {at}: evald {ours!r} reference {theirs!r}"
    for name, part in expected.components.items():
        if not close(found.components.get(name, math.inf), part, tolerance):
            yield f"{name}: evald {found.components.get(name)!r} reference {part!r}"
    if expected.matrix is not None and not np.allclose(found.matrix, expected.matrix, rtol=0, atol=tolerance):
        yield f"matrix: evald {found.matrix!r} reference {expected.matrix!r}"


def line_of(form: str) -> str:
    """The line of the table that a text form counts for: the metric, and its profile if one is named."""
    profile = re.search(r"profile=([^,)]+)", form)
    return form.partition("(")[0] + (f" {profile[1]}" if profile else "")


def compare(check: Check, cases: int, seed: int, table: dict[str, Tally], shown: int = 3) -> None:
    """Adds what a check finds to the table; prints the first differences."""
    start = time.monotonic()
    seen: set[str] = set()
    with warnings.catch_warnings():
        # References warn of the corner cases that are under test.
        warnings.simplefilter("ignore")
        for rows, case in check.cases(random.Random(seed), cases):
            found = case.found()
            for metric, expected in case.expected.items():
                tally = table.setdefault(line_of(metric), Tally())
                wrong = list(differences(found[metric], expected, check.tolerance))
                tally.forms.add(metric)
                tally.cases += rows
                tally.mismatches += len(wrong)
                seen.add(line_of(metric))
                if wrong and tally.mismatches - len(wrong) < shown:
                    print(f"DIFFERENT {metric}: {wrong[0]}\n    of {case.told(wrong[0])[:1500]}", flush=True)
    for line in seen:
        table[line].seconds += (time.monotonic() - start) / len(seen)


def run(checks: Sequence[Check], cases: int, seed: int) -> dict[str, Tally]:
    """Runs the checks."""
    table: dict[str, Tally] = {}
    for check in checks:
        compare(check, cases, seed, table)
    return table


def shown(table: Mapping[str, Tally]) -> str:
    """The table: metric, different text forms of it, comparisons of a row with a form, mismatches, seconds."""
    lines = [f"{'metric':<28} {'forms':>6} {'cases':>11} {'mismatches':>10} {'seconds':>8}"]
    for metric, tally in sorted(table.items()):
        lines.append(
            f"{metric:<28} {len(tally.forms):>6} {tally.cases:>11,} {tally.mismatches:>10} {tally.seconds:>8.1f}"
        )
    return "\n".join(lines)
