"""A classifier that evald exported, through a real server: the same bits under any batching."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.__main__ import main
from evald.v1 import instance_pb2, model_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.server.conftest import Server

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.torch

PREDICT = "/evald.v1.ModelService/Predict"
# No words at all, words of the model, others, and as many as it reads.
WORD = st.sampled_from(["the", "parcel", "is", "late", "cross", ".", "née", "日本"])
TEXT = st.lists(WORD, max_size=60).map(" ".join) | st.just("the " * 62)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.backends.test_export import CLASSIFIERS, save_classifier

    folder = tmp_path_factory.mktemp("exported")
    save_classifier("Bert", CLASSIFIERS["Bert"], folder / "trained")
    (folder / "models").mkdir()
    assert main(["models", "export", str(folder / "trained"), "--out", str(folder / "models" / "ours")]) == 0
    return folder / "models"


@pytest.fixture(scope="module")
def alone(start_server: Callable[..., Server], models: Path) -> Iterator[Server]:
    server = start_server(models_dir=models, batch_tokens=1)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    yield server
    server.close()


@pytest.fixture(scope="module")
def busy(start_server: Callable[..., Server], models: Path) -> Iterator[Server]:
    server = start_server(models_dir=models, batch_tokens=512, model_threads=2)
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    yield server
    server.close()


def ask(target: Server, texts: list[str]) -> list[bytes]:
    rows = [instance_pb2.Instance(inputs={"text": text}) for text in texts]
    answer = target.api.call(PREDICT, model_pb2.PredictRequest(alias="ours", instances=rows), model_pb2.PredictResponse)
    assert not answer.errors
    return [prediction.SerializeToString(deterministic=True) for prediction in answer.predictions]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(TEXT, min_size=1, max_size=20), min_size=1, max_size=4))
def test_answers_have_the_same_bits_under_any_batching(alone: Server, busy: Server, calls: list[list[str]]) -> None:
    """Row by row, a text a batch, against concurrent calls whose lengths share batches, on two threads."""
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda texts: ask(busy, texts), calls))
    assert together == [[ask(alone, [text])[0] for text in texts] for texts in calls]
