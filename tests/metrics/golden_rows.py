"""Golden tables whose rows are instances in JSON: reading them, and comparing every value with what evald computes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from tests.properties.build import Question, Row, components, value_of

GOLDEN = Path(__file__).parent.parent / "golden"


def text_form(metric: str, params: dict[str, Any]) -> str:
    """The metric as users write it."""
    given = ",".join(f"{name}={json.dumps(value).strip(chr(34))}" for name, value in params.items())
    return f"{metric}({given})" if given else metric


def same(got: float | None, expected: float | None, tolerance: float) -> bool:
    """Equal within the tolerance, absolute below 1 and relative above; None is undefined."""
    if got is None or expected is None or math.isinf(expected):
        return got == expected
    return math.isclose(got, expected, rel_tol=tolerance, abs_tol=tolerance)


def check_tables(name: str) -> int:
    """Compares all values and components of a file; returns how many."""
    golden = json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    compared = 0
    for table in golden["tables"]:
        key = text_form(table["metric"], table["params"])
        for at, case in enumerate(table["cases"]):
            rows = [json_format.ParseDict(row, Row()) for row in case["rows"]]
            question = Question([key], classes=table.get("classes", ()))
            result = question.answer(rows).systems[0].metrics[0]
            written = {"value": case["value"]} | case.get("components", {})
            expected = {part: None if text is None else float(text) for part, text in written.items()}
            found = components(result) | {"value": value_of(result)}
            for part, number in expected.items():
                assert same(found[part], number, golden["tolerance"]), (key, at, part, found[part], number)
                compared += 1
    return compared
