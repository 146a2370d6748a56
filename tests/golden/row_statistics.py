"""What the scripts share whose tables hold the statistics of each row; read by native/core/tests/golden.rs.

Numbers are Python's repr in strings: a JSON reader may round numbers, `float()` does not.
"""

import json
from collections.abc import Sequence

from make_golden import HERE, Pairs, numbers


def table(
    metric: str, params: dict, rows: Sequence[tuple[Sequence[float], float]], value: float, parts: dict[str, float]
) -> dict:
    """A metric: statistics and score of each row, score of all rows, some components of it."""
    return {
        "metric": metric,
        "params": params,
        "value": repr(float(value)),
        "parts": {name: repr(float(part)) for name, part in parts.items()},
        "rows": [{"stats": numbers(stats), "score": repr(float(score))} for stats, score in rows],
    }


def sacrebleu_table(name: str, metric, params: dict, pairs: Pairs, parts: Sequence[str]) -> dict:
    """A metric of sacrebleu; parts name the first statistics."""
    stats = [
        metric._extract_corpus_statistics([prediction], [[text] for text in references])[0]
        for prediction, references in pairs
    ]
    rows = [(row, metric._aggregate_and_compute([row]).score) for row in stats]
    sums = [sum(column) for column in zip(*stats, strict=True)]
    return table(name, params, rows, metric._aggregate_and_compute(stats).score, dict(zip(parts, sums, strict=False)))


def write(name: str, source: str, tolerance: float, pairs: Pairs, tables: list[dict]) -> None:
    """Write a file, one pair or row a line."""
    head = json.dumps({"source": source, "tolerance": tolerance})[:-1]
    texts = [json.dumps({"prediction": prediction, "references": references}) for prediction, references in pairs]
    parts = []
    for one in tables:
        facts = json.dumps({key: value for key, value in one.items() if key != "rows"})[:-1]
        parts.append(f'{facts}, "rows": {lines(json.dumps(row) for row in one["rows"])}}}')
    text = f'{head}, "pairs": {lines(texts)}, "tables": {lines(parts)}}}\n'
    json.loads(text)
    (HERE / name).write_text(text, encoding="utf-8")


def lines(items) -> str:
    """A list with each item on its own line."""
    return "[\n" + ",\n".join(items) + "\n]"
