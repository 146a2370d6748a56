"""A container of the image, run as docs/deploy.md says: what it answers, and what it may do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.conftest import loopback, wait_until

import evald
from evald.server.app import Application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.deploy.running import Container

pytestmark = [pytest.mark.image, pytest.mark.timeout(1800)]

LISTEN = "0A"
# Before an address of IPv4 in the kernel's table of IPv6.
MAPPED = "0000000000000000FFFF0000"


@pytest.fixture(scope="module")
def container(start: Callable[..., Container]) -> Container:
    """One with the example models."""
    running = start("models")
    running.wait_ready()
    return running


@pytest.fixture(scope="module")
def outside(root: Path) -> Iterator[str]:
    """The address of a server with the same models, in this process."""
    app = Application(loopback(models_dir=root / "examples" / "models"))
    app.start()
    wait_until(lambda: app.ready)
    yield f"127.0.0.1:{app.grpc_port}"
    app.drain(lambda _: None)


@pytest.fixture(scope="module")
def tickets(root: Path) -> dict[str, Any]:
    """What `evald demo` asks."""
    columns = evald.read_file(root / "examples" / "data" / "support-tickets" / "test.csv").columns
    return {
        "ids": columns["id"],
        "inputs": columns["text"],
        "references": columns["label"],
        "systems": {"base": evald.Model("support-base"), "tuned": evald.Model("support-tuned")},
    }


@pytest.fixture(scope="module")
def summaries(root: Path) -> dict[str, Any]:
    folder = root / "examples" / "data" / "summaries"
    base, tuned = (evald.read_file(folder / f"{name}.jsonl").columns for name in ("base", "tuned"))
    return {
        "baseline": base["prediction"],
        "candidates": {"tuned": tuned["prediction"]},
        "references": base["reference"],
        "ids": base["id"],
    }


def both(container: Container, outside: str, ask: Callable[[evald.Client], Any]) -> tuple[Any, Any]:
    """The numbers of an answer from the container and from outside, without what it cost and who gave it."""
    answers = []
    for address in (container.grpc, outside):
        with evald.Client(address) as client:
            answer = ask(client).to_dict()
        answers.append({name: value for name, value in answer.items() if name not in ("cost", "provenance")})
    return answers[0], answers[1]


def test_models_answer_as_outside(container: Container, outside: str, tickets: dict[str, Any]) -> None:
    metrics = ["accuracy", "f1(average=macro)"]
    inside, here = both(container, outside, lambda client: client.evaluate(metrics=metrics, **tickets))
    assert inside == here
    inside, here = both(container, outside, lambda client: client.compare(metrics=metrics, **tickets))
    assert inside == here
    assert inside["systems"][1]["metrics"][0]["value"] == 0.885
    assert inside["comparisons"]


def test_texts_are_compared_as_outside(container: Container, outside: str, summaries: dict[str, Any]) -> None:
    metrics = ["bleu", "rouge_1", "rouge_2", "rouge_l"]
    inside, here = both(container, outside, lambda client: client.compare(metrics=metrics, **summaries))
    assert inside == here
    assert f"{inside['systems'][1]['metrics'][0]['value']:.2f}" == "37.60"


def test_a_baseline_learns_on_a_read_only_root(container: Container, outside: str, root: Path) -> None:
    """In a process of its own, with scikit-learn."""
    columns = evald.read_file(root / "examples" / "data" / "support-tickets" / "test.csv").columns
    rows = len(columns["id"])
    inside, here = both(
        container,
        outside,
        lambda client: client.evaluate(
            inputs=columns["text"],
            references=columns["label"],
            splits=["train"] * (rows // 2) + ["test"] * (rows - rows // 2),
            systems={"learned": evald.Baseline("logistic_regression")},
            metrics="accuracy",
        ),
    )
    assert inside["systems"][0]["metrics"][0]["value"] == here["systems"][0]["metrics"][0]["value"] > 0.3


def test_probes_and_metrics_answer(container: Container) -> None:
    for page in ("/livez", "/startupz", "/readyz"):
        assert container.get(page)[0] == 200
    assert "grpc_server_handled_total{" in container.get("/metrics")[1]


def test_the_process_may_do_nothing_special(container: Container) -> None:
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{container.state['Pid']}/status").read_text().splitlines()
    )
    assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0
    assert status["NoNewPrivs"] == "1"


def test_it_writes_under_tmp_only(container: Container) -> None:
    program = """
import errno, tempfile
from pathlib import Path
for folder in ("/", "/opt/evald", "/etc", "/models", "/home", "/var"):
    try:
        Path(folder, "x").write_text("x")
        print("wrote", folder)
    except OSError as error:
        print(errno.errorcode[error.errno])
print(tempfile.gettempdir())
Path("/tmp/x").write_text("x")
"""
    *refused, folder = container.python(program).split()
    assert len(refused) == 6
    assert set(refused) <= {"EROFS", "EACCES", "ENOENT"}
    assert "EROFS" in refused
    assert folder == "/tmp"  # noqa: S108 (in the container)


def test_limits_are_those_of_the_command(container: Container) -> None:
    process = Path("/proc") / str(container.state["Pid"])
    groups = dict(line.split(":", 2)[1:] for line in (process / "cgroup").read_text().splitlines())
    if "memory" in groups:
        limits = Path(f"/sys/fs/cgroup/memory{groups['memory']}/memory.limit_in_bytes")
    else:
        limits = Path(f"/sys/fs/cgroup{groups['']}/memory.max")
    assert int(limits.read_text()) == 1536 << 20
    assert int((process / "limits").read_text().split("Max open files")[1].split()[0]) == 1024


def test_nothing_calls_home_and_nothing_is_complained_of(container: Container) -> None:
    logs = container.logs()
    assert "models are loaded; ready" in logs
    lines = [line for line in logs.splitlines() if not re.match(r'\{"grpc"|\d{4}-\d\d-\d\d [\d:,]+ INFO ', line)]
    assert lines == []


def listening(container: Container) -> dict[int, str]:
    """Ports that the container's process listens on, each with the address in the hexadecimal form of the kernel."""
    found = {}
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{container.state['Pid']}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state = line.split()[:4]
            if state == LISTEN:
                address, _, port = local.partition(":")
                found[int(port, 16)] = address.removeprefix(MAPPED)
    return found


def test_only_its_command_opens_all_addresses(start: Callable[..., Container], container: Container) -> None:
    opened = listening(container)
    assert opened.keys() == {50051, 9090}
    # All zeros: any address, of either family.
    assert all(int(address, 16) == 0 for address in opened.values())
    plain = start("plain", command=("serve",), models=False)
    wait_until(lambda: '{"grpc"' in plain.logs())
    # 127.0.0.1, as the kernel of a little-endian machine writes it.
    assert listening(plain) == {50051: "0100007F", 9090: "0100007F"}
    assert plain.get("/livez")[0] == 0
