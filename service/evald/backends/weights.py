"""Which files of a folder hold the weights, and how much memory they take. Loads none of them and needs no library.

Sizes are those of the files, converted to the precision in which the weights are kept. What a library adds to run a
model (prepacked copies, caches, the batch itself) is not in them.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evald.backends.folder import LoadError
from evald.backends.onnx_graph import Weights, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from evald.backends.folder import ModelFolder
    from evald.backends.registry import ModelOptions

# Bytes of a number, by its name in the header of a safetensors file and in the settings.
_WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_PRECISIONS = {"fp32": 4, "bf16": 2, "fp16": 2}
# How optimum names the parts of an encoder-decoder.
_ENCODER = "encoder_model"
_DECODERS = ("decoder_model_merged", "decoder_model", "decoder_with_past_model")
# What the format allows.
_MAX_HEADER_BYTES = 100_000_000


@dataclass(frozen=True)
class OnnxFiles:
    """The file of a graph, the files that hold weights beside it, and what is known of these.

    `graph` is the encoder where there are decoders: one that reads with a cache or without, or one for each.
    """

    graph: Path
    external: tuple[Path, ...]
    weights: Weights
    decoders: tuple[Path, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """All files."""
        return (self.graph, *self.decoders, *self.external)


def backend_of(folder: ModelFolder, options: ModelOptions) -> str:
    """The backend that is asked for; "auto" is ONNX where there is such a file: its library is small and its answers do
    not depend on the batch.
    """
    if options.backend != "auto":
        return options.backend
    has_weights = folder.existing("model.safetensors", "model.safetensors.index.json")
    return "torch" if has_weights and not folder.onnx_graph(options.file) else "onnx"


def onnx_files(folder: ModelFolder, file: str = "") -> OnnxFiles:
    """The ONNX files of a folder; `file` names the graph or the encoder, else it is searched. Raises LoadError."""
    graph = folder.find_onnx_graph(file)
    decoders = _decoders(folder, graph) if graph.name.startswith(_ENCODER) else ()
    external: list[Path] = []
    read: list[Weights] = []
    for path in (graph, *decoders):
        try:
            read.append(read_weights(path))
        except ValueError:
            raise LoadError(f"{path.name} is not an ONNX model") from None
        beside = path.relative_to(folder.root).parent
        external += [folder.find(str(beside / name)) for name in read[-1].external_files]
    weights = next((one for one in read if one.quantised), read[0])
    return OnnxFiles(graph, tuple(dict.fromkeys(external)), weights, decoders)


def _decoders(folder: ModelFolder, encoder: Path) -> tuple[Path, ...]:
    """The decoders that belong to an encoder, by optimum's names: a merged one, or one for the start and one for later.

    What stands behind the name of the encoder, as in encoder_model_quantized.onnx, stands behind theirs, too.
    """
    beside, kind = encoder.relative_to(folder.root).parent, encoder.name.removeprefix(_ENCODER)
    merged, *pair = (str(beside / f"{name}{kind}") for name in _DECODERS)
    if folder.existing(merged):
        return (folder.find(merged),)
    if len(found := folder.existing(*pair)) == len(pair):
        return tuple(found)
    raise LoadError(f"{merged} is missing, and so is {pair[0]} or {pair[1]}: the decoder must have a cache")


def weights_bytes(folder: ModelFolder, options: ModelOptions) -> int:
    """Bytes of the weights of a model in memory, of an adapter without those of its base. Raises LoadError if there are
    none.
    """
    if options.base:
        # PEFT keeps adapters in fp32 on a base of any precision.
        return _tensor_bytes(folder.adapter_weights(), _PRECISIONS["fp32"])
    # Where it is missing the folder is another one than was meant, which is better said than what else is missing.
    folder.find("config.json")
    if backend_of(folder, options) == "onnx":
        return sum(path.stat().st_size for path in onnx_files(folder, options.file).paths)
    width = _PRECISIONS.get(options.precision)
    return sum(_tensor_bytes(path, width) for path in folder.safetensors())


def safetensors_header(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file by name: dtype and shape. Raises LoadError."""
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = stream.read(size) if size <= _MAX_HEADER_BYTES else b""
    try:
        found = json.loads(header)
    except (ValueError, RecursionError):
        raise LoadError(f"{path.name} is not a safetensors file") from None
    if not isinstance(found, dict):
        raise LoadError(f"{path.name} is not a safetensors file")
    return {name: tensor for name, tensor in found.items() if name != "__metadata__"}


def _tensor_bytes(path: Path, width: int | None) -> int:
    """Bytes of the tensors of a file; floating-point numbers are converted to `width` bytes."""
    total = 0
    for tensor in safetensors_header(path).values():
        try:
            start, end = tensor["data_offsets"]
            is_float = tensor["dtype"] in _WIDTHS
            total += math.prod(tensor["shape"]) * width if width and is_float else end - start
        except (KeyError, TypeError, ValueError):
            raise LoadError(f"{path.name} is not a safetensors file") from None
    return total
