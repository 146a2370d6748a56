"""Golden tables, as Python reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evald.v1 import metric_pb2

FOLDER = Path(__file__).resolve().parent.parent / "golden"


def golden(name: str) -> dict[str, Any]:
    """A golden file."""
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def numbers(values: list[str]) -> list[float]:
    """The exact numbers that a table holds as texts."""
    return [float(value) for value in values]


def named(written: str) -> metric_pb2.MetricSpec:
    """A metric whose result has the name that it is written with, in whatever order its parameters are."""
    # Keys hold no control characters; patterns may.
    return metric_pb2.MetricSpec(name=written, key=key_of(written))


def key_of(written: str) -> str:
    """The name of the result of :func:`named`."""
    return written.replace("\n", " ")
