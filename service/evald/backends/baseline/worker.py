"""Trains a text classifier with scikit-learn and answers, as a process of its own.

scikit-learn cannot be interrupted and may want much memory: a process can be ended at any time, and takes only itself
along. Standard input holds one JSON document, standard output a line of JSON and then the probabilities, float32, row
by row. Run as a script, so it imports nothing of evald.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

# The most coefficients of a linear model (classes x features): its solver needs some 25 times as many numbers.
MAX_COEFFICIENTS = 1 << 22
# The exit code that says that no text has a word.
EMPTY_VOCABULARY = 3
# Rows whose probabilities are held at once as doubles.
_CHUNK = 4096


def parameters(kind: str, classes: int, seed: int) -> dict[str, dict[str, Any]]:
    """Every parameter that is none of scikit-learn's defaults, by the part that has it."""
    tfidf = {
        "ngram_range": (1, 2),
        "sublinear_tf": True,
        # Of many features the most frequent ones stay.
        "max_features": MAX_COEFFICIENTS // classes,
    }
    if kind == "logistic_regression":
        return {"TfidfVectorizer": tfidf, "LogisticRegression": {"C": 10.0, "max_iter": 1000}}
    # The tree breaks ties by chance.
    return {"TfidfVectorizer": tfidf, "DecisionTreeClassifier": {"random_state": seed % 2**32}}


class EachLabel:
    """A classifier a label, for sets of labels (binary relevance), as scikit-learn's OneVsRestClassifier."""

    def __init__(self, classes: int, make: Callable[[], Any]) -> None:
        self.classes_ = range(classes)
        self._make = make
        # Of a label that all rows have, or none has, its share.
        self._found: list[Any] = []

    def fit(self, features: Any, labels: list[list[int]]) -> None:
        """Learns which rows have which labels."""
        for label in self.classes_:
            has = [label in row for row in labels]
            is_learned = any(has) and not all(has)
            self._found.append(self._make().fit(features, has) if is_learned else has[0])

    def predict_proba(self, features: Any) -> Any:
        """The probability of every label, [rows, labels]."""
        import numpy as np

        scores = np.empty((features.shape[0], len(self._found)))
        for label, one in enumerate(self._found):
            scores[:, label] = float(one) if isinstance(one, bool) else one.predict_proba(features)[:, 1]
        return scores


def train(task: dict[str, Any], found: dict[str, dict[str, Any]]) -> tuple[Any, Any]:
    """The fitted vectorizer and classifier."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    vectorizer = TfidfVectorizer(**found["TfidfVectorizer"])
    try:
        features = vectorizer.fit_transform(task["texts"])
    except ValueError:
        # The words are those of two letters or more.
        raise SystemExit(EMPTY_VOCABULARY) from None
    labels = task["labels"] if task["multilabel"] else [label for (label,) in task["labels"]]

    def make() -> Any:
        if "LogisticRegression" in found:
            return LogisticRegression(**found["LogisticRegression"])
        return DecisionTreeClassifier(**found["DecisionTreeClassifier"])

    classifier = EachLabel(task["classes"], make) if task["multilabel"] else make()
    with warnings.catch_warnings():
        # A baseline that stopped a little early is still one; the iterations are a parameter of it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(features, labels)
    return vectorizer, classifier


def main() -> None:
    """Reads the task, trains, writes the answer."""
    # The daemon answers other calls meanwhile.
    os.nice(5)
    task = json.load(sys.stdin)
    # Should the daemon be killed, nobody else would end this process. 0 is no limit.
    signal.alarm(task["seconds"])
    found = parameters(task["kind"], task["classes"], task["seed"])
    vectorizer, classifier = train(task, found)
    import sklearn

    # Labels are numbers of classes, some of which no row may have.
    head = {"version": sklearn.__version__, "parameters": found, "labels": list(map(int, classifier.classes_))}
    out = sys.stdout.buffer
    out.write(json.dumps(head).encode() + b"\n")
    for start in range(0, len(task["asked"]), _CHUNK):
        part = vectorizer.transform(task["asked"][start : start + _CHUNK])
        out.write(classifier.predict_proba(part).astype("<f4").tobytes())
    out.flush()


if __name__ == "__main__":
    main()
