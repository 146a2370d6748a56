"""The tables of docs/calibration.md: percent with their Monte-Carlo standard error, in bold if they break a promise."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

from bench.calibration.cells import Figure, Result

START, END = "<!-- calibration: start -->", "<!-- calibration: end -->"
Row = tuple[str, ...]
Bounds = tuple[float, float]
NO_BOUNDS = (0.0, 1.0)
# Levels of the claims at a margin's edge, all of which are wrong.
CLAIMS = {"not_worse": 0.05, "equivalent": 0.05, "go": 0.025, "no_go": 0.025}


def tables(results: Mapping[str, Result], about: str) -> str:
    """All tables that there are results for."""
    parts = [about]
    for title, kind, head, rows in TABLES:
        of_table = {
            tuple(name.split("/")[1:]): result for name, result in results.items() if name.split("/")[0] == kind
        }
        lines = list(dict.fromkeys(line for parts, result in of_table.items() for line in rows(parts, result)))
        if lines:
            parts += ["", f"### {title}", ""]
            parts += [_line(head), _line(("---",) * 2 + ("---:",) * (len(head) - 2))]
            parts += [_line(line) for line in lines]
    return "\n".join(parts)


def written(page: str, text: str) -> str:
    """A page with the text between its markers."""
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise SystemExit(f"the page lacks {START} and {END}")
    return f"{before}{START}\n{text}\n{END}{after}"


def _line(cells: Row) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(figure: Figure | None, bounds: Bounds = NO_BOUNDS) -> str:
    """A share and its error; in bold if it lies beyond the bounds by more than chance, two errors."""
    if figure is None or math.isnan(figure.mean):
        return ""
    text = f"{100 * figure.mean:.2f} ± {100 * figure.error:.2f}"
    slack = 2 * figure.error
    return text if bounds[0] - slack <= figure.mean <= bounds[1] + slack else f"**{text}**"


def _coverage(parts: Row, result: Result) -> Iterator[Row]:
    population, rows, asked = parts
    few = (" 10 clusters", " 30 clusters", " 10 unequal clusters")
    promised = int(rows) >= 1_000 and not population.endswith(few)
    methods = dict.fromkeys(tuple(name.split("/")[:2]) for name in result.figures if name.count("/") == 2)
    for of, method in methods:
        if asked not in ("default", method):
            continue

        def figure(what: str, of: str = of, method: str = method) -> Figure | None:
            return result.figures.get(f"{of}/{method}/{what}")

        width, noted = figure("width"), figure("noted")
        yield (
            population,
            f"{of}, {method}" + (" (default)" if asked == "default" else ""),
            f"{int(rows):,}",
            _percent(figure("covers"), (0.935, 0.965) if promised else NO_BOUNDS),
            _percent(figure("below")),
            f"{width.mean:.4f}" if width else "",
            f"{100 * noted.mean:.0f}" if noted else "",
            f"{result.runs:,}",
        )


def _rejection(parts: Row, result: Result) -> Iterator[Row]:
    population, rows, test = parts
    # Without scores of rows more than a tenth of the rows differ here.
    differ = result.figures["differ"].mean
    many = int(rows) >= 1_000 if math.isnan(differ) else differ >= 100
    has_floor = many and test in ("paired_randomisation", "mcnemar_midp", "paired_t")
    bounds = (0.04 if has_floor else 0.0, 0.06)
    share = _percent(result.figures["rejects"], bounds)
    yield population, test, f"{int(rows):,}", "" if math.isnan(differ) else f"{differ:,.0f}", share, f"{result.runs:,}"


def _margin(parts: Row, result: Result) -> Iterator[Row]:
    found = result.figures
    if "go" in found:
        claims = [_percent(found[name], (0.0, bound)) for name, bound in CLAIMS.items()]
        yield parts[0], f"{int(parts[1]):,}", *claims, f"{result.runs:,}"


def _family(parts: Row, result: Result) -> Iterator[Row]:
    correction = parts[1].split(",", maxsplit=1)[0]
    none_better = not parts[0].endswith("1 better")
    controls_any = correction in ("holm", "holm_sidak") or (none_better and correction != "none")
    any_false = _percent(result.figures["any_false"], (0.0, 0.055) if controls_any else NO_BOUNDS)
    yield *parts, any_false, _percent(result.figures["share_false"]), f"{result.runs:,}"


def _slices(parts: Row, result: Result) -> Iterator[Row]:
    heterogeneous = _percent(result.figures.get("heterogeneous"), (0.0, 0.06))
    share_false = _percent(result.figures["share_false"], (0.0, 0.055))
    yield *parts, share_false, heterogeneous, f"{result.runs:,}"


def _power(parts: Row, result: Result) -> Iterator[Row]:
    found = result.figures
    promised = found["promised"].mean
    finds = _percent(found["finds"], (promised - 0.03, promised + 0.03))
    yield parts[0], parts[2], f"{found['rows'].mean:,.0f}", f"{100 * promised:.0f}", finds, f"{result.runs:,}"


# Title, the first part of the names of its cells, head of the table, and the rows of a cell.
TABLES: tuple[tuple[str, str, Row, Callable[[Row, Result], Iterator[Row]]], ...] = (
    (
        "Intervals",
        "coverage",
        ("population", "interval", "rows", "covers %", "too low %", "mean width", "noted %", "runs"),
        _coverage,
    ),
    (
        "At the margin",
        "coverage",
        ("population", "rows", "not worse %", "equivalent %", "GO %", "NO_GO %", "runs"),
        _margin,
    ),
    ("Tests without an effect", "rejection", ("population", "test", "rows", "differ", "rejects %", "runs"), _rejection),
    ("Families", "family", ("family", "correction, test", "any false %", "share false %", "runs"), _family),
    ("Slices", "slices", ("slices", "of them", "share false %", "heterogeneous %", "runs"), _slices),
    ("Power", "power", ("what", "test", "rows", "promised %", "found %", "runs"), _power),
)
