"""The ONNX backend on graphs written here, byte by byte, and on the example models."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import SilentObserver
from evald.backends.folder import LoadError, digest
from evald.backends.model import Model
from evald.backends.onnx_graph import read_weights
from evald.backends.registry import ModelOptions

onnxruntime = pytest.importorskip("onnxruntime")
tokenizers = pytest.importorskip("tokenizers")

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.backends.conftest import Bench

    from evald.backends.onnx import OnnxBackend

FLOAT, INT8, INT64 = 1, 3, 7
WORDS = ("[UNK]", "[PAD]", "good", "bad", "movie", "a")


# --- a writer of ONNX files; the numbers are the fields of onnx.proto ------------------------------------------------
def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name: str, array: np.ndarray[Any, Any], kind: int, external: str = "") -> bytes:
    head = b"".join(field(1, size) for size in array.shape) + field(2, kind) + field(8, name)
    if not external:
        return head + field(9, array.tobytes())
    return head + field(13, field(1, "location") + field(2, external)) + field(14, 1)


def node(kind: str, inputs: list[str], output: str, *attributes: bytes) -> bytes:
    named = b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
    return named + b"".join(field(5, attribute) for attribute in attributes)


def value_info(name: str, kind: int, *dims: int | str) -> bytes:
    shape = b"".join(field(1, field(1 if isinstance(dim, int) else 2, dim)) for dim in dims)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def integer_attribute(name: str, value: int) -> bytes:
    return field(1, name) + field(3, value) + field(20, 2)


def write_model(
    path: Path,
    *,
    width: int = 2,
    declared: int | str = 2,
    inputs: tuple[str, ...] = ("input_ids", "attention_mask"),
    output: str = "logits",
    input_kind: int = INT64,
    external: str = "",
    keepdims: int = 0,
    tail: Sequence[bytes] = (),
) -> None:
    """Means of the embeddings of real tokens, times a matrix: a bag of words."""
    rng = np.random.default_rng(7)
    table = rng.normal(size=(len(WORDS), 8)).astype(np.float32)
    head = rng.normal(size=(8, width)).astype(np.float32)
    nodes = [
        node("Gather", ["table", "input_ids"], "vectors"),
        node("Cast", [inputs[1]], "floats", integer_attribute("to", FLOAT)),
        node("Unsqueeze", ["floats", "axis2"], "column"),
        node("Mul", ["vectors", "column"], "masked"),
        node("ReduceSum", ["masked", "axis1"], "sums", integer_attribute("keepdims", keepdims)),
        node("ReduceSum", ["column", "axis1"], "counts", integer_attribute("keepdims", keepdims)),
        node("Div", ["sums", "counts"], "means"),
        node("MatMul", ["means", "head"], "products" if tail else output),
        *tail,
    ]
    weights = [
        tensor("table", table, FLOAT, external),
        tensor("head", head, FLOAT),
        tensor("zero", np.array(0), INT64),
        tensor("one", np.array(1), INT64),
        tensor("axis1", np.array([1]), INT64),
        tensor("axis2", np.array([2]), INT64),
    ]
    graph = b"".join(field(1, item) for item in nodes) + field(2, "tiny") + b"".join(field(5, item) for item in weights)
    graph += b"".join(field(11, value_info(name, input_kind, "batch", "sequence")) for name in inputs)
    graph += field(12, value_info(output, FLOAT, "batch", *[1] * keepdims, declared))
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, graph))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small whole model."""
    config = {"id2label": {"0": "bad", "1": "good"}, "max_position_embeddings": 12, "pad_token_id": 1}
    (tmp_path / "config.json").write_text(json.dumps(config))
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=6)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    write_model(tmp_path / "onnx" / "model.onnx")
    return tmp_path


def load(folder: Path, **options: Any) -> OnnxBackend:
    from evald.backends.onnx import OnnxBackend

    return OnnxBackend("tiny", folder, ModelOptions(**options))


def test_what_a_model_says_of_itself(folder: Path) -> None:
    info = load(folder).info
    assert info.alias == "tiny"
    assert info.task == "text-classification"
    assert info.classes == ("bad", "good")
    assert info.max_tokens == 12
    assert info.weights_digest == digest(folder / "onnx" / "model.onnx")
    assert info.tokenizer_digest == digest(folder / "tokenizer.json")
    assert info.engine == f"onnxruntime {onnxruntime.__version__}"
    assert (info.device, info.precision, info.batch_invariant) == ("cpu", "fp32", True)


def test_the_answer_ignores_padding_and_neighbours(folder: Path) -> None:
    backend = load(folder)
    one, other = backend.encode(["good movie", "a bad bad movie"])
    alone = backend.run([one], 2)
    assert np.array_equal(backend.run([one, other], 12)[0], backend.run([other, one], 12)[1])
    np.testing.assert_allclose(backend.run([one, other], 12)[0], alone[0], rtol=1e-6)


