"""Rewrites an ONNX graph so that what is computed token by token is computed for real tokens only.

Padding then costs attention alone. Inputs and outputs stay as they were, so does what is computed for real tokens; in
outputs, padding repeats the token before it.

The idea is that of Zeng et al. 2022, Boosting Distributed Training Performance of the Unpadded BERT Model.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from evald.backends.onnx_session import PACKED_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Operators of one input, beside constants, and of two.
_OF_ONE = {"Cast", "Clip", "Elu", "Erf", "Exp", "Gelu", "Identity", "LayerNormalization", "LeakyRelu", "MatMul", "Neg"}
_OF_ONE |= {"Reciprocal", "ReduceMean", "Relu", "Sigmoid", "Softplus", "Sqrt", "Tanh"}
_OF_TWO = {"Add", "Div", "Mul", "Pow", "Sub"}
# Rows and tokens of two runs that tell which values have a place for each token.
_RUNS = ((3, 2), (2, 3))
# So much of the weights must be used token by token, else padding would still cost much.
_MOST = 0.8
_MASK = "attention_mask"
# Values of the new part: the numbers of real tokens among all places, and for each place that of its token among these.
_REAL, _TOKEN_AT = "packed/real", "packed/token_at"
_CONSTANTS = {
    "packed/all": np.array([-1], dtype=np.int64),
    "packed/axis": np.array(0, dtype=np.int64),
    "packed/first": np.array(0, dtype=np.int32),
    "packed/one": np.array(1, dtype=np.int32),
}


def pack(path: Path) -> int:
    """Rewrites a graph in place that takes token ids and their mask, and says how wide its hidden states are: 0, and
    the graph as it was, if most of its weights are used by other operators than those that are known here.
    """
    # Weights in files of their own stay there.
    model = onnx.load(path, load_external_data=False)
    graph = model.graph
    if any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        # What the graphs within it take from outside would have to be followed.
        return 0
    dims = _dims_of_constants(graph)
    widths = {name: width for name, width in _widths_of_tokens(model, path).items() if name not in dims}
    nodes = [node for node in graph.node if _takes_each_token_alone(node, widths, dims)]
    if _weights(nodes, dims) < _MOST * _weights(graph.node, dims):
        return 0
    own = {node.output[0]: widths[node.output[0]] for node in nodes}
    (width, _), *_ = Counter(own.values()).most_common()
    rewritten = [*_places(), *_rewritten(graph, own, widths)]
    del graph.node[:], graph.value_info[:]
    graph.node.extend(rewritten)
    constants = _CONSTANTS | {_rows_of(each): np.array([-1, each]) for each in widths.values()}
    constants |= {_width(each): np.array([each]) for each in own.values()}
    used = {name for node in rewritten for name in node.input}
    graph.initializer.extend(numpy_helper.from_array(constants[name], name) for name in constants.keys() & used)
    model.metadata_props.add(key=PACKED_WIDTH, value=str(width))
    onnx.save(model, path)
    return width


def _weights(nodes: Iterable[onnx.NodeProto], dims: dict[str, tuple[int, ...]]) -> int:
    """How many numbers are in the constants of some nodes, without tables that are only looked up."""
    names = {name for node in nodes if node.op_type != "Gather" for name in node.input if name in dims}
    return sum(math.prod(dims[name]) for name in names)


def _dims_of_constants(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    dims = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            dims[node.output[0]] = tuple(node.attribute[0].t.dims)
        elif node.op_type == "Identity" and node.input[0] in dims:
            dims[node.output[0]] = dims[node.input[0]]
    return dims


def _widths_of_tokens(model: onnx.ModelProto, path: Path) -> dict[str, int]:
    """How many numbers each token has in the values [rows, tokens, numbers] of a graph."""
    first, second = _shapes(model, path)
    return {
        name: shape[2]
        for name, shape in first.items()
        if len(shape) == len(second[name]) == 3
        and (shape[:2], second[name][:2]) == _RUNS
        and shape[2] == second[name][2]
    }


def _shapes(model: onnx.ModelProto, path: Path) -> list[dict[str, tuple[int, ...]]]:
    """Of every value of a graph, in each of the runs."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    names = [name for node in model.graph.node for name in node.output if name]
    del probe.graph.output[:]
    probe.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    # In the same folder, for weights that are in files of their own.
    probe_path = path.with_name("probe.onnx")
    onnx.save(probe, probe_path)
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(str(probe_path), options, providers=["CPUExecutionProvider"])
        found = []
        for run in _RUNS:
            feed = {item.name: np.full(run, item.name == _MASK, dtype=np.int64) for item in session.get_inputs()}
            values = session.run(names, feed)
            found.append({name: np.shape(value) for name, value in zip(names, values, strict=True)})
    finally:
        probe_path.unlink(missing_ok=True)
    return found


