"""Two threads against one: wall time of the same call in two processes, as the pool has one size a process.

`python -m bench.metrics.threads --worker THREADS ROWS` is such a process: it times what it reads from its input.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from bench import corpora
from bench.machine import ROOT
from bench.measure import Spread, rounds_of
from bench.metrics import ways
from bench.report import Figure, Goal, main, milliseconds
from evald import _native

# Single calls in many rounds: the second core is seldom ours alone for long.
ROUNDS = 35

# From 5 ms of one thread on.
SIZES = {"bleu.16k": 16_000, "bleu.50k": 50_000, "rouge.8k": 8_000}
# From bytes, reading the rows is the work of one thread.
GOALS = {"lists": Goal(">=", 1.7), "bytes": Goal(">=", 1.4)}


def run(quick: bool) -> list[Figure]:
    """All figures of this section."""
    divisor = 50 if quick else 1
    workers = [_Worker(threads, divisor) for threads in (1, 2)]
    turns = rounds_of(quick) if quick else ROUNDS
    figures = []
    for size in SIZES:
        for way, goal in GOALS.items():
            name = f"{size}.{way}"
            rounds = [[worker.seconds(name) for worker in workers] for _ in range(turns)]
            ratio = Spread.of(one / two for one, two in rounds)
            figures.append(Figure(f"threads.{name}", ratio, "x", "wall time of one thread / of two", goal))
            one_thread = Spread.of(one for one, _ in rounds)
            figures.append(milliseconds(f"threads.{name}.ms.one", one_thread, "wall time of a call by one thread"))
    for worker in workers:
        worker.close()
    return figures


class _Worker:
    """A process with a pool of its own."""

    def __init__(self, threads: int, divisor: int) -> None:
        command = [sys.executable, "-m", "bench.metrics.threads", "--worker", str(threads), str(divisor)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def seconds(self, name: str) -> float:
        """Wall time of a call of this name."""
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker without pipes")
        print(name, file=process.stdin, flush=True)
        return float(process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()


def _work(threads: int, divisor: int) -> None:
    _native.set_threads(threads)
    work: dict[str, Callable[[], bytes]] = {}
    for size, rows in SIZES.items():
        rouge = size.startswith("rouge")
        corpus = corpora.long_summaries(rows // divisor) if rouge else corpora.sentences(rows // divisor)
        native = ways.native(corpus, ["rouge_1", "rouge_2", "rouge_l"] if rouge else ["bleu"])
        work |= {f"{size}.{way}": call for way, call in native.items()}
    for line in sys.stdin:
        call = work[line.strip()]
        call()
        start = time.perf_counter()
        call()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _work(int(sys.argv[2]), int(sys.argv[3]))
    else:
        sys.exit(main("metrics_threads", run))