def test_a_model_that_looks_at_its_neighbours_is_found_out(folder: Path) -> None:
    tail = [
        node("ReduceMean", ["products"], "mean", field(1, "axes") + field(8, 0) + field(20, 7)),
        node("Add", ["products", "mean"], "logits"),
    ]
    write_model(folder / "onnx" / "model.onnx", tail=tail)
    assert not load(folder).info.batch_invariant


def test_a_model_that_rounds_single_rows_differently_is_given_two(folder: Path) -> None:
    tail = [
        node("Shape", ["input_ids"], "shape"),
        node("Gather", ["shape", "zero"], "rows"),
        node("Equal", ["rows", "one"], "is_single"),
        node("Cast", ["is_single"], "change", integer_attribute("to", FLOAT)),
        node("Add", ["products", "change"], "logits"),
    ]
    write_model(folder / "onnx" / "model.onnx", tail=tail)
    backend = load(folder)
    assert backend.info.batch_invariant
    ids = backend.encode(["good movie", "bad"])
    assert np.array_equal(backend.run(ids[:1], 4)[0], backend.run(ids, 4)[0])


def test_lengths_that_padding_changes_are_found_out(folder: Path, root: Path) -> None:
    assert load(root / "examples" / "models" / "support-tuned").info.length_step == 1
    length = [node("Shape", ["input_ids"], "shape"), node("Gather", ["shape", "one"], "length")]
    change = [
        node("Cast", ["number"], "change", integer_attribute("to", FLOAT)),
        node("Add", ["products", "change"], "logits"),
    ]
    write_model(folder / "onnx" / "model.onnx", tail=[*length, node("Mod", ["length", "axis2"], "number"), *change])
    assert load(folder).info.length_step in (2, 4)
    tail = [*length, node("Identity", ["length"], "number"), *change]
    write_model(folder / "onnx" / "model.onnx", tail=tail)
    info = load(folder).info
    assert info.batch_invariant
    assert info.length_step == 0


def test_the_tokenizer_neither_truncates_nor_pads(folder: Path) -> None:
    assert [len(sequence) for sequence in load(folder).encode(["good " * 9, "", "a"])] == [9, 0, 1]


def test_the_other_place_and_other_names_are_found(folder: Path) -> None:
    (folder / "onnx" / "model.onnx").unlink()
    names = ("input_ids", "attention_mask", "token_type_ids")
    write_model(folder / "model.onnx", inputs=names, output="scores", declared="classes")
    backend = load(folder)
    assert [result.shape for result in backend.run(backend.encode(["good"]), 4)] == [(2,)]


def test_32_bit_inputs_are_served(folder: Path) -> None:
    write_model(folder / "onnx" / "model.onnx", input_kind=6)
    backend = load(folder)
    assert [result.shape for result in backend.run(backend.encode(["good", "bad"]), 4)] == [(2,), (2,)]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"width": 3, "declared": 3}, "3 classes, config.json names 2"),
        ({"width": 3, "declared": "classes"}, "3 classes, config.json names 2"),
        ({"keepdims": 1}, r"shape \(1, 2\), config.json names 2 classes"),
        ({"inputs": ("input_ids", "mask")}, "missing .'attention_mask'.*unknown .'mask'"),
        ({"inputs": ("input_ids", "attention_mask", "pixels")}, "unknown .'pixels'"),
        ({"input_kind": FLOAT}, "neither int64 nor int32|cannot load"),
        ({"external": "../../weights.bin"}, "missing|outside"),
        ({"external": "weights.bin"}, "weights.bin is missing"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused(folder: Path, change: dict[str, Any], part: str) -> None:
    write_model(folder / "onnx" / "model.onnx", **change)
    with pytest.raises(LoadError, match=part):
        load(folder)


def test_weights_outside_of_the_folder_are_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "weights.bin"
    outside.write_bytes(b"\0" * 4 * 8 * len(WORDS))
    for location in (str(outside), os.path.relpath(outside, folder / "onnx"), "link.bin"):
        write_model(folder / "onnx" / "model.onnx", external=location)
        if location == "link.bin":
            (folder / "onnx" / location).symlink_to(outside)
        with pytest.raises(LoadError, match="outside"):
            load(folder)


def test_weights_beside_the_model_are_loaded_and_digested(folder: Path) -> None:
    model, weights = folder / "onnx" / "model.onnx", folder / "onnx" / "weights.bin"
    weights.write_bytes(np.random.default_rng(7).normal(size=(len(WORDS), 8)).astype(np.float32).tobytes())
    inline = load(folder)
    write_model(model, external="weights.bin")
    backend = load(folder)
    ids = backend.encode(["good movie"])
    assert np.array_equal(backend.run(ids, 4), inline.run(ids, 4))
    assert backend.info.weights_digest == digest(model, weights)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "onnx/model.onnx"])
