"""What no implementation can beat by much: copying the texts, and hashing every n-gram of every token once.

Both are timed by `native/core/examples/text_limits.rs`, which is no part of the product.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from bench.corpora import Corpus
from bench.machine import ROOT
from bench.measure import Spread
from bench.report import Figure


def figures(key: str, corpus: Corpus) -> list[Figure]:
    """Nanoseconds a word of each limit."""
    with tempfile.TemporaryDirectory() as folder:
        texts = Path(folder) / "texts"
        texts.write_text("\n".join([*corpus.predictions, *corpus.references]), encoding="utf-8")
        command = ["cargo", "run", "--quiet", "--release", "--locked", "-p", "evald-core", "--example", "text_limits"]
        done = subprocess.run([*command, "--", str(texts)], cwd=ROOT, capture_output=True, text=True, check=True)
    found = (line.split() for line in done.stdout.splitlines())
    tokens = corpus.tokens()
    return [
        Figure(f"{key}.limit.{name}", Spread.of(float(ns) / tokens for ns in times), "ns", f"a word; {corpus.name}")
        for name, *times in found
    ]
