"""Models on torch, loaded by transformers. Must not know queues, calls or messages.

Weights are safetensors only, code of the folder is never run, and nothing is fetched from anywhere.
"""

from __future__ import annotations

import copy
import inspect
import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import transformers
from transformers.modeling_outputs import BaseModelOutput

from evald.backends.contract import LANGUAGE_MODELS, ModelInfo, TokenSequence
from evald.backends.decoding_rules import DecodingRules, read_rules
from evald.backends.embedding import check_layers, embedding_info, inner_layers, read_pooling
from evald.backends.folder import LoadError, ModelFolder, digest
from evald.backends.generation import write
from evald.backends.likelihood import target_groups
from evald.backends.pytorch_decoder import TorchDecoder, TorchSeq2SeqDecoder, can_write
from evald.backends.tokenizer import keep_no_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evald.backends.contract import EmbeddingInfo, Pooling, Result, Task, Text, TokenIds, WrittenTokens
    from evald.backends.embedding import TextPooling
    from evald.backends.folder import ModelConfig
    from evald.backends.registry import ModelOptions

_log = logging.getLogger(__name__)

CLASSES: dict[Task, Any] = {
    "text-classification": transformers.AutoModelForSequenceClassification,
    "causal-lm": transformers.AutoModelForCausalLM,
    "seq2seq-lm": transformers.AutoModelForSeq2SeqLM,
    "embedding": transformers.AutoModel,
}
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# What slow tokenizers read; a fast one has everything in tokenizer.json.
_VOCABULARIES = ("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model")
# Logits that are held in double precision at once: 128 MB.
_BLOCK = 1 << 24
_POOLER = ("pooler.",)
_FIRST_TEXT = "a first text finds out whether the model runs"

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


