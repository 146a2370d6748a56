"""Calls with rows that change from run to run: request bytes are written once, and what is drawn is put into them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bench.requests import limits
from evald import _native
from evald.client.request import Options, request_of
from evald.data.columns import Column
from evald.data.table import Table
from evald.v1 import evaluation_pb2 as evaluation
from evald.v1.instance_pb2 import Instance

Random = np.random.Generator
Numbers = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]

# Runs that share a seed: tables of bootstrap weights cost more than what is done with them.
RUNS_A_SEED = 50


@dataclass(frozen=True)
class Hole:
    """What stands where something is drawn, in every kind of field."""

    byte: int

    @property
    def letter(self) -> str:
        """A label of one character."""
        return chr(self.byte)

    @property
    def number(self) -> float:
        """A score, whose eight bytes are all this one."""
        number: float = struct.unpack("<d", bytes([self.byte] * 8))[0]
        return number

    def text(self, width: int) -> str:
        """A text of so many characters."""
        return self.letter * width


class Rows:
    """Request bytes of rows of one shape. Where two fillings of the holes differ, there the drawn bytes go."""

    def __init__(self, rows: Iterable[Callable[[Hole], Instance]]) -> None:
        shapes = list(rows)
        first, second = (_serialised([shape(Hole(byte)) for shape in shapes]) for byte in b"AB")
        self._request = first.copy()
        self._places = np.flatnonzero(first != second)

    def filled(self, drawn: Bytes) -> bytes:
        """The request with these bytes: rows x bytes of a row, in the order of the message's fields."""
        self._request[self._places] = drawn.reshape(-1)
        return self._request.tobytes()


def packed(*columns: npt.NDArray[Any]) -> Bytes:
    """Columns of numbers, letters or texts side by side, as bytes."""
    parts = [np.ascontiguousarray(column).view(np.uint8).reshape(len(column), -1) for column in columns]
    return np.concatenate(parts, axis=1)


class Call:
    """What is asked of every filling: all of a request but the rows and the seed."""

    def __init__(
        self,
        metrics: Sequence[str],
        systems: Sequence[str] = ("base", "new"),
        options: Options | None = None,
        kind: Literal["compare"] = "compare",
    ) -> None:
        self._arguments = kind, Table({name: Column((), {}, str) for name in systems}), metrics
        self._options: Options = options or {}
        self._seed = -1
        self._spec = self._spec_of(0)

    def answer(self, request: bytes, run: int) -> evaluation.CompareResponse:
        """The comparison of these rows."""
        if run // RUNS_A_SEED != self._seed:
            self._seed = run // RUNS_A_SEED
            self._spec = self._spec_of(self._seed)
        accumulator = _native.Accumulator(self._spec)
        accumulator.push(self._spec.read(request))
        return evaluation.CompareResponse.FromString(accumulator.finish())

    def _spec_of(self, seed: int) -> _native.Spec:
        kind, table, metrics = self._arguments
        options: Options = {**self._options, "seed": seed, "row_report": "none"}
        return _native.Spec.from_request(kind, request_of(kind, table, metrics, options).header, limits())


def _serialised(rows: list[Instance]) -> Bytes:
    message = evaluation.CompareRequest(instances=rows)
    return np.frombuffer(message.SerializeToString(deterministic=True), dtype=np.uint8)
