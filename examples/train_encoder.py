"""Trains and exports `tiny-encoder`, which turns texts into vectors, on tickets and the standard library's docstrings.

    python -m examples.train_encoder                       # into examples/models: two to three minutes on one core
    python -m examples.train_encoder --steps 50 --out some/other/folder

It learns without labels: of a text's words, one random half must find the other half among those of all texts of the
batch. The folder is that of a sentence-transformers model, a BERT with mean pooling, which any tool for Hugging Face
folders can load. The ONNX graph takes `input_ids` and `attention_mask` (int64, batch x sequence) and gives
`last_hidden_state` and `hidden_states.0` to `hidden_states.2` (float32, batch x sequence x 64).
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch
from examples.onnx_score import pad, read_split
from examples.train import PAD, SPECIALS, train_tokenizer
from examples.train_lm import docstrings
from examples.training import Descent, add_steps, options, record, write_graph, write_json, write_tokenizer
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

POSITIONS = 128
# What is pooled is shorter than what the model can read, as it is with most models of this kind.
POOLED = 64
HELD_OUT = 20
TEMPERATURE = 0.05


def make_config(vocab_size: int) -> BertConfig:
    """0.2 million weights."""
    return BertConfig(
        vocab_size=vocab_size,
        max_position_embeddings=POSITIONS,
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=128,
        pad_token_id=PAD,
        dtype="float32",
    )


def halves(text: str, chooser: random.Random) -> tuple[str, str]:
    """Two random halves of the words, each in the order of the text."""
    words = text.split()
    first = set(chooser.sample(range(len(words)), len(words) // 2))
    left = [word for at, word in enumerate(words) if at in first]
    right = [word for at, word in enumerate(words) if at not in first]
    return " ".join(left), " ".join(right)


def vectors(model: BertModel, tokenizer: Tokenizer, texts: list[str]) -> Tensor:
    """Means over the tokens, of length 1."""
    rows = [encoding.ids[: POOLED - 1] + encoding.ids[-1:] for encoding in tokenizer.encode_batch(texts)]
    ids, mask = (torch.from_numpy(array) for array in pad(rows, PAD))
    weights = mask[:, :, None].float()
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return nn.functional.normalize((states * weights).sum(1) / weights.sum(1), dim=1)


def matches(model: BertModel, tokenizer: Tokenizer, texts: list[str], chooser: random.Random) -> Tensor:
    """Similarity of every left half with every right half."""
    pairs = [halves(text, chooser) for text in texts]
    left, right = (vectors(model, tokenizer, [pair[side] for pair in pairs]) for side in (0, 1))
    return left @ right.T


def fit(model: BertModel, tokenizer: Tokenizer, texts: list[str], arguments: argparse.Namespace) -> None:
    """Trains with a rate that rises briefly and falls to zero."""
    chooser = random.Random(arguments.seed)
    descent = Descent(model.parameters(), arguments.rate, arguments.steps)
    model.train()
    for step in range(1, arguments.steps + 1):
        found = matches(model, tokenizer, chooser.sample(texts, arguments.batch), chooser) / TEMPERATURE
        own = torch.arange(len(found))
        loss = nn.functional.cross_entropy(found, own) + nn.functional.cross_entropy(found.T, own)
        descent.step(loss)
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.3f}", flush=True)
    model.eval()


def share_found(model: BertModel, tokenizer: Tokenizer, texts: list[str]) -> float:
    """The share of held-out halves that find their other half among 100."""
    with torch.inference_mode():
        found = matches(model, tokenizer, texts[:100], random.Random(0)).argmax(dim=1)
    return float((found == torch.arange(len(found))).double().mean())


class Graph(nn.Module):
    """What is exported: ids and mask in, the states after the embeddings and after every layer out.

    The same computation as transformers' BERT, written so that a row's states do not depend, to the last bit, on how
    far the row is padded: see `SelfAttention` of `examples/train.py`.
    """

    def __init__(self, model: BertModel) -> None:
        super().__init__()
        self.model = model
        self.heads = model.config.num_attention_heads

    def attend(self, layer: nn.Module, states: Tensor, bias: Tensor) -> Tensor:
        """Multi-head attention of one layer with its residual."""
        own, (batch, length, hidden) = layer.attention.self, states.shape
        query, key, value = (
            part(states).view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)
            for part in (own.query, own.key, own.value)
        )
        scores = query @ key.transpose(2, 3) / (query.shape[-1] ** 0.5) + bias
        weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
        mixed = (weights @ value) / (weights @ torch.ones_like(value))
        return layer.attention.output(mixed.transpose(1, 2).reshape(states.shape), states)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """The last states, then those before."""
        table = self.model.embeddings
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        summed = table.word_embeddings(input_ids) + table.token_type_embeddings.weight[0]
        states = [table.LayerNorm(summed + table.position_embeddings(places))]
        bias = (1.0 - attention_mask[:, None, None, :].to(states[0].dtype)) * -1e9
        for layer in self.model.encoder.layer:
            attended = self.attend(layer, states[-1], bias)
            states.append(layer.output(layer.intermediate(attended), attended))
        return states[-1], *states[:-1]


def export(model: BertModel, path: Path) -> None:
    """Writes the ONNX graph and holds it against transformers' own states."""
    graph = Graph(model).eval()
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    with torch.inference_mode():
        theirs = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states
        for one, other in zip(graph(ids, mask), (theirs[-1], *theirs[:-1]), strict=True):
            if (difference := (one - other)[mask.bool()].abs().max()) > 1e-5:
                raise SystemExit(f"the graph differs from the model by {difference}")
    inputs = ["input_ids", "attention_mask"]
    outputs = ["last_hidden_state", *(f"hidden_states.{layer}" for layer in range(model.config.num_hidden_layers))]
    axes = {name: {0: "batch", 1: "sequence"} for name in (*inputs, *outputs)}
    write_graph(graph, (ids, mask), path, inputs, outputs, axes)


