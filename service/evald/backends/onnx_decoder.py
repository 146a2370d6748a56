"""The cache of keys and values of an ONNX graph, by the names that optimum gives its inputs and outputs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evald.backends.folder import LoadError
from evald.backends.generation import choose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evald.backends.contract import Choice, Floats, TokenIds

    Feed = dict[str, np.ndarray[Any, Any]]

_PAST = re.compile(r"past_key_values\.(.+)")
_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
# Of merged graphs: whether the past is read.
_SWITCH = "use_cache_branch"


@dataclass(frozen=True)
class CacheNames:
    """What a graph remembers: inputs with their shape [heads, width], outputs in the same order."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    shapes: tuple[tuple[int, int], ...]
    dtype: Any
    has_switch: bool

    def empty(self, rows: int) -> Feed:
        """The inputs before anything was read."""
        feed: Feed = {
            name: np.zeros((rows, heads, 0, width), dtype=self.dtype)
            for name, (heads, width) in zip(self.inputs, self.shapes, strict=True)
        }
        return self.switched(feed, False)

    def switched(self, feed: Feed, reads_past: bool) -> Feed:
        """The feed with what a merged graph wants to be told."""
        return {**feed, _SWITCH: np.array([reads_past])} if self.has_switch else feed


def read_cache(session: Any, start: Any = None) -> CacheNames | None:
    """The cache of a graph; None if it has none. `start` is the graph that makes it, if that is another one.

    Raises LoadError.
    """
    inputs = {item.name: item for item in session.get_inputs()}
    past = [name for name in inputs if _PAST.fullmatch(name)]
    if not past:
        return None
    outputs = tuple(_PAST.sub(r"present.\1", name) for name in past)
    if missing := sorted(set(outputs) - {item.name for item in (start or session).get_outputs()}):
        raise LoadError(f"the outputs of the graph do not fit: missing {missing}")
    shapes, kinds = [], {inputs[name].type for name in past}
    for name in past:
        shape = inputs[name].shape
        if len(shape) != 4 or not (isinstance(shape[1], int) and isinstance(shape[3], int)):
            raise LoadError(f"the input {name} of the graph must have the shape [batch, heads, past, width]")
        shapes.append((shape[1], shape[3]))
    if len(kinds) > 1 or not kinds <= _DTYPES.keys():
        raise LoadError("the past of the graph is neither float nor float16")
    return CacheNames(tuple(past), outputs, tuple(shapes), _DTYPES[kinds.pop()], _SWITCH in inputs)


def is_cache_input(name: str) -> bool:
    """Whether an input of a graph is for its cache."""
    return name == _SWITCH or _PAST.fullmatch(name) is not None


class OnnxDecoder:
    """Implements `generation.Decoder`. `ask` runs the graph, on `min_rows` rows at least: see `OnnxBackend`."""

    def __init__(
        self,
        ask: Callable[[Sequence[str], Feed], list[Any]],
        names: CacheNames,
        inputs: dict[str, type[np.integer[Any]]],
        output: str,
        min_rows: int,
    ) -> None:
        self._ask = ask
        self._names = names
        self._inputs = inputs
        self._output = output
        self._min_rows = min_rows
        self._past: Feed = {}
        self._length = 0

    def read(self, ids: TokenIds) -> None:
        """See `generation.Decoder`."""
        rows = self._filled(range(len(ids)))
        ids = ids[rows]
        positions = np.arange(self._length, self._length + ids.shape[1])
        self._length += ids.shape[1]
        made = {
            "input_ids": ids,
            "attention_mask": np.ones((len(rows), self._length)),
            "position_ids": np.broadcast_to(positions, ids.shape),
            "token_type_ids": np.zeros(ids.shape),
        }
        feed = {name: np.ascontiguousarray(made[name], dtype=dtype) for name, dtype in self._inputs.items()}
        past = self._names.switched(self._past, True) if self._past else self._names.empty(len(rows))
        logits, *present = self._ask([self._output, *self._names.outputs], {**feed, **past})
        self.logits: Floats = logits[:, -1].astype(np.float32)
        self._past = dict(zip(self._names.inputs, present, strict=True))

    def choose(self, choices: Sequence[Choice]) -> list[int]:
        """See `generation.Decoder`."""
        return choose(self.logits[: len(choices)], choices)

    def keep(self, rows: Sequence[int]) -> None:
        """See `generation.Decoder`."""
        kept = self._filled(rows)
        self._past = {name: past[kept] for name, past in self._past.items()}

    def _filled(self, rows: Sequence[int]) -> list[int]:
        return [*rows, *[rows[-1]] * (self._min_rows - len(rows))]
