"""The torch backend on small models made here, against transformers itself and plain loops."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import SilentObserver
from evald.backends.folder import LoadError
from evald.backends.model import Model
from evald.backends.registry import ModelOptions, ModelRegistry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.backends.conftest import Bench

    from evald.backends.contract import Text
    from evald.backends.pytorch import TorchBackend

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")
tokenizers: Any = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

pytestmark = pytest.mark.torch

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "parcel", "is", "late", "again", "and", "I", "am", "cross", ".")
TEXTS = ["the parcel is late", "I am cross .", "the parcel is late again and I am cross . " * 3, "late"]
PAIRS = [("the parcel is late", "I am cross"), ("late", "again and again . . ."), ("I am", "late")]
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


def save_tokenizer(folder: Path, **special: str) -> None:
    """Words, and around them what BERT puts there."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(dict(zip(WORDS, range(99), strict=False)), "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    if not special:
        tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )
    named = special or {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    names = ["input_ids", "attention_mask"] if special else ["input_ids", "token_type_ids", "attention_mask"]
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=names, **named)
    fast.save_pretrained(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A classifier, a multi-label one and two language models, as the Trainer saves them."""
    torch.manual_seed(7)
    folders = {name: tmp_path_factory.mktemp(name) for name in ("bert", "labels", "gpt2", "llama")}
    labels = {"id2label": {0: "no", 1: "maybe", 2: "yes"}, "label2id": {"no": 0, "maybe": 1, "yes": 2}}
    bert = transformers.BertConfig(vocab_size=len(WORDS), max_position_embeddings=64, **SMALL, **labels)
    transformers.BertForSequenceClassification(bert).save_pretrained(folders["bert"])
    bert.problem_type = "multi_label_classification"
    transformers.BertForSequenceClassification(bert).save_pretrained(folders["labels"])
    gpt2 = transformers.GPT2Config(
        vocab_size=len(WORDS), n_positions=16, n_embd=32, n_layer=2, n_head=4, bos_token_id=2, eos_token_id=2
    )
    transformers.GPT2LMHeadModel(gpt2).save_pretrained(folders["gpt2"])
    llama = transformers.LlamaConfig(
        vocab_size=len(WORDS),
        max_position_embeddings=64,
        num_key_value_heads=2,
        bos_token_id=2,
        eos_token_id=3,
        **SMALL,
    )
    transformers.LlamaForCausalLM(llama).save_pretrained(folders["llama"], max_shard_size="20KB")
    for name, folder in folders.items():
        lm = {"bos_token": "[CLS]", "eos_token": "[SEP]", "unk_token": "[UNK]"}
        save_tokenizer(folder, **(lm if name in ("gpt2", "llama") else {}))
    assert len(list(folders["llama"].glob("*.safetensors"))) > 1
    return folders


@pytest.fixture
def folder(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy that a test may break."""
    return lambda name: shutil.copytree(made[name], tmp_path / name)


@pytest.fixture
def open_model() -> Iterator[Callable[..., Model]]:
    """Opens models with their queues and closes them after the test."""
    opened: list[Model] = []

    def start(path: Path, **options: Any) -> Model:
        backend, silent = load(path, **options), SilentObserver()
        batcher = TokenBudgetBatcher(backend, silent, batch_tokens=64, queue_tokens=1 << 16)
        opened.append(Model(backend, batcher, silent))
        return opened[-1]

    yield start
    for model in opened:
        model.close()


def load(path: Path, **options: Any) -> TorchBackend:
    from evald.backends.pytorch import TorchBackend

    return TorchBackend("tiny", path, ModelOptions(**options))


def reference(path: Path, kind: str) -> tuple[Any, Any]:
    """The model and the tokenizer as any user of transformers loads them."""
    model = getattr(transformers, kind).from_pretrained(path).eval()
    return model, transformers.AutoTokenizer.from_pretrained(path)


@pytest.mark.parametrize("texts", [TEXTS, PAIRS], ids=["texts", "pairs"])
@pytest.mark.parametrize("name", ["bert", "labels"])
def test_probabilities_are_those_of_transformers(
    made: dict[str, Path], open_model: Callable[..., Model], bench: Bench, name: str, texts: Any
) -> None:
    model = open_model(made[name])
    found = model.classify(texts, bench.Token())
    theirs, tokenizer = reference(made[name], "AutoModelForSequenceClassification")
    assert not found.failures
    assert model.info.multilabel == (name == "labels")
    for row, text in enumerate(texts):
        encoded = tokenizer(*([text] if isinstance(text, str) else text), return_tensors="pt")
        with torch.inference_mode():
            logits = theirs(**encoded).logits[0].double()
        expected = logits.sigmoid() if name == "labels" else logits.softmax(0)
        np.testing.assert_allclose(found.scores[row], expected.numpy(), atol=1e-5)
        backend = model._backend  # the logits are a step before what callers see
        (result,) = backend.run(backend.encode([text]), len(encoded["input_ids"][0]))
        np.testing.assert_allclose(result, logits.numpy(), atol=1e-4)


def plain_loop(model: Any, ids: list[int], start: int) -> list[float]:
    """Log-likelihoods of ids[start:], one forward pass a token."""
    found = []
    for at in range(start, len(ids)):
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([ids[:at]])).logits[0, -1].double()
        found.append(float(logits.log_softmax(0)[ids[at]]))
    return found


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_log_likelihoods_are_those_of_a_loop_token_by_token(
    made: dict[str, Path], open_model: Callable[..., Model], bench: Bench, name: str
) -> None:
    model = open_model(made[name])
    theirs, tokenizer = reference(made[name], "AutoModelForCausalLM")
    texts: list[Text] = ["the parcel is late", *((f"{prompt} ", text) for prompt, text in PAIRS), "cross"]
    found = model.log_likelihoods(texts, bench.Token())
    assert not found.failures
    assert model.info.prefix_token == tokenizer.bos_token_id
    for text, tokens in zip(texts, found.tokens, strict=True):
        prompt, scored = ([2], text) if isinstance(text, str) else (tokenizer(text[0])["input_ids"], text[1])
        ids = [*prompt, *tokenizer(scored, add_special_tokens=False)["input_ids"]]
        np.testing.assert_allclose(tokens, plain_loop(theirs, ids, len(prompt)), atol=1e-6)