def test_missing_and_broken_files_are_named(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for broken in (b"", b"no such format", whole[: len(whole) // 2]):
        (folder / name).write_bytes(broken)
        with pytest.raises(LoadError, match=name.rpartition("/")[2]):
            load(folder)
    (folder / name).unlink()
    with pytest.raises(LoadError, match=f"{name}.*is missing"):
        load(folder)


def test_a_model_outside_of_the_folder_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    inside = folder / "onnx" / "model.onnx"
    inside.symlink_to(inside.rename(tmp_path_factory.mktemp("outside") / "model.onnx"))
    with pytest.raises(LoadError, match="outside"):
        load(folder)


def test_pickles_and_python_files_are_not_opened(folder: Path) -> None:
    trap = "raise SystemExit('opened')"
    for name in ("training_args.bin", "pytorch_model.bin", "model.py", "onnx/model.py"):
        (folder / name).write_text(trap)
        (folder / name).chmod(0)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "model.Model"}}))
    assert load(folder).info.classes == ("bad", "good")


def test_a_gpu_is_not_replaced_by_the_cpu(folder: Path) -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    with pytest.raises(LoadError, match=r"device cuda was asked for, but .* CUDAExecutionProvider"):
        load(folder, device="cuda")


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_the_silent_fallback_of_the_runtime_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The GPU build lists CUDA on every machine and serves from the CPU where there is no GPU, without an error.
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    listed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: listed)
    with pytest.raises(LoadError, match="fell back to CPUExecutionProvider"):
        load(folder, device="cuda")


@pytest.mark.parametrize(("kind", "expected"), [(FLOAT, "fp32"), (INT8, "int8"), (10, "fp16"), (16, "bf16")])
def test_precision_is_read_from_the_weights(tmp_path: Path, kind: int, expected: str) -> None:
    big = tensor("big", np.zeros((64, 64), dtype=np.int8), kind)
    graph = field(5, big) + field(5, tensor("scale", np.zeros(4, dtype=np.float32), FLOAT))
    (tmp_path / "model.onnx").write_bytes(field(1, 8) + field(7, graph))
    assert read_weights(tmp_path / "model.onnx").precision == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_of_weights(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.onnx"
    for content in (data, field(7, data), field(7, field(5, data)), field(7, field(5, field(13, data)))):
        path.write_bytes(content)
        try:
            read_weights(path)
        except ValueError:
            continue


# --- the example models --------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def example(root: Path) -> Iterator[OnnxBackend]:
    backend = load(root / "examples" / "models" / "support-tuned")
    yield backend
    backend.close()


TEXTS = st.lists(st.text(max_size=80) | st.sampled_from(["where is my parcel", "refund me " * 8]), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from([1, 100, 512, 4096]), st.integers(1, 2))
def test_fp32_answers_have_the_same_bits_under_any_batching(
    example: OnnxBackend, bench: Bench, calls: list[list[str]], batch_tokens: int, workers: int
) -> None:
    assert example.info.batch_invariant
    assert example.info.length_step
    token = bench.Token()
    options = {"queue_tokens": 1 << 20}
    single = TokenBudgetBatcher(example, SilentObserver(), batch_tokens=1, **options)
    shared = TokenBudgetBatcher(example, SilentObserver(), batch_tokens=batch_tokens, workers=workers, **options)
    alone, busy = Model(example, single, SilentObserver()), Model(example, shared, SilentObserver())
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda texts: busy.classify(texts, token), calls))
    for texts, result in zip(calls, together, strict=True):
        expected = [alone.classify([text], token) for text in texts]
        assert result.scores.tobytes() == b"".join(one.scores.tobytes() for one in expected)
        assert [failure.row for failure in result.failures] == [row for row, one in enumerate(expected) if one.failures]
    single.close()
    shared.close()


def test_the_number_of_threads_does_not_change_a_bit(example: OnnxBackend, root: Path) -> None:
    threaded = load(root / "examples" / "models" / "support-tuned", threads=2)
    ids = example.encode(["where is my parcel", "refund me", "the app is slow since monday"])
    assert [one.tobytes() for one in example.run(ids, 32)] == [one.tobytes() for one in threaded.run(ids, 32)]
    assert threaded.info.batch_invariant
    threaded.close()


def test_examples_answer_as_their_script_says(example: OnnxBackend, root: Path, bench: Bench) -> None:
    """Through the batcher as many rows are right as in the plain loop that wrote the number into config.json."""
    import csv

    with (root / "examples" / "data" / "support-tickets" / "test.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    batcher = TokenBudgetBatcher(example, SilentObserver(), batch_tokens=512, queue_tokens=1 << 20)
    result = Model(example, batcher, SilentObserver()).classify([row["text"] for row in rows], bench.Token())
    batcher.close()
    guesses = [example.info.classes[best] for best in result.scores.argmax(axis=1).tolist()]
    correct = sum(guess == row["label"] for guess, row in zip(guesses, rows, strict=True))
    config = json.loads((root / "examples" / "models" / "support-tuned" / "config.json").read_text())
    assert not result.failures
    assert correct == config["evaluation"]["correct"]
