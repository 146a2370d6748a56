"""The service as its callers see it: a server process with one model, and calls of Predict over loopback."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.measure import Spread
from bench.models import workload
from bench.models.loops import Logits
from bench.report import Figure
from bench.server import Server
from evald.v1 import instance_pb2, model_pb2

PREDICT = "/evald.v1.ModelService/Predict"
ALIAS = "classifier"


@dataclass(frozen=True)
class Bench:
    """A running server, the folder of its model and the texts to ask it."""

    server: Server
    folder: Path
    source: str
    texts: list[str]

    @property
    def graph(self) -> Path:
        """What `evald models export` made of the model."""
        return self.folder / "onnx" / "model.onnx"

    def predict(self, request: bytes) -> model_pb2.PredictResponse:
        """One call, its answer decoded."""
        return model_pb2.PredictResponse.FromString(self.server.call(PREDICT, request))

    def check_equal(self, answer: model_pb2.PredictResponse, logits: Logits) -> None:
        """Ends the run if the service answers otherwise than a loop."""
        scores = np.array([prediction.class_scores for prediction in answer.predictions])
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        worst = float(abs(scores - odds / odds.sum(axis=1, keepdims=True)).max())
        if answer.errors or worst > 1e-5:
            raise RuntimeError(f"the service answers otherwise: {worst}, {len(answer.errors)} errors")


@contextmanager
def classifier(rows: int, *arguments: str) -> Iterator[Bench]:
    """A server with the classifier; `arguments` are flags of `evald serve`."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / ALIAS
        made.mkdir()
        workload.make_classifier(made)
        with Server("--models", folder, *arguments) as server:
            server.await_models()
            yield Bench(server, made, *workload.texts(rows))


def request_of(texts: Sequence[str], alias: str = ALIAS) -> bytes:
    """A PredictRequest of texts."""
    rows = [instance_pb2.Instance(inputs={"text": text}) for text in texts]
    return model_pb2.PredictRequest(alias=alias, instances=rows).SerializeToString()


def rate(key: str, seconds: Spread, rows: int, what: str) -> Figure:
    """Rows a second from the seconds of a run."""
    return Figure(key, Spread(rows / seconds.median, rows / seconds.high, rows / seconds.low), "rows/s", what)


def rounds_of(quick: bool) -> int:
    """Number of rounds: fewer than of metrics, as each takes many seconds."""
    return 2 if quick else 5


def both_clocks(server: Server) -> Callable[[], float]:
    """CPU time of the server and of this process together: what the one does, the other waits for."""
    return lambda: server.cpu_seconds() + time.process_time()


def seconds_of(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
