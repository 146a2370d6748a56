"""How the folder of an encoder says that texts become vectors, and the arithmetic. Must not know what runs the model.

Folders in the layout of sentence-transformers say it in modules.json and beside it; any other encoder takes the mean.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, cast, get_args

import numpy as np

from evald.backends.contract import EmbeddingInfo, Pooling, TokenSequence
from evald.backends.folder import LAYER_COUNTS, LoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evald.backends.contract import Floats, Text
    from evald.backends.folder import ModelConfig, ModelFolder

_MODES = get_args(Pooling)
# As sentence-transformers named them before it had `pooling_mode`.
_MODE_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_MODULES = ("Transformer", "Pooling", "Normalize")
# Tokenizers of these types tell "word" from " word".
_MARKS_SPACES = frozenset({"gpt2", "roberta"})
# Nothing follows the layers of these but what is in each of them, so that the states behind a layer are what a model
# of so many layers gives. Others end in a norm, which states before the last have not been through.
_WITHOUT_LAST_NORM = frozenset(
    {
        "albert",
        "bert",
        "camembert",
        "deberta",
        "deberta-v2",
        "distilbert",
        "electra",
        "mpnet",
        "roberta",
        "xlm-roberta",
    }
)
# The smallest length that a vector is divided by, as in torch.nn.functional.normalize.
_SHORTEST = 1e-12
_WORD = "a"


@dataclass(frozen=True)
class TextPooling:
    """How the embeddings of at most `max_tokens` tokens become that of a text."""

    mode: Pooling
    normalize: bool
    max_tokens: int


def read_pooling(folder: ModelFolder, config: ModelConfig, asked: str) -> TextPooling:
    """What the folder says; `asked` is a pooling of the settings, which wins, or "auto". Raises LoadError."""
    modules = _modules(folder)
    limit = config.max_tokens
    if folder.existing("sentence_bert_config.json"):
        about = folder.read_json("sentence_bert_config.json")
        if about.get("do_lower_case"):
            raise LoadError("sentence_bert_config.json: do_lower_case is not supported; a tokenizer may lower cases")
        longest = about.get("max_seq_length")
        limit = min(limit, longest) if isinstance(longest, int) and longest > 0 else limit
    if folder.existing("config_sentence_transformers.json"):
        prompt = folder.read_json("config_sentence_transformers.json").get("default_prompt_name")
        if prompt is not None:
            raise LoadError("config_sentence_transformers.json: default_prompt_name is not supported; set it to null")
    mode = asked if asked != "auto" else _mode(folder, modules.get("Pooling"))
    if mode not in _MODES:
        raise LoadError(f"the pooling {mode} is not supported; known are {', '.join(_MODES)}")
    return TextPooling(cast("Pooling", mode), "Normalize" in modules, limit)


def check_layers(config: ModelConfig) -> None:
    """Refuses an encoder that does not say how many layers it has: metrics name them."""
    if not config.layers:
        raise LoadError(f"config.json: {' or '.join(LAYER_COUNTS)} is missing")


def inner_layers(config: ModelConfig) -> range:
    """The layers before the last whose states mean something by themselves."""
    return range(config.layers if config.model_type in _WITHOUT_LAST_NORM else 0)


def embedding_info(
    encode: Callable[[Sequence[Text], bool], list[TokenSequence]],
    config: ModelConfig,
    pooling: TextPooling,
    layers: Sequence[int],
    dimensions: int,
    *digests: str,
) -> EmbeddingInfo:
    """What an encoder gives; `encode` is that of its backend, the digests are those of weights and tokenizer."""
    prefix, suffix = _specials(encode)
    info = EmbeddingInfo(
        dimensions=dimensions,
        layers=tuple(layers),
        pooling=pooling.mode,
        normalize=pooling.normalize,
        max_tokens=pooling.max_tokens,
        prefix=prefix,
        suffix=suffix,
        digest="",
        marks_spaces=config.model_type in _MARKS_SPACES,
    )
    text = json.dumps([*digests, config.max_tokens, asdict(info)], sort_keys=True)
    return replace(info, digest=hashlib.sha256(text.encode()).hexdigest())


def cut(sequence: TokenSequence, most: int, info: EmbeddingInfo) -> TokenSequence:
    """At most so many tokens: the end of the text goes, what the tokenizer puts behind it stays."""
    if len(sequence) <= most:
        return sequence
    kept = max(0, most - len(info.suffix))
    ids = np.concatenate([sequence.ids[:kept], np.array(info.suffix, dtype=np.int64)])
    segments = None if sequence.segments is None else sequence.segments[: len(ids)]
    return TokenSequence(ids, segments)


def pool(states: Floats, mode: Pooling) -> Floats:
    """One vector of the embeddings of a text's own tokens, [tokens, dimensions].

    In double precision, so that the last bit does not depend on how the sum is split.
    """
    if mode == "cls":
        return np.ascontiguousarray(states[0], dtype=np.float32)
    if mode == "max":
        return cast("Floats", states.max(axis=0).astype(np.float32))
    return cast("Floats", states.mean(axis=0, dtype=np.float64).astype(np.float32))


def normalized(vectors: Floats) -> Floats:
    """The same directions, of length 1."""
    wide = vectors.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return cast("Floats", (wide / np.maximum(lengths, _SHORTEST)[:, None]).astype(np.float32))


def _specials(
    encode: Callable[[Sequence[Text], bool], list[TokenSequence]],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the tokenizer puts before and behind a text, found out by a word."""
    word, framed = (encode([_WORD], special)[0].ids.tolist() for special in (False, True))
    for start in range(len(framed) - len(word) + 1):
        if framed[start : start + len(word)] == word:
            return tuple(framed[:start]), tuple(framed[start + len(word) :])
    raise LoadError("the tokenizer encodes a word otherwise between special tokens")


def _modules(folder: ModelFolder) -> dict[str, str]:
    """Folders of the modules by kind; empty if there is no modules.json."""
    found: dict[str, str] = {}
    for module in folder.sentence_modules():
        kind = str(module.get("type")).rpartition(".")[2]
        if kind not in _MODULES:
            raise LoadError(f"modules.json: the module {kind} is not supported; known are {', '.join(_MODULES)}")
        found[kind] = str(module.get("path") or "")
    if found.get("Transformer"):
        raise LoadError(f"modules.json: the model lies in {found['Transformer']}; move its files to the folder itself")
    return found


def _mode(folder: ModelFolder, where: str | None) -> str:
    if where is None:
        return "mean"
    name = f"{where}/config.json"
    config = folder.read_json(name)
    named = config.get("pooling_mode")
    modes = [named] if isinstance(named, str) else list(named or ())
    if not modes:
        modes = [mode for flag, mode in _MODE_FLAGS.items() if config.get(flag)] or ["mean"]
    if len(modes) > 1:
        raise LoadError(f"{name}: several poolings at once are not supported: {', '.join(map(str, modes))}")
    return str(modes[0])
