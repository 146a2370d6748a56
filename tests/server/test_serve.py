"""`evald serve` as a real process: addresses, drain, memory."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from tests.server.conftest import failure_of

from evald.cli.serve import GRPC_EXPERIMENTS
from evald.v1 import evaluation_pb2 as pb
from evald.v1 import instance_pb2, metric_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.server.conftest import Process

EVALUATE = "/evald.v1.EvaluationService/Evaluate"


def small_request(rows: int = 1) -> pb.EvaluateRequest:
    row = instance_pb2.Instance(references=["a b c"], predictions=[instance_pb2.Prediction(text="a b d")])
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name=name) for name in ("bleu", "rouge_l")])
    return pb.EvaluateRequest(spec=spec, instances=[row] * rows)


def computes(process: Process) -> bool:
    return "\nevald_calls_in_progress 1.0\n" in process.get("/metrics")[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_call_in_progress_finishes_and_the_process_exits_with_0(
    serve: Callable[..., Process], number: signal.Signals, long_request: bytes
) -> None:
    process = serve("--pre-stop-seconds", "0", "--grace-seconds", "100")
    call = process.api.start(EVALUATE, long_request, pb.EvaluateResponse, timeout=None)
    process.wait_until(lambda: computes(process))
    process.popen.send_signal(number)
    assert call.result(timeout=100).systems
    log = process.end()
    assert process.popen.returncode == 0, log
    assert "drained" in log


def test_a_call_that_outlives_the_grace_is_ended_with_unavailable(
    serve: Callable[..., Process], slow_request: bytes
) -> None:
    process = serve("--pre-stop-seconds", "0", "--grace-seconds", "0.5")
    call = process.api.start(EVALUATE, slow_request, pb.EvaluateResponse, timeout=None)
    process.wait_until(lambda: computes(process))
    process.popen.send_signal(signal.SIGTERM)
    failure = process.api.failure_of(call)
    assert (failure.code, failure.reason) == ("UNAVAILABLE", "SHUTTING_DOWN")
    process.end()
    assert process.popen.returncode == 0


def test_the_installed_grpc_knows_what_evald_asks_of_it(
    serve: Callable[..., Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRPC_EXPERIMENTS")
    process = serve("--pre-stop-seconds", "0")
    assert process.api.call(EVALUATE, small_request(), pb.EvaluateResponse).systems
    process.popen.send_signal(signal.SIGTERM)
    assert "experiment" not in process.end()


@pytest.mark.parametrize("given", [None, "", "-event_engine_dns"])
def test_what_the_operator_asks_of_grpc_stays(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRPC_EXPERIMENTS")
    if given is not None:
        monkeypatch.setenv("GRPC_EXPERIMENTS", given)
    # It ends at an address that is none, after it has asked.
    code = "import os; from evald.__main__ import main; main(['serve', '--grpc-address', '192.0.2.1:1']); "
    code += "print(os.environ['GRPC_EXPERIMENTS'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == f"{GRPC_EXPERIMENTS if given is None else given}\n", done.stderr
    assert "cannot start" in done.stderr


def test_grpc_is_not_imported_before_it_is_asked() -> None:
    code = "import sys; from evald.cli import serve; from evald.settings import load; load({}); "
    code += "print('grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "False\n", done.stderr


def test_new_calls_are_served_during_the_pre_stop_delay_and_a_second_signal_skips_it(
    serve: Callable[..., Process],
) -> None:
    process = serve("--pre-stop-seconds", "600")
    process.wait_until(lambda: process.get("/readyz")[0] == 200)
    process.popen.send_signal(signal.SIGTERM)
    process.wait_until(lambda: process.get("/readyz")[0] == 503)
    assert process.get("/livez")[0] == 200
    assert process.api.call(EVALUATE, small_request(), pb.EvaluateResponse).systems
    process.popen.send_signal(signal.SIGTERM)
    process.end()
    assert process.popen.returncode == 0


def test_a_server_without_models_is_small_and_loads_no_model_library(serve: Callable[..., Process]) -> None:
    process = serve()
    for _ in range(20):
        process.api.call(EVALUATE, small_request(256), pb.EvaluateResponse)
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    kilobytes = int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0])
    assert kilobytes < 120_000
    maps = Path(f"/proc/{process.popen.pid}/maps").read_text()
    for library in ("numpy", "onnxruntime", "torch", "tokenizers", "sklearn"):
        assert f"/{library}" not in maps


def test_a_compressed_bomb_is_refused_before_it_is_inflated(serve: Callable[..., Process]) -> None:
    process = serve("--max-request-bytes", str(4 << 20), "--max-bytes-in-progress", str(8 << 20))
    before = peak_kilobytes(process)
    # 256 MiB that gzip makes a thousandth of.
    bomb = instance_pb2.Instance(references=["a" * (256 << 20)])
    method: Any = process.api.channel.unary_unary(EVALUATE)
    with pytest.raises(grpc.RpcError) as caught:
        method(pb.EvaluateRequest(instances=[bomb]).SerializeToString(), compression=grpc.Compression.Gzip)
    assert failure_of(caught.value).code == "RESOURCE_EXHAUSTED"
    assert peak_kilobytes(process) - before < 64_000
    assert process.api.call(EVALUATE, small_request(), pb.EvaluateResponse).systems


def peak_kilobytes(process: Process) -> int:
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


def test_the_number_of_scoring_threads_is_a_setting(serve: Callable[..., Process]) -> None:
    process = serve("--scoring-threads", "3")
    process.api.call(EVALUATE, small_request(50_000), pb.EvaluateResponse)
    tasks = Path(f"/proc/{process.popen.pid}/task").glob("*/comm")
    # The thread of the call is the third.
    assert sum(task.read_text().startswith("evald-score") for task in tasks) == 2


def test_nothing_that_a_caller_sends_is_in_the_log_of_the_process(serve: Callable[..., Process]) -> None:
    process = serve("--log-level", "debug", "--pre-stop-seconds", "0")
    row = instance_pb2.Instance(
        references=["Xylophone-4711"], predictions=[instance_pb2.Prediction(text="Xylophone-4711")]
    )
    spec = pb.EvaluationSpec(metrics=[metric_pb2.MetricSpec(name="accuracy")])
    data = pb.EvaluateRequest(spec=spec, instances=[row]).SerializeToString()
    for wrong in (data, data[:-2], data.replace(b"Xylo", b"X\xff\xfe-"), data + b"Xylophone-4711"):
        process.api.failure(EVALUATE, wrong)
    process.api.failure("/evald.v1.ModelService/Predict", data)
    process.popen.send_signal(signal.SIGTERM)
    assert "Xylophone" not in process.end()


@pytest.mark.parametrize(
    ("flags", "code", "text"),
    [
        (["--max-rows", "0"], 2, "max_rows"),
        (["--config", "nowhere.toml"], 2, "nowhere.toml"),
        (["--models", "nowhere"], 2, "models_dir"),
        (["--model", "base"], 2, "models"),
        (["--no-such-flag"], 2, "no-such-flag"),
        (["--grpc-address", "192.0.2.1:50051"], 1, "cannot start"),
    ],
)
def test_wrong_settings_end_with_an_exit_code_and_a_line(flags: list[str], code: int, text: str, root: Path) -> None:
    start = (
        f"import sys; sys.path.insert(0, {str(root / 'service')!r}); from evald.__main__ import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", start, "serve", "--http-address", "127.0.0.1:0", *flags]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == code, ended.stderr
    assert text in ended.stderr
    assert "Traceback" not in ended.stderr
