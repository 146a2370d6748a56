"""What the scripts that train example models share: their options, a step of training, and the files of a folder."""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import torch
from examples.onnx_score import EXAMPLES
from tokenizers import Tokenizer
from torch import Tensor, nn

OPSET = 17


def options(description: str, seed_of: str) -> argparse.ArgumentParser:
    """The options of every script: where to, and the seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=EXAMPLES / "models", help="folder for the model's folder")
    parser.add_argument("--seed", type=int, default=7, help=f"seed of {seed_of}")
    return parser


def add_steps(parser: argparse.ArgumentParser, steps: int, batch: int, rate: float, what: str) -> None:
    """The options of a training that counts steps, with their defaults; `what` is in a batch."""
    parser.add_argument("--steps", type=int, default=steps, help="training steps")
    parser.add_argument("--batch", type=int, default=batch, help=f"{what} a step")
    parser.add_argument("--rate", type=float, default=rate, help="highest learning rate")


class Descent:
    """Steps of AdamW with a rate that rises briefly and falls to zero, and with gradients of at most length 1."""

    def __init__(self, weights: Iterable[nn.Parameter], rate: float, steps: int, **adam: Any) -> None:
        self._weights = list(weights)
        self._optimizer = torch.optim.AdamW(self._weights, lr=rate, **{"weight_decay": 0.01, **adam})
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, max_lr=rate, total_steps=steps, pct_start=0.1
        )

    def step(self, loss: Tensor) -> None:
        """Takes one step down."""
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._schedule.step()


def write_json(path: Path, value: object) -> None:
    """Writes a file of a model folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_tokenizer(folder: Path, tokenizer: Tokenizer, most_tokens: int, **specials: str) -> None:
    """Writes the tokenizer, and what transformers has to know of it: its special tokens by their roles."""
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **specials,
        "model_max_length": most_tokens,
        "clean_up_tokenization_spaces": False,
    }
    write_json(folder / "tokenizer_config.json", about)


def record(folder: Path, evaluation: Mapping[str, object]) -> None:
    """Keeps in config.json how well the model does."""
    settings = folder / "config.json"
    write_json(settings, {**json.loads(settings.read_text(encoding="utf-8")), "evaluation": dict(evaluation)})


def cache_names(start: str, layers: int, *kinds: str) -> list[str]:
    """The names of keys and values, as optimum gives them; an encoder-decoder has two kinds of them."""
    places = [f"{layer}.{kind}" for layer in range(layers) for kind in kinds] if kinds else [*map(str, range(layers))]
    return [f"{start}.{place}.{part}" for place in places for part in ("key", "value")]


def write_graph(
    graph: nn.Module,
    example: Sequence[Tensor],
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    axes: Mapping[str, Mapping[int, str]],
) -> None:
    """Writes an ONNX graph by tracing an example; `axes` names those whose length may vary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Tracing warns of every shape that it sees; the checks of the scripts tell what matters.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph,
            tuple(example),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(of_name) for name, of_name in axes.items()},
            opset_version=OPSET,
            dynamo=False,
        )
    onnx.checker.check_model(onnx.load(str(path)), full_check=True)
