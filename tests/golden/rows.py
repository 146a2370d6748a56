"""What the scripts share whose tables hold rows: instances of the API in JSON, read by tests/metrics/golden_rows.py.

Numbers are Python's repr in strings, so that infinity can be written; null is undefined.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Case = dict[str, Any]


def number(value: float | None) -> str | None:
    """A number as it is written; None and nan are undefined."""
    return None if value is None or math.isnan(value) else repr(float(value))


def case(rows: Sequence[Any], value: float | None, **components: float | None) -> Case:
    """Rows, the value of all, and some of its components."""
    parts = {name: number(part) for name, part in components.items()}
    return {"rows": list(rows), "value": number(value)} | ({"components": parts} if parts else {})


def table(metric: str, params: dict[str, Any], cases: Sequence[Case], classes: Sequence[str] = ()) -> dict[str, Any]:
    """One metric with its parameters."""
    named = {"classes": list(classes)} if classes else {}
    return {"metric": metric, "params": params, **named, "cases": list(cases)}


def write(name: str, source: str, tolerance: float, tables: Sequence[dict[str, Any]]) -> None:
    """Writes a file of tables beside the scripts, one case a line."""
    head = json.dumps({"source": source, "tolerance": tolerance}, ensure_ascii=False)[:-1]
    parts = []
    for one in tables:
        cases = ",\n  ".join(json.dumps(of_case, ensure_ascii=False) for of_case in one["cases"])
        facts = json.dumps({key: value for key, value in one.items() if key != "cases"}, ensure_ascii=False)[:-1]
        parts.append(f'{facts}, "cases": [\n  {cases}\n ]}}')
    text = f'{head}, "tables": [\n {",{}".format(chr(10) + " ").join(parts)}\n]}}\n'
    json.loads(text)
    Path(__file__).with_name(name).write_text(text, encoding="utf-8")
