"""Encoder-decoders on ONNX Runtime: the files of exports, and answers that do not depend on their neighbours."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.check import check
from evald.backends.contract import GenerationOptions, RowKey, TokenSequence
from evald.backends.folder import LoadError, ModelFolder
from evald.backends.generation import writing
from evald.backends.registry import ModelOptions, open_backend
from evald.backends.weights import backend_of, weights_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from evald.backends.contract import Backend

pytest.importorskip("onnxruntime")

FILES = ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")
TEXTS = ["4096", "7", "700013", "a text that is no number"]


@pytest.fixture(scope="module")
def example(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-seq2seq"


@pytest.fixture(scope="module")
def backend(example: Path) -> Backend:
    return open_backend("example", example, ModelOptions())


def copied(example: Path, folder: Path, **names: str) -> Path:
    """The folder with some graphs under other names."""
    for name in FILES:
        shutil.copy(example / name, folder / name)
    for source, target in names.items():
        (folder / target).parent.mkdir(exist_ok=True)
        shutil.copy(example / "onnx" / f"{source}.onnx", folder / target)
    return folder


def written(backend: Backend, text: str) -> str:
    (one,) = backend.encode([text])
    asked = writing(GenerationOptions(), 99, text, RowKey(), backend.decode, lambda: False)
    (found,) = backend.write([TokenSequence(one.ids, writing=asked)])
    return backend.decode(found.ids)


def test_likelihoods_do_not_depend_on_what_is_beside_them(backend: Backend) -> None:
    targets = [np.arange(1, 5), np.array([3]), np.arange(1, 90), np.arange(5, 9)]
    sequences = [TokenSequence(one.ids, targets=own) for one, own in zip(backend.encode(TEXTS), targets, strict=True)]
    alone = [backend.run([sequence], 28)[0] for sequence in sequences]
    assert [len(found) for found in alone] == [len(own) for own in targets]
    for batch in ([0, 1, 2, 3], [3, 2], [1, 1, 0]):
        together = backend.run([sequences[row] for row in batch], 28)
        assert [found.tobytes() for found in together] == [alone[row].tobytes() for row in batch]


def test_another_graph_takes_its_own_decoder_along(backend: Backend, example: Path, tmp_path: Path) -> None:
    copied(
        example,
        tmp_path,
        encoder_model="encoder_model_small.onnx",
        decoder_model_merged="decoder_model_merged_small.onnx",
    )
    with pytest.raises(LoadError, match="name one as `file`"):
        open_backend("model", tmp_path, ModelOptions(backend="onnx"))
    found = open_backend("model", tmp_path, ModelOptions(file="encoder_model_small.onnx"))
    assert found.info.weights_digest == backend.info.weights_digest
    assert written(found, "4096") == "four thousand and ninety-six"


def test_an_encoder_without_a_decoder_is_refused(example: Path, tmp_path: Path) -> None:
    copied(example, tmp_path, encoder_model="onnx/encoder_model.onnx")
    with pytest.raises(LoadError, match=r"decoder_model_merged\.onnx is missing, and so is .*decoder_model\.onnx or"):
        open_backend("model", tmp_path, ModelOptions())


def test_a_graph_that_is_no_encoder_is_refused(example: Path, tmp_path: Path) -> None:
    copied(example, tmp_path, decoder_model_merged="onnx/model.onnx")
    with pytest.raises(LoadError, match=r"model\.onnx is no encoder"):
        open_backend("model", tmp_path, ModelOptions())


def test_all_files_count_as_weights_and_are_named_as_used(example: Path) -> None:
    folder, options = ModelFolder(example), ModelOptions()
    assert backend_of(folder, options) == "onnx"
    assert weights_bytes(folder, options) == sum(path.stat().st_size for path in (example / "onnx").iterdir())
    report = check(example, options)
    assert report.info is not None
    assert report.info.task == "seq2seq-lm"
    used = {one.name for one in report.files if one.verdict == "used"}
    assert used == {*FILES, "onnx/encoder_model.onnx", "onnx/decoder_model_merged.onnx"}


def test_beams_that_are_not_searched_are_named(example: Path, tmp_path: Path) -> None:
    copied(example, tmp_path, encoder_model="encoder_model.onnx", decoder_model_merged="decoder_model_merged.onnx")
    text = '{"decoder_start_token_id": 257, "eos_token_id": 256, "num_beams": 4}'
    (tmp_path / "generation_config.json").write_text(text, encoding="utf-8")
    dropped = [one.name for one in check(tmp_path, ModelOptions()).files if one.verdict == "dropped"]
    assert dropped == ["generation_config.json: num_beams"]


@pytest.mark.torch
def test_two_decoders_write_what_a_merged_one_writes(backend: Backend, example: Path, tmp_path: Path) -> None:
    """As exports have them that were not merged: one begins, one goes on and does not give the encoder's part again."""
    torch: Any = pytest.importorskip("torch")
    transformers: Any = pytest.importorskip("transformers")
    from examples.train_seq2seq import DecoderGraph
    from examples.training import cache_names, write_graph

    graph = DecoderGraph(transformers.T5ForConditionalGeneration.from_pretrained(example)).eval()
    layers = graph.model.config.num_decoder_layers
    inputs, outputs = (cache_names(start, layers, "decoder", "encoder") for start in ("past_key_values", "present"))
    moving = [name for name in outputs if ".decoder." in name]

    class First(torch.nn.Module):  # type: ignore[misc]
        def forward(self, mask: Any, ids: Any, states: Any) -> Any:
            nothing = [torch.zeros(ids.shape[0], 4, 0, 16) for _ in inputs]
            return self.graph(mask, ids, states, *nothing, torch.tensor([False]))

    class Later(torch.nn.Module):  # type: ignore[misc]
        def forward(self, mask: Any, ids: Any, *past: Any) -> Any:
            states = torch.zeros(ids.shape[0], 0, 64)
            logits, *present = self.graph(mask, ids, states, *past, torch.tensor([True]))
            return (logits, *(one for name, one in zip(outputs, present, strict=True) if ".decoder." in name))

    begins, goes_on = First(), Later()
    # Of the module, as the exporter takes weights of others for constants.
    begins.graph = goes_on.graph = graph
    ids, mask = torch.zeros(2, 1, dtype=torch.int64), torch.ones(2, 4, dtype=torch.int64)
    read = {"encoder_attention_mask": {0: "batch", 1: "read"}, "input_ids": {0: "batch", 1: "sequence"}}
    states = {"encoder_hidden_states": {0: "batch", 1: "read"}}
    past = {name: {0: "batch", 2: "read" if ".encoder." in name else "past"} for name in inputs}
    copied(example, tmp_path, encoder_model="encoder_model.onnx")
    example_states = torch.zeros(2, 4, 64)
    first = tmp_path / "decoder_model.onnx"
    write_graph(begins, (mask, ids, example_states), first, [*read, *states], ["logits", *outputs], {**read, **states})
    later, given = tmp_path / "decoder_with_past_model.onnx", [torch.zeros(2, 4, 4, 16) for _ in inputs]
    write_graph(goes_on, (mask, ids, *given), later, [*read, *inputs], ["logits", *moving], {**read, **past})
    found = open_backend("pair", tmp_path, ModelOptions())
    assert found.info.batch_invariant
    for text in TEXTS:
        assert written(found, text) == written(backend, text)
