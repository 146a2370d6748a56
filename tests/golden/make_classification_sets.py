"""Writes classification_sets.json from scikit-learn: `python -m tests.golden.make_classification_sets` at the root.

Rows have sets of labels, empty ones too; those of the last corpus have weights. The format is that of
classification.json.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import warnings
from pathlib import Path
from typing import Any

import sklearn
from sklearn import metrics
from sklearn.preprocessing import MultiLabelBinarizer
from tests.golden.make_classification import RATES, Corpus, weights, weights_of, written
from tests.metrics.oracles import f_of_means

OUT = Path(__file__).with_name("classification_sets.json")


def corpora() -> list[Corpus]:
    """Gold and predicted sets of labels, and the classes in order."""
    draw = random.Random(20261122)

    def sets(names: list[str], rows: int) -> list[list[str]]:
        return [draw.sample(names, draw.choice([0, 1, 1, 2, 3])) for _ in range(rows)]

    letters, numbers = list("abcde"), [str(number) for number in range(-3, 12)]
    by_hand = [
        {"gold": [["a"], ["b"]], "predicted": [["a"], ["b"]]},
        {"gold": [["a", "b"]], "predicted": [[]]},
        {"gold": [[], ["b"], []], "predicted": [[], ["b", "a"], ["b"]]},
        {"gold": [["x"], ["y"]], "predicted": [["y"], ["x", "y"]]},
    ]
    drawn = [
        {"gold": sets(names, rows), "predicted": sets(names, rows)} for names, rows in ((letters, 25), (numbers, 60))
    ]
    weighted = [one | {"weights": weights(len(one["gold"]))} for one in drawn[:1]]
    return [one | {"order": ordered(one)} for one in by_hand + drawn + weighted]


def ordered(corpus: Corpus) -> list[str]:
    """The classes: as numbers if all are integers, else by code point."""
    labels = set(itertools.chain(*corpus["gold"], *corpus["predicted"]))
    integers = all(label.lstrip("-").isdigit() for label in labels)
    return sorted(labels, key=int) if integers else sorted(labels)


def indicators(corpus: Corpus) -> tuple[Any, Any]:
    """Gold and predicted sets as matrices of zeros and ones."""
    binarizer = MultiLabelBinarizer(classes=corpus["order"])
    return binarizer.fit_transform(corpus["gold"]), binarizer.fit_transform(corpus["predicted"])


def rate(name: str, corpus: Corpus, params: dict[str, str]) -> str | None:
    """One value of precision, recall, F or Jaccard."""
    zero_division = math.nan if params["zero_division"] == "nan" else float(params["zero_division"])
    beta = {"beta": float(params["beta"])} if "beta" in params else {}
    if params["average"] == "macro_of_means":
        return written(
            f_of_means(*indicators(corpus), None, zero_division=zero_division, weights=weights_of(corpus), **beta)
        )
    return written(
        RATES[name](
            *indicators(corpus),
            average=params["average"],
            zero_division=zero_division,
            sample_weight=weights_of(corpus),
            **beta,
        )
    )


def tables(data: list[Corpus]) -> list[dict[str, Any]]:
    """One table a metric and parameters."""
    sets = {"multilabel": "true"}
    found: list[dict[str, Any]] = [
        {
            "metric": name,
            "params": sets,
            "values": [written(scorer(*indicators(one), sample_weight=weights_of(one))) for one in data],
        }
        for name, scorer in (("accuracy", metrics.accuracy_score), ("hamming_loss", metrics.hamming_loss))
    ]
    for name in RATES:
        averages = ["micro", "macro", "weighted", "samples"] + (["macro_of_means"] if name.startswith("f") else [])
        for average, zero in itertools.product(averages, ("0", "1") if name == "jaccard" else ("0", "1", "nan")):
            params = {"average": average, "zero_division": zero} | ({"beta": "0.5"} if name == "f_beta" else {})
            values = [rate(name, one, params) for one in data]
            found.append({"metric": name, "params": params | sets, "values": values})
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    data = corpora()
    source = f"scikit-learn {sklearn.__version__}"
    golden = {"source": source, "tolerance": 1e-12, "corpora": data, "tables": tables(data)}
    OUT.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
