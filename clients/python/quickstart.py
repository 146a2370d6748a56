"""Is the new system better? Asks an evald server: python clients/python/quickstart.py localhost:50051"""

import sys

import evald

TEXTS = [  # reference and what a system wrote
    ("the cat sat on the mat", "the cat is on the mat"),
    ("there is a dog in the garden", "there is a dog in the garden"),
    ("rain is likely today", "it may rain today"),
    ("the train leaves at nine", "the train leaves at ten"),
] * 10
LABELS = [  # right answer, baseline's, candidate's
    ("cancel", "cancel", "cancel"),
    ("billing", "technical", "billing"),
    ("technical", "technical", "technical"),
    ("billing", "praise", "praise"),
    ("praise", "praise", "praise"),
] * 20
TICKETS = [  # text and right answer; the answers of both models come from the server
    ("The price was fair, but I tried to unsubscribe on Friday and the family plan is still running!", "cancel"),
    ("I need a corrected invoice with our company address", "billing"),
    ("The firmware of the doorbell is stuck at 99 percent", "technical"),
    ("Just wanted to say that the lamp works like a charm", "praise"),
    ("Which speaker would you pick for a small hallway?", "question"),
    ("I was charged twice for the yearly plan", "billing"),
]


def main(address: str) -> None:
    """Evaluates, compares, and is refused."""
    with evald.Client(address) as client:
        client.wait_ready(timeout=60)

        references, predictions = zip(*TEXTS, strict=True)
        evaluation = client.evaluate(predictions, references, metrics=["bleu", "rouge_l"])
        for key in ("bleu", "rouge_l"):
            one = evaluation[key]
            print(f"{key}: {one.value:.4f} [{one.low:.4f}, {one.high:.4f}]")

        gold, baseline, candidate = zip(*LABELS, strict=True)
        metrics = ["accuracy", "f1(average=macro)"]
        show("labels", client.compare(baseline, {"candidate": candidate}, gold, metrics=metrics), metrics)

        texts, gold = zip(*TICKETS, strict=True)
        models = {"base": evald.Model("support-base"), "tuned": evald.Model("support-tuned")}
        comparison = client.compare(systems=models, inputs=texts, references=gold, metrics=["accuracy"])
        show("models", comparison, ["accuracy"])

        try:
            client.evaluate(predictions, references, metrics=["blue"])
        except evald.errors.EvaldError as error:
            field, nearest = error.violations[0].field, error.metadata["nearest"]
            print(f"refused: {error.code} {error.reason}, {field}, nearest {nearest}")


def show(what: str, comparison: evald.results.Comparison, metrics: list[str]) -> None:
    """One line a metric: difference, interval, p-value after the correction, verdict."""
    for metric in metrics:
        one = comparison[metric]
        print(
            f"{what}, {metric}: {one.baseline_value:.4f} -> {one.candidate_value:.4f},"
            f" {one.difference:+.4f} [{one.low:+.4f}, {one.high:+.4f}], p {one.p_adjusted:.2e}, {one.decision}"
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051")
