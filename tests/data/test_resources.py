"""Files that metrics name: a file, a folder, and what is no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from evald import _native
from evald.data.resources import read_resources
from evald.errors import InvalidRequestError


def test_a_file_and_the_files_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "b.txt").write_bytes(b"two")
    (folder / "a.txt").write_bytes(b"one")
    (folder / ".hidden").write_bytes(b"three")
    (folder / "sub").mkdir()
    found = read_resources({"one": folder / "a.txt", "both": str(folder)})
    assert found == {"one": [("a.txt", b"one")], "both": [("a.txt", b"one"), ("b.txt", b"two")]}


def test_the_digest_covers_names_and_contents() -> None:
    digests = _native.Resources(
        {"a": [("x", b"1")], "b": [("y", b"1")], "c": [("x", b"2")], "d": [("x", b"1")]}
    ).digests
    assert digests["a"] == digests["d"]
    assert len(set(digests.values())) == 3


@pytest.mark.parametrize("name", ["missing.txt", "empty"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidRequestError, match=name) as caught:
        read_resources({"stop": tmp_path / name})
    assert caught.value.violations[0].field == "resources['stop']"
