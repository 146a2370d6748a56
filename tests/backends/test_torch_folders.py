"""Folders of trainings and hubs load on torch as they are."""

from __future__ import annotations

import json
import pickle
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from evald.backends.check import check
from evald.backends.registry import ModelOptions

pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")

from tests.backends.test_check import Bomb  # noqa: E402 (needs onnxruntime)
from tests.backends.test_pytorch import SMALL, WORDS, save_tokenizer  # noqa: E402 (needs torch)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model in shards, as save_pretrained writes it."""
    folder = tmp_path_factory.mktemp("llama")
    config = transformers.LlamaConfig(vocab_size=len(WORDS), max_position_embeddings=64, **SMALL)
    transformers.LlamaForCausalLM(config).save_pretrained(folder, max_shard_size="20KB")
    save_tokenizer(folder, bos_token="[CLS]", eos_token="[SEP]", unk_token="[UNK]")
    return folder


def test_an_untouched_output_of_a_trainer(made: Path, tmp_path: Path) -> None:
    folder, fired = shutil.copytree(made, tmp_path / "out"), tmp_path / "fired"
    shutil.copytree(made, folder / "checkpoint-2")
    (folder / "checkpoint-2" / "trainer_state.json").write_text("{}")
    for name in ("training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"):
        (folder / name).write_bytes(pickle.dumps(Bomb(fired)))
        (folder / "checkpoint-2" / name).write_bytes(pickle.dumps(Bomb(fired)))
    found = check(folder, ModelOptions())
    assert found.problem == ""
    assert found.info is not None
    assert (found.backend, found.info.task, found.info.unused_parameters) == ("torch", "causal-lm", ())
    verdicts = {one.name: one.verdict for one in found.files}
    shards = {name for name in verdicts if name.startswith("model-")}
    assert len(shards) > 1
    assert {name for name, verdict in verdicts.items() if verdict == "used"} == {
        "config.json",
        "generation_config.json",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
        *shards,
    }
    assert {verdicts[name] for name in ("training_args.bin", "optimizer.pt", "rng_state.pth")} == {"ignored"}
    assert not fired.exists()
    assert found.weights_bytes == sum(one.numel() * 4 for one in weights_of(made))


def weights_of(folder: Path) -> list[Any]:
    return list(transformers.AutoModelForCausalLM.from_pretrained(folder).parameters())


def test_a_snapshot_of_a_hub_cache(made: Path, tmp_path: Path) -> None:
    cache = tmp_path / "models--org--name"
    snapshot = cache / "snapshots" / "0123abcd"
    shutil.copytree(made, cache / "blobs")
    snapshot.mkdir(parents=True)
    for path in (cache / "blobs").iterdir():
        (snapshot / path.name).symlink_to(path)
    found = check(snapshot, ModelOptions(precision="bf16"))
    assert found.problem == ""
    assert found.info is not None
    assert found.info.precision == "bf16"
    assert found.weights_bytes == sum(one.numel() * 2 for one in weights_of(made))


def test_parameters_that_the_model_does_not_have_are_dropped_and_named(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "one")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    found = check(folder, ModelOptions())
    assert found.problem == ""
    dropped = [one for one in found.files if one.verdict == "dropped"]
    assert len(dropped) == 1
    assert "for example model.layers.1." in dropped[0].why
