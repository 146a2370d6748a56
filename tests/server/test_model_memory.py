"""What models leave behind in the memory of a real server: nothing that grows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evald

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Process

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="resident memory is read from /proc")

LOADS, WARM_UP = 50, 5
REQUESTS = 1500


@pytest.fixture
def process(serve: Callable[..., Process], root: Path) -> Process:
    pytest.importorskip("onnxruntime")
    found = serve("--models", str(root / "examples" / "models"))
    found.wait_until(lambda: found.get("/readyz")[0] == 200)
    return found


def resident(process: Process) -> int:
    pages = int(Path(f"/proc/{process.popen.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_loading_and_unloading_gives_the_memory_back(process: Process) -> None:
    with evald.Client(process.grpc_address) as client:
        sizes = []
        for _ in range(WARM_UP + LOADS):
            client.predict("tiny-lm", ["a text that is read before the model goes"] * 8)
            client.unload_model("tiny-lm")
            sizes.append(resident(process))
    assert sizes[-1] < 1.1 * sizes[WARM_UP - 1]


def test_requests_of_mixed_lengths_leave_nothing_behind(process: Process) -> None:
    with evald.Client(process.grpc_address) as client:
        sizes = []
        for number in range(REQUESTS):
            text = "where is my parcel? " * (1 + number * 7 % 11)
            client.predict("support-tuned", [text[: 10 + number * 13 % 200]] * (1 + number % 5))
            sizes.append(resident(process))
    assert sizes[-1] - sizes[REQUESTS // 3] < 4 << 20


def test_the_commands_of_the_page_load_and_unload(process: Process, root: Path) -> None:
    page = (root / "docs" / "models.md").read_text()
    found = re.search(r"<!-- example: load -->\n```sh\n(.*?)```", page, flags=re.DOTALL)
    assert found is not None
    printed = []
    for line in found[1].splitlines():
        words = shlex.split(line.replace("127.0.0.1:50051", process.grpc_address))
        assert words[0] == "evald"
        command = [sys.executable, "-m", "evald", *words[1:]]
        printed.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert [re.search(r"tiny-lm +causal-lm +ready", text) is not None for text in printed] == [True, False, True]
    assert "unloaded" in printed[1]
