"""Rewrites an ONNX graph so that what is computed token by token is computed for real tokens only.

Padding then costs attention alone. Inputs and outputs stay as they were, so does what is computed for real tokens; in
outputs, padding repeats the token before it.

The idea is that of Zeng et al. 2022, Boosting Distributed Training Performance of the Unpadded BERT Model.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper

from evald.backends.export_tokens import MASK, SHAPE, on_rows
from evald.backends.onnx_session import PACKED_WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evald.backends.export_tokens import TokenGraph

# So much of the weights must be used token by token, else padding would still cost much.
_MOST = 0.8
# Values of the new part: the numbers of real tokens among all places, and for each place that of its token among these.
_REAL, _TOKEN_AT = "packed/real", "packed/token_at"
_CONSTANTS: dict[str, np.ndarray[Any, Any]] = {
    "packed/all": np.array([-1], dtype=np.int64),
    "packed/axis": np.array(0, dtype=np.int64),
    "packed/first": np.array(0, dtype=np.int32),
    "packed/one": np.array(1, dtype=np.int32),
}


def pack(tokens: TokenGraph) -> int:
    """Rewrites a graph and says how wide its hidden states are: 0, and the graph as it was, if most of its weights are
    used by other operators than those that are known.
    """
    nodes = tokens.own()
    # Within a layer some matrices take more than the hidden states, but most take these.
    widths = Counter(tokens.widths[node.input[0]] for node in nodes if node.op_type == "MatMul")
    if not widths or tokens.share_of_weights(nodes) < _MOST:
        return 0
    (width, _), *_ = widths.most_common()
    tokens.model.metadata_props.add(key=PACKED_WIDTH, value=str(width))
    rows = {_rows_of(each): np.array([-1, each]) for each in tokens.widths.values()}
    own = {name for node in nodes for name in node.output}
    tokens.replace([*_places(), *_rewritten(tokens, own)], _CONSTANTS | rows)
    return width


def _places() -> Iterator[onnx.NodeProto]:
    yield helper.make_node("Reshape", [MASK, "packed/all"], ["packed/mask"])
    yield helper.make_node("Cast", ["packed/mask"], ["packed/is_real"], to=onnx.TensorProto.BOOL)
    yield helper.make_node("NonZero", ["packed/is_real"], ["packed/numbers"])
    yield helper.make_node("Reshape", ["packed/numbers", "packed/all"], [_REAL])
    # For padding that of the last token before it, which is as good as any.
    yield helper.make_node("Cast", ["packed/is_real"], ["packed/counted"], to=onnx.TensorProto.INT32)
    yield helper.make_node("CumSum", ["packed/counted", "packed/axis"], ["packed/count"])
    yield helper.make_node("Sub", ["packed/count", "packed/one"], ["packed/last"])
    yield helper.make_node("Max", ["packed/last", "packed/first"], ["packed/token"])
    yield helper.make_node("Reshape", ["packed/token", SHAPE], [_TOKEN_AT])


def _rewritten(tokens: TokenGraph, own: set[str]) -> Iterator[onnx.NodeProto]:
    """The nodes of a graph, those that compute `own` on packed tokens, with what takes and puts tokens in between."""
    packed = {name: f"{name}/packed" for name in tokens.widths}
    taken, put = set[str](), set[str]()
    for node in tokens.graph.node:
        if node.output[0] in own:
            for name in node.input:
                if name in packed and name not in own and name not in taken:
                    taken.add(name)
                    yield helper.make_node("Reshape", [name, _rows_of(tokens.widths[name])], [f"{name}/rows"])
                    yield helper.make_node("Gather", [f"{name}/rows", _REAL], [packed[name]], axis=0)
            yield on_rows(node, packed)
        else:
            for name in node.input:
                if name in own and name not in put:
                    put.add(name)
                    yield helper.make_node("Gather", [packed[name], _TOKEN_AT], [name], axis=0)
            yield node
    for name in (output.name for output in tokens.graph.output):
        if name in own and name not in put:
            yield helper.make_node("Gather", [packed[name], _TOKEN_AT], [name], axis=0)


def _rows_of(width: int) -> str:
    return f"packed/rows_of_{width}"
