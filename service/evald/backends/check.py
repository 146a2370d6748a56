"""What evald makes of a model folder, file by file, and whether it loads. Knows no library but through the registry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from evald.backends.contract import LANGUAGE_MODELS
from evald.backends.decoding_rules import not_used
from evald.backends.folder import ADAPTER_CONFIG, LoadError, ModelFolder, find_version
from evald.backends.registry import open_backend
from evald.backends.weights import backend_of, onnx_files, weights_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from evald.backends.contract import ModelInfo
    from evald.backends.registry import ModelOptions

Verdict = Literal["used", "dropped", "ignored", "refused"]

_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
# What is read beside the weights, by both backends and by transformers alone.
_TOKENIZER = {
    "tokenizer.json": "the tokenizer",
    "tokenizer_config.json": "limits and special tokens",
    "chat_template.jinja": "the chat template",
    "generation_config.json": "what ends a text, and which tokens may be written",
}
_SLOW_TOKENIZER = {
    "added_tokens.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
}


@dataclass(frozen=True)
class FileVerdict:
    """What becomes of a file, of a folder of files, or of a part of a file, and why."""

    name: str
    verdict: Verdict
    why: str


@dataclass(frozen=True)
class FolderReport:
    """What evald makes of a folder. `info` is None and `problem` says why if the model does not load here."""

    files: tuple[FileVerdict, ...] = ()
    backend: str = ""
    weights_bytes: int = 0
    info: ModelInfo | None = None
    problem: str = ""
    library_missing: bool = False


def check(path: Path, options: ModelOptions, base: Path | None = None) -> FolderReport:
    """Judges every file of a folder by its name, then loads the model as a server would; an adapter on `base`.

    Of a folder with versions, that is the highest.
    """
    try:
        path = find_version(path)[0]
        folder = ModelFolder(path)
    except LoadError as error:
        return FolderReport(problem=str(error))
    is_adapter = base is not None or bool(folder.existing(ADAPTER_CONFIG))
    backend = "adapter" if is_adapter else backend_of(folder, options)
    if is_adapter:
        options = replace(options, base=str(base))
    files = list(_judged(folder, options, backend))
    if is_adapter and base is None:
        return FolderReport(tuple(files), backend, problem="it is an adapter: name the folder of its base (--base)")
    size, info, problem, missing = 0, None, "", False
    try:
        size = weights_bytes(folder, options)
        loaded = open_backend(path.name, path, options, base)
        info = loaded.info
        loaded.close()
    except LoadError as error:
        problem, missing = str(error), isinstance(error.__cause__, ImportError)
    except OSError as error:
        problem = f"a file cannot be read ({error.strerror})"
    if info is not None and info.unused_parameters:
        unused = info.unused_parameters
        why = f"{len(unused)} parameters that the model does not have, for example {unused[0]}"
        files.append(FileVerdict("weights", "dropped", why))
    if info is not None and info.task in LANGUAGE_MODELS and not is_adapter:
        why = "texts are written greedily or drawn as a request says; transformers' generate would heed it"
        dropped = not_used(folder, info.task)
        files += [FileVerdict(f"generation_config.json: {name}", "dropped", why) for name in dropped]
    return FolderReport(tuple(files), backend, size, info, problem, missing)


def _judged(folder: ModelFolder, options: ModelOptions, backend: str) -> Iterator[FileVerdict]:
    used = _used(folder, options, backend)
    nested: Counter[str] = Counter()
    for path in sorted(folder.root.rglob("*")):
        name = str(path.relative_to(folder.root))
        top = name.partition("/")[0]
        if path.is_dir():
            continue
        if not folder.is_inside(path.resolve()):
            yield FileVerdict(name, "refused", "a link to a file outside of the model's folder")
        elif name in used:
            yield FileVerdict(name, "used", used[name])
        elif "/" in name and top != "onnx":
            nested[top] += 1
        else:
            yield FileVerdict(name, "ignored", _why_ignored(name, backend))
    for top, count in sorted(nested.items()):
        why = "a checkpoint of a training: name its folder to use it" if top.startswith("checkpoint-") else "not needed"
        yield FileVerdict(f"{top}/ ({count} files)", "ignored", why)
    if "config.json" in used and _maps_code(folder):
        why = "code of a folder is never run; model_type is looked up among the models of transformers"
        yield FileVerdict("config.json: auto_map", "dropped", why)


def _used(folder: ModelFolder, options: ModelOptions, backend: str) -> dict[str, str]:
    """What is opened, and what for."""
    wanted = {"config.json": "what the model is", **_TOKENIZER}
    if backend == "adapter":
        used = {ADAPTER_CONFIG: "what the adapter is", "adapter_model.safetensors": "weights of the adapter"}
        used["config.json"] = "which model the adapter makes of its base"
        return {name: why for name, why in used.items() if folder.existing(name)}
    try:
        if backend == "onnx":
            weights = list(onnx_files(folder, options.file).paths)
        else:
            weights = folder.safetensors()
            wanted |= dict.fromkeys(_SLOW_TOKENIZER, "the tokenizer")
            wanted["model.safetensors.index.json"] = "which file has which weights"
        wanted |= {str(path.relative_to(folder.root)): "weights" for path in weights}
        wanted |= dict.fromkeys(folder.module_configs(), "how texts become vectors")
    except LoadError:
        # Loading says why.
        pass
    return {name: why for name, why in wanted.items() if (folder.root / name).is_file()}


def _why_ignored(name: str, backend: str) -> str:
    if name.endswith(_PICKLES):
        return "a pickle, which may run code when it is opened: never opened"
    if backend == "adapter" and name in (*_TOKENIZER, *_SLOW_TOKENIZER):
        return "that of the base is used"
    if name.endswith(".py"):
        return "code of a folder is never run"
    if name.endswith(".onnx"):
        return f'another graph; `file = "{name}"` uses it' if backend == "onnx" else '`backend = "onnx"` uses it'
    if name.endswith(".safetensors"):
        return 'weights for torch; `backend = "torch"` uses them' if backend == "onnx" else "no weights of this model"
    return "not needed"


def _maps_code(folder: ModelFolder) -> bool:
    try:
        return "auto_map" in folder.read_json("config.json")
    except LoadError:
        return False
