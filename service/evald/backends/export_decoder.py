"""The graph of a language model that can write: with its cache, whose inputs and outputs have the names of optimum."""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import DynamicCache, DynamicLayer

from evald.backends.contract import Choice, Writing
from evald.backends.folder import LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from evald.backends.contract import Backend, TokenSequence

# What is traced; nothing may depend on it.
_ROWS, _PAST, _NEW = 2, 3, 4
# Tokens that the graph writes to each text.
_WRITTEN = 8


class CachedGraph(torch.nn.Module):
    """Token ids, their mask with that of the past, and keys and values of the past in; logits and the whole cache out.

    The model is given the mask of every token for every other one, as its own way to make it cannot be traced.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        ids = torch.ones((1, 1), dtype=torch.int64)
        with torch.inference_mode():
            layers = model(input_ids=ids, use_cache=True).past_key_values.layers
        if any(type(layer) is not DynamicLayer for layer in layers):
            raise TypeError("the model keeps something else than keys and values of all tokens")
        self.shapes = [tuple(state.shape[1::2]) for layer in layers for state in (layer.keys, layer.values)]

    @property
    def names(self) -> list[str]:
        """Of keys and values, without what stands before them in inputs and outputs."""
        return [f"{layer}.{kind}" for layer in range(len(self.shapes) // 2) for kind in ("key", "value")]

    def forward(self, input_ids: Any, attention_mask: Any, *past: Any) -> Any:
        """Logits of the new tokens, then keys and values of all tokens by layer."""
        positions = torch.arange(attention_mask.shape[1])
        new = positions[past[0].shape[2] :]
        seen = (positions[None, :] <= new[:, None])[None, None] & (attention_mask[:, None, None, :] > 0)
        found = self.model(
            input_ids=input_ids,
            attention_mask=torch.where(seen, 0.0, torch.finfo(torch.float32).min),
            position_ids=new[None].expand(input_ids.shape[0], -1),
            past_key_values=_cache(past),
            use_cache=True,
        )
        return found.logits, *(state for layer in found.past_key_values.layers for state in (layer.keys, layer.values))


def write_cached_graph(graph: CachedGraph, path: Path, opset: int) -> None:
    """Writes the graph; raises whatever a model or the exporter raises."""
    past = [torch.zeros((_ROWS, heads, _PAST, width)) for heads, width in graph.shapes]
    ids = torch.ones((_ROWS, _NEW), dtype=torch.int64)
    mask = torch.ones((_ROWS, _PAST + _NEW), dtype=torch.int64)
    inputs = [f"past_key_values.{name}" for name in graph.names]
    outputs = [f"present.{name}" for name in graph.names]
    axes = {
        "input_ids": {0: "batch", 1: "sequence"},
        "attention_mask": {0: "batch", 1: "total"},
        "logits": {0: "batch", 1: "sequence"},
        **{name: {0: "batch", 2: "past"} for name in inputs},
        **{name: {0: "batch", 2: "total"} for name in outputs},
    }
    torch.onnx.export(
        graph,
        (ids, mask, *past),
        str(path),
        input_names=["input_ids", "attention_mask", *inputs],
        output_names=["logits", *outputs],
        dynamic_axes=axes,
        opset_version=opset,
        dynamo=False,
    )


def check_writing(
    model: Any, backend: Backend, sequences: Sequence[TokenSequence], ends: frozenset[int], tolerance: float
) -> None:
    """Holds what the graph writes against the model: every token must be its likeliest one. Raises LoadError.

    Numbers may differ by `tolerance`, so tokens whose logits are as close are equally likely.
    """
    asked = Writing(_WRITTEN, lambda: Choice(0.0, 1.0, 0.0), lambda _: False, lambda: False)
    short = [one for one in sequences if len(one) + _WRITTEN <= backend.info.max_tokens]
    for sequence in short:
        (written,) = backend.write([replace(sequence, writing=asked)])
        tokens = [{token} for token in written.ids] + [set(ends)] * written.ended
        read = torch.tensor([[*sequence.ids.tolist(), *written.ids]])
        with torch.inference_mode():
            logits = model(input_ids=read).logits[0, len(sequence) - 1 :]
        for row, chosen in zip(logits, tokens, strict=False):
            if not row[sorted(chosen)].max() >= row.max() - 2 * tolerance:
                raise LoadError("the graph writes other tokens than torch; use the torch backend")


def _cache(past: tuple[Any, ...]) -> Any:
    cache = DynamicCache()
    for keys, values in zip(past[::2], past[1::2], strict=True):
        layer = DynamicLayer()
        layer.lazy_initialization(keys, values)
        layer.keys, layer.values = keys, values
        cache.layers.append(layer)
    return cache