class TorchBackend:
    """One transformers model with its tokenizer. Raises LoadError."""

    def __init__(self, alias: str, path: Path, options: ModelOptions) -> None:
        folder = ModelFolder(path)
        config = folder.model_config()
        weights = folder.safetensors()
        folder.check_links()
        _check_device(options.device)
        # One setting for the process, as torch has one pool of threads; all models have the same.
        torch.set_num_threads(options.threads)
        self._config = config
        self._device = options.device
        self._tokenizer = load_tokenizer(folder)
        # A tokenizer keeps the options of its last call, so that calls must not overlap.
        self._tokenizer_lock = threading.Lock()
        self._loaded = load_model(folder, config.task, options)
        self._info = ModelInfo(
            alias=alias,
            task=config.task,
            classes=config.classes,
            max_tokens=config.max_tokens,
            weights_digest=digest(*weights),
            tokenizer_digest=digest(*folder.existing("tokenizer.json") or folder.existing(*_VOCABULARIES)),
            engine=f"torch {torch.__version__}, transformers {transformers.__version__}",
            device=options.device,
            precision=next((name for name, kind in _DTYPES.items() if kind == self._loaded.model.dtype), "unknown"),
            # Kernels are chosen by shape here, and another one may round differently.
            batch_invariant=False,
            length_step=1,
            multilabel=config.multilabel,
            unused_parameters=self._loaded.unused,
            prefix_token=_prefix_token(self._tokenizer) if config.task == "causal-lm" else None,
        )
        self._rules = read_rules(folder) if config.task == "seq2seq-lm" else DecodingRules(folder.end_tokens())
        self._start(read_pooling(folder, config, options.pooling) if config.task == "embedding" else None)

    @property
    def info(self) -> ModelInfo:
        """See `contract.Backend`."""
        return self._info

    @property
    def loaded(self) -> Loaded:
        """The model, for those whose weights lie on it."""
        return self._loaded

    @property
    def config(self) -> ModelConfig:
        """What the folder says of the model."""
        return self._config

    def with_model(self, alias: str, model: Any, config: ModelConfig, adapter_digest: str) -> TorchBackend:
        """An adapter on this model: tokenizer, limits and device are the same. Raises LoadError."""
        other = copy.copy(self)
        other._loaded, other._config = Loaded(model), config
        other._info = replace(
            self._info,
            alias=alias,
            task=config.task,
            classes=config.classes,
            multilabel=config.multilabel,
            max_tokens=config.max_tokens,
            adapter_digest=adapter_digest,
            embedding=None,
            unused_parameters=(),
        )
        other._start(self._pooling if config.task == "embedding" else None)
        return other

    def _start(self, pooling: TextPooling | None) -> None:
        """Finds out what the model can do, once it is there."""
        self._model, self._pooling = self._loaded.model, pooling
        self._is_seq2seq = self._config.task == "seq2seq-lm"
        self._takes_kept = "logits_to_keep" in inspect.signature(self._model.forward).parameters
        if pooling is not None:
            check_layers(self._config)
        self._try()
        if pooling is not None:
            self._info = replace(self._info, embedding=self._embedding(pooling))

    def encode(self, texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        """See `contract.Backend`."""
        if not texts:
            return []
        firsts = [text if isinstance(text, str) else text[0] for text in texts]
        seconds = [text[1] for text in texts if not isinstance(text, str)]
        # What is written for a text may have a tokenizer of its own.
        name = "text_target" if self._is_seq2seq else "text_pair"
        with self._tokenizer_lock:
            encoded = self._tokenizer(
                firsts,
                **({name: seconds} if seconds else {}),
                add_special_tokens=special_tokens,
                padding=False,
                truncation=False,
                verbose=False,
            )
        segments, targets = encoded.get("token_type_ids"), encoded.get("labels")
        return [
            TokenSequence(
                _ids(ids),
                None if segments is None else _ids(segments[row]),
                None if targets is None else _ids(targets[row]),
            )
            for row, ids in enumerate(encoded["input_ids"])
        ]

    def decode(self, ids: Sequence[int]) -> str:
        """See `contract.Backend`."""
        with self._tokenizer_lock:
            return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def run(self, sequences: Sequence[TokenSequence], length: int) -> list[Result]:
        """See `contract.Backend`."""
        feed = self._feed(sequences, length)
        with torch.inference_mode():
            if self._is_seq2seq:
                return self._score_apart(sequences, feed)
            if self._config.task == "causal-lm":
                return self._score(sequences, feed)
            if self._pooling is not None:
                return self._embed(sequences, feed, self._pooling.mode)
            return list(self._model(**feed).logits.float().cpu().numpy())

    def write(self, sequences: Sequence[TokenSequence]) -> list[WrittenTokens]:
        """See `contract.Backend`."""
        with torch.inference_mode():
            if self._is_seq2seq:
                ids = np.stack([sequence.ids for sequence in sequences])
                return write(TorchSeq2SeqDecoder(self._model, ids), sequences, self._rules)
            return write(TorchDecoder(self._model, self._takes_kept), sequences, self._rules)

    def close(self) -> None:
        """See `contract.Backend`."""
        self._model, self._loaded = None, Loaded(None)
        if self._device == "cuda":
            torch.cuda.empty_cache()

    def _feed(self, sequences: Sequence[TokenSequence], length: int) -> dict[str, Any]:
        ids = np.full((len(sequences), length), self._config.pad_token_id, dtype=np.int64)
        mask, segments = np.zeros_like(ids), np.zeros_like(ids)
        for row, sequence in enumerate(sequences):
            ids[row, : len(sequence)] = sequence.ids
            mask[row, : len(sequence)] = 1
            if sequence.segments is not None:
                segments[row, : len(sequence)] = sequence.segments
        feed = {"input_ids": ids, "attention_mask": mask}
        if any(sequence.segments is not None for sequence in sequences):
            feed["token_type_ids"] = segments
        return {name: torch.from_numpy(array).to(self._device) for name, array in feed.items()}

    def _score(self, sequences: Sequence[TokenSequence], feed: dict[str, Any]) -> list[Result]:
        """Log-likelihoods of the targets. Logits are computed where one is scored only, and stay on the device."""
        targets = [sequence.ids[:0] if sequence.targets is None else sequence.targets for sequence in sequences]
        starts = [len(sequence) - len(wanted) for sequence, wanted in zip(sequences, targets, strict=True)]
        first = 0
        if self._takes_kept:
            first = min(starts)
            feed["logits_to_keep"] = torch.arange(first, max(map(len, sequences)), device=self._device)
        logits = self._model(**feed, use_cache=False).logits
        found = []
        for row, (start, wanted) in enumerate(zip(starts, targets, strict=True)):
            scored = logits[row, start - first : start - first + len(wanted)]
            found.append(_log_likelihoods(scored, torch.from_numpy(wanted).to(self._device)))
        ends = np.cumsum([len(wanted) for wanted in targets])[:-1]
        return np.split(torch.cat(found).cpu().numpy(), ends)

    def _score_apart(self, sequences: Sequence[TokenSequence], feed: dict[str, Any]) -> list[Result]:
        """Log-likelihoods of the targets, which a decoder of its own reads behind its start."""
        targets = [sequence.ids[:0] if sequence.targets is None else sequence.targets for sequence in sequences]
        states, mask = self._model.get_encoder()(**feed).last_hidden_state, feed["attention_mask"]
        found: list[Result] = [np.zeros(0)] * len(targets)
        for length, rows in target_groups(targets):
            read = np.full((len(rows), length), self._config.pad_token_id, dtype=np.int64)
            for at, row in enumerate(rows):
                read[at, : len(targets[row])] = [self._rules.start, *targets[row][:-1]]
            logits = self._model(
                attention_mask=mask[rows],
                encoder_outputs=BaseModelOutput(states[rows]),
                decoder_input_ids=torch.from_numpy(read).to(self._device),
                use_cache=False,
            ).logits
            for at, row in enumerate(rows):
                wanted = torch.from_numpy(targets[row]).to(self._device)
                found[row] = _log_likelihoods(logits[at, : len(wanted)], wanted).cpu().numpy()
        return found

    def _embed(self, sequences: Sequence[TokenSequence], feed: dict[str, Any], mode: Pooling) -> list[Result]:
        """Pooled on the device, so that little comes back from it."""
        all_layers = any(sequence.layer is not None for sequence in sequences)
        answer = self._model(**feed, output_hidden_states=all_layers)
        pooled = _pooled(answer.last_hidden_state.float(), feed["attention_mask"], mode).cpu().numpy()
        results: list[Result] = []
        for row, sequence in enumerate(sequences):
            if sequence.layer is None:
                results.append(pooled[row])
            else:
                is_last = sequence.layer == self._config.layers
                states = answer.last_hidden_state if is_last else answer.hidden_states[sequence.layer]
                results.append(states[row, : len(sequence)].float().cpu().numpy().copy())
        return results

    def _embedding(self, pooling: TextPooling) -> EmbeddingInfo:
        (first,) = self.encode([_FIRST_TEXT])
        dimensions = len(self.run([first], len(first))[0])
        layers = (*inner_layers(self._config), self._config.layers)
        digests = filter(None, (self._info.weights_digest, self._info.tokenizer_digest, self._info.adapter_digest))
        return embedding_info(self.encode, self._config, pooling, layers, dimensions, *digests)

    def _try(self) -> None:
        """Runs a first text, so that what cannot run is not READY."""
        try:
            ids = self.encode([_FIRST_TEXT])[0].ids[: self._info.max_tokens]
            targets = ids if self._config.task in LANGUAGE_MODELS else None
            (result,) = self.run([TokenSequence(ids, targets=targets)], len(ids))
        except Exception as error:  # whatever a model raises
            raise LoadError(f"the model fails on a first text ({type(error).__name__})") from error
        classes = len(self._config.classes)
        if self._config.task == "text-classification" and result.shape != (classes,):
            raise LoadError(f"the model answers with shape {result.shape}, config.json names {classes} classes")
        if targets is not None:
            # An encoder-decoder that could not write would be of no use.
            writes = self._is_seq2seq or can_write(self._model, ids)
            self._info = replace(self._info, writes=writes, scores=self._is_seq2seq)


def _log_likelihoods(logits: Any, targets: Any) -> Any:
    """In double precision, a block at a time: see `likelihood.log_likelihoods`."""
    step = max(1, _BLOCK // logits.shape[-1])
    found = [torch.empty(0, dtype=torch.float64, device=logits.device)]
    for start in range(0, len(targets), step):
        wide = logits[start : start + step].double()
        chosen = wide.gather(1, targets[start : start + step, None])[:, 0]
        found.append(chosen - wide.logsumexp(dim=1))
    return torch.cat(found)


def _pooled(states: Any, mask: Any, mode: Pooling) -> Any:
    """One vector a text of those of its own tokens."""
    if mode == "cls":
        return states[:, 0]
    own = mask[:, :, None].bool()
    if mode == "max":
        return states.masked_fill(~own, -torch.inf).amax(dim=1)
    return states.masked_fill(~own, 0.0).sum(dim=1) / mask.sum(dim=1, keepdim=True)


def _ids(numbers: Sequence[int]) -> TokenIds:
    return np.array(numbers, dtype=np.int64)


def _check_device(device: str) -> None:
    if device not in ("cpu", "cuda"):
        raise LoadError(f"unknown device {device}; known are cpu, cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise LoadError(f"device cuda was asked for, but torch {torch.__version__} finds no CUDA device here")


def load_part(factory: Any, folder: ModelFolder, what: str, **options: Any) -> Any:
    """Loads a part from the folder alone: no code of the folder, no pickle, no hub."""
    try:
        return factory.from_pretrained(str(folder.root), trust_remote_code=False, local_files_only=True, **options)
    except Exception as error:  # transformers raises what its parts raise
        # The text may hold paths, so that it is for the log only.
        _log.warning("transformers cannot load the %s: %s", what, error)
        raise LoadError(f"transformers cannot load the {what} ({type(error).__name__}); see the log") from error


def load_tokenizer(folder: ModelFolder) -> Any:
    """The tokenizer as transformers loads it. Raises LoadError."""
    tokenizer = load_part(transformers.AutoTokenizer, folder, "tokenizer")
    if tokenizer.is_fast:
        keep_no_texts(tokenizer.backend_tokenizer)
    return tokenizer


class Loaded(NamedTuple):
    """A model; names of parameters in its files that it does not have, and of those that its files did not have, which
    are random and not read.
    """

    model: Any
    unused: tuple[str, ...] = ()
    random: tuple[str, ...] = ()


def load_model(folder: ModelFolder, task: Task, options: ModelOptions) -> Loaded:
    """The model of a folder. Raises LoadError."""
    if options.precision not in ("auto", *_DTYPES):
        raise LoadError(f"unknown precision {options.precision}; known are auto, {', '.join(_DTYPES)}")
    dtype = _DTYPES.get(options.precision, "auto")
    model, report = load_part(
        CLASSES[task], folder, "model", dtype=dtype, use_safetensors=True, output_loading_info=True
    )
    for kind in ("missing_keys", "mismatched_keys"):
        # transformers fills them with random numbers. A layer above the tokens' states is read by classifiers only.
        unread = _POOLER if task == "embedding" else ()
        if keys := sorted(key for key in map(str, report[kind]) if not key.startswith(unread)):
            raise LoadError(f"the weights lack {len(keys)} parameters of the model, for example {keys[0]}")
    unused = tuple(sorted(map(str, report["unexpected_keys"])))
    if unused:
        _log.warning("%d parameters in the weights are not used, for example %s", len(unused), unused[0])
    return Loaded(model.to(options.device).eval(), unused, tuple(map(str, report["missing_keys"])))


def _prefix_token(tokenizer: Any) -> int:
    for token in (tokenizer.bos_token_id, tokenizer.eos_token_id):
        if token is not None:
            return int(token)
    raise LoadError("the tokenizer has neither bos_token nor eos_token, a language model needs one")
