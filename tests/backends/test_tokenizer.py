"""The tokenizer of a folder is read once as long as its file is the same."""

from __future__ import annotations

import shutil
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
