"""What folders say of embeddings, and the arithmetic of them, on the example encoder in ONNX Runtime."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import EmbeddingInfo, SilentObserver, TokenSequence
from evald.backends.embedding import cut, normalized, pool
from evald.backends.folder import LoadError, ModelFolder
from evald.backends.model import Model
from evald.backends.registry import ModelOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.backends.conftest import Bench

onnxruntime: Any = pytest.importorskip("onnxruntime")

TEXTS = ["my parcel is late", "the parcel has not come", "Über naïve façades: 日本語 🙂", "", "a " * 40]


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the example encoder that a test may break."""
    return shutil.copytree(root / "examples" / "models" / "tiny-encoder", tmp_path / "encoder")


@pytest.fixture
def open_model() -> Iterator[Callable[..., Model]]:
    """Opens models with their queues and closes them after the test."""
    from evald.backends.onnx import OnnxBackend

    opened: list[Model] = []

    def start(path: Path, **options: Any) -> Model:
        backend, silent = OnnxBackend("encoder", path, ModelOptions(**options)), SilentObserver()
        batcher = TokenBudgetBatcher(backend, silent, batch_tokens=256, queue_tokens=1 << 16)
        opened.append(Model(backend, batcher, silent))
        return opened[-1]

    yield start
    for model in opened:
        model.close()


def states_of(path: Path, text: str) -> np.ndarray[Any, Any]:
    """The last states of one text alone, as any user of the runtime gets them."""
    import tokenizers

    ids = np.array([tokenizers.Tokenizer.from_file(str(path / "tokenizer.json")).encode(text).ids])
    session = onnxruntime.InferenceSession(str(path / "onnx" / "model.onnx"))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    return np.asarray(session.run(["last_hidden_state"], feed)[0][0])


def change(path: Path, name: str, **values: Any) -> None:
    """Changes values of a JSON file; None takes them out."""
    config = {**json.loads((path / name).read_text()), **values}
    (path / name).write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


@pytest.mark.parametrize("mode", ["mean", "cls", "max"])
def test_embeddings_follow_the_published_formula(
    folder: Path, open_model: Callable[..., Model], bench: Bench, mode: str
) -> None:
    model = open_model(folder, pooling=mode)
    found = model.embed(TEXTS, bench.Token())
    assert not found.failures
    for text, vector in zip(TEXTS, found.vectors, strict=True):
        states = states_of(folder, text)
        expected = {"mean": states.mean(axis=0), "cls": states[0], "max": states.max(axis=0)}[mode]
        np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_neighbours_change_no_bit(folder: Path, open_model: Callable[..., Model], bench: Bench) -> None:
    model = open_model(folder)
    assert model.info.batch_invariant
    together = model.embed(TEXTS, bench.Token()).vectors
    tokens = model.embed_tokens(TEXTS, 2, bench.Token()).tokens
    for row, text in enumerate(TEXTS):
        assert model.embed([text], bench.Token()).vectors.tobytes() == together[row].tobytes()
        (alone,), own = model.embed_tokens([text], 2, bench.Token()).tokens, tokens[row]
        assert alone is not None
        assert own is not None
        assert alone[1].tobytes() == own[1].tobytes()


def test_what_is_too_long_is_refused_or_cut(folder: Path, open_model: Callable[..., Model], bench: Bench) -> None:
    model = open_model(folder)
    encoder = model.info.embedding
    assert encoder is not None
    assert (encoder.max_tokens, model.info.max_tokens, encoder.layers) == (64, 128, (0, 1, 2, 3))
    long = "again and " * 200
    refused = model.embed(["short", long, None], bench.Token())
    assert [(failure.row, failure.reason) for failure in refused.failures] == [
        (1, "INPUT_TOO_LONG"),
        (2, "MISSING_INPUT"),
    ]
    assert not refused.vectors[1:].any()
    kept = model.embed(["short", long], bench.Token(), cuts=True)
    assert not kept.failures
    assert kept.truncated == {1}
    tokens = model.embed_tokens([long], 3, bench.Token())
    assert tokens.truncated == {0}
    (found,) = tokens.tokens
    assert found is not None
    ids, states = found
    assert (len(ids), states.shape) == (128, (128, 64))
    assert ids[-1] == encoder.suffix[0]


