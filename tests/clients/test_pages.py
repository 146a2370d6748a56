"""Programs in Go and Java that stand in pages stand in programs that are compiled and run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = ("README.md", "clients/go/README.md", "clients/java/README.md", "docs/clients.md")
PROGRAMS = {"go": "clients/go/*_test.go", "java": "clients/java/src/test/java/dev/evald/examples/*.java"}


def words(program: str) -> str:
    """The program without what depends on where it stands: indentation, line ends, the address."""
    return " ".join(program.replace('"localhost:50051"', "address").split())


@pytest.mark.parametrize("language", PROGRAMS)
def test_examples_are_parts_of_programs(language: str, root: Path) -> None:
    programs = [words(file.read_text()) for file in root.glob(PROGRAMS[language])]
    examples = [
        (page, found)
        for page in PAGES
        for found in re.findall(rf"```{language}\n(.*?)```", (root / page).read_text(), flags=re.DOTALL)
    ]
    assert len(examples) >= 3
    for page, example in examples:
        assert any(words(example) in program for program in programs), f"{page}: no program has\n{example}"


def test_links_lead_somewhere(root: Path) -> None:
    for page in PAGES[1:]:
        for link in re.findall(r"\]\(([^)#:]+)\)", (root / page).read_text()):
            assert ((root / page).parent / link).exists(), f"{page} links to {link}"
