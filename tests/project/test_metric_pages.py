"""The examples of docs run and print what they say."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
# Every metric has an example; other pages may.
PAGES = [
    *sorted(page for page in DOCS.glob("*.md") if ">>>" in page.read_text(encoding="utf-8")),
    *sorted((DOCS / "metrics").glob("*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(page: Path) -> None:
    # A fence ends an example; doctest would take it for output.
    text = page.read_text(encoding="utf-8").replace("```", "\n")
    found = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    assert found.examples, f"{page.name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    runner.run(found, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)
