"""What each way to classify BANKING77 gains, and what fine-tuning cost on film reviews.

    evald serve --models banking-models --grpc-address 127.0.0.1:50051 &
    python -m examples.banking77.compare 127.0.0.1:50051 --data BANKING77 --reviews SST2/dataset.tsv

Baselines and models are run by the server, on the same rows; it needs `evald[cpu,baselines]`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from examples.banking77.banking import Rows, intents, reviews

import evald

METRICS = ["accuracy", "f1(average=macro)"]


def ways(client: evald.Client, train: Rows, test: Rows) -> evald.results.Comparison:
    """All of them against the majority, ranked."""
    return client.compare(
        evald.Baseline("majority"),
        {
            "tree": evald.Baseline("decision_tree"),
            "regression": evald.Baseline("logistic_regression"),
            "frozen-head": evald.Model("frozen-head"),
            "fine-tuned": evald.Model("fine-tuned"),
        },
        train[1] + test[1],
        inputs=train[0] + test[0],
        splits=["train"] * len(train[0]) + ["test"] * len(test[0]),
        metrics=METRICS,
        timeout=600,
    )


def forgetting(client: evald.Client, test: Rows, other: Rows) -> evald.results.Comparison:
    """The encoder before and after, on both tasks; at most two points of a hundred may be lost on reviews."""
    before, after = (
        [*client.predict(of_intents, test[0]).labels, *client.predict(of_reviews, other[0]).labels]
        for of_intents, of_reviews in (("frozen-head", "reviews-before"), ("fine-tuned", "reviews-after"))
    )
    return client.compare(
        before,
        {"fine-tuned": after},
        test[1] + other[1],
        tasks=["intents"] * len(test[0]) + ["reviews"] * len(other[0]),
        target_tasks=["intents"],
        margin=0.02,
        metrics="accuracy",
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Compares ways to classify BANKING77.")
    parser.add_argument("address", help="HOST:PORT of the server")
    parser.add_argument("--data", type=Path, required=True, help="folder of train.csv and test.csv of BANKING77")
    parser.add_argument("--reviews", type=Path, required=True, help="sentences and labels of SST-2, a tab between")
    parser.add_argument("--rows", type=int, help="that train.py had; the same number of rows is tested")
    arguments = parser.parse_args()
    train, test = (intents(arguments.data, split, arguments.rows) for split in ("train", "test"))
    with evald.Client(arguments.address) as client:
        client.wait_ready()
        print("Which way is best?")
        print(ways(client, train, test))
        print("\nWhat did fine-tuning cost?")
        print(forgetting(client, test, reviews(arguments.reviews)[1]))


if __name__ == "__main__":
    main()