def _takes_each_token_alone(node: onnx.NodeProto, widths: dict[str, int], dims: dict[str, tuple[int, ...]]) -> bool:
    """Whether a node computes each token from that token and constants only."""
    if len(node.output) > 1 or node.output[0] not in widths:
        return False
    if node.op_type in _OF_TWO:
        return all(name in widths or len(dims.get(name, "no constant")) <= 1 for name in node.input)
    first, *others = node.input
    if node.op_type not in _OF_ONE or first not in widths or not all(name in dims for name in others if name):
        return False
    return len(dims[others[0]]) == 2 if node.op_type == "MatMul" else all(axis in (-1, 2) for axis in _axes(node))


def _axes(node: onnx.NodeProto) -> list[int]:
    named = {attribute.name: attribute for attribute in node.attribute}
    return [*named["axes"].ints] if "axes" in named else [named["axis"].i] if "axis" in named else []


def _places() -> Iterator[onnx.NodeProto]:
    yield helper.make_node("Shape", [_MASK], ["packed/shape"])
    yield helper.make_node("Reshape", [_MASK, "packed/all"], ["packed/mask"])
    yield helper.make_node("Cast", ["packed/mask"], ["packed/is_real"], to=onnx.TensorProto.BOOL)
    yield helper.make_node("NonZero", ["packed/is_real"], ["packed/numbers"])
    yield helper.make_node("Reshape", ["packed/numbers", "packed/all"], [_REAL])
    # For padding that of the last token before it, which is as good as any.
    yield helper.make_node("Cast", ["packed/is_real"], ["packed/counted"], to=onnx.TensorProto.INT32)
    yield helper.make_node("CumSum", ["packed/counted", "packed/axis"], ["packed/count"])
    yield helper.make_node("Sub", ["packed/count", "packed/one"], ["packed/last"])
    yield helper.make_node("Max", ["packed/last", "packed/first"], ["packed/token"])
    yield helper.make_node("Reshape", ["packed/token", "packed/shape"], [_TOKEN_AT])


def _rewritten(graph: onnx.GraphProto, own: dict[str, int], widths: dict[str, int]) -> Iterator[onnx.NodeProto]:
    """The nodes of a graph, those that compute `own` on packed tokens, with what takes and puts tokens in between."""
    taken, put = set[str](), set[str]()
    for node in graph.node:
        if node.output[0] in own:
            for name in node.input:
                if name in widths and name not in own and name not in taken:
                    taken.add(name)
                    yield helper.make_node("Reshape", [name, _rows_of(widths[name])], [f"{name}/rows"])
                    yield helper.make_node("Gather", [f"{name}/rows", _REAL], [_packed(name)], axis=0)
            yield _on_packed(node, widths)
        elif node.op_type == "Shape" and node.input[0] in own and not node.attribute:
            yield helper.make_node("Concat", ["packed/shape", _width(own[node.input[0]])], node.output, axis=0)
        else:
            for name in node.input:
                if name in own and name not in put:
                    put.add(name)
                    yield _put(name)
            yield node
    yield from (_put(output.name) for output in graph.output if output.name in own and output.name not in put)


def _put(name: str) -> onnx.NodeProto:
    return helper.make_node("Gather", [_packed(name), _TOKEN_AT], [name], axis=0)


def _on_packed(node: onnx.NodeProto, widths: dict[str, int]) -> onnx.NodeProto:
    packed: Any = onnx.NodeProto()
    packed.CopyFrom(node)
    packed.input[:] = [_packed(name) if name in widths else name for name in node.input]
    packed.output[:] = [_packed(name) for name in node.output]
    for attribute in packed.attribute:
        # It was the last of three, and is the last of two.
        if attribute.name == "axis":
            attribute.i = -1
        elif attribute.name == "axes":
            attribute.ints[:] = [-1]
    return packed


def _packed(name: str) -> str:
    return f"{name}/packed"


def _rows_of(width: int) -> str:
    return f"packed/rows_of_{width}"


def _width(width: int) -> str:
    return f"packed/width_{width}"
