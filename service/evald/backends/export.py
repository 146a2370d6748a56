"""Makes an ONNX folder from a folder of transformers and holds its answers against torch before it is kept.

torch's exporter by tracing is used: it needs no further package, and unlike the newer one its graphs can be quantised.
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import inspect
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
from evald.backends.folder import LoadError, ModelFolder
from evald.backends.onnx import OnnxBackend
from evald.backends.pytorch import load_model, load_tokenizer
from evald.backends.registry import ModelOptions
from evald.backends.tokenizer import FileTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from evald.backends.contract import ModelInfo, Text
    from evald.backends.folder import ModelConfig

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
    """What was written, and how far its logits are from those of torch at most."""

    info: ModelInfo
    largest_difference: float
    sequences: int
    made_tokenizer: bool


def export(source: Path, target: Path) -> Exported:
    """Writes `target`, which must not exist yet, only if its answers are those of `source`. Raises LoadError."""
    folder = ModelFolder(source)
    config = folder.model_config()
    folder.safetensors()
    folder.check_links()
    if target.exists():
        raise LoadError(f"{target.name} exists already; name a new folder")
    tokenizer = load_tokenizer(folder)
    model = load_model(folder, config.task, ModelOptions(precision="fp32"))[0]
    # Every model has this one, in operators that every runtime has.
    model.set_attn_implementation("eager")
    with _written(target) as scratch:
        for name in _COPIED:
            if folder.existing(name):
                shutil.copyfile(folder.find(name), scratch / name)
        made_tokenizer = not folder.existing("tokenizer.json")
        if made_tokenizer:
            _save_tokenizer(tokenizer, scratch)
        sequences = _same_tokens(tokenizer, FileTokenizer(ModelFolder(scratch)), config)
        _write_graph(model, tokenizer, config, scratch / "onnx" / "model.onnx")
        try:
            difference = _largest_difference(model, sequences, config, scratch / "onnx" / "model.onnx")
        except Exception as error:  # of torch or of the runtime, for example for tokens without an embedding
            raise LoadError(f"the model fails on one of the texts ({type(error).__name__})") from error
        if not difference <= TOLERANCE:
            raise LoadError(
                f"the logits of the graph differ from those of torch by {difference:.2g}, at most {TOLERANCE:g} may"
            )
        backend = OnnxBackend(target.name, scratch, ModelOptions())
        backend.close()
    return Exported(backend.info, difference, len(sequences), made_tokenizer)


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


class _Classifier(torch.nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
        segments = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.model(input_ids=input_ids, attention_mask=attention_mask, **segments).logits


class _LanguageModel(torch.nn.Module):
    """Gives the model the mask of every token for every other one, as its own way to make it cannot be traced."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.takes_positions = "position_ids" in inspect.signature(model.forward).parameters

    def forward(self, input_ids: Any, attention_mask: Any) -> Any:
        if not self.takes_positions:
            return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits
        positions = torch.arange(input_ids.shape[1])
        before = positions[None, :] <= positions[:, None]
        seen = before[None, None] & (attention_mask[:, None, None, :] > 0)
        bias = torch.where(seen, 0.0, torch.finfo(torch.float32).min)
        positions = positions[None].expand(input_ids.shape[0], -1)
        return self.model(input_ids=input_ids, attention_mask=bias, position_ids=positions, use_cache=False).logits


def _write_graph(model: Any, tokenizer: Any, config: ModelConfig, path: Path) -> None:
    path.parent.mkdir()
    scores_tokens = config.task == "causal-lm"
    graph = (_LanguageModel if scores_tokens else _Classifier)(model).eval()
    names = ["input_ids", "attention_mask"]
    has_segments = "token_type_ids" in inspect.signature(model.forward).parameters
    if not scores_tokens and has_segments and "token_type_ids" in tokenizer.model_input_names:
        names.append("token_type_ids")
    ids = torch.ones((2, min(5, config.max_tokens)), dtype=torch.int64)
    axes = {0: "batch", 1: "sequence"}
    values = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            # Tracing warns of every shape that it sees; the comparison tells what matters.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                graph,
                tuple(values[name] for name in names),
                str(path),
                input_names=names,
                output_names=["logits"],
                dynamic_axes=dict.fromkeys(names, axes) | {"logits": axes if scores_tokens else {0: "batch"}},
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # whatever a model or the exporter raises
        kind = type(model).__name__
        raise LoadError(f"torch cannot export a {kind} ({type(error).__name__}); use the torch backend") from error
    # The exporter leaves the model in training mode, with dropout.
    graph.eval()


def _largest_difference(model: Any, sequences: Sequence[TokenSequence], config: ModelConfig, path: Path) -> float:
    """Over every real token of every text, in batches of one text and of several that are padded."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = {item.name for item in session.get_inputs()}
    batches = [[one] for one in sequences]
    batches += [list(sequences[start : start + _BATCH]) for start in range(0, len(sequences), _BATCH)]
    largest = 0.0
    for batch in batches:
        feed = _feed(batch, config)
        found = session.run(["logits"], {name: feed[name] for name in feed if name in inputs})[0]
        for row, sequence in enumerate(batch):
            expected = _torch_logits(model, sequence, "token_type_ids" in inputs)
            real = found[row, : len(sequence)] if config.task == "causal-lm" else found[row]
            largest = max(largest, float(np.abs(real - expected).max())) if np.isfinite(real).all() else float("nan")
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


def _torch_logits(model: Any, sequence: TokenSequence, segments: bool) -> Any:
    feed = {"input_ids": torch.from_numpy(sequence.ids)[None]}
    if segments and sequence.segments is not None:
        feed["token_type_ids"] = torch.from_numpy(sequence.segments)[None]
    with torch.inference_mode():
        return model(**feed).logits[0].numpy()
