"""Trains and exports the two example classifiers, a weak `support-base` and its fine-tuned `support-tuned`.

    python -m examples.train                                   # both models into examples/models: a minute or two
    python -m examples.train --out some/other/folder --epochs 3

Both start from the same random encoder. The base trains only its head, briefly; the tuned model continues from the
base with every weight free. That gives a pair that tells one honest story: same tokenizer, same graph, better weights.

Each folder is laid out as model hubs do it: config.json, tokenizer.json, model.safetensors and onnx/model.onnx. The
graph takes `input_ids` and `attention_mask` (int64, batch x sequence) and gives `logits` (float32, batch x classes).
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from examples.onnx_score import Ids, OnnxClassifier, pad, read_split
from examples.training import Descent, options, record, write_graph, write_json
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor, nn

SPECIALS = ("[PAD]", "[CLS]", "[SEP]")
PAD = SPECIALS.index("[PAD]")
BATCH = 32
# Finite, because an infinity minus an infinity is not a number; exp() of it is an exact zero in float32.
MASKED = -1e9

Config = dict[str, Any]
# The loss of a batch, given its ids, its mask and its row numbers.
LossOf = Callable[[Tensor, Tensor, list[int]], Tensor]


class SelfAttention(nn.Module):
    """Multi-head attention whose result for a row does not depend on how far the row is padded, to the last bit.

    The Softmax of onnxruntime adds the last few terms of a row apart where the processor has no masked vectors, so
    padding changes the order of the sum, and with it the rounding, even though it adds only zeros. Here numerator and
    denominator are both matrix products, which add one term after another: zeros at the end are exact.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads = int(config["num_attention_heads"])
        hidden = int(config["hidden_size"])
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, hidden)

    def split(self, states: Tensor) -> Tensor:
        """[batch, sequence, hidden] to [batch, heads, sequence, hidden / heads]."""
        batch, sequence, hidden = states.shape
        return states.view(batch, sequence, self.heads, hidden // self.heads).transpose(1, 2)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """`bias` is 0 at tokens and MASKED at padding."""
        query, key, value = self.split(self.query(states)), self.split(self.key(states)), self.split(self.value(states))
        scores = query @ key.transpose(2, 3) / (query.shape[-1] ** 0.5) + bias
        weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
        mixed = (weights @ value) / (weights @ torch.ones_like(value))
        return self.output(mixed.transpose(1, 2).reshape(states.shape))


class Layer(nn.Module):
    """A pre-norm transformer layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden, inner = int(config["hidden_size"]), int(config["intermediate_size"])
        self.attention_norm = nn.LayerNorm(hidden)
        self.attention = SelfAttention(config)
        self.feed_norm = nn.LayerNorm(hidden)
        self.feed = nn.Sequential(nn.Linear(hidden, inner), nn.ReLU(), nn.Linear(inner, hidden))
        self.dropout = nn.Dropout(float(config["hidden_dropout_prob"]))

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """Residual around attention, residual around the feed-forward block."""
        states = states + self.dropout(self.attention(self.attention_norm(states), bias))
        return states + self.dropout(self.feed(self.feed_norm(states)))


class Encoder(nn.Module):
    """Token and position embeddings and a stack of layers."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        hidden = int(config["hidden_size"])
        self.tokens = nn.Embedding(int(config["vocab_size"]), hidden)
        self.positions = nn.Embedding(int(config["max_position_embeddings"]), hidden)
        self.layers = nn.ModuleList(Layer(config) for _ in range(int(config["num_hidden_layers"])))
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(float(config["hidden_dropout_prob"]))
        # Small vectors, so that [CLS] consists of what it attends to rather than of itself.
        nn.init.normal_(self.tokens.weight, std=0.02)
        nn.init.normal_(self.positions.weight, std=0.02)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """States of all positions."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        states = self.dropout(self.tokens(input_ids) + self.positions(places))
        bias = (1.0 - attention_mask[:, None, None, :].to(states.dtype)) * MASKED
        for layer in self.layers:
            states = layer(states, bias)
        return self.norm(states)


class TicketClassifier(nn.Module):
    """Encoder and a linear head on the [CLS] token."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.head = nn.Linear(int(config["hidden_size"]), int(config["num_labels"]))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The logits of each row.

        The head runs on every position and [CLS] is taken afterwards: with [CLS] alone, a batch of one would be a
        product with a single row, for which onnxruntime's MatMul takes another path, with other rounding.
        """
        return self.head(self.encoder(input_ids, attention_mask))[:, 0]


def train_tokenizer(texts: Sequence[str], vocab_size: int, max_length: int) -> Tokenizer:
    """A lower-casing byte-level BPE tokenizer that frames a text as [CLS] text [SEP] and cuts it to `max_length`.

    Byte-level, because the trainer then numbers the alphabet in a fixed order. With a prefix for continued words, as
    WordPiece has it, the numbers follow the order of a hash map, and no two runs give the same tokenizer.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(token, SPECIALS.index(token)) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.enable_truncation(max_length)
    return tokenizer


def make_config(labels: Sequence[str], vocab_size: int, max_length: int) -> Config:
    """Everything that `load_classifier` and a server need to know of a model."""
    return {
        "architectures": ["TicketClassifier"],
        "model_type": "ticket-classifier",
        "task": "text-classification",
        "num_labels": len(labels),
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
        "vocab_size": vocab_size,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "hidden_dropout_prob": 0.1,
        "max_position_embeddings": max_length,
        "pad_token_id": PAD,
        "torch_dtype": "float32",
    }


def batches(rows: int, size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Row numbers in a fresh random order, `size` at a time."""
    order = torch.randperm(rows, generator=generator).tolist()
    for start in range(0, rows, size):
        yield order[start : start + size]


def fit(
    weights: Sequence[nn.Parameter], encoded: Sequence[list[int]], loss_of: LossOf, epochs: int, rate: float, seed: int
) -> float:
    """Trains `weights` with a rate that rises briefly and falls to zero; returns the last epoch's mean loss."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    descent = Descent(weights, rate, epochs * -(-len(encoded) // BATCH))
    mean = 0.0
    for _ in range(epochs):
        mean = 0.0
        for rows in batches(len(encoded), BATCH, generator):
            ids, mask = pad([encoded[row] for row in rows], PAD)
            loss = loss_of(torch.from_numpy(ids), torch.from_numpy(mask), rows)
            descent.step(loss)
            mean += loss.item() * len(rows) / len(encoded)
    return mean


def pretrain(encoder: Encoder, encoded: Sequence[list[int]], epochs: int, rate: float, seed: int) -> float:
    """Teaches the encoder, without a single label, to tell from [CLS] which words a ticket holds.

    A random encoder says so little at [CLS] that a head on top of it barely beats a guess. Words count by how rare
    they are; otherwise full stops are all that is learnt. The layer that names the words is dropped afterwards.
    """
    size = encoder.tokens.num_embeddings
    found = torch.zeros(size)
    for row in encoded:
        found[sorted(set(row))] += 1.0
    rarity = torch.log(len(encoded) / found.clamp(min=1.0))
    rarity[: len(SPECIALS)] = 0.0
    namer = nn.Linear(encoder.tokens.embedding_dim, size)

    def loss_of(ids: Tensor, mask: Tensor, _: list[int]) -> Tensor:
        wanted = torch.zeros(len(ids), size).scatter_(1, ids, 1.0) * rarity
        return nn.functional.cross_entropy(namer(encoder(ids, mask)[:, 0]), wanted / wanted.sum(dim=1, keepdim=True))

    encoder.train()
    return fit([*encoder.parameters(), *namer.parameters()], encoded, loss_of, epochs, rate, seed)


def classify(
    model: TicketClassifier, encoded: Sequence[list[int]], targets: Sequence[int], epochs: int, rate: float, seed: int
) -> float:
    """Trains towards the labels whichever weights ask for gradients, and leaves the model ready for inference."""

    def loss_of(ids: Tensor, mask: Tensor, rows: list[int]) -> Tensor:
        return nn.functional.cross_entropy(model(ids, mask), torch.tensor([targets[row] for row in rows]))

    model.train()
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    loss = fit(weights, encoded, loss_of, epochs, rate, seed)
    model.eval()
    return loss


def load_classifier(folder: Path) -> TicketClassifier:
    """Builds the torch model again from config.json and model.safetensors, ready for inference."""
    model = TicketClassifier(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    model.load_state_dict(load_file(folder / "model.safetensors"))
    model.eval()
    return model


def torch_logits(model: TicketClassifier, input_ids: Ids, attention_mask: Ids) -> np.ndarray[Any, np.dtype[np.float32]]:
    """One forward pass in torch, arrays in and out."""
    with torch.inference_mode():
        found = model(torch.from_numpy(input_ids), torch.from_numpy(attention_mask))
    return np.asarray(found.numpy(), dtype=np.float32)


def export(model: TicketClassifier, path: Path) -> None:
    """Writes the ONNX graph. The example input is a padded batch, so that the mask is traced as data."""
    example = tuple(torch.from_numpy(array) for array in pad([[1, 5, 6, 2], [1, 7, 2]], PAD))
    inputs = ["input_ids", "attention_mask"]
    axes = {name: {0: "batch", 1: "sequence"} for name in inputs}
    write_graph(model, example, path, inputs, ["logits"], {**axes, "logits": {0: "batch"}})


def save(folder: Path, model: TicketClassifier, tokenizer: Tokenizer, config: Config) -> None:
    """Writes a model folder and records in its config.json how many test rows the exported graph gets right."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    save_file({name: weight.contiguous() for name, weight in model.state_dict().items()}, folder / "model.safetensors")
    export(model, folder / "onnx" / "model.onnx")
    write_json(folder / "config.json", config)
    texts, labels = read_split("test")
    correct = OnnxClassifier(folder).count_correct(texts, labels)
    record(folder, {"split": "test", "rows": len(texts), "correct": correct})
    print(f"{folder.name}: {correct} of {len(texts)} test rows correct ({correct / len(texts):.4f})")


def build(arguments: argparse.Namespace) -> None:
    """Tokenizer, base model, tuned model."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    texts, names = read_split("train")
    labels = sorted(set(names))
    tokenizer = train_tokenizer(texts, arguments.vocab_size, arguments.max_length)
    config = make_config(labels, tokenizer.get_vocab_size(), arguments.max_length)
    encoded = [list(row.ids) for row in tokenizer.encode_batch(texts)]
    targets = [labels.index(name) for name in names]

    torch.manual_seed(arguments.seed)
    model = TicketClassifier(config)
    epochs, rate = arguments.pretrain_epochs, arguments.pretrain_rate
    loss = pretrain(model.encoder, encoded, epochs, rate, arguments.seed)
    print(f"encoder without labels: {epochs} epochs, last training loss {loss:.4f}")

    model.encoder.requires_grad_(False)
    loss = classify(model, encoded, targets, arguments.head_epochs, arguments.head_rate, arguments.seed)
    print(f"head alone: {arguments.head_epochs} epochs, last training loss {loss:.4f}")
    save(arguments.out / "support-base", model, tokenizer, config)

    model.encoder.requires_grad_(True)
    loss = classify(model, encoded, targets, arguments.epochs, arguments.rate, arguments.seed)
    print(f"all weights: {arguments.epochs} epochs, last training loss {loss:.4f}")
    save(arguments.out / "support-tuned", model, tokenizer, config)


def main() -> None:
    """Command line entry."""
    parser = options("Train and export the example classifiers.", "weights, order of rows and dropout")
    parser.add_argument("--vocab-size", type=int, default=1400, help="most tokens to learn")
    parser.add_argument("--max-length", type=int, default=64, help="most tokens of a ticket, [CLS] and [SEP] included")
    parser.add_argument("--pretrain-epochs", type=int, default=14, help="epochs of the encoder without labels")
    parser.add_argument("--pretrain-rate", type=float, default=2e-3, help="highest learning rate without labels")
    parser.add_argument("--head-epochs", type=int, default=8, help="epochs of the base, encoder frozen")
    parser.add_argument("--head-rate", type=float, default=1e-2, help="highest learning rate of the base")
    parser.add_argument("--epochs", type=int, default=6, help="epochs of the tuned model, all weights")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate of the tuned model")
    build(parser.parse_args())


if __name__ == "__main__":
    main()
