"""Every processor path gives the same answer: what the other tests find on one holds for all.

A path is chosen once a process, so each runs in a process of its own: `python -m tests.metrics.test_processor_paths`
scores the pairs that it reads, and prints a digest of the answers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.metrics.conftest import lines
from tests.properties.build import AWKWARD

import evald
from evald import _native

ROOT = Path(__file__).resolve().parents[2]
# Of TER, test_ter.py runs on every path: pairs as awkward as these take it long.
METRICS = [
    *("bleu", "bleu(lowercase=true)", "bleu(max_order=2)", "bleu(max_order=9)"),
    *(f"bleu(tokenizer={name})" for name in ("intl", "zh", "char", "none")),
    *("bleu(profile=hf,smoothing=add-one)", "bleu(profile=nltk,smoothing=method3)"),
    *("chrf", "chrf(lowercase=true,whitespace=true,word_order=2)"),
    *("wer", "wil", "cer(lowercase=true)", "length_ratio"),
    *(f"rouge_{unit}{option}" for unit in ("1", "2", "l", "lsum") for option in ("", "(stemmer=true)")),
    *(f"rouge_l(tokenizer={name})" for name in ("unicode_words", "graphemes")),
    *(f"rouge_{unit}(profile={profile})" for unit in ("3", "l", "w", "su") for profile in ("1.5.5", "lin2004")),
    *("exact_match", "token_f1", "token_f1(profile=triviaqa)", "token_f1(normalizer=zh)", "squad2_f1", "drop_f1"),
    "contains(ignore_case=true)",
]
LACKS = "lacks the instructions"

Pairs = tuple[list[str], list[list[str]]]


def awkward_pairs() -> Pairs:
    """Awkward texts against each other, and long mixtures of them and words."""
    pairs = [(left, [right]) for left, right in itertools.product(AWKWARD, repeat=2)]
    random_ = random.Random(7)
    pieces = [*AWKWARD, "the", "cat", "sat", "mats", "1.5", "2-3", ",", ".", "-", "internationalisation", "relational"]
    for _ in range(1_000):
        texts = (" ".join(random_.choices(pieces, k=random_.randint(0, 90))) for _ in range(random_.randint(2, 3)))
        prediction, *references = texts
        pairs.append((prediction, references))
    return [left for left, _ in pairs], [right for _, right in pairs]


def run_on(path: str, pairs: Pairs) -> subprocess.CompletedProcess[str]:
    """A process that scores the pairs on a path."""
    return subprocess.run(
        [sys.executable, "-m", "tests.metrics.test_processor_paths"],
        cwd=ROOT,
        env=os.environ | {"EVALD_CPU": path},
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=False,
    )


def digest(pairs: Pairs) -> str:
    """Of all values, components and row scores."""
    answer = evald.evaluate(*pairs, metrics=METRICS, replicates=0, row_report="all")
    return hashlib.sha256(repr(answer.to_dict()).encode()).hexdigest()


def check(path: str, pairs: Pairs) -> None:
    """The path answers as this process does."""
    done = run_on(path, pairs)
    if LACKS in done.stderr:
        pytest.skip(f"this processor lacks {path}")
    assert done.stdout.split() == [path, digest(pairs)], done.stderr


@pytest.mark.parametrize("path", ["plain", "avx2", "avx512"])
def test_awkward_texts(path: str) -> None:
    check(path, awkward_pairs())


@pytest.mark.parametrize("path", ["plain", "avx2", "avx512"])
def test_real_texts(path: str, shared_data: Path) -> None:
    translations = shared_data / "mt-wmt17-en-de"
    summaries = shared_data / "summ-xsum"
    predictions = lines(translations / "uedin-nmt.txt")[:1000] + lines(summaries / "convs2s.txt")[:1000]
    references = lines(translations / "reference.txt")[:1000] + lines(summaries / "reference.txt")[:1000]
    check(path, (predictions, [[reference] for reference in references]))


def test_an_unknown_path_is_refused() -> None:
    done = run_on("sse9", ([], []))
    assert done.returncode != 0
    assert "EVALD_CPU=sse9: must be plain, avx2 or avx512" in done.stderr


def test_the_path_is_reported() -> None:
    assert _native.build_info()["cpu"] in {"plain", "avx2", "avx512"}


if __name__ == "__main__":
    print(_native.build_info()["cpu"], digest(json.load(sys.stdin)))