@pytest.mark.parametrize("context", [1, 5, 16])
def test_long_texts_are_read_in_windows(
    made: dict[str, Path], open_model: Callable[..., Model], bench: Bench, context: int
) -> None:
    model = open_model(made["gpt2"])
    theirs, tokenizer = reference(made["gpt2"], "AutoModelForCausalLM")
    text = "the parcel is late again and I am cross . " * 6
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    (tokens,) = model.log_likelihoods([text], bench.Token(), context=context).tokens
    expected = plain_loop(theirs, [2, *ids[:16]], 1)
    while len(expected) < len(ids):
        end = min(len(ids), len(expected) + 16 - context + 1)
        window = ids[end - 17 : end]
        expected += plain_loop(theirs, window, len(window) - (end - len(expected)))
    np.testing.assert_allclose(tokens, expected, atol=1e-6)


def test_logits_are_kept_where_they_are_scored_only(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    backend = load(made["gpt2"])
    seen = []
    real = backend._model.forward

    def forward(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        seen.append(tuple(answer.logits.shape))
        return answer

    monkeypatch.setattr(backend._model, "forward", forward)
    whole = backend.encode(["the parcel is late again and I am cross"])[0].ids
    from evald.backends.likelihood import completion_window

    backend.run([completion_window(whole, 7)], 8)
    assert seen == [(1, 2, len(WORDS))]


@pytest.mark.parametrize("precision", ["bf16", "fp16", "fp32"])
def test_precision_is_what_was_asked_for(made: dict[str, Path], precision: str) -> None:
    backend = load(made["gpt2"], precision=precision)
    assert backend.info.precision == precision
    assert backend.info.batch_invariant is False


def test_a_gpu_is_not_replaced_by_the_cpu(made: dict[str, Path]) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(LoadError, match=r"device cuda was asked for, but torch .* finds no CUDA device here"):
        load(made["bert"], device="cuda")


def test_pickles_are_refused_and_code_is_not_run(folder: Callable[[str], Path], tmp_path: Path) -> None:
    path = folder("gpt2")
    for name in ("training_args.bin", "modeling.py", "pytorch_model.bin"):
        (path / name).write_text(f"open({str(tmp_path / 'opened')!r}, 'w')")
    config = json.loads((path / "config.json").read_text())
    config["auto_map"] = {"AutoModelForCausalLM": "modeling.Model", "AutoConfig": "modeling.Config"}
    (path / "config.json").write_text(json.dumps(config))
    assert load(path).info.task == "causal-lm"
    assert not (tmp_path / "opened").exists()
    (path / "model.safetensors").unlink()
    with pytest.raises(LoadError, match="the weights are a pickle"):
        load(path)


def test_a_model_type_that_only_the_folder_knows_is_refused(folder: Callable[[str], Path]) -> None:
    path = folder("gpt2")
    config = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(config | {"model_type": "mine", "auto_map": {"AutoConfig": "m.C"}}))
    with pytest.raises(LoadError, match="transformers cannot load the"):
        load(path)


def test_weights_that_are_missing_are_not_made_up(folder: Callable[[str], Path]) -> None:
    from safetensors.torch import load_file, save_file

    path = folder("bert")
    weights = load_file(path / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(LoadError, match=r"the weights lack 1 parameters of the model, for example classifier.weight"):
        load(path)


def test_files_outside_of_the_folder_are_refused(folder: Callable[[str], Path], tmp_path: Path) -> None:
    path = folder("llama")
    shard = min(path.glob("*.safetensors"))
    shard.rename(tmp_path / "shard")
    shard.symlink_to(tmp_path / "shard")
    with pytest.raises(LoadError, match="outside of the model's folder"):
        load(path)


def test_a_registry_finds_the_backend(made: dict[str, Path], bench: Bench) -> None:
    registry = ModelRegistry({"bert": made["bert"]})
    registry.load()
    assert registry.describe("bert")[2] == ""
    with registry.use("bert") as model:
        assert model.info.engine.startswith("torch ")
        assert model.classify(["late"], bench.Token()).scores.shape == (1, 3)
    registry.close()
