"""LoRA adapters against PEFT itself, and the memory that they share with their base."""

from __future__ import annotations

import json
import pickle
import shutil
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.check import check
from evald.backends.contract import ModelState
from evald.backends.folder import LoadError
from evald.backends.registry import ModelOptions, ModelRegistry, open_backend
from evald.backends.weights import weights_bytes
from evald.errors import ModelNotReadyError

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")
peft: Any = pytest.importorskip("peft", reason="peft is not installed")

from tests.backends.test_check import Bomb  # noqa: E402 (needs onnxruntime)
from tests.backends.test_pytorch import SMALL, TEXTS, WORDS, save_tokenizer  # noqa: E402 (needs torch)

from evald.backends.folder import ModelFolder  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.backends.conftest import Bench

    from evald.backends.pytorch import TorchBackend

# PEFT asks transformers by an old name.
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")]

LABELS = {"id2label": {0: "no", 1: "maybe", 2: "yes"}, "label2id": {"no": 0, "maybe": 1, "yes": 2}}
FRAMED = {"bos_token": "[CLS]", "eos_token": "[SEP]", "unk_token": "[UNK]"}
BERT = {"vocab_size": len(WORDS), "max_position_embeddings": 64, **SMALL}


def adapter_of(model: Any, folder: Path, **settings: Any) -> None:
    """An adapter as training leaves it: no weight is what PEFT begins with."""
    torch.manual_seed(11)
    trained = peft.get_peft_model(model, peft.LoraConfig(**{"r": 4, **settings}))
    for name, parameter in trained.named_parameters():
        if "lora_" in name or "modules_to_save" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    trained.save_pretrained(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A classifier, a language model and an encoder without a head, each with an adapter."""
    torch.manual_seed(7)
    root = tmp_path_factory.mktemp("adapters")
    folders = {name: root / name for name in ("bert", "bert+", "llama", "llama+", "encoder", "encoder+")}
    transformers.BertForSequenceClassification(transformers.BertConfig(**BERT, **LABELS)).save_pretrained(
        folders["bert"]
    )
    llama = transformers.LlamaConfig(**BERT, num_key_value_heads=2, bos_token_id=2, eos_token_id=3)
    transformers.LlamaForCausalLM(llama).save_pretrained(folders["llama"])
    transformers.BertModel(transformers.BertConfig(**BERT)).save_pretrained(folders["encoder"])
    for name in ("bert", "llama", "encoder"):
        save_tokenizer(folders[name], **(FRAMED if name == "llama" else {}))
    classifier = transformers.AutoModelForSequenceClassification
    adapter_of(classifier.from_pretrained(folders["bert"]), folders["bert+"], task_type="SEQ_CLS", use_rslora=True)
    causal = transformers.AutoModelForCausalLM.from_pretrained(folders["llama"])
    adapter_of(causal, folders["llama+"], task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj"], use_dora=True)
    headed = classifier.from_pretrained(folders["encoder"], **LABELS)
    headed.config.save_pretrained(folders["encoder+"])
    adapter_of(headed, folders["encoder+"], task_type="SEQ_CLS")
    return folders


@pytest.fixture
def adapter(made: dict[str, Path], tmp_path: Path) -> Callable[[str], Path]:
    """A copy that a test may break."""
    return lambda name: shutil.copytree(made[name], tmp_path / name)


@pytest.fixture
def open_registry() -> Iterator[Callable[..., ModelRegistry]]:
    opened: list[ModelRegistry] = []

    def start(models: dict[str, Path], memory: int = 0, **own: Any) -> ModelRegistry:
        """Names that end in "+" are adapters on the model of the name before it."""
        options = {
            name: ModelOptions(**{"backend": "torch", **own}, base=name.removesuffix("+") if name[-1] == "+" else "")
            for name in models
        }
        opened.append(ModelRegistry(models, options, memory=memory))
        return opened[-1]

    yield start
    for registry in opened:
        registry.close()


def load(base: Path, adapter: Path) -> Any:
    backend: Any = open_backend("tuned", adapter, ModelOptions(), base)
    return backend


def logits_of(model: Any, backend: TorchBackend, text: str) -> Any:
    ids = torch.from_numpy(backend.encode([text])[0].ids)[None]
    with torch.inference_mode():
        return model.eval()(input_ids=ids).logits[0].numpy()


@pytest.mark.parametrize("name", ["bert", "encoder"])
@pytest.mark.parametrize("merged", [False, True])
def test_the_logits_of_a_classifier_are_those_of_peft(made: dict[str, Path], name: str, merged: bool) -> None:
    backend = load(made[name], made[f"{name}+"])
    expected: Any = transformers.AutoModelForSequenceClassification.from_pretrained(made[name], **LABELS)
    expected = peft.PeftModel.from_pretrained(expected, made[f"{name}+"])
    expected = expected.merge_and_unload() if merged else expected
    assert backend.info.classes == ("no", "maybe", "yes")
    for text in TEXTS:
        (sequence,) = backend.encode([text])
        np.testing.assert_allclose(
            backend.run([sequence], len(sequence))[0], logits_of(expected, backend, text), atol=1e-4
        )


@pytest.mark.parametrize("merged", [False, True])
def test_a_language_model_scores_and_writes_as_peft_does(
    made: dict[str, Path], open_registry: Callable[..., ModelRegistry], bench: Bench, merged: bool
) -> None:
    from evald.backends.contract import GenerationOptions, RowKey

    registry = open_registry({name: made[name] for name in ("llama", "llama+")})
    expected: Any = transformers.AutoModelForCausalLM.from_pretrained(made["llama"])
    expected = peft.PeftModel.from_pretrained(expected, made["llama+"])
    expected = expected.merge_and_unload() if merged else expected
    tokenizer = transformers.AutoTokenizer.from_pretrained(made["llama"])
    with registry.use("llama+") as model:
        scores = model.log_likelihoods(TEXTS[:2], bench.Token())
        texts = model.write(TEXTS[:2], [RowKey()] * 2, GenerationOptions(max_tokens=8), bench.Token()).answers
    for text, found, answer in zip(TEXTS[:2], scores.tokens, texts, strict=True):
        ids = [2, *tokenizer(text, add_special_tokens=False)["input_ids"]]
        with torch.inference_mode():
            logits = expected.eval()(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
            wrote = expected.generate(
                input_ids=torch.tensor([tokenizer(text)["input_ids"]]), max_new_tokens=8, do_sample=False
            )
        wanted = [logits[at, token].item() for at, token in enumerate(ids[1:])]
        np.testing.assert_allclose(found, wanted, atol=1e-4)
        assert answer is not None
        assert answer.text == tokenizer.decode(wrote[0, len(tokenizer(text)["input_ids"]) :], skip_special_tokens=True)


@pytest.mark.parametrize("name", ["bert", "llama", "encoder"])
def test_base_and_adapter_share_their_tensors_and_the_base_is_unchanged(
    made: dict[str, Path], open_registry: Callable[..., ModelRegistry], name: str
) -> None:
    models = {one: made[one] for one in (name, f"{name}+")}
    registry = open_registry(models)
    alone: Any = open_backend(name, made[name], ModelOptions(backend="torch"))
    registry.load()
    with registry.use(name) as base, registry.use(f"{name}+") as tuned:
        modules = [model.backend.loaded.model for model in (base, tuned)]  # type: ignore[attr-defined]
        bytes_of = [sum(parameter.nbytes for parameter in unique(module)) for module in modules]
        together = sum({one.data_ptr(): one.nbytes for module in modules for one in unique(module)}.values())
        assert together < bytes_of[0] + 0.5 * bytes_of[0]
        assert registry.residence(f"{name}+").bytes < 0.5 * registry.residence(name).bytes
        (sequence,) = alone.encode(TEXTS[:1])
        if name != "llama":
            assert np.array_equal(
                base.backend.run([sequence], len(sequence))[0], alone.run([sequence], len(sequence))[0]
            )
        for one, other in zip(modules[0].parameters(), alone.loaded.model.parameters(), strict=True):
            assert torch.equal(one, other)
        base_info, info = base.info, tuned.info
    assert info.weights_digest == base_info.weights_digest
    assert (len(info.adapter_digest), base_info.adapter_digest) == (64, "")


def unique(module: Any) -> list[Any]:
    return list({one.data_ptr(): one for one in module.parameters()}.values())


def test_memory_for_one_base_holds_its_adapters_too(
    made: dict[str, Path], open_registry: Callable[..., ModelRegistry], bench: Bench
) -> None:
    models = {name: made[name] for name in ("bert", "bert+", "llama")}
    sizes = {
        name: weights_bytes(ModelFolder(path), ModelOptions("torch", base="bert" if name == "bert+" else ""))
        for name, path in models.items()
    }
    registry = open_registry(models, memory=sizes["bert"] + sizes["bert+"], on_demand=True)
    with registry.use("bert+") as model:
        assert model.classify(TEXTS, bench.Token()).scores.shape == (len(TEXTS), 3)
    assert [registry.describe(name)[1].value for name in models] == ["ready", "ready", "unloaded"]
    with pytest.raises(ModelNotReadyError, match=r"unload bert\+ first") as caught:
        registry.unload("bert")
    assert (caught.value.reason, caught.value.metadata) == ("MODEL_IN_USE", {"alias": "bert", "adapters": "bert+"})
    # The base cannot make room alone: its adapter leaves first.
    registry.load_one("llama")
    assert [registry.describe(name)[1].value for name in models] == ["unloaded", "unloaded", "ready"]
    registry.load_one("bert+")
    registry.unload("bert+")
    registry.unload("bert")
    assert [registry.residence(name).bytes for name in models] == [0, 0, 0]


def test_a_base_that_fails_fails_its_adapters(
    made: dict[str, Path], open_registry: Callable[..., ModelRegistry], tmp_path: Path, root: Path
) -> None:
    registry = open_registry({"bert": tmp_path, "bert+": made["bert+"]})
    registry.load()
    assert registry.describe("bert+")[1:] == (
        ModelState.FAILED,
        "its base bert could not be loaded: config.json is missing",
    )
    pytest.importorskip("onnxruntime")
    models = {"bert": root / "examples" / "models" / "support-base", "bert+": made["bert+"]}
    other = open_registry(models, backend="onnx")
    other.load()
    assert other.describe("bert+")[1:] == (
        ModelState.FAILED,
        'its base bert runs on onnx; adapters need `backend = "torch"` for their base',
    )


def test_pickled_weights_are_refused_and_not_opened(
    made: dict[str, Path], adapter: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, fired = adapter("bert+"), tmp_path / "fired"
    (folder / "adapter_model.safetensors").unlink()
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(Bomb(fired)))
    with pytest.raises(LoadError, match="the weights are a pickle"):
        load(made["bert"], folder)
    assert not fired.exists()


def test_an_adapter_of_another_model_says_what_does_not_fit(
    made: dict[str, Path], adapter: Callable[[str], Path], tmp_path: Path
) -> None:
    wide = transformers.BertConfig(**{**BERT, "hidden_size": 64}, **LABELS)
    transformers.BertForSequenceClassification(wide).save_pretrained(tmp_path / "wide")
    save_tokenizer(tmp_path / "wide")
    with pytest.raises(LoadError, match=r"is \[4, 32\], its base needs \[4, 64\]: it is an adapter of another model"):
        load(tmp_path / "wide", made["bert+"])
    with pytest.raises(LoadError, match="PEFT cannot put the adapter on its base"):
        load(made["bert"], made["llama+"])
    folder = adapter("bert+")
    state = safetensors_of(folder)
    first, *_ = state
    save(folder, {name: tensor for name, tensor in state.items() if name != first})
    with pytest.raises(LoadError, match="is missing; is it an adapter of another model"):
        load(made["bert"], folder)
    save(folder, {**state, "base_model.model.bert.embeddings.word_embeddings.weight": torch.zeros(len(WORDS), 32)})
    with pytest.raises(LoadError, match="there is no place for base_model"):
        load(made["bert"], folder)


def safetensors_of(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "adapter_model.safetensors"))


def save(folder: Path, state: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    save_file(state, folder / "adapter_model.safetensors")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"peft_type": "IA3"}, "peft_type IA3 is not supported"),
        ({"bias": "all"}, "bias must be none"),
        ({"init_lora_weights": "pissa"}, "init_lora_weights pissa changes the weights of the base"),
        ({"alora_invocation_tokens": [1]}, "alora_invocation_tokens is not supported"),
    ],
)
def test_what_would_change_the_base_is_refused(
    made: dict[str, Path], adapter: Callable[[str], Path], change: dict[str, Any], problem: str
) -> None:
    folder = adapter("bert+")
    said = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps(said | change))
    with pytest.raises(LoadError, match=problem):
        load(made["bert"], folder)


def test_a_head_needs_its_classes_and_all_its_parameters(
    made: dict[str, Path], adapter: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = adapter("encoder+")
    (folder / "config.json").rename(tmp_path / "config.json")
    with pytest.raises(LoadError, match="the adapter is one of a classifier, its base is one for embedding"):
        load(made["encoder"], folder)
    (tmp_path / "config.json").rename(folder / "config.json")
    # As a checkpoint of masked language modelling: its pooler would be random.
    bare = shutil.copytree(made["encoder"], tmp_path / "bare")
    transformers.BertForMaskedLM(transformers.BertConfig(**BERT)).save_pretrained(bare)
    with pytest.raises(LoadError, match=r"neither the base nor the adapter has bert\.pooler\.dense\.bias"):
        load(bare, folder)


def test_check_knows_adapters(made: dict[str, Path], adapter: Callable[[str], Path]) -> None:
    folder = adapter("bert+")
    (folder / "tokenizer.json").write_text("{}")
    found = check(folder, ModelOptions(), made["bert"])
    assert (found.problem, found.backend) == ("", "adapter")
    assert found.info is not None
    assert found.info.adapter_digest
    assert {one.name: one.verdict for one in found.files} == {
        "README.md": "ignored",
        "adapter_config.json": "used",
        "adapter_model.safetensors": "used",
        "tokenizer.json": "ignored",
    }
    assert check(folder, ModelOptions()).problem == "it is an adapter: name the folder of its base (--base)"


@pytest.mark.parametrize("name", ["bert", "llama", "encoder"])
def test_export_merges(made: dict[str, Path], tmp_path: Path, name: str, bench: Bench) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from evald.backends.export import TOLERANCE, export

    written = export(made[name], tmp_path / "merged", made[f"{name}+"])
    assert written.largest_difference <= TOLERANCE
    exported: Any = open_backend("merged", tmp_path / "merged", ModelOptions())
    unmerged = load(made[name], made[f"{name}+"])
    assert exported.info.classes == unmerged.info.classes
    for text in TEXTS:
        (sequence,) = unmerged.encode([text], special_tokens=True)
        if name == "llama":
            sequence = type(sequence)(sequence.ids, targets=sequence.ids)
        answer, expected = (backend.run([sequence], len(sequence))[0] for backend in (exported, unmerged))
        np.testing.assert_allclose(answer, expected, atol=1e-4)


def test_without_peft_the_reason_names_the_extra(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    monkeypatch.delitem(sys.modules, "evald.backends.adapter", raising=False)
    assert check(made["bert+"], ModelOptions(), made["bert"]).problem == (
        "the library peft is missing: install evald[peft]"
    )
