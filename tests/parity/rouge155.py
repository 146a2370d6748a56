"""ROUGE of the profile 1.5.5 against the script itself, in all of its printed decimals."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from functools import cache

from tests.metrics import rouge_script as script
from tests.parity.generate import Pair, pairs
from tests.parity.runner import Case, CaseCheck, Check, Expected, instances

LISTS = {"exceptions": "wordnet", "stop_words": "common"}


@cache
def resources() -> dict[str, bytes]:
    """The script's word lists by the names that parameters use, each as one file."""
    found = {}
    for name, path in script.word_lists().items():
        files = sorted(path.glob("*.exc")) if path.is_dir() else [path]
        found[name] = b"".join(file.read_bytes() for file in files)
    return found


def options(choose: random.Random) -> script.Options:
    """Any combination; not always a weight, because references without words end the script then."""
    limit = choose.choice(("", "", "word_limit", "byte_limit"))
    # A single byte of a word may be a stop word.
    limits = {limit: choose.choice((1 if limit == "word_limit" else 2, 5, 20, 75))} if limit else {}
    return script.Options(
        longest=choose.choice((2, 4, 9)),
        weight=choose.choice((None, 1.2, 1.2, 2.0, 3.5)),
        skip_distance=choose.choice((-1, 0, 1, 4, 9)),
        alpha=choose.choice((0.5, 0.5, 0.0, 1.0, 0.8)),
        best=choose.random() < 0.5,
        stemmer=choose.random() < 0.5,
        stop_words=choose.random() < 0.3,
        **limits,
    )


def forms(asked: script.Options) -> dict[str, str]:
    """Text forms of all measures that are asked for, by the script's names."""
    params = {"profile": "1.5.5", "alpha": repr(asked.alpha), "aggregation": "best" if asked.best else "default"}
    if asked.stemmer:
        params |= {"stemmer": "true", "exceptions": LISTS["exceptions"]}
    if asked.stop_words:
        params["stop_words"] = LISTS["stop_words"]
    for name in ("word_limit", "byte_limit"):
        if getattr(asked, name):
            params[name] = str(getattr(asked, name))
    names: dict[str, tuple[str, dict[str, str]]] = {"L": ("rouge_l", {})}
    names |= {str(n): (f"rouge_{n}", {}) for n in range(1, asked.longest + 1)}
    if asked.weight is not None:
        names["W"] = ("rouge_w", {"weight": repr(asked.weight)})
    if asked.skip_distance is not None:
        distance = {"skip_distance": str(asked.skip_distance)}
        names |= {"S": ("rouge_s", distance), "SU": ("rouge_su", distance)}
    return {
        measure: f"{name}({','.join(f'{key}={value}' for key, value in sorted((params | own).items()))})"
        for measure, (name, own) in names.items()
    }


def with_word(text: str) -> str:
    """Begins with a word that is no stop word, so that limits leave one; without any the script divides by zero."""
    return f"zz {text}"


def in_lines(choose: random.Random, text: str) -> str:
    """A text of several lines, which are sentences to the script."""
    return "".join("\n" if letter == " " and choose.random() < 0.2 else letter for letter in text)


def drawn(choose: random.Random) -> list[Pair]:
    """Pairs of a few lines."""
    found = pairs(choose, choose.choice((1, 400, 400)), choose.choice((1, 2, 7)))
    return [
        Pair(in_lines(choose, one.prediction), tuple(in_lines(choose, text) for text in one.references))
        for one in found
    ]


def case(given: Sequence[Pair], asked: script.Options) -> Case:
    """All measures, with the means of recall and precision."""
    if asked.weight is not None:
        given = [Pair(one.prediction, tuple(map(with_word, one.references))) for one in given]
    written = forms(asked)
    expected = {}
    for measure, triples in script.scores([(one.prediction, one.references) for one in given], asked).items():
        names = ("recall", "precision", "fmeasure")
        means = [math.fsum(column) / len(triples) for column in zip(*triples, strict=True)]
        rows = [fmeasure for _, _, fmeasure in triples]
        expected[written[measure]] = Expected(None, rows, dict(zip(names, means, strict=True)))
    assert expected.keys() == set(written.values())
    return Case(instances(given), expected, resources=resources())


def rouge155() -> list[Check]:
    """All measures of the script; none where it does not run."""
    if script.home() is None:
        return []
    return [CaseCheck(lambda choose: case(drawn(choose), options(choose)), tolerance=1e-12)]
