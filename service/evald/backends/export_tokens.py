"""What an ONNX graph computes for each token by itself: found out here for steps that rewrite graphs.

A graph takes token ids and their mask. Weights in files of their own stay there and are not read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

MASK = "attention_mask"
# Values of every graph that is rewritten: the shape of the mask, and a list with the number of the last axis.
SHAPE, _LAST = "tokens/shape", "tokens/last"
# Operators of one input, beside numbers that are the same for all texts, and of two.
_OF_ONE = {"Cast", "Clip", "Elu", "Erf", "Exp", "Gelu", "Identity", "LayerNormalization", "LeakyRelu", "MatMul", "Neg"}
_OF_ONE |= {"Reciprocal", "ReduceMean", "Relu", "Sigmoid", "Slice", "Softplus", "Split", "Sqrt", "Tanh"}
_OF_TWO = {"Add", "Div", "Mul", "Pow", "Sub"}
# Rows and tokens of two runs that tell which values have a place for each token. As many places in both, so that what
# has something for each place has as much of it in both.
_RUNS = ((3, 2), (2, 3))


@dataclass(frozen=True)
class TokenGraph:
    """A graph, its constants, and how many numbers each token has in its values [rows, tokens, numbers]."""

    model: onnx.ModelProto
    dims: dict[str, tuple[int, ...]]
    widths: dict[str, int]
    # Values with something for each place, whatever their shape.
    of_places: frozenset[str]
    # Whole numbers and lists of them, but those among the weights, that are the same for texts of any shape.
    fixed: dict[str, int | list[int]]

    @property
    def graph(self) -> onnx.GraphProto:
        """The graph of the model."""
        return self.model.graph

    def own(self) -> list[onnx.NodeProto]:
        """The nodes that compute each token from nothing but that token and constants."""
        return [node for node in self.graph.node if self._takes_each_token_alone(node)]

    def replace(self, nodes: Sequence[onnx.NodeProto], constants: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Puts these nodes in place of those of the graph, with those of the constants that they take."""
        taken = {name for node in nodes for name in node.input}
        # The runtime warns of constants that nothing takes.
        kept = [node for node in nodes if node.op_type != "Constant" or node.output[0] in taken]
        del self.graph.node[:], self.graph.value_info[:]
        self.graph.node.extend(kept)
        for name, value in {_LAST: np.array([-1]), **constants}.items():
            if name in taken and name not in self.dims:
                self.graph.initializer.append(numpy_helper.from_array(value, name))
                self.dims[name] = value.shape

    def _takes_each_token_alone(self, node: onnx.NodeProto) -> bool:
        if any(name not in self.widths for name in node.output):
            return False
        if node.op_type in _OF_TWO:
            return all(name in self.widths or self._is_short(name) for name in node.input)
        first, *others = node.input
        if node.op_type not in _OF_ONE or first not in self.widths:
            return False
        if node.op_type == "Slice":
            numbers = [self.fixed.get(name) for name in others]
            return None not in numbers and numbers[2:3] in ([[-1]], [[2]])
        if any(name not in self.dims for name in others if name):
            return False
        if node.op_type == "MatMul":
            return len(self.dims[others[0]]) == 2
        return all(axis in (-1, 2) for axis in _axes(node))

    def _is_short(self, name: str) -> bool:
        """Whether a value is a constant that fits rows as well: a number or a list."""
        return name in self.dims and len(self.dims[name]) <= 1

    def share_of_weights(self, nodes: Iterable[onnx.NodeProto]) -> float:
        """How much of the weights that are used for each place some nodes use; tables to look up are not weights."""
        used = [node for node in self.graph.node if node.output[0] in self.of_places and node.op_type != "Gather"]
        return self._weights(nodes) / max(1, self._weights(used))

    def _weights(self, nodes: Iterable[onnx.NodeProto]) -> int:
        used = {name for node in nodes for name in node.input}
        return sum(math.prod(self.dims[name]) for name in used & self.dims.keys())


