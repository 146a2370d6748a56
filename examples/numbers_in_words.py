"""Numbers in words, which `tiny-seq2seq` learns to write. Needs no torch."""

from __future__ import annotations

import random

# Most digits of a number, and how many numbers the model is tested with.
DIGITS, HELD_OUT = 6, 200
_SMALL = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int) -> str:
    """A number from 0 to 999,999 as in "four thousand and ninety-six"."""
    if number < len(_SMALL):
        return _SMALL[number]
    if number < 100:
        return _TENS[number // 10 - 2] + (f"-{_SMALL[number % 10]}" if number % 10 else "")
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    head, rest = f"{in_words(number // size)} {name}", number % size
    if not rest:
        return head
    return f"{head} and {in_words(rest)}" if rest < 100 else f"{head} {in_words(rest)}"


def held_out() -> list[int]:
    """Numbers that the training never shows."""
    return random.Random(0).sample(range(1000, 10**DIGITS), HELD_OUT)
