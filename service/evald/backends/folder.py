"""Reads a model folder in the layout of model hubs. Must not know which library runs the model.

Only the files that are asked for are opened. Pickles and Python files in the folder are never opened, and neither is
anything outside of it, except the `blobs` that the snapshots of a hub cache link to.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from evald.backends.contract import Task

# Where exporters write the graph of a model. Others (quantised ones, decoders with a cache) must be asked for by name:
# they give other answers.
ONNX_FILES = tuple(
    root + name
    # A merged graph reads and writes, one without a past reads only; the decoders of an encoder lie beside it.
    for name in ("model.onnx", "encoder_model.onnx", "decoder_model_merged.onnx", "decoder_model.onnx")
    for root in ("onnx/", "")
)
ADAPTER_CONFIG = "adapter_config.json"
_VERSION = re.compile(r"0|[1-9]\d{0,8}")
_MAX_CONFIG_BYTES = 16 << 20
# A tokenizer without a limit of its own writes a huge number.
_NO_LIMIT = 1_000_000
# These count positions from behind the padding token, so they have fewer than max_position_embeddings.
_POSITIONS_AFTER_PADDING = frozenset({"camembert", "mpnet", "roberta", "xlm-roberta", "xlm-roberta-xl"})
# What the same number is called by model types of different age.
_POSITIONS = ("max_position_embeddings", "n_positions", "n_ctx")
LAYER_COUNTS = ("num_hidden_layers", "n_layers", "n_layer")
_SENTENCE_FILES = ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json")
_CAUSAL_LM = ("ForCausalLM", "LMHeadModel")
_SEQ2SEQ_LM = ("ForConditionalGeneration", "MarianMTModel", "Seq2SeqLM")
_ENCODER = ("Model", "ForMaskedLM", "ForPreTraining")
_PROBLEMS = {
    None: False,
    "single_label_classification": False,
    "multi_label_classification": True,
}


class LoadError(Exception):
    """Why a model cannot be loaded. The message is the reason of the state FAILED, so it holds no absolute path."""


@dataclass(frozen=True)
class ModelConfig:
    """What config.json says about a model. Only a classifier has classes."""

    task: Task
    classes: tuple[str, ...]
    multilabel: bool
    max_tokens: int
    pad_token_id: int
    model_type: str = ""
    # Of an encoder; 0 if the file does not say.
    layers: int = 0


class ModelFolder:
    """The checked way to the files of one folder."""

    def __init__(self, folder: Path) -> None:
        try:
            self.root = folder.resolve(strict=True)
        except OSError:
            raise LoadError("the folder of the model does not exist") from None
        if not self.root.is_dir():
            raise LoadError("the path of the model is not a folder")

    def find(self, *names: str) -> Path:
        """The first of some relative paths that is a file. Raises LoadError if there is none or it leads outside."""
        for name in names:
            path = self.root / name
            if not path.is_file():
                continue
            if not self.is_inside(path.resolve()):
                raise LoadError(f"{name} leads to a file outside of the model's folder")
            return path
        raise LoadError(f"{' or '.join(names)} is missing")

    def existing(self, *names: str) -> list[Path]:
        """Those of some relative paths that are files."""
        return [self.find(name) for name in names if (self.root / name).is_file()]

    def onnx_graph(self, file: str = "") -> Path | None:
        """The ONNX file of this name, or the first that has a usual one."""
        found = self.existing(*([file] if file else ONNX_FILES))
        return found[0] if found else None

    def find_onnx_graph(self, file: str = "") -> Path:
        """As `onnx_graph`. Raises LoadError if there is none, which names those that could be asked for."""
        if graph := self.onnx_graph(file):
            return graph
        others = sorted(
            str(path.relative_to(self.root)) for where in ("", "onnx") for path in (self.root / where).glob("*.onnx")
        )
        text = f"{file or ' or '.join(ONNX_FILES[:2])} is missing"
        raise LoadError(f"{text}; there is {', '.join(others)}: name one as `file` of the model" if others else text)

    def safetensors(self) -> list[Path]:
        """The files of the weights, one or several. Raises LoadError if there are none, or pickles in their place."""
        whole, index = "model.safetensors", "model.safetensors.index.json"
        if self.existing(whole):
            return [self.find(whole)]
        if self.existing(index):
            shards = self.read_json(index).get("weight_map")
            if not isinstance(shards, dict) or not shards:
                raise LoadError(f"{index}: weight_map is missing")
            return [self.find(name) for name in sorted({str(name) for name in shards.values()})]
        pickles = ("pytorch_model.bin", "pytorch_model.bin.index.json")
        if any((self.root / name).exists() for name in pickles):
            raise LoadError("the weights are a pickle, which may run code when it is opened: convert to safetensors")
        raise LoadError(f"{whole} or {index} is missing")

    def adapter_weights(self) -> Path:
        """The file of the weights of an adapter. Raises LoadError if there is none, or a pickle in its place."""
        self.find(ADAPTER_CONFIG)
        if not self.existing("adapter_model.safetensors") and (self.root / "adapter_model.bin").exists():
            raise LoadError("the weights are a pickle, which may run code when it is opened: convert to safetensors")
        return self.find("adapter_model.safetensors")

    def check_links(self) -> None:
        """Refuses a folder with a link that leads outside: libraries open files of a folder by themselves."""
        for path in self.root.iterdir():
            if not self.is_inside(path.resolve()):
                raise LoadError(f"{path.name} leads to a file outside of the model's folder")

    def read_json(self, name: str) -> dict[str, Any]:
        """The object in a JSON file."""
        value = self._parse(name)
        if not isinstance(value, dict):
            raise LoadError(f"{name} is not a JSON object")
        return value

    def _parse(self, name: str) -> Any:
        path = self.find(name)
        if path.stat().st_size > _MAX_CONFIG_BYTES:
            raise LoadError(f"{name} is larger than {_MAX_CONFIG_BYTES} bytes")
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (ValueError, RecursionError):
            raise LoadError(f"{name} is not valid JSON") from None

    def model_config(self, classifies: bool = False) -> ModelConfig:
        """The checked config.json, with the limit of tokenizer_config.json if that is lower; that of a classifier
        whatever the architecture if `classifies`.
        """
        config = self.read_json("config.json")
        pad_token_id = _count(config, "pad_token_id") or 0
        max_tokens = self._max_tokens(config, pad_token_id)
        if not classifies and _is_seq2seq(config):
            return ModelConfig("seq2seq-lm", (), False, max_tokens, pad_token_id)
        if not classifies and self._is_encoder(config):
            layers = next(filter(None, (_count(config, name) for name in LAYER_COUNTS)), 0)
            model_type = str(config.get("model_type"))
            return ModelConfig("embedding", (), False, max_tokens, pad_token_id, model_type, layers)
        if not classifies and any(str(name).endswith(_CAUSAL_LM) for name in config.get("architectures") or ()):
            return ModelConfig("causal-lm", (), False, max_tokens, pad_token_id)
        problem = config.get("problem_type")
        if problem not in _PROBLEMS:
            raise LoadError(f"config.json: problem_type must be {' or '.join(filter(None, _PROBLEMS))}")
        return ModelConfig("text-classification", _classes(config), _PROBLEMS[problem], max_tokens, pad_token_id)

    def end_tokens(self) -> frozenset[int]:
        """The tokens that end a text of a language model: those of generation_config.json, else of config.json."""
        for name in ("generation_config.json", "config.json"):
            found = self.read_json(name).get("eos_token_id") if self.existing(name) else None
            ids = found if isinstance(found, list) else [found]
            if found is not None and all(isinstance(token, int) for token in ids):
                return frozenset(ids)
        return frozenset()

    def sentence_modules(self) -> list[dict[str, Any]]:
        """The modules of a sentence-transformers model, in order; none if the folder is no such model."""
        if not self.existing("modules.json"):
            return []
        modules = self._parse("modules.json")
        if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
            raise LoadError("modules.json is not a list of JSON objects")
        return modules

    def module_configs(self) -> list[str]:
        """The files of a sentence-transformers model that say what its modules do; those that are there."""
        paths = [str(module.get("path") or "") for module in self.sentence_modules()]
        names = [*_SENTENCE_FILES, *(f"{path}/config.json" for path in paths if path and ".." not in path)]
        return [name for name in names if self.existing(name)]

    def _is_encoder(self, config: dict[str, Any]) -> bool:
        """Whether the model is there to give embeddings; cross-encoders have modules, too, but none that pools."""
        if any(str(module.get("type")).endswith(".Pooling") for module in self.sentence_modules()):
            return True
        names = [str(name) for name in config.get("architectures") or ()]
        found = [name for name in names if name.endswith(_ENCODER) and not name.endswith(_CAUSAL_LM)]
        if found and config.get("is_encoder_decoder") is True and not found[0].endswith("EncoderModel"):
            # What it answers comes from its decoder, which reads each token without those behind it.
            raise LoadError(
                f"config.json: a {found[0]} has a decoder but no head to write with; save the model with its head "
                "(ForConditionalGeneration), or its encoder alone"
            )
        return bool(found)

    def _max_tokens(self, config: dict[str, Any], pad_token_id: int) -> int:
        limits = []
        positions = next((found for name in _POSITIONS if (found := _count(config, name)) is not None), None)
        if positions is not None:
            behind = config.get("model_type") in _POSITIONS_AFTER_PADDING
            limits.append(positions - (pad_token_id + 1 if behind else 0))
        limit = self.tokenizer_config().get("model_max_length")
        if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT:
            limits.append(int(limit))
        if not limits or min(limits) < 1:
            raise LoadError(
                "config.json: max_position_embeddings is missing or not positive; a model without positions needs "
                "model_max_length in tokenizer_config.json"
            )
        return min(limits)

    def tokenizer_config(self) -> dict[str, Any]:
        """The object in tokenizer_config.json; empty if it cannot be read, as nothing there is required."""
        try:
            return self.read_json("tokenizer_config.json")
        except LoadError:
            return {}

    def is_inside(self, path: Path) -> bool:
        """Whether a resolved path may be opened: in the folder, or in the blobs that a hub cache keeps for it."""
        allowed = [self.root]
        if self.root.parent.name == "snapshots":
            allowed.append(self.root.parent.parent / "blobs")
        return any(path.is_relative_to(root) for root in allowed)


def find_version(folder: Path, wanted: int | None = None) -> tuple[Path, str]:
    """The folder of a model and the name of its version, "" if it has none.

    A folder may have one folder a version in place of a model, named by whole numbers; the highest is taken unless one
    is asked for. Raises LoadError if it is not there.
    """
    if wanted is None and any((folder / name).exists() for name in ("config.json", ADAPTER_CONFIG)):
        return folder, ""
    numbers = [int(path.name) for path in folder.glob("*") if _VERSION.fullmatch(path.name) and path.is_dir()]
    if wanted is None:
        return (folder / str(max(numbers)), str(max(numbers))) if numbers else (folder, "")
    if wanted not in numbers:
        there = ", ".join(map(str, sorted(numbers))) or "none"
        raise LoadError(f"the folder of the model has no version {wanted}; there is {there}")
    return folder / str(wanted), str(wanted)


def digest(*paths: Path) -> str:
    """sha256 (hex) of the bytes of files, one after the other."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def _is_seq2seq(config: dict[str, Any]) -> bool:
    """Whether a model reads a text with an encoder and writes another one."""
    names = [str(name) for name in config.get("architectures") or () if str(name).endswith(_SEQ2SEQ_LM)]
    if names and config.get("is_encoder_decoder") is not True:
        # Models of pictures and sounds have the same endings.
        raise LoadError(f"config.json: a {names[0]} without is_encoder_decoder is no model of texts alone")
    return bool(names)


def _classes(config: dict[str, Any]) -> tuple[str, ...]:
    """Names of the classes by position, from id2label; label2id and num_labels must agree."""
    labels = config.get("id2label")
    if not isinstance(labels, dict) or not labels:
        raise LoadError("config.json: id2label is missing")
    names = [labels.get(str(position)) for position in range(len(labels))]
    classes = tuple(name for name in names if isinstance(name, str) and name)
    if len(classes) != len(labels):
        raise LoadError(f"config.json: id2label must name the classes 0 to {len(labels) - 1}")
    if len(set(classes)) != len(classes):
        raise LoadError("config.json: id2label names a class twice")
    if len(classes) < 2:
        raise LoadError("config.json: id2label names one class; a classifier has two or more")
    inverse = {name: position for position, name in enumerate(classes)}
    if config.get("label2id") not in (None, inverse):
        raise LoadError("config.json: label2id contradicts id2label")
    if config.get("num_labels") not in (None, len(classes)):
        raise LoadError(f"config.json: num_labels is not {len(classes)}, the number of classes in id2label")
    return classes


def _count(config: dict[str, Any], key: str) -> int | None:
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
