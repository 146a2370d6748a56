"""Writes classification.json from scikit-learn: `python -m tests.golden.make_classification` at the root.

The table holds what scikit-learn gives for small and awkward label lists: one class, classes that occur on one side
only, integers, words that sort by code point; the last two have weights of rows. Numbers are Python's repr in strings,
null is undefined, "refused" is what evald must refuse. Tables with `named` are for calls that name the classes in the
corpus's order.
"""

from __future__ import annotations

import json
import math
import random
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import sklearn
from sklearn import metrics
from tests.metrics.oracles import f_of_means

OUT = Path(__file__).with_name("classification.json")
RATES = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
    "f_beta": metrics.fbeta_score,
    "jaccard": metrics.jaccard_score,
}
Corpus = dict[str, Any]


def corpora() -> list[Corpus]:
    """Gold and predicted labels, and the classes in order; binary ones first."""
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
    all_of_them = binary + [{side: [str(label) for label in one[side]] for side in one} for one in many]
    weighted = [one | {"weights": weights(len(one["gold"]))} for one in (all_of_them[4], all_of_them[-2])]
    return [one | {"order": ordered(one)} for one in all_of_them + weighted]


def weights(rows: int) -> list[str]:
    """Weights of rows, as texts."""
    return [repr(round(random.Random(row).uniform(0.1, 3), 3)) for row in range(rows)]


def weights_of(corpus: Corpus) -> list[float] | None:
    """Weights of rows, as numbers."""
    return [float(weight) for weight in corpus["weights"]] if "weights" in corpus else None


def ordered(corpus: Corpus) -> list[str]:
    """The classes: as numbers if all are integers, else by code point."""
    labels = set(corpus["gold"]) | set(corpus["predicted"])
    integers = all(label.lstrip("-").isdigit() for label in labels)
    return sorted(labels, key=int) if integers else sorted(labels)


def written(value: float) -> str | None:
    """A number as text; null is undefined."""
    return None if math.isnan(value) else repr(float(value))


def rate(name: str, corpus: Corpus, params: dict[str, str]) -> str | None:
    """One value of precision, recall, F or Jaccard."""
    average, zero = params["average"], params["zero_division"]
    zero_division = math.nan if zero == "nan" else float(zero)
    beta = {"beta": float(params["beta"])} if "beta" in params else {}
    sides, weighted = (corpus["gold"], corpus["predicted"]), weights_of(corpus)
    if average == "macro_of_means":
        return written(f_of_means(*sides, corpus["order"], zero_division=zero_division, weights=weighted, **beta))
    if average == "binary" and not set(corpus["order"]) <= {"0", "1"}:
        return "refused"
    labels = ["0", "1"] if average == "binary" else corpus["order"]
    options = {"labels": labels, "average": average, "pos_label": "1", "zero_division": zero_division}
    return written(RATES[name](*sides, **options, **beta, sample_weight=weighted))


def rate_tables(data: list[Corpus]) -> list[dict[str, Any]]:
    """Every average and every zero division."""
    averages = ["binary", "micro", "macro", "weighted"]
    found = [
        (name, {"average": average, "zero_division": zero})
        for name in RATES
        for average in averages + (["macro_of_means"] if name.startswith("f") else [])
        for zero in (("0", "1") if name == "jaccard" else ("0", "1", "nan"))
    ]
    with_beta = [
        (name, params | {"beta": beta})
        for name, params in found
        for beta in (("0", "0.5", "2", "1000") if name == "f_beta" else ())
    ]
    return [
        {"metric": name, "params": params, "values": [rate(name, one, params) for one in data]}
        for name, params in [one for one in found if one[0] != "f_beta"] + with_beta
    ]


def plain_tables(data: list[Corpus]) -> list[dict[str, Any]]:
    """Metrics that have no averages."""
    scorers: list[tuple[str, dict[str, str], Any]] = [
        ("accuracy", {}, metrics.accuracy_score),
        ("hamming_loss", {}, metrics.hamming_loss),
        ("mcc", {}, metrics.matthews_corrcoef),
        ("cohen_kappa", {}, metrics.cohen_kappa_score),
        ("balanced_accuracy", {}, metrics.balanced_accuracy_score),
        ("balanced_accuracy", {"adjusted": "true"}, partial(metrics.balanced_accuracy_score, adjusted=True)),
    ]
    return [
        {
            "metric": name,
            "params": params,
            # Adjusted for chance with one gold class scikit-learn divides by zero: -inf or nan, here undefined.
            "values": [
                None
                if params and len(set(one["gold"])) == 1
                else written(scorer(one["gold"], one["predicted"], sample_weight=weights_of(one)))
                for one in data
            ],
        }
        for name, params, scorer in scorers
    ]


def kappa_tables(data: list[Corpus]) -> list[dict[str, Any]]:
    """Weighted kappa, which depends on the order of the classes."""

    def kappa(one: Corpus, distance: str) -> str | None:
        options = {"labels": one["order"], "weights": distance, "sample_weight": weights_of(one)}
        return written(metrics.cohen_kappa_score(one["gold"], one["predicted"], **options))

    return [
        {
            "metric": "cohen_kappa",
            "params": {"weights": distance},
            "named": True,
            "values": [kappa(one, distance) for one in data],
        }
        for distance in ("linear", "quadratic")
    ]


def matrix_tables(data: list[Corpus]) -> list[dict[str, Any]]:
    """Confusion matrices, counted and divided."""

    def matrix(one: Corpus, normalize: str) -> list[list[str]]:
        how = {"normalize": None if normalize == "none" else normalize, "sample_weight": weights_of(one)}
        cells = metrics.confusion_matrix(one["gold"], one["predicted"], labels=one["order"], **how)
        return [[repr(float(cell)) for cell in row] for row in cells]

    return [
        {
            "metric": "confusion_matrix",
            "params": {"normalize": normalize},
            "matrices": [matrix(one, normalize) for one in data],
        }
        for normalize in ("none", "true", "pred", "all")
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    data = corpora()
    tables = plain_tables(data) + kappa_tables(data) + matrix_tables(data) + rate_tables(data)
    source = f"scikit-learn {sklearn.__version__}"
    golden = {"source": source, "tolerance": 1e-12, "corpora": data, "tables": tables}
    OUT.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
