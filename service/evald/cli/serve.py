"""`evald serve`: settings from flags, environment and file; signals; the addresses on standard output.

Must not know what the server does with the settings.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from evald.errors import EvaldError
from evald.settings import FIELDS, Settings, SettingsError, load

if TYPE_CHECKING:
    from evald.server.app import Application

FAILED = 1
USAGE = 2

# By default gRPC now reads sockets in threads of its own, which then wake the one that serves. Without them that one
# reads itself, which takes a third off a short call, and off receiving a long one. gRPC offers this switch until all
# use the new way; a later version that does not know it any more says so once and serves on.
GRPC_EXPERIMENTS = "-event_engine_listener"

_EPILOG = """\
Every flag can be set in the environment (EVALD_MAX_ROWS=1000) and in the file (max_rows = 1000); flags win over the
environment, the environment over the file. The first line on standard output is {"grpc": "HOST:PORT", "http":
"HOST:PORT"} once both ports answer. SIGTERM and SIGINT drain the server; a second one skips the pre-stop delay.
Exit codes: 0 drained, 1 cannot start, 2 wrong settings.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `evald serve` with a flag for every setting."""
    parser = subparsers.add_parser(
        "serve",
        help="serve evaluations over gRPC",
        description="Serves evaluations over gRPC, with operations pages over HTTP.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", type=Path, default=None, metavar="FILE", help="settings in TOML")
    parser.add_argument(
        "--model", action="append", metavar="ALIAS=FOLDER", help="a model by alias; may be given several times"
    )
    parser.add_argument(
        "--resource",
        action="append",
        metavar="ALIAS=PATH",
        help="a file or folder that metrics name, for example a list of stop words; may be given several times",
    )
    parser.add_argument(
        "--endpoints", metavar="FILE", help="remote endpoints in TOML: a table with url and model for each"
    )
    for name, field in FIELDS.items():
        if name in ("models", "endpoints", "resources"):
            continue
        flags = ["--models", "--models-dir"] if name == "models_dir" else [f"--{name.replace('_', '-')}"]
        shown = "" if field.default is None else f" (default: {field.default})"
        parser.add_argument(*flags, dest=name, metavar="VALUE", help=field.metadata["help"] + shown)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serves until a signal; returns the exit code."""
    flags = {name: value for name, value in vars(args).items() if name in FIELDS}
    if models := vars(args).get("model"):
        flags["models"] = ",".join(models)
    if resources := vars(args).get("resource"):
        flags["resources"] = ",".join(resources)
    try:
        settings = load(flags, config=args.config)
        settings.all_models()
    except SettingsError as error:
        print(f"evald serve: {error}", file=sys.stderr)
        return USAGE
    return _serve(settings)


def _serve(settings: Settings) -> int:
    signals = _Signals()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    # gRPC reads it when it is imported.
    os.environ.setdefault("GRPC_EXPERIMENTS", GRPC_EXPERIMENTS)
    # Imported late: wrong settings need no server, and `evald evaluate` needs none at all.
    try:
        from evald.server.app import Application
    except ModuleNotFoundError as error:
        print(f"evald serve: {error.name} is missing: install evald[server]", file=sys.stderr)
        return FAILED
    try:
        application = Application(settings)
    except (OSError, RuntimeError, EvaldError) as error:
        print(f"evald serve: cannot start: {error}", file=sys.stderr)
        return FAILED
    application.start()
    # What is there now stays: looking for garbage in it again and again would take a few percent of a call, and now and
    # then many milliseconds of one.
    gc.collect()
    gc.freeze()
    print(json.dumps(_addresses(settings, application)), flush=True)
    signals.wait()
    application.drain(signals.wait)
    return 0


class _Signals:
    """SIGTERM and SIGINT as something to wait for.

    A handler in Python would run in the main thread, but not while that begins to wait for a lock: such a signal would
    be noticed at the next one only. The interpreter's own handler writes to the socket at once, in any thread.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)

    def wait(self, seconds: float | None = None) -> None:
        """Waits for the next signal, but not longer than this."""
        if select.select([self._reader], [], [], seconds)[0]:
            self._reader.recv(1)


def _addresses(settings: Settings, application: Application) -> dict[str, str]:
    hosts = {"grpc": settings.grpc_address.rpartition(":")[0], "http": settings.http_address.rpartition(":")[0]}
    return {"grpc": f"{hosts['grpc']}:{application.grpc_port}", "http": f"{hosts['http']}:{application.http_port}"}
