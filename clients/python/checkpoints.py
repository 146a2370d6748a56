"""Base against several checkpoints: choose on validation rows, decide on test rows.

python clients/python/checkpoints.py [HOST:PORT]    (without a server this process does the work)

The checkpoints are a naive Bayes classifier after more and more training rows; put the answers of yours in their place.
The best of many is flattered by the rows that it was chosen on: hence other rows decide.
"""

import math
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import evald

DATA = Path(__file__).resolve().parents[2] / "examples" / "data" / "support-tickets"
STEPS = (100, 400, 1200, 3000)
METRICS = ["accuracy", "f1(average=macro)"]
# At most one point of a hundred worse by accuracy, and the rarer classes must not suffer.
POLICY = {
    "rules": [
        {"metric": "accuracy", "margin": 0.01},
        {"metric": "f1(average=macro)", "margin": 0.02, "tier": "supporting"},
    ]
}


def train(texts: Sequence[str], labels: Sequence[str]) -> Callable[[str], str]:
    """Classifies texts by the words of the training rows, with one added to every count."""
    words: dict[str, Counter[str]] = {label: Counter() for label in sorted(set(labels))}
    for text, label in zip(texts, labels, strict=True):
        words[label].update(text.lower().split())
    known = len(set().union(*words.values()))
    prior = {label: math.log(labels.count(label)) for label in words}
    total = {label: math.log(sum(counts.values()) + known) for label, counts in words.items()}

    def likelihood(label: str, text: str) -> float:
        tokens = text.lower().split()
        return prior[label] + sum(math.log(words[label][token] + 1) - total[label] for token in tokens)

    return lambda text: max(words, key=lambda label: likelihood(label, text))


rows, test = (evald.read_file(DATA / name).columns for name in ("train.csv", "test.csv"))
validation = slice(3000, None)
base, *checkpoints = (train(rows["text"][:step], rows["label"][:step]) for step in STEPS)
names = [f"step-{step}" for step in STEPS[1:]]

with ExitStack() as stack:
    client: Any = stack.enter_context(evald.Client(sys.argv[1])) if len(sys.argv) > 1 else evald
    print("Validation: which checkpoint?")
    texts = rows["text"][validation]
    chosen_from = client.compare(
        [base(text) for text in texts],
        {name: [classify(text) for text in texts] for name, classify in zip(names, checkpoints, strict=True)},
        rows["label"][validation],
        ids=rows["id"][validation],
        metrics=METRICS,
    )
    print(chosen_from)
    best = max(names, key=lambda name: chosen_from[name, "accuracy"].candidate_value or 0.0)
    chosen = checkpoints[names.index(best)]

    print(f"\nTest: may {best} replace the base?")
    result = client.compare(
        [base(text) for text in test["text"]],
        {best: [chosen(text) for text in test["text"]]},
        test["label"],
        ids=test["id"],
        metrics=METRICS,
        gate=POLICY,
    )
    print(result)
    print(f"\nverdict: {result.gate.verdict}")
