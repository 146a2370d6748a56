"""`evald demo`: the main job, for real, on this machine: a server, two models, a verdict.

It uses the example models and data of the repository and nothing that a user could not type: the server is
`evald serve` as a process of its own, the calls go through `evald.Client`.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evald.errors import InvalidRequestError, UnavailableError

# What a reader of /metrics should look at first.
_SHOWN_METRICS = (
    "grpc_server_handled_total",
    "grpc_server_handling_seconds_count",
    "grpc_server_handling_seconds_sum",
    "evald_rows_total",
    "evald_tokens_total",
    "evald_batch_sequences_count",
    "evald_batch_sequences_sum",
    "evald_stage_seconds_sum",
)
_READY_SECONDS = 60.0
_STOP_SECONDS = 30.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evald demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="start a server, evaluate and compare two small models",
        description="Starts a server on free loopback ports and evaluates and compares the example models over gRPC.",
    )
    parser.add_argument(
        "--examples",
        type=Path,
        default=Path(__file__).resolve().parents[3] / "examples",
        metavar="FOLDER",
        help="the folder examples/ of the repository (default: beside the installed sources)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Runs the demonstration; returns the exit code."""
    models = args.examples / "models"
    if not models.is_dir():
        raise InvalidRequestError.of_field(
            "FILE_ERROR", "--examples", f"{models} is no folder; the demo needs the repository's examples"
        )
    started = time.monotonic()
    with _server(models) as addresses:
        _say(f"A server runs: gRPC on {addresses['grpc']}, operations on http://{addresses['http']}")
        _compare_models(addresses["grpc"], args.examples)
        _compare_texts(addresses["grpc"], args.examples)
        _show_metrics(addresses["http"])
    _say(f"The server drained and ended. All of this took {time.monotonic() - started:.1f} s.")
    return 0


def _say(words: str) -> None:
    print(f"\n── {words}\n", flush=True)


@contextmanager
def _server(models: Path) -> Iterator[dict[str, str]]:
    """`evald serve` with the example models on free ports."""
    command = [sys.executable, "-m", "evald", "serve", "--models", str(models)]
    command += ["--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0", "--pre-stop-seconds", "0"]
    # A file: a pipe that nobody reads would stop a server with much to log.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                log.seek(0)
                raise UnavailableError(f"the server did not start:\n{log.read().decode(errors='replace')}")
            yield json.loads(line)
        finally:
            _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _compare_models(address: str, examples: Path) -> None:
    """Two classifiers that the server runs: one with a trained head, one trained fully."""
    import evald

    tickets = evald.read_file(examples / "data" / "support-tickets" / "test.csv").columns
    data: dict[str, Any] = {
        "ids": tickets["id"],
        "inputs": tickets["text"],
        "references": tickets["label"],
        "systems": {"base": evald.Model("support-base"), "tuned": evald.Model("support-tuned")},
    }
    with evald.Client(address) as client:
        client.wait_ready(_READY_SECONDS)
        _say("Evaluate: how good are the two models on 400 support tickets? (ONNX Runtime, in the server)")
        print(client.evaluate(metrics=["accuracy", "f1(average=macro)"], **data))
        _say("Compare: is the fine-tuned model really better, and by how much?")
        comparison = client.compare(metrics=["accuracy", "f1(average=macro)", "confusion_matrix"], **data)
        print(comparison)
        cost = comparison.cost
        if cost is not None:
            print(f"\n{cost.tokens:,} tokens read; {cost.infer_seconds:.3f} s in the models")


def _compare_texts(address: str, examples: Path) -> None:
    """Generated summaries that were recorded earlier, scored against references."""
    import evald

    folder = examples / "data" / "summaries"
    base, tuned = (evald.read_file(folder / f"{name}.jsonl").columns for name in ("base", "tuned"))
    with evald.Client(address) as client:
        _say("Compare texts: summaries written by two models, scored with BLEU and ROUGE")
        comparison = client.compare(
            baseline=base["prediction"],
            candidates={"tuned": tuned["prediction"]},
            references=base["reference"],
            ids=base["id"],
            metrics=["bleu", "rouge_1", "rouge_2", "rouge_l"],
        )
        print(comparison)


def _show_metrics(address: str) -> None:
    _say(f"What Prometheus sees at http://{address}/metrics (a few lines of it)")
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as page:
        lines = page.read().decode().splitlines()
    for line in lines:
        name = line.split("{")[0].split(" ")[0]
        if name in _SHOWN_METRICS and not line.endswith(" 0.0") and "ListM" not in line:
            print(line)
