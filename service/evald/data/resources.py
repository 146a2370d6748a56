"""Reads the files that metrics name: word lists, tokenizer models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evald.errors import InvalidRequestError

Resources = dict[str, list[tuple[str, bytes]]]


def read_resources(paths: Mapping[str, str | Path]) -> Resources:
    """By name: the file, or the files of the folder, each with its name and content.

    Hidden files and subfolders are left out. Raises InvalidRequestError (FILE_ERROR).
    """
    return {
        name: [(file.name, _content(file, name)) for file in _files(Path(path), name)] for name, path in paths.items()
    }


def _files(path: Path, name: str) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [file for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise InvalidRequestError.of_field("FILE_ERROR", f"resources[{name!r}]", f"{path} holds no file")
    return files


def _content(file: Path, name: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidRequestError.of_field(
            "FILE_ERROR", f"resources[{name!r}]", f"cannot read {file}: {error.strerror or error}"
        ) from None
