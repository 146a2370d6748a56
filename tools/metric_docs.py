"""Writes what the registry of the extension knows into the documentation; run by `make metrics`.

README gets the table of metrics between its markers; every page of docs/metrics gets, behind each line
"<!-- parameters: NAME -->", the facts and parameters of the metric. With --check it only compares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from evald import _native
from evald.v1 import catalog_pb2, metric_pb2

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = ROOT / "docs" / "metrics"
BEGIN = "<!-- metrics:begin -->"
END = "<!-- metrics:end -->"
# What was written behind a marker ends at the next of these.
MARKER = re.compile(
    r"^<!-- parameters: (?P<name>\w+) -->\n(?:.*?^<!-- parameters:end -->\n)?", re.MULTILINE | re.DOTALL
)

Descriptors = dict[str, metric_pb2.MetricDescriptor]


def descriptors() -> Descriptors:
    """All metrics of the registry, by name."""
    found = catalog_pb2.ListMetricsResponse.FromString(_native.list_metrics())
    return {metric.name: metric for metric in found.metrics}


def page_of() -> dict[str, Path]:
    """The page of each metric: the first that holds its marker."""
    found: dict[str, Path] = {}
    for page in sorted(PAGES.glob("*.md")):
        for match in MARKER.finditer(page.read_text()):
            found.setdefault(match["name"], page)
    return found


def readme(text: str, metrics: Descriptors) -> str:
    """README's text with the table between its markers replaced."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit(f"README.md lacks the markers {BEGIN} and {END}")
    pages = page_of()
    lines = ["| metric | what it measures | equal to |", "| --- | --- | --- |"]
    for metric in metrics.values():
        page = pages.get(metric.name)
        name = f"[`{metric.name}`]({page.relative_to(ROOT).as_posix()})" if page else f"`{metric.name}`"
        lines.append(f"| {name} | {_cell(metric.summary)} | {_cell(metric.reference)} |")
    return f"{head}{begin}\n" + "\n".join(lines) + f"\n{end}{tail}"


def page(text: str, metrics: Descriptors) -> str:
    """A page with what the registry knows behind its markers."""

    def facts(match: re.Match[str]) -> str:
        metric = metrics.get(match["name"])
        if metric is None:
            sys.exit(f"a page has a marker for {match['name']}, which is no metric")
        lines = [f"<!-- parameters: {metric.name} -->", *_facts(metric), "<!-- parameters:end -->"]
        return "\n".join(lines) + "\n"

    return MARKER.sub(facts, text)


def _facts(metric: metric_pb2.MetricDescriptor) -> Iterator[str]:
    direction = {metric_pb2.DIRECTION_HIGHER: "higher is better", metric_pb2.DIRECTION_LOWER: "lower is better"}
    fields = ", ".join(metric_pb2.RowField.Name(need).removeprefix("ROW_FIELD_").lower() for need in metric.needs)
    yield f"`{metric.name}`: {metric.summary} Equal to {metric.reference}."
    yield ""
    facts = [
        direction.get(metric.direction, "neither way is better"),
        f"from {metric.range_low:g} to {metric.range_high:g}" if metric.range_high > metric.range_low else "no value",
        f"needs {fields}",
        "rows have scores" if metric.row_score else "rows have no scores",
        "rows may have weights" if metric.weighted else "",
        "" if metric.interval else "no interval",
        "a model of a server computes it" if metric.model else "",
    ]
    yield "; ".join(fact for fact in facts if fact) + "."
    if metric.profiles:
        yield ""
        yield "Profiles: " + ", ".join(f"`{profile}`" for profile in metric.profiles) + "; the first is the default."
    if metric.parameters:
        yield ""
        yield "| parameter | default | allowed | what it does |"
        yield "| --- | --- | --- | --- |"
        for one in metric.parameters:
            default = f"`{one.default_value}`" if one.default_value else "not given"
            yield f"| `{one.name}` | {default} | {_cell(one.allowed) or one.type} | {_cell(one.summary)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Rewrites the files, or with --check fails when one would change."""
    metrics = descriptors()
    stale = []
    for path in [*sorted(PAGES.glob("*.md")), README]:
        text = path.read_text()
        new = readme(text, metrics) if path == README else page(text, metrics)
        if new != text:
            stale.append(path.relative_to(ROOT).as_posix())
            if "--check" not in sys.argv[1:]:
                path.write_text(new)
    if stale and "--check" in sys.argv[1:]:
        sys.exit(f"not what the registry says; run `make metrics`: {', '.join(stale)}")


if __name__ == "__main__":
    main()
