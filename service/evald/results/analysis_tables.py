"""An error analysis as tables: the same ones for a terminal and for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from evald.results import text

if TYPE_CHECKING:
    from evald.results.analysis import ErrorAnalysis, ListedRow, MetricErrors, PairErrors, RowChanges, SystemErrors
    from evald.results.findings import ConfusionMatrix

_MOST_NAMED = 5
# Cells of the difference of two confusion matrices that are printed.
_MOST_CHANGES = 10


class Table(NamedTuple):
    """One table with a title; cells are not escaped."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    # Columns of words, which come first.
    words: int = 1
    # Whether the last column is of words, too.
    ends_in_words: bool = True


def as_text(result: ErrorAnalysis) -> str:
    """The tables one below the other."""
    blocks = []
    for found in tables(result):
        rows = [[text.printable(cell) for cell in row] for row in found.rows]
        block = text.table(found.head, rows, left=found.words, left_last=found.ends_in_words) if rows else ""
        blocks.append("\n".join(filter(None, [text.printable(found.title), block])))
    notes = [f"! {text.note_line(note)}" for note in result.notes]
    return "\n\n".join([*blocks, *(["\n".join(notes)] if notes else [])])


def tables(result: ErrorAnalysis) -> Iterator[Table]:
    """All tables, those of systems first."""
    for system in result.systems:
        yield from _of_system(system)
    for pair in result.pairs:
        yield from _of_pair(pair)
    for metric, rows in (result.hardest or {}).items():
        # Rows that are hard for one system are among its errors above.
        if rows and len(result.systems) > 1:
            names = " / ".join(system.system for system in result.systems)
            listed = [[row.id, _scores(row, " / ")] for row in rows]
            yield Table(f"Hardest rows by {metric}", ["row", f"score of {names}"], listed)


def _of_system(found: SystemErrors) -> Iterator[Table]:
    if found.confusions:
        rows = [
            [one.gold, one.predicted, text.cell(one.count), f"{100 * one.share:.1f} %", _named(one.rows)]
            for one in found.confusions
        ]
        head = ["gold", "predicted", "rows", "of the gold label", "for example"]
        yield Table(f"{found.system}: labels confused most often", head, rows, words=2)
    for what, ngrams in (("more", found.overproduced), ("less", found.underproduced)):
        if ngrams:
            rows = [
                [one.text, f"{one.produced:,}", f"{one.referenced:,}", _number(one.log_likelihood)] for one in ngrams
            ]
            head = ["n-gram", "in texts", "in references", "log-likelihood"]
            yield Table(f"{found.system}: n-grams {what} often than in references", head, rows, ends_in_words=False)
    for metric in found.metrics:
        yield _bands(found.system, metric)
        for what, buckets in (
            ("reference", metric.by_reference_length),
            ("prediction", metric.by_prediction_length),
        ):
            # One bucket says nothing about length.
            if len(buckets) > 1:
                rows = [
                    [_span(one.low, one.high), f"{one.rows:,}", _number(one.mean_score), _percent(one.error_rate)]
                    for one in buckets
                ]
                title = f"{found.system}: {metric.metric} by length of the {what}"
                yield Table(title, ["words", "rows", "mean score", "not right"], rows, ends_in_words=False)


def _bands(system: str, found: MetricErrors) -> Table:
    wrong = sum(band.rows for band in found.bands)
    right = "" if found.right is None else f": {found.right:,} of {found.right + wrong:,} rows right"
    # Rows of right or wrong have one score that is not right.
    is_binary = len(found.bands) == 1 and all(row.scores[0] == found.bands[0].worst for row in found.bands[0].samples)
    rows = []
    for band in found.bands:
        ends = "any" if band.worst is None or band.best is None else f"{_number(band.worst)} to {_number(band.best)}"
        shown = _number(band.worst) if is_binary else ends
        rows.append([shown, f"{band.rows:,}", _named(band.samples, scored=not is_binary)])
    return Table(f"{system}: {found.metric}{right}", ["score", "rows", "for example"], rows)


def _of_pair(found: PairErrors) -> Iterator[Table]:
    if found.confusion_difference is not None and found.confusion_difference.cells:
        yield _difference(found.candidate, found.confusion_difference)
    for metric in found.metrics:
        rows = [
            [name, row.id, _scores(row, " → ")]
            for name, listed in (("better", metric.gains), ("worse", metric.losses))
            for row in listed
        ]
        title = f"{found.candidate}, rows changed most: {metric.metric}{_flips(metric)}"
        yield Table(title, ["", "row", "score"], rows, words=2)


def _difference(candidate: str, matrix: ConfusionMatrix) -> Table:
    changed = sorted(matrix.cells, key=lambda cell: -abs(cell.value))[:_MOST_CHANGES]
    rows = [
        [cell.gold, cell.predicted, f"{'+' if cell.value > 0 else '-'}{text.cell(abs(cell.value))}", _judged(cell)]
        for cell in changed
    ]
    return Table(f"{candidate}: confusion matrix minus the baseline's", ["gold", "predicted", "rows", ""], rows, 2)


def _judged(cell: Any) -> str:
    return "better" if (cell.gold == cell.predicted) == (cell.value > 0) else "worse"


def _flips(found: RowChanges) -> str:
    if found.fixed is None:
        return ""
    return (
        f": {found.fixed:,} fixed, {found.broken:,} broken, {found.both_right:,} right in both, "
        f"{found.both_wrong:,} in neither"
    )


def _named(rows: Sequence[ListedRow], scored: bool = False) -> str:
    named = [f"{row.id} ({_number(row.scores[0])})" if scored else row.id for row in rows[:_MOST_NAMED]]
    return ", ".join(named)


def _scores(row: ListedRow, between: str) -> str:
    return between.join(map(_number, row.scores))


def _span(low: int, high: int | None) -> str:
    return f"{low}+" if high is None else str(low) if low == high else f"{low}-{high}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def records(result: ErrorAnalysis) -> list[dict[str, Any]]:
    """One dict a listed row: kind, system, metric, id, score, score of the baseline, labels."""
    found = []
    for system in result.systems:
        for one in system.confusions:
            found += [
                _record("confused", system.system, row, gold=one.gold, predicted=one.predicted) for row in one.rows
            ]
        for metric in system.metrics:
            for band in metric.bands:
                found += [_record("error", system.system, row, metric.metric) for row in band.samples]
    for pair in result.pairs:
        for changes in pair.metrics:
            for kind, rows in (("gain", changes.gains), ("loss", changes.losses)):
                found += [_record(kind, pair.candidate, row, changes.metric) for row in rows]
    for name, rows in (result.hardest or {}).items():
        for row in rows:
            named = zip(result.systems, row.scores, strict=True)
            found += [{**_record("hard", one.system, row, name), "score": score} for one, score in named]
    return found


def _record(
    kind: str,
    system: str,
    row: ListedRow,
    metric: str | None = None,
    gold: str | None = None,
    predicted: str | None = None,
) -> dict[str, Any]:
    is_change = kind in ("gain", "loss")
    return {
        "kind": kind, "system": system, "metric": metric, "id": row.id, "score": row.scores[-1] if row.scores else None,
        "baseline_score": row.scores[0] if is_change else None, "gold": gold, "predicted": predicted,
    }  # fmt: skip
