"""What an ONNX file says about its weights, read without the onnx package and without loading them.

Field numbers are those of onnx.proto (ModelProto, GraphProto, TensorProto, StringStringEntryProto).
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _GRAPH_INITIALIZER = 7, 5
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 1, 2, 13, 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_EXTERNAL = 1
# TensorProto.DataType. Whole numbers of few bits with two dimensions or more are quantised weights.
_QUANTISED = {2: "int8", 3: "int8", 21: "int4", 22: "int4"}
_FLOATS = {1: "fp32", 10: "fp16", 11: "fp64", 16: "bf16"}

_Value = int | tuple[int, int]


@dataclass(frozen=True)
class Weights:
    """Number format of the weights, and the files beside the model that hold some of them."""

    precision: str
    external_files: tuple[str, ...]

    @property
    def quantised(self) -> bool:
        """Whether weights are whole numbers of few bits."""
        return self.precision in _QUANTISED.values()


def read_weights(path: Path) -> Weights:
    """Reads the headers of all weights. Raises ValueError if the file is no ONNX model."""
    sizes: dict[str, int] = {}
    external: set[str] = set()
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            for start, end in _ranges(data, 0, len(data), _MODEL_GRAPH):
                for tensor in _ranges(data, start, end, _GRAPH_INITIALIZER):
                    _read_tensor(data, *tensor, sizes, external)
        except (IndexError, UnicodeDecodeError):
            raise ValueError("not an ONNX model") from None
    quantised = [name for name in ("int4", "int8") if name in sizes]
    largest = max(sizes, key=lambda name: sizes[name], default="unknown")
    return Weights(quantised[0] if quantised else largest, tuple(sorted(external)))


def _read_tensor(data: mmap.mmap, start: int, end: int, sizes: dict[str, int], external: set[str]) -> None:
    dims: list[int] = []
    kind, location, entries = 0, 0, dict[str, str]()
    for number, value in _fields(data, start, end):
        if number == _TENSOR_DIMS:
            dims += [value] if isinstance(value, int) else _packed(data, *value)
        elif number == _TENSOR_TYPE and isinstance(value, int):
            kind = value
        elif number == _TENSOR_LOCATION and isinstance(value, int):
            location = value
        elif number == _TENSOR_EXTERNAL and not isinstance(value, int):
            entry = {key: data[at[0] : at[1]] for key, at in _fields(data, *value) if not isinstance(at, int)}
            entries[entry.get(_ENTRY_KEY, b"").decode()] = entry.get(_ENTRY_VALUE, b"").decode()
    if location == _EXTERNAL:
        external.add(entries.get("location", ""))
    name = _FLOATS.get(kind) or (_QUANTISED.get(kind) if len(dims) > 1 else None)
    if name:
        size = 1
        for dim in dims:
            size *= dim
        sizes[name] = sizes.get(name, 0) + size


def _ranges(data: mmap.mmap, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    for number, value in _fields(data, start, end):
        if number == wanted and not isinstance(value, int):
            yield value


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, _Value]]:
    """Number and value of every field; the value is a range for everything that has a length."""
    while at < end:
        tag, at = _varint(data, at)
        value: _Value
        if tag & 7 == _VARINT:
            value, at = _varint(data, at)
        elif tag & 7 == _BYTES:
            size, at = _varint(data, at)
            value, at = (at, at + size), at + size
        elif tag & 7 in (_FIXED64, _FIXED32):
            size = 8 if tag & 7 == _FIXED64 else 4
            value, at = (at, at + size), at + size
        else:
            raise ValueError("not an ONNX model")
        if at > end:
            raise ValueError("not an ONNX model")
        yield tag >> 3, value


def _packed(data: mmap.mmap, at: int, end: int) -> list[int]:
    values = []
    while at < end:
        value, at = _varint(data, at)
        values.append(value)
    return values


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("not an ONNX model")
