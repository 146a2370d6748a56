"""Writes classification.json from scikit-learn; run it from the root of the repository with the development tools.

The table holds what scikit-learn gives for small and awkward label lists: one class, classes that occur on one side
only, integers, words that sort by code point. Numbers are Python's repr in strings, null is undefined.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import sklearn
from sklearn import metrics

OUT = Path(__file__).with_name("classification.json")
RATES = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}


def corpora() -> list[dict[str, list[str]]]:
    """Gold and predicted labels; binary ones first."""
    draw = random.Random(20261121)
    binary = [
        {"gold": ["1"], "predicted": ["1"]},
        {"gold": ["0", "0"], "predicted": ["0", "0"]},
        {"gold": ["1", "0", "1", "1"], "predicted": ["0", "0", "0", "0"]},
        {"gold": ["0", "0", "0"], "predicted": ["1", "0", "1"]},
        {"gold": draw.choices("01", k=40), "predicted": draw.choices("01", k=40)},
    ]
    words = ["b", "Z", "a", "é", "日本", "🙂", "a b", "10", ""]
    many = [
        {"gold": ["x"], "predicted": ["y"]},
        {"gold": ["a", "b", "c", "a"], "predicted": ["a", "b", "b", "d"]},
        {"gold": ["10", "9", "-2", "9"], "predicted": ["9", "9", "10", "9"]},
        {"gold": draw.choices(words, k=60), "predicted": draw.choices(words, k=60)},
        {"gold": draw.choices(range(12), k=80), "predicted": draw.choices(range(15), k=80)},
    ]
    return binary + [{side: [str(label) for label in labels] for side, labels in one.items()} for one in many]


def ordered(corpus: dict[str, list[str]]) -> list[str]:
    """The classes: as numbers if all are integers, else by code point."""
    labels = set(corpus["gold"]) | set(corpus["predicted"])
    integers = all(label.lstrip("-").isdigit() for label in labels)
    return sorted(labels, key=int) if integers else sorted(labels)


def rate(name: str, corpus: dict[str, list[str]], params: dict[str, str]) -> str | None:
    """One value of precision, recall or F1; null where averaging is not defined for the labels."""
    average, zero = params["average"], params["zero_division"]
    labels = ordered(corpus)
    if average == "binary" and not set(labels) <= {"0", "1"}:
        return None
    value = RATES[name](
        corpus["gold"],
        corpus["predicted"],
        labels=["0", "1"] if average == "binary" else labels,
        average=average,
        pos_label="1",
        zero_division=math.nan if zero == "nan" else float(zero),
    )
    return None if math.isnan(value) else repr(float(value))


def tables(data: list[dict[str, list[str]]]) -> list[dict[str, Any]]:
    """One table a metric and parameters."""
    result: list[dict[str, Any]] = [
        {
            "metric": "accuracy",
            "params": {},
            "values": [repr(float(metrics.accuracy_score(one["gold"], one["predicted"]))) for one in data],
        },
        {
            "metric": "confusion_matrix",
            "params": {},
            "matrices": [
                {
                    "labels": ordered(one),
                    "counts": metrics.confusion_matrix(one["gold"], one["predicted"], labels=ordered(one)).tolist(),
                }
                for one in data
            ],
        },
    ]
    for name in RATES:
        for average in ("binary", "micro", "macro", "weighted"):
            for zero in ("0", "1", "nan"):
                params = {"average": average, "zero_division": zero}
                values = [rate(name, one, params) for one in data]
                result.append({"metric": name, "params": params, "values": values})
    return result


if __name__ == "__main__":
    data = corpora()
    source = f"scikit-learn {sklearn.__version__}"
    golden = {"source": source, "tolerance": 1e-12, "corpora": data, "tables": tables(data)}
    OUT.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