def test_the_folder_says_how_texts_are_pooled(folder: Path, open_model: Callable[..., Model], bench: Bench) -> None:
    info = open_model(folder).info.embedding
    assert info is not None
    assert (info.pooling, info.normalize, info.dimensions) == ("mean", True, 64)
    shutil.rmtree(folder / "1_Pooling")
    for name in ("modules.json", "sentence_bert_config.json"):
        (folder / name).unlink()
    plain = open_model(folder)
    assert plain.info.embedding is not None
    assert (plain.info.embedding.pooling, plain.info.embedding.normalize) == ("mean", False)
    assert plain.info.embedding.max_tokens == 128
    assert plain.info.embedding.digest != info.digest
    (vector,) = plain.embed(TEXTS[:1], bench.Token()).vectors
    np.testing.assert_allclose(vector, states_of(folder, TEXTS[0]).mean(axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}, "several poolings at once"),
        ("1_Pooling/config.json", {"pooling_mode": "lasttoken"}, "pooling lasttoken is not supported"),
        ("sentence_bert_config.json", {"do_lower_case": True}, "do_lower_case is not supported"),
        ("config.json", {"num_hidden_layers": None}, "num_hidden_layers or n_layers or n_layer is missing"),
    ],
)
def test_what_would_change_numbers_in_silence_is_refused(
    folder: Path, open_model: Callable[..., Model], name: str, values: dict[str, Any], problem: str
) -> None:
    change(folder, name, **values)
    with pytest.raises(LoadError, match=problem):
        open_model(folder)


def test_modules_that_are_not_known_are_refused(folder: Path, open_model: Callable[..., Model]) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps([*modules, {"type": "sentence_transformers.models.Dense"}]))
    with pytest.raises(LoadError, match=r"modules.json: the module Dense is not supported"):
        open_model(folder)
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(LoadError, match=r"modules.json: the model lies in 0_Transformer"):
        open_model(folder)
    (folder / "modules.json").write_text("{}")
    with pytest.raises(LoadError, match=r"modules.json is not a list of JSON objects"):
        open_model(folder)


@pytest.mark.parametrize(
    ("architecture", "task"),
    [
        ("BertModel", "embedding"),
        ("RobertaForMaskedLM", "embedding"),
        ("GPT2LMHeadModel", "causal-lm"),
        ("BertForSequenceClassification", "text-classification"),
    ],
)
def test_the_architecture_says_what_a_model_is_for(folder: Path, architecture: str, task: str) -> None:
    (folder / "modules.json").unlink()
    labels = {"id2label": {"0": "no", "1": "yes"}, "label2id": {"no": 0, "yes": 1}}
    change(folder, "config.json", architectures=[architecture], **labels)
    assert ModelFolder(folder).model_config().task == task


def test_the_decoder_of_an_encoder_decoder_gives_no_embeddings(folder: Path) -> None:
    change(folder, "config.json", architectures=["T5EncoderModel"], is_encoder_decoder=True)
    (folder / "modules.json").unlink()
    assert ModelFolder(folder).model_config().task == "embedding"
    change(folder, "config.json", architectures=["BartModel"], is_encoder_decoder=True)
    with pytest.raises(LoadError, match="BartModel has a decoder but no head to write with"):
        ModelFolder(folder).model_config()


def test_a_cut_keeps_what_stands_behind_a_text() -> None:
    info = EmbeddingInfo(4, (1,), "mean", False, 8, (1,), (2, 3), "d")
    whole = TokenSequence(np.array([1, 10, 11, 12, 2, 3]), np.zeros(6, dtype=np.int64))
    assert cut(whole, 6, info) is whole
    shorter = cut(whole, 4, info)
    assert shorter.ids.tolist() == [1, 10, 2, 3]
    assert shorter.segments is not None
    assert len(shorter.segments) == 4


def test_pooling_and_length() -> None:
    states = np.array([[1.0, -2.0], [3.0, 0.0]], dtype=np.float32)
    assert pool(states, "mean").tolist() == [2.0, -1.0]
    assert pool(states, "cls").tolist() == [1.0, -2.0]
    assert pool(states, "max").tolist() == [3.0, 0.0]
    lengths = normalized(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32))
    np.testing.assert_allclose(lengths, [[0.6, 0.8], [0.0, 0.0]], rtol=1e-7)
