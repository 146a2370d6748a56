"""Writes language.json from the formulas of lm-eval 4e7e0d47f and HF evaluate; run it from the root of the repository.

lm-eval: weighted_perplexity of (likelihood, words), of (likelihood, bytes), bits_per_byte, and perplexity of items,
which divides by texts. HF evaluate's perplexity is the mean of the texts' own.
"""

from __future__ import annotations

import math
import random
import re

from rows import case, table, write

Corpus = list[tuple[list[float], str]]


def corpora() -> list[Corpus]:
    """Log-likelihoods of tokens and the text they belong to."""
    draw = random.Random(20261121)
    words = ["the", "cat", "naïve", "日本", "a b", "\x1c", "\n", " "]
    drawn = [
        (
            [-draw.expovariate(0.3) for _ in range(draw.randrange(1, 12))],
            " ".join(draw.choices(words, k=draw.randrange(1, 9))),
        )
        for _ in range(20)
    ]
    return [
        [([-1.0], "a")],
        [([-0.5, -0.25, 0.0], " one  two "), ([-3.0], "\u3000x\x85y\u200bz\r\n")],
        [([-700.0], "a"), ([-1e-9], "b")],
        [([-1.0, -math.inf], "a b"), ([-2.0], "c")],
        drawn,
    ]


def units(unit: str, logprobs: list[float], text: str) -> int:
    """What a text counts as."""
    counts = {"token": len(logprobs), "word": len(re.split(r"\s+", text)), "byte": len(text.encode()), "text": 1}
    return counts[unit]


def mean_cost(corpus: Corpus, unit: str) -> float:
    """Nats a unit."""
    return -math.fsum(math.fsum(logprobs) for logprobs, _ in corpus) / sum(units(unit, *row) for row in corpus)


def value(metric: str, params: dict[str, str], corpus: Corpus) -> float:
    """The value of the formula."""
    if metric == "nll":
        return mean_cost(corpus, "token")
    if metric == "bits_per_byte":
        return mean_cost(corpus, "byte") / math.log(2)
    unit = params.get("unit", "token")
    if params.get("pool") == "mean_of_texts":
        return math.fsum(math.exp(mean_cost([row], unit)) for row in corpus) / len(corpus)
    return math.exp(mean_cost(corpus, unit))


if __name__ == "__main__":
    kinds: list[tuple[str, dict[str, str]]] = [("nll", {}), ("bits_per_byte", {}), ("perplexity", {})]
    kinds += [("perplexity", {"unit": unit}) for unit in ("word", "byte", "text")]
    kinds += [("perplexity", {"pool": "mean_of_texts", "unit": unit}) for unit in ("token", "word", "byte")]
    tables = []
    for metric, params in kinds:
        cases = []
        for corpus in corpora():
            rows = [
                {
                    "predictions": [
                        {"token_logprobs": [number if math.isfinite(number) else "-Infinity" for number in row]}
                    ],
                    "references": [text],
                }
                for row, text in corpus
            ]
            unit = {"nll": "token", "bits_per_byte": "byte"}.get(metric, params.get("unit", "token"))
            cases.append(case(rows, value(metric, params, corpus), units=sum(units(unit, *row) for row in corpus)))
        tables.append(table(metric, params, cases))
    write("language.json", "formulas of lm-eval 4e7e0d47f and HF evaluate a7dd338", 1e-12, tables)
