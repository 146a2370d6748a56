"""Graphs that leave out padding and tokens that no head reads: the same numbers, and fewer of them."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import SilentObserver
from evald.backends.folder import LoadError
from evald.backends.model import Model
from evald.backends.registry import ModelOptions, open_backend

onnx: Any = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("torch", reason="torch is not installed")
onnxruntime: Any = pytest.importorskip("onnxruntime")

from tests.backends.test_export import CLASSIFIERS, SIZES, save_classifier  # noqa: E402 (needs torch)
from tests.backends.test_pytorch import SMALL, WORDS  # noqa: E402 (needs torch)

from evald.backends import export as exporting  # noqa: E402 (needs torch)
from evald.backends.export_first import keep_first  # noqa: E402 (needs onnx)
from evald.backends.export_packed import pack  # noqa: E402 (needs onnx)
from evald.backends.export_tokens import rewrite  # noqa: E402 (needs onnx)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.backends.conftest import Bench

pytestmark = pytest.mark.torch

KINDS: dict[str, dict[str, Any]] = {
    **CLASSIFIERS,
    "Albert": {**SIZES, **SMALL, "embedding_size": 16},
    "MPNet": {**SIZES, **SMALL, "pad_token_id": 1},
    "Llama": {**SIZES, **SMALL, "pad_token_id": 0},
}
Feed = dict[str, Any]


def feed_of(session: Any, lengths: Sequence[int], pad: int = 0) -> Feed:
    """A batch of random texts of these lengths, padded to the longest."""
    random = np.random.default_rng(sum(lengths))
    ids = np.full((len(lengths), max(lengths)), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, :length] = random.integers(4, len(WORDS), length)
        mask[row, :length] = 1
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    return {item.name: feed[item.name] for item in session.get_inputs()}


def factors_of(path: Path, lengths: Sequence[int]) -> list[tuple[int, ...]]:
    """The shapes of what matrices of weights are multiplied with in a batch."""
    model = onnx.load(path)
    weights = {tensor.name for tensor in model.graph.initializer if len(tensor.dims) == 2}
    # Weights that several layers share.
    weights |= {node.output[0] for node in model.graph.node if node.op_type == "Identity" and node.input[0] in weights}
    factors = [node.input[0] for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights]
    names = list(dict.fromkeys(factors))
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    shape_of = dict(zip(names, map(np.shape, session.run(names, feed_of(session, lengths))), strict=True))
    return [shape_of[name] for name in factors]


def opened(path: Path, *, plain: bool = False) -> Any:
    options = onnxruntime.SessionOptions()
    if plain:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[Path, Path]]:
    """The graph of a model as torch exports it, and as evald does."""

    def both(kind: str) -> tuple[Path, Path]:
        save_classifier(kind, KINDS[kind], tmp_path / kind)
        with monkeypatch.context() as patch:
            patch.setattr(exporting, "pack", lambda tokens: 0)
            patch.setattr(exporting, "keep_first", lambda tokens: 0)
            exporting.export(tmp_path / kind, tmp_path / "plain")
        exporting.export(tmp_path / kind, tmp_path / "packed")
        first, second = (tmp_path / name / "onnx" / "model.onnx" for name in ("plain", "packed"))
        return first, second

    return both


@pytest.mark.parametrize("kind", KINDS)
def test_only_attention_sees_padding_and_no_number_changes(both: Callable[[str], tuple[Path, Path]], kind: str) -> None:
    plain, packed = both(kind)
    first, second = opened(plain, plain=True), opened(packed, plain=True)
    for lengths in ([1], [1, 1], [9], [3, 17, 40], [40, *range(1, 12)], [2] * 7):
        feed = feed_of(first, lengths, KINDS[kind].get("pad_token_id", 0))
        expected, found = (session.run(None, feed)[0] for session in (first, second))
        assert np.abs(expected - found).max() < 1e-6
    shapes = factors_of(packed, [3, 17, 40])
    # Beside rows of real tokens, those of three texts, and what DeBERTa makes of distances between tokens.
    assert sum(shape[0] == 3 + 17 + 40 for shape in shapes) >= 4
    assert sum(shape[0] in (3, 3 + 17 + 40) for shape in shapes) >= 0.7 * len(shapes)
    assert all(shape[:2] != (3, 40) for shape in shapes)


@pytest.mark.parametrize("kind", KINDS)
def test_behind_the_last_attention_only_first_tokens_are_computed(
    both: Callable[[str], tuple[Path, Path]], kind: str
) -> None:
    plain, _ = both(kind)
    before, session = plain.read_bytes(), opened(plain, plain=True)
    # Llama's head reads the last token, wherever that is.
    assert any(rewrite(plain, keep_first)) == (kind != "Llama")
    assert (plain.read_bytes() == before) == (kind == "Llama")
    rewritten = opened(plain, plain=True)
    for lengths in ([1], [9], [3, 17, 40], [2] * 7):
        feed = feed_of(session, lengths, KINDS[kind].get("pad_token_id", 0))
        expected, found = (one.run(None, feed)[0] for one in (session, rewritten))
        assert np.abs(expected - found).max() < 1e-6
    if kind != "Llama":
        shapes = factors_of(plain, [3, 17, 40])
        # The matrix behind attention and two of the layer after it, at least; some have a third.
        assert sum(shape == (3, shape[-1]) for shape in shapes) >= 3


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "ModernBert"])
@pytest.mark.parametrize("threads", [1, 2])
def test_answers_have_the_same_bits_under_any_batching(tmp_path: Path, bench: Bench, kind: str, threads: int) -> None:
    save_classifier(kind, KINDS[kind], tmp_path / kind)
    assert exporting.export(tmp_path / kind, tmp_path / "packed").info.packed_width == 32
    backend = open_backend("one", tmp_path / "packed", ModelOptions(threads=threads))
    assert backend.info.batch_invariant
    assert backend.info.length_step
    random, token, silent = np.random.default_rng(5), bench.Token(), SilentObserver()
    calls = [
        [" ".join(random.choice(WORDS[4:], length)) for length in random.integers(0, 50, rows)]
        for rows in (1, 3, 12, 30, 60)
    ]
    single = TokenBudgetBatcher(backend, silent, batch_tokens=1, queue_tokens=1 << 20)
    shared = TokenBudgetBatcher(backend, silent, batch_tokens=256, queue_tokens=1 << 20)
    alone, busy = Model(backend, single, silent), Model(backend, shared, silent)
    with ThreadPoolExecutor(len(calls)) as pool:
        together = list(pool.map(lambda texts: busy.classify(texts, token), calls))
    for texts, found in zip(calls, together, strict=True):
        expected = [alone.classify([text], token) for text in texts]
        assert found.scores.tobytes() == b"".join(one.scores.tobytes() for one in expected)
    single.close()
    shared.close()
    backend.close()


def test_masks_with_holes_and_rows_of_padding(both: Callable[[str], tuple[Path, Path]]) -> None:
    first, second = (opened(path, plain=True) for path in both("Bert"))
    feed = feed_of(first, [9, 9, 9, 9])
    feed["attention_mask"][0, 3:5] = 0
    feed["attention_mask"][2, :] = 0
    feed["attention_mask"][3, 6:] = 0
    expected, found = (session.run(None, feed)[0] for session in (first, second))
    assert np.abs(expected - found)[[0, 1, 3]].max() < 1e-6
    feed = {name: value[::-1].copy() for name, value in feed.items()}
    feed["attention_mask"][0, :] = 0
    assert np.abs(expected[::-1] - second.run(None, feed)[0])[[2, 3]].max() < 1e-6


def test_weights_in_files_of_their_own_stay_there(both: Callable[[str], tuple[Path, Path]], tmp_path: Path) -> None:
    plain, packed = both("Bert")
    path = tmp_path / "large" / "model.onnx"
    path.parent.mkdir()
    onnx.save(onnx.load(plain), path, save_as_external_data=True, location="weights", size_threshold=0)
    weights = (path.parent / "weights").read_bytes()
    assert rewrite(path, pack) == [32]
    assert (path.parent / "weights").read_bytes() == weights
    assert sorted(one.name for one in path.parent.iterdir()) == ["model.onnx", "weights"]
    first, second = opened(packed), opened(path)
    feed = feed_of(first, [4, 20, 7])
    assert np.array_equal(first.run(None, feed)[0], second.run(None, feed)[0])


def test_other_graphs_stay_as_they_are(tmp_path: Path) -> None:
    """GPT-2 keeps its weights in convolutions, whose rows this does not follow; and a graph with a graph in it."""
    sizes = {"vocab_size": len(WORDS), "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "pad_token_id": 0}
    save_classifier("GPT2", sizes, tmp_path / "GPT2")
    made = exporting.export(tmp_path / "GPT2", tmp_path / "exported")
    assert made.info.packed_width == 0
    path = tmp_path / "branch.onnx"
    value = onnx.helper.make_tensor_value_info("found", onnx.TensorProto.FLOAT, [1])
    inner = onnx.helper.make_graph(
        [onnx.helper.make_node("Constant", [], ["found"], value_floats=[1.0])], "in", [], [value]
    )
    outer = onnx.helper.make_graph(
        [onnx.helper.make_node("If", ["which"], ["answer"], then_branch=inner, else_branch=inner)],
        "out",
        [onnx.helper.make_tensor_value_info("which", onnx.TensorProto.BOOL, [])],
        [onnx.helper.make_tensor_value_info("answer", onnx.TensorProto.FLOAT, [1])],
    )
    onnx.save(onnx.helper.make_model(outer), path)
    before = path.read_bytes()
    assert rewrite(path, keep_first, pack) == [0, 0]
    assert path.read_bytes() == before


def test_a_width_that_is_no_number_is_refused(tmp_path: Path, root: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(root / "examples" / "models" / "support-tuned", folder)
    model = onnx.load(folder / "onnx" / "model.onnx")
    model.metadata_props.add(key="evald.packed_width", value="-3")
    onnx.save(model, folder / "onnx" / "model.onnx")
    with pytest.raises(LoadError, match=r"evald\.packed_width='-3', which is no number"):
        open_backend("one", folder, ModelOptions())