def rewrite(path: Path, *steps: Callable[[TokenGraph], int]) -> list[int]:
    """Takes steps that change a graph in place, saves it if one did, and gives what each said: 0 if it did nothing."""
    tokens = _read(path)
    said = [0 if tokens is None else step(tokens) for step in steps]
    if tokens is not None and any(said):
        onnx.save(tokens.model, path)
    return said


def on_rows(node: onnx.NodeProto, names: dict[str, str]) -> onnx.NodeProto:
    """A node that computes each token by itself, for values [rows, numbers] that have these names."""
    changed: Any = onnx.NodeProto()
    changed.CopyFrom(node)
    changed.input[:] = [names.get(name, name) for name in node.input]
    changed.output[:] = [names[name] for name in node.output]
    for attribute in changed.attribute:
        # It was the last of three, and is the last of two.
        if attribute.name == "axis":
            attribute.i = -1
        elif attribute.name == "axes":
            attribute.ints[:] = [-1]
    if node.op_type == "Slice":
        changed.input[3] = _LAST
    return changed


def _read(path: Path) -> TokenGraph | None:
    """None for a graph with graphs in it, whose ways would have to be followed."""
    model = onnx.load(path, load_external_data=False)
    if any(attribute.HasField("g") for node in model.graph.node for attribute in node.attribute):
        return None
    dims = _dims_of_constants(model.graph)
    first, second = _values(model, path)
    both = {name: (first[name].shape, second[name].shape) for name in first if name not in dims}
    widths = {
        name: one[2]
        for name, (one, other) in both.items()
        if (one[:2], other[:2]) == _RUNS and len(one) == 3 and one[2:] == other[2:]
    }
    of_places = frozenset(name for name, (one, other) in both.items() if math.prod(one) == math.prod(other))
    numbers = {name: value for name, value in first.items() if value.dtype == np.int64 and value.ndim <= 1}
    fixed = {name: value.tolist() for name, value in numbers.items() if np.array_equal(value, second[name])}
    _take_shapes_of_mask(model.graph, widths)
    return TokenGraph(model, dims, widths, of_places, fixed)


def _dims_of_constants(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    dims = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            dims[node.output[0]] = tuple(node.attribute[0].t.dims)
        elif node.op_type == "Identity" and node.input[0] in dims:
            dims[node.output[0]] = dims[node.input[0]]
    return dims


def _take_shapes_of_mask(graph: onnx.GraphProto, widths: dict[str, int]) -> None:
    """Asks no values of tokens for their shape any more: it is that of the mask, and a width."""
    for node in graph.node:
        if node.op_type == "Shape" and node.input[0] in widths and not node.attribute:
            width = f"{node.output[0]}/width"
            graph.initializer.append(numpy_helper.from_array(np.array([widths[node.input[0]]]), width))
            node.CopyFrom(helper.make_node("Concat", [SHAPE, width], node.output, axis=0))
    graph.node.insert(0, helper.make_node("Shape", [MASK], [SHAPE]))


def _values(model: onnx.ModelProto, path: Path) -> Iterator[dict[str, Any]]:
    """Every value of a graph, in each of the runs."""
    names = [name for node in model.graph.node for name in node.output if name]
    # In the same folder, for weights that are in files of their own.
    probe = path.with_name("probe.onnx")
    outputs = [*model.graph.output]
    try:
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        onnx.save(model, probe)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(probe), options, providers=["CPUExecutionProvider"])
        for run in _RUNS:
            feed = {item.name: np.full(run, item.name == MASK, dtype=np.int64) for item in session.get_inputs()}
            yield dict(zip(names, map(np.asarray, session.run(names, feed)), strict=True))
    finally:
        probe.unlink(missing_ok=True)
        del model.graph.output[:]
        model.graph.output.extend(outputs)


def _axes(node: onnx.NodeProto) -> list[int]:
    named = {attribute.name: attribute for attribute in node.attribute}
    return [*named["axes"].ints] if "axes" in named else [named["axis"].i] if "axis" in named else []
