"""`evald models export`: every kind of model answers on ONNX Runtime as on torch, or nothing is written."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.__main__ import main
from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import SilentObserver
from evald.backends.folder import LoadError
from evald.backends.model import Model
from evald.backends.registry import ModelOptions, open_backend

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("onnxruntime")

from tests.backends.test_check import command_of_the_page  # noqa: E402 (as below)
from tests.backends.test_pytorch import PAIRS, SMALL, TEXTS, WORDS, save_tokenizer  # noqa: E402 (needs torch)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.backends.conftest import Bench

pytestmark = pytest.mark.torch

LABELS = {"id2label": {0: "no", 1: "maybe", 2: "yes"}, "label2id": {"no": 0, "maybe": 1, "yes": 2}}
SIZES = {"vocab_size": len(WORDS), "max_position_embeddings": 64}
CLASSIFIERS: dict[str, dict[str, Any]] = {
    "Bert": {**SIZES, **SMALL},
    "Roberta": {**SIZES, **SMALL, "max_position_embeddings": 66, "pad_token_id": 1},
    "DistilBert": {**SIZES, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "DebertaV2": {**SIZES, **SMALL},
    "ModernBert": {**SIZES, **SMALL, "pad_token_id": 0, "bos_token_id": 2, "cls_token_id": 2, "sep_token_id": 3},
}
LANGUAGE_MODELS: dict[str, dict[str, Any]] = {
    "GPT2": {"vocab_size": len(WORDS), "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 4},
    "Llama": {**SIZES, **SMALL, "num_key_value_heads": 2},
    "GPTNeoX": {**SIZES, **SMALL},
}
_ENDS = {"bos_token_id": 2, "eos_token_id": 3}


def save_classifier(kind: str, sizes: dict[str, Any], folder: Path) -> None:
    """As save_pretrained writes it, with random weights that make answers differ well."""
    torch.manual_seed(7)
    config = getattr(transformers, f"{kind}Config")(**sizes, **LABELS, initializer_range=0.3)
    getattr(transformers, f"{kind}ForSequenceClassification")(config).save_pretrained(folder)
    save_tokenizer(folder)


@pytest.fixture
def make(tmp_path: Path) -> Callable[[str], Path]:
    """A folder as save_pretrained writes it."""

    def make(kind: str) -> Path:
        folder = tmp_path / kind
        if kind in CLASSIFIERS:
            save_classifier(kind, CLASSIFIERS[kind], folder)
        else:
            torch.manual_seed(7)
            sizes = LANGUAGE_MODELS.get(kind, LANGUAGE_MODELS["Llama"])
            config = getattr(transformers, f"{kind}Config")(**sizes, **_ENDS, initializer_range=0.3)
            model = "GPT2LMHeadModel" if kind == "GPT2" else f"{kind}ForCausalLM"
            getattr(transformers, model)(config).save_pretrained(folder)
            save_tokenizer(folder, bos_token="[CLS]", eos_token="[SEP]", unk_token="[UNK]")
        return folder

    return make


@pytest.fixture
def opened() -> Iterator[Callable[[Path, str], Model]]:
    """Opens models with their queues and closes them after the test."""
    models: list[Model] = []

    def start(path: Path, backend: str) -> Model:
        loaded, silent = open_backend("one", path, ModelOptions(backend=backend)), SilentObserver()
        models.append(Model(loaded, TokenBudgetBatcher(loaded, silent, batch_tokens=64, queue_tokens=1 << 16), silent))
        return models[-1]

    yield start
    for model in models:
        model.close()


@pytest.mark.parametrize("kind", [*CLASSIFIERS, *LANGUAGE_MODELS])
def test_the_export_answers_as_torch_does(
    make: Callable[[str], Path],
    opened: Callable[[Path, str], Model],
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    source = make(kind)
    target = source.with_name("exported")
    assert main(["models", "export", str(source), "--out", str(target)]) == 0
    assert "largest difference of a number" in capsys.readouterr().out
    assert sorted(path.name for path in source.parent.iterdir()) == sorted([kind, "exported"])
    assert main(["models", "check", str(target)]) == 0
    assert ("computed in attention only" in capsys.readouterr().out) == (kind in CLASSIFIERS)
    here, there = opened(target, "auto"), opened(source, "torch")
    assert here.info.engine.startswith("onnxruntime")
    assert (here.info.classes, here.info.max_tokens) == (there.info.classes, there.info.max_tokens)
    if kind in CLASSIFIERS:
        for texts in (TEXTS, PAIRS):
            found, expected = (model.classify(texts, bench.Token()).scores for model in (here, there))
            assert np.abs(found - expected).max() < 1e-4
    else:
        for texts in (TEXTS, [("the parcel", " is late"), ("I am", " cross .")]):
            both = [model.log_likelihoods(texts, bench.Token()) for model in (here, there)]
            assert not both[0].failures
            for exported, original in zip(both[0].tokens, both[1].tokens, strict=True):
                assert np.abs(exported - original).max() < 1e-4


def test_an_encoder_with_its_pooling(root: Path, tmp_path: Path, opened: Callable[..., Model], bench: Bench) -> None:
    source, target = root / "examples" / "models" / "tiny-encoder", tmp_path / "exported"
    assert main(["models", "export", str(source), "--out", str(target)]) == 0
    here, there = opened(target, "onnx"), opened(source, "torch")
    assert here.info.embedding is not None
    assert there.info.embedding is not None
    for name in ("dimensions", "layers", "pooling", "normalize", "max_tokens"):
        assert getattr(here.info.embedding, name) == getattr(there.info.embedding, name)
    found, expected = (model.embed(TEXTS, bench.Token()).vectors for model in (here, there))
    assert np.abs(np.array(found) - np.array(expected)).max() < 1e-4


def test_the_command_of_the_page(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = command_of_the_page(root, "export")
    (tmp_path / "examples").symlink_to(root / "examples")
    monkeypatch.chdir(tmp_path)
    assert main(command) == 0
    assert (tmp_path / command[-1] / "onnx" / "model.onnx").is_file()


def test_a_tokenizer_that_transformers_reads_otherwise_is_refused(
    make: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """For this model type transformers puts a pre-tokenizer of its own in the place of that in the file."""
    source = make("Qwen2")
    assert main(["models", "export", str(source), "--out", str(source.with_name("exported"))]) == 1
    assert "tokenizer.json gives other tokens than the tokenizer of transformers" in capsys.readouterr().err


def test_a_slow_tokenizer_becomes_a_file(make: Callable[[str], Path], opened: Callable[[Path, str], Model]) -> None:
    source = make("Bert")
    target = source.with_name("exported")
    (source / "tokenizer.json").unlink()
    (source / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer"}))
    words = [word if word[0] == "[" else word.lower() for word in WORDS]
    (source / "vocab.txt").write_text("\n".join([*words[:-1], "[MASK]"]))
    assert main(["models", "export", str(source), "--out", str(target)]) == 0
    assert (target / "tokenizer.json").is_file()
    ids = opened(target, "onnx")._backend.encode(["the parcel is late"])[0].ids
    assert ids.tolist() == [2, 4, 5, 6, 7, 3]


def more_words(folder: Path) -> None:
    """A word of the texts gets a number that the model has no embedding for."""
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"]["parcel"] = 50
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda source, target: target.mkdir(), "exists already"),
        (lambda source, target: (source / "config.json").unlink(), r"config\.json is missing"),
        (
            lambda source, target: (source / "model.safetensors").rename(source / "pytorch_model.bin"),
            "the weights are a pickle",
        ),
        (lambda source, target: (source / "tokenizer.json").write_text("{}"), "cannot load the tokenizer"),
        (lambda source, target: more_words(source), r"fails on one of the texts"),
    ],
)
def test_what_cannot_be_exported_leaves_nothing_behind(
    make: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path, Path], object],
    problem: str,
) -> None:
    source = make("Bert")
    target = source.with_name("exported")
    damage(source, target)
    before = sorted(source.parent.rglob("*"))
    assert main(["models", "export", str(source), "--out", str(target)]) == 1
    written = capsys.readouterr().err
    assert "nothing was written" in written
    assert re.search(problem, written)
    assert sorted(source.parent.rglob("*")) == before


def test_a_graph_that_answers_otherwise_is_not_kept(
    make: Callable[[str], Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that asks its input in Python, which tracing takes for a constant."""
    bert = transformers.BertForSequenceClassification
    forward = bert.forward

    def asks(self: Any, input_ids: Any, **options: Any) -> Any:
        found = forward(self, input_ids=input_ids, **options)
        found.logits = found.logits + (1.0 if int(input_ids.sum()) % 2 else 0.0)
        return found

    asks.__signature__ = inspect.signature(forward)  # type: ignore[attr-defined]
    monkeypatch.setattr(bert, "forward", asks)
    source = make("Bert")
    assert main(["models", "export", str(source), "--out", str(source.with_name("exported"))]) == 1
    assert "the numbers of the graph differ from those of torch by 1" in capsys.readouterr().err
    assert [path.name for path in source.parent.iterdir()] == ["Bert"]


def test_quantised_weights_are_marked_as_depending_on_their_batch(make: Callable[[str], Path], tmp_path: Path) -> None:
    quantization: Any = pytest.importorskip("onnxruntime.quantization")
    source = make("Bert")
    target = tmp_path / "exported"
    assert main(["models", "export", str(source), "--out", str(target)]) == 0
    graph = target / "onnx" / "model.onnx"
    quantization.quantize_dynamic(graph, target / "onnx" / "model_quantized.onnx")
    graph.unlink()
    with pytest.raises(LoadError, match=r"there is onnx/model_quantized\.onnx: name one as `file`"):
        open_backend("one", target, ModelOptions())
    backend = open_backend("one", target, ModelOptions(file="onnx/model_quantized.onnx"))
    assert (backend.info.precision, backend.info.batch_invariant) == ("int8", False)
    backend.close()


def test_encoder_decoders_are_left_to_optimum(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = root / "examples" / "models" / "tiny-seq2seq"
    assert main(["models", "export", str(folder), "--out", str(tmp_path / "exported")]) == 1
    assert "optimum exports encoder-decoders" in capsys.readouterr().err
