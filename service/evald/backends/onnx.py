"""Models on ONNX Runtime. Must not know queues, calls or messages.

Needs onnxruntime and tokenizers, not transformers: config.json, tokenizer.json and onnx/model.onnx say it all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from evald.backends.contract import ModelInfo, TokenSequence
from evald.backends.decoding_rules import DecodingRules
from evald.backends.embedding import check_layers, embedding_info, inner_layers, pool, read_pooling
from evald.backends.folder import LoadError, ModelFolder, digest
from evald.backends.generation import write
from evald.backends.likelihood import log_likelihoods
from evald.backends.onnx_decoder import OnnxDecoder, is_cache_input, read_cache
from evald.backends.onnx_seq2seq import OnnxSeq2SeqBackend
from evald.backends.onnx_session import (
    INTEGERS,
    PROBE_LENGTHS,
    PROBE_ROWS,
    PROBE_TEXT,
    check_precision,
    least_rows,
    open_session,
    packed_width,
)
from evald.backends.tokenizer import FileTokenizer
from evald.backends.weights import onnx_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evald.backends.contract import Backend, EmbeddingInfo, Floats, Result, Text, TokenIds, WrittenTokens
    from evald.backends.embedding import TextPooling
    from evald.backends.folder import ModelConfig
    from evald.backends.registry import ModelOptions

# What exporters call it.
_LAST_LAYER = ("last_hidden_state", "token_embeddings")
_REQUIRED_INPUTS = frozenset({"input_ids", "attention_mask"})
_OPTIONAL_INPUTS = frozenset({"position_ids", "token_type_ids"})
# Matrix libraries take up to 16 numbers at a time, and what is left by fours, twos or ones: lengths of every remainder,
# and longer ones, with little and much more padding.
_PADDED_LENGTHS, _PADDING = (*range(2, 18), 31, 120, 250), (1, 5, 20)
_LENGTH_STEPS = (1, 2, 4)


class OnnxBackend:
    """One ONNX model with its tokenizer. Raises LoadError."""

    def __init__(self, alias: str, path: Path, options: ModelOptions) -> None:
        folder = ModelFolder(path)
        config = folder.model_config()
        files = onnx_files(folder, options.file)
        check_precision(files, options)
        self._tokenizer = FileTokenizer(folder)
        self._session = open_session(files.graph, options)
        self._config = config
        self._inputs = _check_inputs(self._session)
        is_encoder = config.task == "embedding"
        self._output = "" if is_encoder else _check_output(self._session, config)
        self._layers = _layer_outputs(self._session, config) if is_encoder else {}
        self._pooling = read_pooling(folder, config, options.pooling) if is_encoder else None
        self._cache = read_cache(self._session)
        self._rules = DecodingRules(folder.end_tokens())
        self._min_rows = 1
        self._info = ModelInfo(
            alias=alias,
            task=config.task,
            classes=config.classes,
            max_tokens=config.max_tokens,
            weights_digest=digest(*files.paths),
            tokenizer_digest=self._tokenizer.digest,
            engine=f"onnxruntime {onnxruntime.__version__}",
            device=options.device,
            precision=files.weights.precision,
            # The scales of dynamic quantisation are those of a whole batch, which a probe may fail to notice.
            batch_invariant=self._probe() and not files.weights.quantised,
            multilabel=config.multilabel,
            prefix_token=self._tokenizer.prefix_token() if config.task == "causal-lm" else None,
            writes=config.task == "causal-lm" and self._cache is not None,
            packed_width=packed_width(self._session),
        )
        if self._pooling is not None:
            self._info = replace(self._info, embedding=self._embedding(self._pooling))
        self._info = replace(self._info, length_step=self._length_step() if self._info.batch_invariant else 1)

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
        if self._pooling is not None:
            return self._embed(sequences, length, self._pooling)
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
        return write(self._decoder(), sequences, self._rules)

    def close(self) -> None:
        """See `contract.Backend`."""
        self._session = None

    def _embed(self, sequences: Sequence[TokenSequence], length: int, pooling: TextPooling) -> list[Result]:
        asked = [max(self._layers) if sequence.layer is None else sequence.layer for sequence in sequences]
        layers = sorted(set(asked))
        found = self._session.run([self._layers[layer] for layer in layers], self._feed(sequences, length))
        states: dict[int, Floats] = dict(zip(layers, found, strict=True))
        results: list[Result] = []
        for row, (sequence, layer) in enumerate(zip(sequences, asked, strict=True)):
            own = states[layer][row, : len(sequence)]
            results.append(pool(own, pooling.mode) if sequence.layer is None else own.astype(np.float32))
        return results

    def _embedding(self, pooling: TextPooling) -> EmbeddingInfo:
        (first,) = self.encode([PROBE_TEXT])
        dimensions = len(self.run([first], len(first))[0])
        digests = (self._info.weights_digest, self._info.tokenizer_digest)
        return embedding_info(self.encode, self._config, pooling, sorted(self._layers), dimensions, *digests)

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
        """Warms up, checks the shape of the answer and finds out whether answers depend on the number of rows."""
        lengths = {min(length, self._config.max_tokens) for length in PROBE_LENGTHS}

        def is_invariant(rows: int) -> bool:
            self._min_rows = rows
            return all(self._is_invariant(length) for length in lengths)

        self._min_rows, found = least_rows(is_invariant)
        return found

    def _is_invariant(self, length: int) -> bool:
        words = PROBE_TEXT.split()
        texts = [" ".join(words[start:] + words[:start]) for start in range(max(PROBE_ROWS))]
        ids = [sequence.ids[: max(1, length - row % 4)] for row, sequence in enumerate(self.encode(texts))]
        scores_tokens = self._config.task == "causal-lm"
        sequences = [TokenSequence(tokens, targets=tokens if scores_tokens else None) for tokens in ids]
        alone = [self.run([sequence], length)[0] for sequence in sequences]
        classes = len(self._config.classes)
        if self._config.task == "text-classification" and alone[0].shape != (classes,):
            raise LoadError(f"the model answers with shape {alone[0].shape}, config.json names {classes} classes")
        for rows in PROBE_ROWS:
            together = self.run(sequences[:rows], length)
            if [result.tobytes() for result in together] != [result.tobytes() for result in alone[:rows]]:
                return False
        return (
            self._cache is None
            or not scores_tokens
            or self._writes_invariantly(np.stack([np.resize(tokens, length) for tokens in ids]))
        )

    def _length_step(self) -> int:
        """See `ModelInfo`: some graphs round otherwise for texts of 3, 7, 11... tokens without any padding."""
        return next((step for step in _LENGTH_STEPS if self._ignores_padding(step)), 0)

    def _ignores_padding(self, step: int) -> bool:
        """Whether a text that is padded to a multiple of a step has the same bits with more padding, whatever longer
        text runs beside it.
        """
        words = self.encode([PROBE_TEXT])[0].ids
        most, scores_tokens = self._config.max_tokens, self._config.task == "causal-lm"
        for length in (length for length in _PADDED_LENGTHS if length < most):
            ids = np.resize(words, length)
            sequence = TokenSequence(ids, targets=ids if scores_tokens else None)
            least = min(-(-length // step) * step, most)
            alone = self.run([sequence], least)[0].tobytes()
            for padded in {min(least + step * steps, most) for steps in _PADDING}:
                longer = TokenSequence(np.resize(words[::-1], padded), targets=sequence.targets)
                if self.run([sequence, longer], padded)[0].tobytes() != alone:
                    return False
        return True

    def _writes_invariantly(self, prompts: TokenIds) -> bool:
        """The same for steps that read the cache."""

        def logits(rows: int) -> list[bytes]:
            decoder = self._decoder()
            for start, end in ((0, -2), (-2, -1), (-1, None)):
                decoder.read(prompts[:rows, start:end])
            return [row.tobytes() for row in decoder.logits[:rows]]

        whole = logits(len(prompts))
        return all(logits(rows) == whole[:rows] for rows in PROBE_ROWS)


def load(alias: str, path: Path, options: ModelOptions) -> Backend:
    """The backend that knows the task of a folder. Raises LoadError."""
    is_seq2seq = ModelFolder(path).model_config().task == "seq2seq-lm"
    return (OnnxSeq2SeqBackend if is_seq2seq else OnnxBackend)(alias, path, options)


def _check_inputs(session: Any) -> dict[str, type[np.integer[Any]]]:
    inputs = {item.name: item.type for item in session.get_inputs() if not is_cache_input(item.name)}
    missing = sorted(_REQUIRED_INPUTS - inputs.keys())
    unknown = sorted(inputs.keys() - _REQUIRED_INPUTS - _OPTIONAL_INPUTS)
    if missing or unknown:
        raise LoadError(f"the inputs of the graph do not fit: missing {missing}, unknown {unknown}")
    odd = sorted(name for name, kind in inputs.items() if kind not in INTEGERS)
    if odd:
        raise LoadError(f"the inputs {odd} of the graph are neither int64 nor int32")
    return {name: INTEGERS[kind] for name, kind in inputs.items()}


def _check_output(session: Any, config: ModelConfig) -> str:
    outputs = {item.name: item.shape for item in session.get_outputs()}
    name = "logits" if "logits" in outputs else next(iter(outputs))
    width, classes = outputs[name][-1] if outputs[name] else None, len(config.classes)
    if config.task == "text-classification" and isinstance(width, int) and width != classes:
        raise LoadError(f"the model answers with {width} classes, config.json names {classes}")
    return str(name)


def _layer_outputs(session: Any, config: ModelConfig) -> dict[int, str]:
    """The outputs with embeddings of tokens, by layer: the last one, and those before that the graph has beside it."""
    shapes = {item.name: item.shape for item in session.get_outputs()}
    of_tokens = [name for name, shape in shapes.items() if len(shape or ()) == 3]
    last = next((name for name in _LAST_LAYER if name in shapes), next(iter(of_tokens), None))
    if last is None:
        raise LoadError("the graph has no output with the embeddings of tokens, such as last_hidden_state")
    check_layers(config)
    before = {layer: f"hidden_states.{layer}" for layer in inner_layers(config)}
    return {**{layer: name for layer, name in before.items() if name in shapes}, config.layers: last}
