"""Committed text names no machine: no absolute paths of a developer, no hosts of package registries."""

from __future__ import annotations

import re
from pathlib import Path

# Written in pieces, so that this file passes its own test.
PATHS = tuple(f"/{folder}/" for folder in ("work", "root", "Users"))
HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("crates", "io"),
        ("npmjs", "org"),
        ("proxy.golang", "org"),
        ("sum.golang", "org"),
        ("repo1", "maven"),
        ("deb", "debian"),
        ("pytorch", "org/whl"),
    )
)
FORBIDDEN = re.compile("|".join(re.escape(word) for word in PATHS + HOSTS))
# The one line that Cargo writes for each crate.
CARGO_SOURCE = f'source = "registry+https://github.com/rust-lang/{HOSTS[2]}-index"'


def violations(name: str, text: str) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if FORBIDDEN.search(line) and not (name.endswith("Cargo.lock") and line == CARGO_SOURCE)
    ]


def test_files_name_no_machine_and_no_registry(root: Path, repository_files: list[Path]) -> None:
    found: list[str] = []
    read = 0
    for file in repository_files:
        try:
            text = (root / file).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # Models and pictures.
        read += 1
        found += violations(str(file), text)
    assert read > 50
    assert not found


def test_the_search_finds_what_it_should() -> None:
    assert violations("a.md", f"see {PATHS[0]}x and https://{HOSTS[0]}/p")
    assert violations("Cargo.lock", f'source = "{HOSTS[2]}"')
    assert not violations("Cargo.lock", CARGO_SOURCE)
