"""Writes agreement.json from krippendorff and statsmodels; run it from the root of the repository."""

from __future__ import annotations

import random
import warnings
from importlib import metadata
from typing import Any

import krippendorff
import numpy as np
from rows import case, table, write
from statsmodels.stats.inter_rater import fleiss_kappa

Units = list[list[str]]
ORDER = ["very low", "low", "mid", "high", "very high"]


def missing() -> list[Units]:
    """Units of any number of ratings; the first are those of Hayes and Krippendorff 2007."""
    draw = random.Random(20261121)
    observers = ["123321412...", "1233224125.3", ".3332342251.", "12332441251."]
    worked = [[value for value in column if value != "."] for column in zip(*observers, strict=True)]
    return [
        worked,
        [["1", "1"], ["1", "1"]],
        [["1"], ["2"], []],
        [draw.choices(["0", "1", "2.5", "-3"], k=draw.randrange(6)) for _ in range(25)],
    ]


def full() -> list[Units]:
    """Units that all raters rated."""
    draw = random.Random(20261121)
    return [
        [["a", "a"], ["a", "b"], ["b", "b"]],
        [draw.choices("abc", [6, 3, 1], k=5) for _ in range(30)],
        [["a", "a", "a"]] * 4,
    ]


def counted(units: Units, domain: list[Any], kind: Any) -> np.ndarray[Any, Any]:
    return np.array([[sum(kind(label) == value for label in unit) for value in domain] for unit in units])


def alpha(units: Units, level: str, order: list[str]) -> float | None:
    kind: Any = str if level == "nominal" or order else float
    if len({kind(label) for unit in units if len(unit) > 1 for label in unit}) < 2:
        return None
    domain = order or sorted({kind(label) for unit in units for label in unit})
    values = domain if kind is float else list(range(len(domain)))
    return float(
        krippendorff.alpha(value_counts=counted(units, domain, kind), value_domain=values, level_of_measurement=level)
    )


def rows(units: Units) -> list[dict[str, Any]]:
    return [{"predictions": [{"labels": ["?"]}], "human_labels": unit} for unit in units]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    tables = [
        table("krippendorff_alpha", {"level": level}, [case(rows(one), alpha(one, level, [])) for one in missing()])
        for level in ("nominal", "ordinal", "interval", "ratio")
    ]
    draw = random.Random(1)
    words = [draw.choices(ORDER[at % 3 : at % 3 + 3], k=draw.randrange(1, 5)) for at in range(30)]
    ordered = [case(rows(words), alpha(words, "ordinal", ORDER))]
    for row in ordered[0]["rows"]:
        row["predictions"] = [{"labels": ["mid"]}]
    tables.append(table("krippendorff_alpha", {"level": "ordinal"}, ordered, ORDER))
    for method in ("fleiss", "randolph"):
        cases = []
        for units in full():
            domain = sorted({label for unit in units for label in unit})
            cases.append(case(rows(units), float(fleiss_kappa(counted(units, domain, str), method=method))))
        tables.append(table("fleiss_kappa", {"method": method}, cases))
    source = ", ".join(f"{name} {metadata.version(name)}" for name in ("krippendorff", "statsmodels"))
    write("agreement.json", source, 1e-10, tables)
