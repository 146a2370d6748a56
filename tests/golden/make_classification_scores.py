"""Writes classification_scores.json: `python -m tests.golden.make_classification_scores` at the root.

Rows have one gold label and a score of every class; the classes are named. Values are scikit-learn's, those of
calibration errors follow from its bins, cross-entropy is scipy's. The last corpus has weights, with which ovo areas and
quantile bins have no reference ("none"). The format is that of classification.json.
"""

from __future__ import annotations

import itertools
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from scipy.special import log_softmax, softmax
from sklearn import metrics
from tests.golden.make_classification import Corpus, weights, weights_of, written
from tests.metrics.oracles import Numbers, calibration_error, reliability, top_label

OUT = Path(__file__).with_name("classification_scores.json")
SOURCES = ("probabilities", "logits")


def corpora() -> list[Corpus]:
    """Gold labels and scores; the first two have two classes."""
    draw = np.random.default_rng(20261123)

    def corpus(classes: list[str], gold: Any, scores: Numbers, kind: str) -> Corpus:
        texts = [[repr(float(score)) for score in row] for row in scores]
        return {"order": classes, "gold": [classes[at] for at in gold], "scores": texts, "kind": kind}

    def drawn(classes: list[str], rows: int, kind: str, digits: int) -> Corpus:
        logits = np.round(draw.normal(size=(rows, len(classes))) * 3, digits)
        scores = softmax(np.round(logits), axis=1) if kind == "probabilities" else logits
        gold = [*range(len(classes)), *draw.integers(0, len(classes), rows - len(classes))]
        return corpus(classes, gold, scores, kind)

    certain = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75], [0.75, 0.25], [0.0, 1.0]])
    found = [
        corpus(["0", "1"], [0, 1, 1, 0, 1, 0], certain, "probabilities"),
        drawn(["0", "1"], 30, "logits", 1),
        drawn(["a", "b", "c"], 40, "probabilities", 1),
        drawn(["a", "b", "c", "d", "e"], 60, "logits", 3),
        drawn([str(number) for number in range(12)], 90, "probabilities", 0),
    ]
    return [*found, found[2] | {"weights": weights(40)}]


def read(corpus: Corpus) -> tuple[list[int], Numbers, Numbers]:
    """Gold places, scores, probabilities."""
    scores = np.array(corpus["scores"], dtype=float)
    gold = [corpus["order"].index(label) for label in corpus["gold"]]
    return gold, scores, softmax(scores, axis=1) if corpus["kind"] == "logits" else scores


def ranked(name: str, corpus: Corpus, params: dict[str, str]) -> str | None:
    """ROC AUC or average precision."""
    gold, _, probabilities = read(corpus)
    score = metrics.roc_auc_score if name == "roc_auc" else metrics.average_precision_score
    if probabilities.shape[1] == 2:
        return written(score(gold, probabilities[:, 1]))
    weighted = weights_of(corpus)
    if weighted and params.get("multi_class") == "ovo":
        return "none"
    return written(score(gold, probabilities, sample_weight=weighted, **params))


def loss(name: str, corpus: Corpus, params: dict[str, str]) -> str | None:
    """Metrics that are means over rows."""
    gold, scores, probabilities = read(corpus)
    classes, weighted = range(scores.shape[1]), weights_of(corpus)
    options = {"labels": classes, "sample_weight": weighted}
    if name == "brier":
        half = params["scale_by_half"]
        scale = {"auto": half, "true": True, "false": False}[half]
        return written(metrics.brier_score_loss(gold, probabilities, scale_by_half=scale, **options))
    if name == "top_k_accuracy":
        k = int(params["k"])
        if len(classes) == 2:
            return written(metrics.top_k_accuracy_score(gold, probabilities[:, 1], k=k))
        return written(metrics.top_k_accuracy_score(gold, scores, k=k, **options))
    if corpus["kind"] == "logits":
        return written(-log_softmax(scores, axis=1)[np.arange(len(gold)), gold].mean())
    return written(metrics.log_loss(gold, scores, **options))


def calibration(name: str, corpus: Corpus, params: dict[str, str]) -> str | None:
    """Calibration errors of the most probable class."""
    gold, _, probabilities = read(corpus)
    weighted = weights_of(corpus)
    if weighted and params["binning"] == "quantile":
        return "none"
    weights = None if weighted is None else np.array(weighted)
    how: dict[str, Any] = {"bins": int(params["n_bins"]), "binning": params["binning"], "closed": params["closed"]}
    bins = reliability(*top_label(probabilities, gold), **how, weights=weights)
    return written(calibration_error(params.get("norm", "max"), *bins))


def choices(**values: tuple[str, ...]) -> list[dict[str, str]]:
    """All combinations of parameters."""
    return [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]


def tables(data: list[Corpus]) -> list[dict[str, Any]]:
    """One table a metric, parameters and kind of scores; the corpora of the other kind have no value."""
    bins = {"binning": ("uniform", "quantile"), "closed": ("right", "left"), "n_bins": ("1", "4", "10", "15")}
    asked: list[tuple[str, list[dict[str, str]], Any]] = [
        ("log_loss", [{}], loss),
        ("cross_entropy", [{}], loss),
        ("brier", choices(scale_by_half=("auto", "true", "false")), loss),
        ("top_k_accuracy", choices(k=("1", "2", "3")), loss),
        ("roc_auc", choices(multi_class=("ovr", "ovo"), average=("macro", "weighted")), ranked),
        ("roc_auc", choices(multi_class=("ovr",), average=("micro",)), ranked),
        ("average_precision", choices(average=("macro", "micro", "weighted")), ranked),
        ("ece", choices(norm=("l1", "l2"), **bins), calibration),
        ("mce", choices(**bins), calibration),
    ]
    return [
        {
            "metric": name,
            "params": params if name == "top_k_accuracy" else params | {"scores": kind},
            "named": True,
            "kind": kind,
            "values": [score(name, one, params) if one["kind"] == kind else None for one in data],
        }
        for name, all_params, score in asked
        for params in all_params
        for kind in SOURCES
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    data = corpora()
    source = f"scikit-learn {sklearn.__version__}"
    golden = {"source": source, "tolerance": 1e-12, "corpora": data, "tables": tables(data)}
    OUT.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
