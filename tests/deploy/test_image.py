"""What is in the image, and what is not."""

from __future__ import annotations

import datetime as dt
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.deploy.containers import Podman

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

# What could build, install or be typed into.
FORBIDDEN = {
    *("cc", "gcc", "g++", "clang", "ld", "as", "make", "rustc", "cargo", "maturin"),
    *("pip", "pip3", "uv", "apt", "apt-get"),
    *("sh", "bash", "dash", "busybox", "perl", "su", "sudo", "mount"),
}


@pytest.fixture(scope="module")
def config(podman: Podman, image: str) -> Any:
    return podman.inspect(image)["Config"]


@pytest.fixture(scope="module")
def files(podman: Podman, image: str) -> Iterator[Path]:
    """The root of the image's files."""
    yield podman.mount(image)
    podman.unmount(image)


@pytest.fixture(scope="module")
def packages(files: Path) -> Path:
    """Where Python finds evald and what it depends on."""
    (found,) = (files / "opt" / "evald" / "lib").glob("python3.*/site-packages")
    return found


def test_it_runs_as_nobody_and_is_told_apart(config: Any, root: Path) -> None:
    assert config["User"] == "65532:65532"
    assert config["StopSignal"] in ("SIGTERM", "15")
    assert config["ExposedPorts"].keys() == {"50051/tcp", "9090/tcp"}
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["title"] == "evald"
    assert labels["description"]
    assert labels["licenses"] == "Apache-2.0"
    assert labels["source"] == "https://github.com/evald/evald"
    assert labels["version"] == tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False).stdout
    assert labels["revision"] == head.strip()
    assert dt.datetime.fromisoformat(labels["created"]).year > 2000


def test_the_command_is_what_the_documentation_says(config: Any, commands: dict[str, str]) -> None:
    (entry,) = config["Entrypoint"]
    assert " ".join([Path(entry).name, *config["Cmd"]]) == commands["command"]


def test_it_is_small(podman: Podman, image: str) -> None:
    """A registry keeps about a third of that."""
    assert podman.inspect(image)["Size"] < 550e6


def test_nothing_in_it_builds_installs_or_is_a_shell(files: Path, packages: Path) -> None:
    everything = list(files.rglob("*"))
    assert len(everything) > 5000
    programs = {path.name for path in everything if path.parent.name in ("bin", "sbin")}
    assert "evald" in programs
    assert not programs & FORBIDDEN
    assert not {"pip", "setuptools", "uv", "maturin", "wheel"} & {path.name for path in packages.iterdir()}
    assert not [path for path in everything if path.suffix in (".rs", ".o")]


def test_no_file_changes_the_user_or_may_be_changed(files: Path) -> None:
    regular = [(path, path.lstat()) for path in files.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path, status in regular if status.st_mode & (stat.S_ISUID | stat.S_ISGID)]
    theirs = [(path, status) for path, status in regular if path.is_relative_to(files / "opt")]
    assert theirs
    assert not [path for path, status in theirs if status.st_uid != 0 or status.st_mode & stat.S_IWOTH]


def test_there_is_one_onnx_runtime_and_everything_is_compiled(packages: Path) -> None:
    runtimes = [path.name for path in packages.glob("onnxruntime*.dist-info")]
    assert len(runtimes) == 1
    assert "gpu" not in runtimes[0]
    sources = list((packages / "evald").rglob("*.py"))
    assert len(sources) > 100
    for source in sources:
        (compiled,) = (source.parent / "__pycache__").glob(f"{source.stem}.cpython-*.pyc")
        # PEP 552: by a hash that is not checked, so never again.
        assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00"
