"""Write wer.json, tables of wer, mer, wil, wip and cer, from jiwer 4.0.0 with rapidfuzz 3.14.6, under Python 3.11."""

import random

import jiwer
from make_golden import PAIRS, Pairs
from row_statistics import table, write


def noisy(seed: int, length: int, kinds: int) -> tuple[str, list[str]]:
    """A text whose words are changed, removed, added or turned."""
    choose = random.Random(seed)
    reference = [f"w{choose.randrange(kinds)}" for _ in range(length)]
    words = list(reference)
    for _ in range(choose.randrange(1, 3 + length // 3)):
        at = choose.randrange(len(words))
        words[at : at + choose.randrange(3)] = choose.choices(words, k=choose.randrange(1, 3))
    at = choose.randrange(len(words)) * choose.randrange(2)
    return " ".join(words[at:] + words[:at]), [" ".join(reference)]


# Alignments of equal distance and other hits; single spaces that are not U+0020; several references.
TEXTS: Pairs = [
    *((" ".join(left), [" ".join(right)]) for left, right in (("ba", "ab"), ("bca", "abc"), ("cbaa", "abab"))),
    *(noisy(length, length, kinds) for length in (5, 9, 17, 63, 64, 65, 130) for kinds in (3, 30)),
    ("a\tb c \u00a0d\u2003", ["a b c d", "a\tb c d"]),
    ("one two", ["one", "one two three", "two one"]),
    ("", ["", "x"]),
]
ALL = PAIRS + TEXTS

COUNTS = ("hits", "substitutions", "deletions", "insertions")


def wer_table(name: str, params: dict) -> dict:
    """Counts and rate of each row, against the reference with the fewest errors; corpus rate."""
    process, default = jiwer.process_words, jiwer.transformations.wer_default
    if name == "cer":
        process, default = jiwer.process_characters, jiwer.transformations.cer_default
    changes = [jiwer.ToLowerCase()] if params.get("lowercase") else []
    transform = jiwer.Compose([*changes, *default.transforms])

    def counts(output) -> list[int]:
        return [getattr(output, count) for count in COUNTS]

    nearest, rows = [], []
    for prediction, references in ALL:
        found = [(text, process(text, prediction, transform, transform)) for text in references]
        reference, output = min(found, key=lambda one: sum(counts(one[1])[1:]))
        nearest.append(reference)
        rows.append((counts(output), getattr(output, name)))
    corpus = process(nearest, [prediction for prediction, _ in ALL], transform, transform)
    return table(name, params, rows, getattr(corpus, name), dict(zip(COUNTS, counts(corpus), strict=True)))


if __name__ == "__main__":
    tables = [wer_table(name, {}) for name in ("wer", "mer", "wil", "wip", "cer")]
    tables += [wer_table(name, {"lowercase": True}) for name in ("wer", "cer")]
    write("wer.json", "jiwer 4.0.0, rapidfuzz 3.14.6, Python 3.11", 1e-15, ALL, tables)
