"""Writes README's table of metrics from the registry of the extension; run by `make metrics`.

With --check it only compares. tests/project/test_registries.py does the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

from evald import _native
from evald.v1 import catalog_pb2, metric_pb2

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- metrics:begin -->"
END = "<!-- metrics:end -->"


def descriptors() -> list[metric_pb2.MetricDescriptor]:
    """All metrics of the registry, by name."""
    return list(catalog_pb2.ListMetricsResponse.FromString(_native.list_metrics()).metrics)


def table() -> str:
    """The table, in Markdown."""
    lines = ["| metric | what it measures | parameters | equal to |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{metric.name}` | {metric.summary} | {_parameters(metric)} | {metric.reference} |"
        for metric in descriptors()
    ]
    return "\n".join(lines)


def rendered(text: str) -> str:
    """README's text with the table between its markers replaced."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        sys.exit(f"README.md lacks the markers {BEGIN} and {END}")
    return f"{head}{begin}\n{table()}\n{end}{tail}"


def _parameters(metric: metric_pb2.MetricDescriptor) -> str:
    named = [f"`{parameter.name}={parameter.default_value}`" for parameter in metric.parameters]
    return ", ".join(named) or "none"


def main() -> None:
    """Rewrites README.md, or with --check fails when it would change."""
    text = README.read_text()
    new = rendered(text)
    if "--check" in sys.argv[1:]:
        if new != text:
            sys.exit("README's table of metrics is not what the registry says; run `make metrics`")
        return
    README.write_text(new)


if __name__ == "__main__":
    main()
