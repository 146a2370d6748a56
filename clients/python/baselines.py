"""Is a model better than guessing, and than a classifier that trains in a second?

python clients/python/baselines.py [HOST:PORT]

With a server, its model "support-tuned" answers; without one, logistic regression stands in for your model.
"""

import sys
from pathlib import Path
from typing import Any

import evald

DATA = Path(__file__).resolve().parents[2] / "examples" / "data" / "support-tickets"


def main(address: str | None) -> None:
    """Compares a model with simple baselines that learn from the rows whose split is "train"."""
    train, test = (evald.read_file(DATA / f"{name}.csv").columns for name in ("train", "test"))
    rows: dict[str, Any] = {
        "references": [*train["label"], *test["label"]],
        "inputs": [*train["text"], *test["text"]],
        "splits": ["train"] * len(train["text"]) + ["test"] * len(test["text"]),
        "metrics": ["accuracy", "f1(average=macro)"],
    }
    simple: dict[str, Any] = {
        "majority": evald.Baseline("majority"),
        "regression": evald.Baseline("logistic_regression"),
    }
    if address is None:
        result = evald.compare("majority", systems=simple, **rows)
    else:
        with evald.Client(address) as client:
            client.wait_ready()
            result = client.compare("majority", systems={**simple, "model": evald.Model("support-tuned")}, **rows)
    print(result)
    for made in result.provenance.baselines:
        print(f"{made.system}: {made.engine}, learned from {made.training_rows:,} rows")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
