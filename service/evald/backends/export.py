"""Makes an ONNX folder from a folder of transformers and holds its answers against torch before it is kept.

torch's exporter by tracing is used: it needs no further package, and unlike the newer one its graphs can be quantised.
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import inspect
import json
import logging
import shutil
import tempfile
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import torch

from evald.backends.contract import TokenSequence
from evald.backends.embedding import inner_layers
from evald.backends.export_decoder import CachedGraph, check_writing, write_cached_graph
from evald.backends.export_first import keep_first
from evald.backends.export_packed import pack
from evald.backends.export_tokens import rewrite
from evald.backends.folder import LoadError, ModelFolder
from evald.backends.onnx import OnnxBackend
from evald.backends.onnx_decoder import read_cache
from evald.backends.pytorch import load_model, load_tokenizer
from evald.backends.registry import ModelOptions
from evald.backends.tokenizer import FileTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evald.backends.contract import ModelInfo, Text
    from evald.backends.folder import ModelConfig
    from evald.backends.pytorch import Loaded

_log = logging.getLogger(__name__)

TOLERANCE = 1e-4
_OPSET = 17

_COPIED = (
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
# Letters of many kinds, none at all, spaces at both ends, what tokenizers treat apart, and more than any model reads.
_TEXTS = (
    "The parcel has not arrived yet.",
    "a",
    " two  spaces, and one at the end ",
    "naïve façade, Ünïcödé, e\u0301 and \u00e9",
    "日本語のテキストと한국어 문장",
    "مرحبا بالعالم, שלום",
    "🙂👩‍👩‍👧‍👦 emoji\tand\ttabs\nand\r\nlines",
    "1,234.56 % — https://example.com/a?b=c&d=%20 <b>html</b> [MASK] </s>",
    "def f(x):\n    return x ** 2  # code",
    "",
    "\u200b\u00a0\ufeff",
    "repeat " * 2000,
)
_PAIRS = tuple(zip(_TEXTS[:5], _TEXTS[3:8], strict=True))
_BATCH = 4


@dataclass(frozen=True)
class Exported:
    """What was written, and how far its numbers are from those of torch at most."""

    info: ModelInfo
    largest_difference: float
    sequences: int
    made_tokenizer: bool


def export(source: Path, target: Path, adapter: Path | None = None) -> Exported:
    """Writes `target`, which must not exist yet, only if its answers are those of `source`, or of an adapter that is
    merged into it. Raises LoadError.
    """
    folder = ModelFolder(source)
    config = folder.model_config()
    if config.task == "seq2seq-lm":
        raise LoadError("optimum exports encoder-decoders (optimum-cli export onnx); or use the torch backend")
    folder.safetensors()
    folder.check_links()
    if target.exists():
        raise LoadError(f"{target.name} exists already; name a new folder")
    tokenizer = load_tokenizer(folder)
    loaded = load_model(folder, config.task, ModelOptions(precision="fp32"))
    model, own = loaded.model, None
    if adapter is not None:
        model, config, own = _merged(loaded, config, ModelFolder(adapter))
    # Every model has this one, in operators that every runtime has.
    model.set_attn_implementation("eager")
    with _written(target) as scratch:
        for name in (*_COPIED, *(folder.module_configs() if config.task == "embedding" else ())):
            if folder.existing(name):
                (scratch / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(folder.find(name), scratch / name)
        if own is not None:
            (scratch / "config.json").write_text(own, encoding="utf-8")
        made_tokenizer = not folder.existing("tokenizer.json")
        if made_tokenizer:
            _save_tokenizer(tokenizer, scratch)
        sequences = _same_tokens(tokenizer, FileTokenizer(ModelFolder(scratch)), config)
        graph = _Graph(model, config).eval()
        path = scratch / "onnx" / "model.onnx"
        path.parent.mkdir()
        if not (graph.takes_positions and _writes_cached(model, path)):
            _write_graph(graph, tokenizer, path)
        try:
            difference = _largest_difference(graph, sequences, path)
        except Exception as error:  # of torch or of the runtime, for example for tokens without an embedding
            raise LoadError(f"the model fails on one of the texts ({type(error).__name__})") from error
        if not difference <= TOLERANCE:
            raise LoadError(
                f"the numbers of the graph differ from those of torch by {difference:.2g}, at most {TOLERANCE:g} may"
            )
        backend = OnnxBackend(target.name, scratch, ModelOptions())
        if backend.info.writes:
            check_writing(model, backend, sequences, folder.end_tokens(), TOLERANCE)
        backend.close()
    return Exported(backend.info, difference, len(sequences), made_tokenizer)


def _merged(base: Loaded, config: ModelConfig, folder: ModelFolder) -> tuple[Any, ModelConfig, str | None]:
    """The model of an adapter with its weights added to those of its base, and its config.json if it has its own."""
    try:
        from evald.backends.adapter import put_on
    except ImportError as error:
        raise LoadError(f"the library {error.name} is missing: install evald[peft]") from error
    adapted = put_on(base.model, base.random, config, folder)
    model = adapted.model.merge_and_unload()
    if not folder.existing("config.json"):
        return model, adapted.config, None
    own = folder.read_json("config.json") | {"architectures": [type(model).__name__]}
    return model, adapted.config, json.dumps(own, indent=2)


@contextmanager
def _written(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` if all goes well, and leaves nothing behind else."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".evald-", dir=target.parent))
    except OSError as error:
        raise LoadError(f"{target.parent} cannot be written to ({error.strerror})") from None
    try:
        yield scratch
        scratch.chmod(0o755)
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _save_tokenizer(tokenizer: Any, scratch: Path) -> None:
    with tempfile.TemporaryDirectory() as saved:
        tokenizer.save_pretrained(saved)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            if (Path(saved) / name).is_file() and not (scratch / name).exists():
                shutil.copyfile(Path(saved) / name, scratch / name)
    if not (scratch / "tokenizer.json").exists():
        kind = type(tokenizer).__name__
        raise LoadError(f"transformers cannot write the tokenizer ({kind}) as tokenizer.json; use the torch backend")


def _same_tokens(tokenizer: Any, written: FileTokenizer, config: ModelConfig) -> list[TokenSequence]:
    """The tokens of all texts, cut to what the model reads; both tokenizers must agree on them."""
    found: list[TokenSequence] = []
    pairs: tuple[Text, ...] = _PAIRS if config.task == "text-classification" else ()
    for text in (*_TEXTS, *pairs):
        (sequence,) = written.encode([text], special_tokens=True)
        parts = (text,) if isinstance(text, str) else text
        expected = tokenizer(*parts, truncation=False, verbose=False)["input_ids"]
        if list(sequence.ids) != list(expected):
            raise LoadError(
                "tokenizer.json gives other tokens than the tokenizer of transformers; use the torch backend"
            )
        cut = slice(0, config.max_tokens)
        if len(sequence):
            found.append(
                TokenSequence(sequence.ids[cut], None if sequence.segments is None else sequence.segments[cut])
            )
    return found


class _Graph(torch.nn.Module):
    """What is exported: token ids and their mask in, the outputs of the task out, in the order of `_outputs`.

    A language model is given the mask of every token for every other one, as its own way to make it cannot be traced.
    """

    def __init__(self, model: Any, config: ModelConfig) -> None:
        super().__init__()
        self.model = model
        self.config = config
        parameters = inspect.signature(model.forward).parameters
        self.takes_segments = config.task != "causal-lm" and "token_type_ids" in parameters
        self.takes_positions = config.task == "causal-lm" and "position_ids" in parameters

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
        options: dict[str, Any] = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        if self.config.task == "causal-lm":
            options["use_cache"] = False
        if self.takes_positions:
            positions = torch.arange(input_ids.shape[1])
            before = positions[None, :] <= positions[:, None]
            seen = before[None, None] & (attention_mask[:, None, None, :] > 0)
            attention_mask = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
            options["position_ids"] = positions[None].expand(input_ids.shape[0], -1)
        if self.config.task != "embedding":
            return self.model(input_ids=input_ids, attention_mask=attention_mask, **options).logits
        options["output_hidden_states"] = True
        found = self.model(input_ids=input_ids, attention_mask=attention_mask, **options)
        return (found.last_hidden_state, *(found.hidden_states[layer] for layer in inner_layers(self.config)))


def _outputs(config: ModelConfig) -> list[str]:
    if config.task != "embedding":
        return ["logits"]
    return ["last_hidden_state", *(f"hidden_states.{layer}" for layer in inner_layers(config))]


def _writes_cached(model: Any, path: Path) -> bool:
    """Writes the graph with a cache, if the model keeps one that can be exported; else it can score only."""
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            write_cached_graph(CachedGraph(model).eval(), path, _OPSET)
    except Exception as error:  # noqa: BLE001 - whatever a model or the exporter raises
        _log.warning("the graph has no cache (%s), so that it cannot write texts", type(error).__name__)
        path.unlink(missing_ok=True)
        return False
    finally:
        # The exporter leaves the model in training mode, with dropout.
        model.eval()
    return True


def _write_graph(graph: _Graph, tokenizer: Any, path: Path) -> None:
    names = ["input_ids", "attention_mask"]
    if graph.takes_segments and "token_type_ids" in tokenizer.model_input_names:
        names.append("token_type_ids")
    ids = torch.ones((2, min(5, graph.config.max_tokens)), dtype=torch.int64)
    values = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    outputs = _outputs(graph.config)
    axes = {0: "batch", 1: "sequence"}
    of_outputs = {0: "batch"} if graph.config.task == "text-classification" else axes
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            # Tracing warns of every shape that it sees; the comparison tells what matters.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph,
                tuple(values[name] for name in names),
                str(path),
                input_names=names,
                output_names=outputs,
                dynamic_axes=dict.fromkeys(names, axes) | dict.fromkeys(outputs, of_outputs),
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # whatever a model or the exporter raises
        kind = type(graph.model).__name__
        raise LoadError(f"torch cannot export a {kind} ({type(error).__name__}); use the torch backend") from error
    # The exporter leaves the model in training mode, with dropout.
    graph.eval()
    try:
        rewrite(path, keep_first, pack)
    except Exception as error:  # onnxruntime raises classes of its own, and RuntimeError
        kind = type(graph.model).__name__
        raise LoadError(f"the graph of a {kind} fails ({type(error).__name__}); use the torch backend") from error


def _largest_difference(graph: _Graph, sequences: Sequence[TokenSequence], path: Path) -> float:
    """Over every real token of every text, in batches of one text and of several that are padded."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = {item.name for item in session.get_inputs()}
    cache = read_cache(session)
    by_row = graph.config.task == "text-classification"
    expected = [_torch_outputs(graph, sequence, "token_type_ids" in inputs) for sequence in sequences]
    numbers = range(len(sequences))
    batches = [[number] for number in numbers]
    batches += [list(numbers[start : start + _BATCH]) for start in range(0, len(sequences), _BATCH)]
    largest = 0.0
    for batch in batches:
        feed = _feed([sequences[number] for number in batch], graph.config)
        given = {name: feed[name] for name in feed if name in inputs}
        past = cache.empty(len(batch)) if cache else {}
        found = session.run(_outputs(graph.config), given | past)
        for row, number in enumerate(batch):
            for output, wanted in zip(found, expected[number], strict=True):
                real = output[row] if by_row else output[row, : len(sequences[number])]
                difference = np.abs(real - wanted)
                largest = max(largest, float(difference.max())) if np.isfinite(difference).all() else float("inf")
    return largest


