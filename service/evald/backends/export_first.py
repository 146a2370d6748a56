"""Rewrites an ONNX graph whose head reads the first token of each text: what no head reads is not computed.

Behind the last attention every layer of a classifier works on each token by itself, so that of all tokens only the
first one matters there. For the first tokens all numbers stay as they were.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from evald.backends.export_tokens import on_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evald.backends.export_tokens import TokenGraph

_FIRST = "first/place"


def keep_first(tokens: TokenGraph) -> int:
    """Rewrites a graph and says how many of its values have first tokens only."""
    read_first = _read_first(tokens)
    if read_first:
        tokens.replace([*_rewritten(tokens, read_first)], {_FIRST: np.array(0, dtype=np.int64)})
    return len(read_first)


def _read_first(tokens: TokenGraph) -> set[str]:
    """Values of which nothing but the first token of each text is read, computed from each token by itself."""
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in tokens.graph.node:
        for name in node.input:
            readers[name].append(node)
    outputs = {output.name for output in tokens.graph.output}
    found = set[str]()
    for node in reversed(tokens.own()):
        read = [one for name in node.output for one in readers[name]]
        if outputs.isdisjoint(node.output) and all(_takes_first(one, tokens) or one.output[0] in found for one in read):
            found.update(node.output)
    return found


def _takes_first(node: onnx.NodeProto, tokens: TokenGraph) -> bool:
    return (
        node.op_type == "Gather"
        and tokens.fixed.get(node.input[1]) == 0
        and [attribute.i for attribute in node.attribute] == [1]
    )


def _rewritten(tokens: TokenGraph, read_first: set[str]) -> Iterator[onnx.NodeProto]:
    firsts = {name: f"{name}/first" for name in tokens.widths}
    taken = set[str]()
    for node in tokens.graph.node:
        if node.output[0] in read_first:
            for name in node.input:
                if name in firsts and name not in read_first and name not in taken:
                    taken.add(name)
                    yield helper.make_node("Gather", [name, _FIRST], [firsts[name]], axis=1)
            yield on_rows(node, firsts)
        elif node.input and node.input[0] in read_first:
            yield helper.make_node("Identity", [firsts[node.input[0]]], node.output)
        else:
            yield node