def save(folder: Path, model: BertModel, tokenizer: Tokenizer, found: float) -> None:
    """Writes the folder as sentence-transformers lays it out, and records what was found in config.json."""
    model.save_pretrained(folder)
    pad, cls, sep = SPECIALS
    write_tokenizer(folder, tokenizer, POSITIONS, pad_token=pad, cls_token=cls, sep_token=sep)
    write = {
        "modules.json": [
            {"idx": idx, "name": str(idx), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for idx, (path, kind) in enumerate(
                (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
            )
        ],
        "sentence_bert_config.json": {"max_seq_length": POOLED, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": model.config.hidden_size,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
        },
    }
    for name, value in write.items():
        write_json(folder / name, value)
    record(folder, {"halves_of_held_out_texts_found_among_100": found})
    export(model, folder / "onnx" / "model.onnx")


def main() -> None:
    """Command line entry."""
    parser = options("Train and export the example encoder.", "weights, order and halves")
    parser.add_argument("--vocab-size", type=int, default=1400, help="most tokens to learn")
    add_steps(parser, steps=500, batch=64, rate=2e-3, what="texts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    tickets, _ = read_split("train")
    texts = [text for text in (*tickets, *docstrings()) if len(text.split()) >= 6]
    kept, held = [text for at, text in enumerate(texts) if at % HELD_OUT], texts[::HELD_OUT]
    tokenizer = train_tokenizer(kept, arguments.vocab_size, POSITIONS)
    # The server cuts texts itself, and says so.
    tokenizer.no_truncation()
    model = BertModel(make_config(tokenizer.get_vocab_size()), add_pooling_layer=False)
    fit(model, tokenizer, kept, arguments)
    random.Random(0).shuffle(held)
    found = share_found(model, tokenizer, held)
    print(f"held out: {found:.2f} of the halves found among 100")
    save(arguments.out / "tiny-encoder", model, tokenizer, found)


if __name__ == "__main__":
    main()
