"""Models on ONNX Runtime. Must not know queues, calls or messages.

Needs onnxruntime and tokenizers, not transformers: config.json, tokenizer.json and onnx/model.onnx say it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from evald.backends.contract import ModelInfo, TokenSequence
from evald.backends.folder import LoadError, ModelFolder, digest
from evald.backends.generation import write
from evald.backends.likelihood import log_likelihoods
from evald.backends.onnx_decoder import OnnxDecoder, is_cache_input, read_cache
from evald.backends.onnx_graph import Weights, read_weights
from evald.backends.tokenizer import FileTokenizer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evald.backends.contract import Result, Text, TokenIds, WrittenTokens
    from evald.backends.folder import ModelConfig
    from evald.backends.registry import ModelOptions

_PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    # The default doubles the arena each time it grows.
    "cuda": ("CUDAExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"}),
}
# The one graph of a language model with a cache is called so in older exports.
_GRAPHS = ("model.onnx", "decoder_model_merged.onnx")
_REQUIRED_INPUTS = frozenset({"input_ids", "attention_mask"})
_OPTIONAL_INPUTS = frozenset({"position_ids", "token_type_ids"})
_DTYPES: dict[str, type[np.integer[Any]]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
# The runtime's errors quote token ids, which tell of a text; the batcher logs their class.
_FATAL_ONLY = 4
_PROBE_LENGTHS = (8, 32)
_PROBE_ROWS = (1, 2, 3, 4, 7, 16)
_PROBE_TEXT = "an answer must not depend on the rows that it was batched with , so we ask for it again"


class OnnxBackend:
    """One ONNX model with its tokenizer. Raises LoadError."""

    def __init__(self, alias: str, path: Path, options: ModelOptions) -> None:
        folder = ModelFolder(path)
        config = folder.model_config()
        model_path = folder.find(*(root + name for name in _GRAPHS for root in ("onnx/", "")))
        weights = _read_weights(model_path)
        if options.precision not in ("auto", weights.precision):
            raise LoadError(f"precision {options.precision} was asked for, {model_path.name} has {weights.precision}")
        root = "onnx/" if model_path.parent.name == "onnx" else ""
        external = [folder.find(root + name) for name in weights.external_files]
        self._tokenizer = FileTokenizer(folder)
        self._session = _open_session(model_path, options)
        self._config = config
        self._inputs = _check_inputs(self._session)
        self._output = _check_output(self._session, config)
        self._cache = read_cache(self._session)
        self._ends = folder.end_tokens()
        self._min_rows = 1
        self._info = ModelInfo(
            alias=alias,
            task=config.task,
            classes=config.classes,
            max_tokens=config.max_tokens,
            weights_digest=digest(model_path, *external),
            tokenizer_digest=self._tokenizer.digest,
            engine=f"onnxruntime {onnxruntime.__version__}",
            device=options.device,
            precision=weights.precision,
            batch_invariant=self._probe(),
            multilabel=config.multilabel,
            prefix_token=self._tokenizer.prefix_token() if config.task == "causal-lm" else None,
            writes=config.task == "causal-lm" and self._cache is not None,
        )

    @property
    def info(self) -> ModelInfo:
        """See `contract.Backend`."""
        return self._info

    def encode(self, texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        """See `contract.Backend`."""
        return self._tokenizer.encode(texts, special_tokens)

    def decode(self, ids: Sequence[int]) -> str:
        """See `contract.Backend`."""
        return self._tokenizer.decode(ids)

    def run(self, sequences: Sequence[TokenSequence], length: int) -> list[Result]:
        """See `contract.Backend`."""
        logits = self._session.run([self._output], self._feed(sequences, length))[0]
        results: list[Result] = []
        for row, sequence in enumerate(sequences):
            if sequence.targets is None:
                results.append(logits[row].astype(np.float32))
            else:
                scored = slice(len(sequence) - len(sequence.targets), len(sequence))
                results.append(log_likelihoods(logits[row, scored], sequence.targets))
        return results

    def write(self, sequences: Sequence[TokenSequence]) -> list[WrittenTokens]:
        """See `contract.Backend`."""
        return write(self._decoder(), sequences, self._ends)

    def close(self) -> None:
        """See `contract.Backend`."""
        self._session = None

    def _feed(self, sequences: Sequence[TokenSequence], length: int) -> dict[str, np.ndarray[Any, Any]]:
        shape = (max(len(sequences), self._min_rows), length)
        feed: dict[str, np.ndarray[Any, Any]] = {
            name: np.zeros(shape, dtype=dtype) for name, dtype in self._inputs.items()
        }
        feed["input_ids"].fill(self._config.pad_token_id)
        if "position_ids" in feed:
            feed["position_ids"][:] = np.arange(length)
        for row in range(shape[0]):
            sequence = sequences[min(row, len(sequences) - 1)]
            feed["input_ids"][row, : len(sequence)] = sequence.ids
            feed["attention_mask"][row, : len(sequence)] = 1
            if sequence.segments is not None and "token_type_ids" in feed:
                feed["token_type_ids"][row, : len(sequence)] = sequence.segments
        return {**feed, **self._cache.empty(shape[0])} if self._cache else feed

    def _decoder(self) -> OnnxDecoder:
        if self._cache is None:
            raise RuntimeError("the graph has no cache")
        return OnnxDecoder(self._session.run, self._cache, self._inputs, self._output, self._min_rows)

    def _probe(self) -> bool:
        """Warms up, checks the shape of the answer and finds out whether answers depend on the number of rows.

        Some matrix libraries take another path for a single row. Then single rows are run twice over, which is cheap
        beside answers that change with the load of the server.
        """
        lengths = {min(length, self._config.max_tokens) for length in _PROBE_LENGTHS}
        for self._min_rows in (1, 2):
            try:
                if all(self._is_invariant(length) for length in lengths):
                    return True
            except LoadError:
                raise
            except Exception as error:  # onnxruntime raises classes of its own, and RuntimeError
                raise LoadError(f"the model fails on a first text ({type(error).__name__})") from error
        self._min_rows = 1
        return False

    def _is_invariant(self, length: int) -> bool:
        words = _PROBE_TEXT.split()
        texts = [" ".join(words[start:] + words[:start]) for start in range(max(_PROBE_ROWS))]
        ids = [sequence.ids[: max(1, length - row % 4)] for row, sequence in enumerate(self.encode(texts))]
        scores_tokens = self._config.task == "causal-lm"
        sequences = [TokenSequence(tokens, targets=tokens if scores_tokens else None) for tokens in ids]
        alone = [self.run([sequence], length)[0] for sequence in sequences]
        classes = len(self._config.classes)
        if not scores_tokens and alone[0].shape != (classes,):
            raise LoadError(f"the model answers with shape {alone[0].shape}, config.json names {classes} classes")
        for rows in _PROBE_ROWS:
            together = self.run(sequences[:rows], length)
            if [result.tobytes() for result in together] != [result.tobytes() for result in alone[:rows]]:
                return False
        return (
            self._cache is None
            or not scores_tokens
            or self._writes_invariantly(np.stack([np.resize(tokens, length) for tokens in ids]))
        )

    def _writes_invariantly(self, prompts: TokenIds) -> bool:
        """The same for steps that read the cache."""

        def logits(rows: int) -> list[bytes]:
            decoder = self._decoder()
            for start, end in ((0, -2), (-2, -1), (-1, None)):
                decoder.read(prompts[:rows, start:end])
            return [row.tobytes() for row in decoder.logits[:rows]]

        whole = logits(len(prompts))
        return all(logits(rows) == whole[:rows] for rows in _PROBE_ROWS)


def _read_weights(path: Path) -> Weights:
    try:
        return read_weights(path)
    except ValueError:
        raise LoadError(f"{path.name} is not an ONNX model") from None


def _open_session(path: Path, options: ModelOptions) -> Any:
    """A session on the device that was asked for. The runtime itself falls back to the CPU without an error."""
    if options.device not in _PROVIDERS:
        raise LoadError(f"unknown device {options.device}; known are {', '.join(_PROVIDERS)}")
    provider = _PROVIDERS[options.device]
    if provider[0] not in onnxruntime.get_available_providers():
        raise LoadError(f"device {options.device} was asked for, but this onnxruntime is built without {provider[0]}")
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options.threads
    session_options.inter_op_num_threads = 1
    session_options.log_severity_level = _FATAL_ONLY
    # Spinning threads take the cores away from everything else on a busy machine.
    session_options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session_options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Patterns are kept by shape, and shapes vary here.
    session_options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(str(path), session_options, providers=[provider])
    except Exception as error:  # onnxruntime raises classes of its own, and RuntimeError
        raise LoadError(f"onnxruntime cannot load {path.name} ({type(error).__name__})") from error
    got = session.get_providers()[0]
    if got != provider[0]:
        raise LoadError(f"device {options.device} was asked for, but onnxruntime fell back to {got}")
    return session


def _check_inputs(session: Any) -> dict[str, type[np.integer[Any]]]:
    inputs = {item.name: item.type for item in session.get_inputs() if not is_cache_input(item.name)}
    missing = sorted(_REQUIRED_INPUTS - inputs.keys())
    unknown = sorted(inputs.keys() - _REQUIRED_INPUTS - _OPTIONAL_INPUTS)
    if missing or unknown:
        raise LoadError(f"the inputs of the graph do not fit: missing {missing}, unknown {unknown}")
    odd = sorted(name for name, kind in inputs.items() if kind not in _DTYPES)
    if odd:
        raise LoadError(f"the inputs {odd} of the graph are neither int64 nor int32")
    return {name: _DTYPES[kind] for name, kind in inputs.items()}


def _check_output(session: Any, config: ModelConfig) -> str:
    outputs = {item.name: item.shape for item in session.get_outputs()}
    name = "logits" if "logits" in outputs else next(iter(outputs))
    width, classes = outputs[name][-1] if outputs[name] else None, len(config.classes)
    if config.task == "text-classification" and isinstance(width, int) and width != classes:
        raise LoadError(f"the model answers with {width} classes, config.json names {classes}")
    return str(name)
