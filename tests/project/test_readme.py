"""README's examples are programs that run."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

from evald.server.app import Application
from evald.settings import Settings


def _example(root: Path, name: str) -> str:
    found = re.search(
        rf"<!-- example: {name} -->\n```python\n(.*?)```", (root / "README.md").read_text(), flags=re.DOTALL
    )
    assert found is not None
    return found[1]


def _output_of(program: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(program, {})  # noqa: S102 - the program is our own README
    return printed.getvalue()


def test_the_client_example_compares_two_models(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so a server cannot run the example models")
    settings = Settings(grpc_address="127.0.0.1:0", http_address="127.0.0.1:0", models_dir=root / "examples" / "models")
    monkeypatch.chdir(root)
    app = Application(settings)
    app.start()
    try:
        program = _example(root, "client").replace("localhost:50051", f"127.0.0.1:{app.grpc_port}")
        # The reader of README has started the server before; its models are loaded.
        printed = _output_of(program.replace("    result = ", "    client.wait_ready(60)\n    result = "))
    finally:
        app.drain(lambda _: None)
    assert "tuned against base" in printed
    decision, p_adjusted = printed.splitlines()[-1].split()[:2]
    assert decision == "improved"
    assert 0 < float(p_adjusted) < 0.001


def test_the_embedded_example_prints_a_value_with_its_signature(root: Path) -> None:
    printed = _output_of(_example(root, "embedded"))
    assert re.match(r"\d+\.\d+ bleu\(.*\)\|unicode:", printed)
