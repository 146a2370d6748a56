"""Encoder-decoders on ONNX Runtime, by the names that optimum gives their graphs. Must not know queues or calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from evald.backends.contract import ModelInfo, TokenSequence
from evald.backends.decoding_rules import read_rules
from evald.backends.folder import LoadError, ModelFolder, digest
from evald.backends.generation import choose, write
from evald.backends.likelihood import log_likelihoods, target_groups
from evald.backends.onnx_decoder import is_cache_input, read_cache
from evald.backends.onnx_session import (
    INTEGERS,
    PROBE_LENGTHS,
    PROBE_ROWS,
    PROBE_TEXT,
    check_precision,
    least_rows,
    open_session,
)
from evald.backends.tokenizer import FileTokenizer
from evald.backends.weights import onnx_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evald.backends.contract import Choice, Doubles, Floats, Text, TokenIds, WrittenTokens
    from evald.backends.onnx_decoder import Feed
    from evald.backends.registry import ModelOptions
    from evald.backends.weights import OnnxFiles

_OF_ENCODER = frozenset({"input_ids", "attention_mask"})
_OF_DECODER = frozenset({"input_ids", "encoder_attention_mask", "encoder_hidden_states"})
# What the keys and values of the encoder's states are called, which are the same at every step.
_FIXED = ".encoder."
# Tokenizers of transformers that encode what is written otherwise than what is read; tokenizer.json does not tell.
_TWO_SIDED = ("M2M100", "MBart", "Marian", "Nllb", "PLBart", "SeamlessM4T")


class _Graph:
    """A graph that takes what it needs of what it is given."""

    def __init__(self, path: Path, options: ModelOptions, known: frozenset[str]) -> None:
        self.session = open_session(path, options)
        # Asking the runtime takes as long as a small graph.
        self._kinds = {item.name: INTEGERS.get(item.type) for item in self.session.get_inputs()}
        if unknown := sorted({name for name in self._kinds if not is_cache_input(name)} - known):
            raise LoadError(f"the inputs of {path.name} do not fit: unknown {unknown}")

    def run(self, outputs: Sequence[str], feed: Feed) -> list[Any]:
        """These outputs for those of the inputs that the graph has."""
        taken = {name: np.ascontiguousarray(feed[name], dtype=kind) for name, kind in self._kinds.items()}
        found: list[Any] = self.session.run(outputs, taken)
        return found


class Seq2SeqGraphs:
    """The graphs of an encoder-decoder: one reads a text, one begins to write, one goes on; the last two may be merged.

    Raises LoadError.
    """

    def __init__(self, files: OnnxFiles, options: ModelOptions) -> None:
        if not files.decoders:
            raise LoadError(f"{files.graph.name} is no encoder: encoder_model.onnx and its decoder are missing")
        self._encoder = _Graph(files.graph, options, _OF_ENCODER)
        self._first, *later = (_Graph(path, options, _OF_DECODER) for path in files.decoders)
        self._later = later[0] if later else self._first
        cache = read_cache(self._later.session, self._first.session)
        if cache is None:
            raise LoadError(f"{files.decoders[-1].name} has no inputs past_key_values: export the model with its cache")
        self._cache = cache

    def encode(self, ids: TokenIds, mask: TokenIds) -> Floats:
        """The states of texts, [rows, tokens, width]."""
        states: Floats = self._encoder.run(["last_hidden_state"], {"input_ids": ids, "attention_mask": mask})[0]
        return states

    def begin(self, feed: Feed, keeps: bool = True) -> tuple[Floats, Feed]:
        """The logits of the first tokens of every row, [rows, tokens, vocabulary], and what later steps read."""
        outputs = self._cache.outputs if keeps else ()
        merged = self._cache.empty(len(feed["input_ids"]))
        logits, *present = self._first.run(["logits", *outputs], {**feed, **merged})
        return logits, dict(zip(self._cache.inputs, present, strict=keeps))

    def go_on(self, feed: Feed, past: Feed) -> tuple[Floats, Feed]:
        """The same for the tokens behind a past."""
        names = dict(zip(self._cache.inputs, self._cache.outputs, strict=True))
        moving = [name for name in names if _FIXED not in name]
        whole = self._cache.switched({**feed, **past}, True)
        logits, *present = self._later.run(["logits", *(names[name] for name in moving)], whole)
        return logits, {**past, **dict(zip(moving, present, strict=True))}


class OnnxSeq2SeqDecoder:
    """Implements `generation.Decoder`: texts of one length are read, and their decoder begins with nothing."""

    def __init__(self, graphs: Seq2SeqGraphs, ids: TokenIds, min_rows: int) -> None:
        self._graphs = graphs
        self._min_rows = min_rows
        ids = ids[self._filled(range(len(ids)))]
        mask = np.ones_like(ids)
        self._read: Feed = {
            "encoder_attention_mask": mask,
            "encoder_hidden_states": graphs.encode(ids, mask),
        }
        self._past: Feed = {}

    def read(self, ids: TokenIds) -> None:
        """See `generation.Decoder`."""
        feed = {**self._read, "input_ids": ids[self._filled(range(len(ids)))]}
        found, self._past = self._graphs.go_on(feed, self._past) if self._past else self._graphs.begin(feed)
        self.logits: Floats = found[:, -1].astype(np.float32)

    def choose(self, choices: Sequence[Choice]) -> list[int]:
        """See `generation.Decoder`."""
        return choose(self.logits[: len(choices)], choices)

    def keep(self, rows: Sequence[int]) -> None:
        """See `generation.Decoder`."""
        kept = self._filled(rows)
        self._read = {name: value[kept] for name, value in self._read.items()}
        self._past = {name: past[kept] for name, past in self._past.items()}

    def _filled(self, rows: Sequence[int]) -> list[int]:
        return [*rows, *[rows[-1]] * (self._min_rows - len(rows))]


class OnnxSeq2SeqBackend:
    """One ONNX encoder-decoder with its tokenizer. Raises LoadError."""

    def __init__(self, alias: str, path: Path, options: ModelOptions) -> None:
        folder = ModelFolder(path)
        self._config = folder.model_config()
        files = onnx_files(folder, options.file)
        check_precision(files, options)
        self._rules = read_rules(folder)
        self._tokenizer = FileTokenizer(folder)
        self._graphs: Seq2SeqGraphs | None = Seq2SeqGraphs(files, options)
        self._min_rows, is_invariant = least_rows(self._is_invariant)
        self._info = ModelInfo(
            alias=alias,
            task=self._config.task,
            classes=(),
            max_tokens=self._config.max_tokens,
            weights_digest=digest(*files.paths),
            tokenizer_digest=self._tokenizer.digest,
            engine=f"onnxruntime {onnxruntime.__version__}",
            device=options.device,
            precision=files.weights.precision,
            # The scales of dynamic quantisation are those of a whole batch, which a probe may fail to notice.
            batch_invariant=is_invariant and not files.weights.quantised,
            writes=True,
            scores=not str(folder.tokenizer_config().get("tokenizer_class")).startswith(_TWO_SIDED),
        )

    @property
    def info(self) -> ModelInfo:
        """See `contract.Backend`."""
        return self._info

    def encode(self, texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        """See `contract.Backend`."""
        inputs = self._tokenizer.encode([one if isinstance(one, str) else one[0] for one in texts], special_tokens)
        targets = self._tokenizer.encode([one[1] for one in texts if not isinstance(one, str)], special_tokens)
        if not targets:
            return inputs
        return [TokenSequence(read.ids, targets=own.ids) for read, own in zip(inputs, targets, strict=True)]

    def decode(self, ids: Sequence[int]) -> str:
        """See `contract.Backend`."""
        return self._tokenizer.decode(ids)

    def run(self, sequences: Sequence[TokenSequence], length: int) -> list[Doubles]:
        """See `contract.Backend`."""
        graphs = self._open()
        given, mask = _padded([sequence.ids for sequence in sequences], length, self._config.pad_token_id)
        targets = [sequence.ids[:0] if sequence.targets is None else sequence.targets for sequence in sequences]
        filled = self._filled(range(len(sequences)))
        states = graphs.encode(given[filled], mask[filled])
        results: list[Doubles] = [np.zeros(0)] * len(sequences)
        for size, rows in target_groups(targets):
            read = [np.array([self._rules.start, *targets[row][:-1]], dtype=np.int64) for row in rows]
            own = self._filled(rows)
            feed: Feed = {
                "input_ids": _padded(read, size, self._config.pad_token_id)[0][self._filled(range(len(rows)))],
                "encoder_attention_mask": mask[own],
                "encoder_hidden_states": states[own],
            }
            logits, _ = graphs.begin(feed, keeps=False)
            for at, row in enumerate(rows):
                results[row] = log_likelihoods(logits[at, : len(targets[row])], targets[row])
        return results

    def write(self, sequences: Sequence[TokenSequence]) -> list[WrittenTokens]:
        """See `contract.Backend`."""
        ids = np.stack([sequence.ids for sequence in sequences])
        return write(OnnxSeq2SeqDecoder(self._open(), ids, self._min_rows), sequences, self._rules)

    def close(self) -> None:
        """See `contract.Backend`."""
        self._graphs = None

    def _open(self) -> Seq2SeqGraphs:
        if self._graphs is None:
            raise RuntimeError("the model is closed")
        return self._graphs

    def _filled(self, rows: Sequence[int]) -> list[int]:
        return [*rows, *[rows[-1]] * (self._min_rows - len(rows))]

    def _is_invariant(self, min_rows: int) -> bool:
        """Whether answers are the same beside others, if a batch has at least so many rows."""
        self._min_rows = min_rows
        lengths = {min(length, self._config.max_tokens) for length in PROBE_LENGTHS}
        return all(self._scores_invariantly(length) and self._writes_invariantly(length) for length in lengths)

    def _scores_invariantly(self, length: int) -> bool:
        texts = self._probes(length)
        sequences = [TokenSequence(ids[: max(1, length - row % 4)], targets=ids) for row, ids in enumerate(texts)]
        alone = [self.run([sequence], length)[0].tobytes() for sequence in sequences]
        return all(
            [result.tobytes() for result in self.run(sequences[:rows], length)] == alone[:rows] for rows in PROBE_ROWS
        )

    def _writes_invariantly(self, length: int) -> bool:
        texts = self._probes(length)

        def logits(rows: int) -> list[bytes]:
            decoder = OnnxSeq2SeqDecoder(self._open(), texts[:rows], self._min_rows)
            found = []
            for step in range(3):
                decoder.read(texts[:rows, step : step + 1])
                found.append(decoder.logits[:rows])
            return [row.tobytes() for row in np.stack(found, axis=1)]

        whole = logits(len(texts))
        return all(logits(rows) == whole[:rows] for rows in PROBE_ROWS)

    def _probes(self, length: int) -> TokenIds:
        """Texts of one length, as many as a batch of the probe has."""
        words = PROBE_TEXT.split()
        texts = [" ".join(words[start:] + words[:start]) for start in range(max(PROBE_ROWS))]
        return np.stack([np.resize(sequence.ids, length) for sequence in self.encode(texts)])


def _padded(rows: Sequence[TokenIds], length: int, pad: int) -> tuple[TokenIds, TokenIds]:
    """Token ids and their mask, [rows, length]."""
    ids = np.full((len(rows), length), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
        mask[at, : len(row)] = 1
    return ids, mask
