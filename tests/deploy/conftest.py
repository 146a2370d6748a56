"""The image, built once, and what tests of it share with those of the server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.deploy.containers import CannotRunError, Podman
from tests.deploy.running import Container
from tests.server.conftest import long_request, start_server

__all__ = ["long_request", "start_server"]

IMAGE = "evald:0.1.0"
_report: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Proves to CI that containers ran."""
    for line in _report:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def commands(root: Path) -> dict[str, str]:
    """The commands of docs/deploy.md by the marker before them."""
    text = (root / "docs" / "deploy.md").read_text()
    return dict(re.findall(r"<!-- ([a-z: ]+) -->\n```sh\n(.*?)\n```", text, flags=re.DOTALL))


@pytest.fixture(scope="session")
def podman(root: Path) -> Podman:
    """A place to build and run containers; without one, the test is skipped, and loudly."""
    try:
        return Podman(root / "target" / "image")
    except CannotRunError as error:
        pytest.skip(f"image: SKIPPED as a check, {error}")


@pytest.fixture(scope="session")
def image(podman: Podman, commands: dict[str, str], root: Path) -> str:
    """The name of the image for CPUs, built as docs/deploy.md says."""
    podman.build(commands["build: cpu"], root)
    _report.append(f"image: built {IMAGE}, {podman.inspect(IMAGE)['Size'] / 1e6:.0f} MB on disk")
    return IMAGE


@pytest.fixture(scope="session")
def start(podman: Podman, image: str, commands: dict[str, str], root: Path) -> Iterator[Callable[..., Container]]:
    """Starts the container of docs/deploy.md, with other flags and another command if the test says so."""
    started: list[Container] = []

    def start(name: str, *flags: str, command: tuple[str, ...] = (), models: bool = True) -> Container:
        started.append(Container(podman, commands["run: cpu"], root, name, flags, command, models))
        return started[-1]

    yield start
    _report.append(f"image: ran {len(started)} containers of {image}")
    for container in started:
        container.remove()
