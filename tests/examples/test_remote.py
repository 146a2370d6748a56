"""The example of a remote endpoint: the commands of its page run as they stand, but for the ports."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.conftest import Process, wait_until

from evald.endpoints import read_endpoints
from evald.settings import _ALIAS

pytest.importorskip("httpx2")


@pytest.fixture
def endpoint(root: Path) -> Iterator[str]:
    """The URL of the endpoint of the example, which runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "examples.remote.endpoint", "0"], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


def command(root: Path, name: str) -> str:
    page = (root / "docs" / "remote.md").read_text()
    found = re.search(rf"<!-- example: {name} -->\n```sh\n(.*?)```", page, flags=re.DOTALL)
    assert found is not None
    return found[1]


def test_the_page_shows_the_settings_of_the_example(root: Path) -> None:
    example = read_endpoints(str(root / "examples" / "remote" / "endpoints.toml"), _ALIAS)["capitals"]
    shown = re.search(r"```toml\n(.*?)```", (root / "docs" / "remote.md").read_text(), flags=re.DOTALL)
    assert shown is not None
    for line in shown[1].splitlines():
        assert line in (root / "examples" / "remote" / "endpoints.toml").read_text()
    assert example.stop == ("\n",)


def test_every_field_is_on_the_page(root: Path) -> None:
    from dataclasses import fields

    from evald.endpoints import Endpoint

    table = (root / "docs" / "remote.md").read_text().split("## Settings of an endpoint")[1].split("## When")[0]
    named = set(re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines() if line[:1] == "|")))
    assert named == {field.name for field in fields(Endpoint)}


def test_the_commands_of_the_page_evaluate_the_endpoint(root: Path, tmp_path: Path, endpoint: str) -> None:
    settings = tmp_path / "endpoints.toml"
    settings.write_text(
        (root / "examples" / "remote" / "endpoints.toml").read_text().replace("http://127.0.0.1:8000/v1", endpoint)
    )
    assert "evald serve --endpoints examples/remote/endpoints.toml" in command(root, "serve")
    server = Process("--endpoints", str(settings), "--pre-stop-seconds", "0")
    try:
        wait_until(lambda: server.get("/readyz")[0] == 200)
        shown = command(root, "evaluate").replace("localhost:50051", server.grpc_address)
        environment = {**os.environ, "PYTHONPATH": str(root / "service")}
        line = shown.replace("evald ", f'"{sys.executable}" -m evald ', 1).strip() + " --json"
        done = subprocess.run(
            ["sh", "-ec", line], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
    finally:
        server.popen.terminate()
        server.end()
    values = {metric["metric"]: metric["value"] for metric in found["systems"][0]["metrics"]}
    # It does not know Australia, and takes four words to say so.
    assert values == {"exact_match": 75.0, "output_tokens": 1.75}
    (model,) = found["provenance"]["models"]
    assert (model["system"], model["remote_model"]) == ("capitals", "capitals-1")
    assert found["cost"]["remote"]["requests"] == 4