def _feed(batch: Sequence[TokenSequence], config: ModelConfig) -> dict[str, Any]:
    shape = (len(batch), max(map(len, batch)))
    feed = {name: np.zeros(shape, dtype=np.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    feed["input_ids"].fill(config.pad_token_id)
    for row, sequence in enumerate(batch):
        feed["input_ids"][row, : len(sequence)] = sequence.ids
        feed["attention_mask"][row, : len(sequence)] = 1
        if sequence.segments is not None:
            feed["token_type_ids"][row, : len(sequence)] = sequence.segments
    return feed


def _torch_outputs(graph: _Graph, sequence: TokenSequence, segments: bool) -> list[Any]:
    """The model's own answers to one text, without padding or a mask."""
    feed: dict[str, Any] = {"input_ids": torch.from_numpy(sequence.ids)[None]}
    if segments and sequence.segments is not None:
        feed["token_type_ids"] = torch.from_numpy(sequence.segments)[None]
    with torch.inference_mode():
        if graph.config.task != "embedding":
            return [graph.model(**feed).logits[0].numpy()]
        found = graph.model(**feed, output_hidden_states=True)
    states = [found.last_hidden_state, *(found.hidden_states[layer] for layer in inner_layers(graph.config))]
    return [one[0].numpy() for one in states]
