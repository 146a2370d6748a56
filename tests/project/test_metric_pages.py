"""The examples of docs run and print what they say."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import evald
from evald.settings import ModelSetting, Settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
# Every metric has an example; other pages may.
PAGES = [
    *sorted(page for page in DOCS.glob("*.md") if ">>>" in page.read_text(encoding="utf-8")),
    *sorted((DOCS / "metrics").glob("*.md")),
]


@pytest.fixture(scope="module")
def address(root: Path) -> Iterator[str]:
    """Where a server of the example encoder answers."""
    pytest.importorskip("onnxruntime")
    from evald.server.app import Application

    models = {"tiny-encoder": ModelSetting(root / "examples" / "models" / "tiny-encoder")}
    any_port = "127.0.0.1:0"
    app = Application(Settings(grpc_address=any_port, http_address=any_port, models=models, pre_stop_seconds=0.0))
    app.start()
    found = f"127.0.0.1:{app.grpc_port}"
    with evald.Client(found) as client:
        client.wait_ready(60)
    yield found
    app.drain(lambda _: None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(request: pytest.FixtureRequest, page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A fence ends an example; doctest would take it for output.
    text = page.read_text(encoding="utf-8").replace("```", "\n")
    needs_server = "evald.Client(address)" in text
    known: dict[str, Any] = {"address": request.getfixturevalue("address")} if needs_server else {}
    found = doctest.DocTestParser().get_doctest(text, known, page.name, str(page), 0)
    assert found.examples, f"{page.name} has no example"
    # What an example writes must not land in the repository.
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    report: list[str] = []
    runner.run(found, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)
