"""Random data for parity: quick, seeded, and awkward in all the ways that tell implementations apart."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

# Enough repetition for matches of every order, punctuation and numbers for tokenizers, letters whose lower case is
# ASCII or longer, spaces that only Python knows, characters of every plane.
_TEXT = (
    "the a an cat Cat sat sat. mat mat, on under dog dogs running runs ran happily don't it's 3.14 1,000 1,000.5 "
    "$5 50% U.S. e-mail re-use (x) [y] \"q\" 'r' &amp; &lt;b&gt; &quot; <skipped> - -- ... ! ? naïve café straße "
    "STRASSE \u0130stanbul \u212aelvin 東京 に行く。 你好， สวั नम 😀 👨\u200d👩\u200d👧 ½ ١٢ “x” — x² \ufeffz \u200b"
)
_WORDS = _TEXT.split(" ")
_SPACES = (" ",) * 24 + ("  ", "\r\n", *"\n\t\x1c\x1d\x1e\x1f\x0b\x85\u00a0\u2028\u3000", "")
_PLANES = (
    (0x00, 0x20),
    (0x20, 0x7F),
    (0x80, 0x250),
    (0x370, 0x530),
    (0x590, 0xE80),
    (0x2000, 0x2070),
    (0x3000, 0xD7FF),
    (0xE000, 0xFFFF),
    (0x10000, 0x1FFFF),
    (0x20000, 0x10FFFF),
)


@dataclass(frozen=True)
class Pair:
    """A prediction with its references."""

    prediction: str
    references: tuple[str, ...]


def text(choose: random.Random) -> str:
    """A text of a few words; now and then empty, of any characters, or long."""
    kind = choose.random()
    if kind < 0.02:
        return ""
    if kind < 0.12:
        return "".join(_character(choose) for _ in range(choose.randint(1, 24)))
    words = choose.choices(_WORDS, k=choose.randint(1, 14))
    return "".join(word + choose.choice(_SPACES) for word in words)


def near(choose: random.Random, source: str) -> str:
    """A text that has much in common with another: words dropped, moved, repeated, changed."""
    words = source.split(" ")
    for _ in range(choose.randint(0, 3)):
        at = choose.randrange(len(words))
        edit = choose.randrange(5)
        if edit == 0 and len(words) > 1:
            del words[at]
        elif edit == 1:
            words.insert(at, choose.choice(_WORDS))
        elif edit == 2:
            words[at] = choose.choice((words[at].upper(), words[at].lower(), words[at] + "s", words[at] + ","))
        elif edit == 3:
            words.insert(choose.randrange(len(words)), words.pop(at))
        else:
            words.insert(at, words[at])
    return " ".join(words)


def pair(choose: random.Random, most: int = 7) -> Pair:
    """A prediction with one to `most` references, seldom many, related to it more often than not."""
    prediction = text(choose)
    count = choose.randint(1, min(most, choose.choice((1, 1, 2, 3, most))))
    related = [near(choose, prediction) if choose.random() < 0.7 else text(choose) for _ in range(count)]
    return Pair(prediction, tuple(related))


def pairs(choose: random.Random, count: int, most: int = 7) -> list[Pair]:
    """So many of them."""
    return [pair(choose, most) for _ in range(count)]


def corpus(choose: random.Random, most: int = 7) -> list[Pair]:
    """Few or many pairs."""
    return pairs(choose, choose.choice((1, 2, choose.randint(3, 20), choose.randint(40, 90))), most)


def long_pair(choose: random.Random, tokens: int) -> Pair:
    """So many words; a reference that is another text of the same words, and one that has much in common."""
    words = choose.choices([*_WORDS, *(f"w{number}" for number in range(choose.choice((1, 50, 3000))))], k=tokens)
    other = choose.choices(words, k=tokens)
    return Pair(" ".join(words), (" ".join(other), " ".join(words[tokens // 3 :] + other[: tokens // 9])))


def moved_pair(choose: random.Random, tokens: int) -> Pair:
    """So many words, nearly all different; the reference has a few of them elsewhere, changed or left out."""
    words = [choose.choice((f"w{number}", f"w{number}", "the")) for number in range(tokens)]
    other = list(words)
    for _ in range(2):
        start, length = choose.randrange(tokens - 60), choose.randint(1, 8)
        run = other[start : start + length]
        del other[start : start + length]
        to = start + choose.randint(9, 40)
        other[to:to] = run
        other[choose.randrange(len(other))] = "x"
        del other[choose.randrange(len(other))]
    return Pair(" ".join(words), (" ".join(other),))


def labels(choose: random.Random, classes: Sequence[str], rows: int) -> tuple[list[str], list[str]]:
    """Gold and predicted labels that agree more often than not."""
    gold = choose.choices(classes, k=rows)
    return gold, [label if choose.random() < 0.6 else choose.choice(classes) for label in gold]


def _character(choose: random.Random) -> str:
    return chr(choose.randint(*choose.choice(_PLANES)))
