"""The tokenizer of a folder is read once as long as its file is the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("tokenizers")

from evald.backends.folder import ModelFolder
from evald.backends.tokenizer import FileTokenizer

if TYPE_CHECKING:
    from pathlib import Path


def test_a_model_that_is_loaded_again_gets_the_tokenizer_that_it_had(root: Path, tmp_path: Path) -> None:
    shutil.copy(root / "examples" / "models" / "support-tuned" / "tokenizer.json", tmp_path)
    folder = ModelFolder(tmp_path)
    first = FileTokenizer(folder)
    assert FileTokenizer(folder)._tokenizer is first._tokenizer
    shutil.copy(root / "examples" / "models" / "tiny-lm" / "tokenizer.json", tmp_path)
    changed = FileTokenizer(folder)
    assert changed.digest != first.digest
    assert len(changed.encode(["ab"], special_tokens=False)[0]) == 2


GROWTH = """
import random, sys
from pathlib import Path
from evald.backends.folder import ModelFolder
from evald.backends.tokenizer import FileTokenizer

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

tokenizer, draw = FileTokenizer(ModelFolder(Path(sys.argv[1]))), random.Random(1)
def read(texts):
    for _ in range(texts // 100):
        tokenizer.encode([" ".join(draw.choices(["where", "parcel", "monday"], k=30)) for _ in range(100)], True)
read(2_000)
before = resident()
read(12_000)
print(resident() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_texts_are_not_kept(root: Path) -> None:
    """The library kept 10,000 of them a thread: 60 MB here."""
    environment = os.environ | {"PYTHONPATH": str(root / "service"), "RAYON_NUM_THREADS": "1"}
    command = [sys.executable, "-c", GROWTH, str(root / "examples" / "models" / "tiny-lm")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 10
