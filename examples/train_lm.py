"""Trains and exports `tiny-lm`, a byte-level language model, on the docstrings of Python's own standard library.

    python -m examples.train_lm                       # into examples/models: two to three minutes on one core
    python -m examples.train_lm --steps 100 --out some/other/folder

The text is on every machine that has Python, so nothing is downloaded. The model is a GPT-2 of four layers that any
tool for Hugging Face folders can load. The ONNX graph has the names that optimum gives such graphs. It takes
`input_ids` (int64, batch x sequence), `attention_mask` (int64, batch x past and sequence), `past_key_values.N.key` and
`past_key_values.N.value` (float32, batch x heads x past x width; the past may be empty). It gives `logits` (float32,
batch x sequence x 257), and `present.N.key` and `present.N.value`: past and sequence together.
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import argparse
import ast
import sysconfig
from pathlib import Path

import torch
from examples.training import Descent, add_steps, cache_names, options, record, write_graph, write_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

# Begins and ends a text; the 256 ids before it are bytes.
END = "<|endoftext|>"
POSITIONS = 256
# One docstring in so many is kept for the held-out loss.
HELD_OUT = 20


def docstrings() -> list[str]:
    """Every docstring of the standard library's own modules, in the order of their paths."""
    root = Path(sysconfig.get_paths()["stdlib"])
    texts = []
    for path in sorted(root.rglob("*.py")):
        # Packages of third parties, and tests, whose docstrings are odd on purpose.
        if {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3"} & set(
            path.relative_to(root).parts
        ):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text and len(text) > 40:
                    texts.append(text)
    return texts


def byte_tokenizer() -> Tokenizer:
    """A token a byte, and one for the end of a text."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {letter: number for number, letter in enumerate(sorted(alphabet))}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens([END])
    return tokenizer


def make_config(end: int) -> GPT2Config:
    """0.83 million weights; the embeddings are the output layer, too."""
    return GPT2Config(
        vocab_size=end + 1,
        n_positions=POSITIONS,
        n_embd=128,
        n_layer=4,
        n_head=4,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
    )


def stream_of(tokenizer: Tokenizer, texts: list[str]) -> Tensor:
    """All texts, each behind the end of the one before."""
    end = tokenizer.token_to_id(END)
    ids = [number for text in tokenizer.encode_batch(texts) for number in (end, *text.ids)]
    return torch.tensor(ids)


def mean_loss(model: GPT2LMHeadModel, stream: Tensor) -> float:
    """Nats a token over windows of full length."""
    whole = stream[: len(stream) // POSITIONS * POSITIONS].view(-1, POSITIONS)
    with torch.inference_mode():
        losses = [model(input_ids=rows, labels=rows).loss.item() for rows in whole.split(16)]
    return float(sum(losses) / len(losses))


def fit(model: GPT2LMHeadModel, stream: Tensor, arguments: argparse.Namespace) -> None:
    """Trains on random windows with a rate that rises briefly and falls to zero."""
    generator = torch.Generator().manual_seed(arguments.seed)
    descent = Descent(model.parameters(), arguments.rate, arguments.steps, betas=(0.9, 0.95), weight_decay=0.05)
    model.train()
    for step in range(1, arguments.steps + 1):
        starts = torch.randint(len(stream) - POSITIONS, (arguments.batch,), generator=generator).tolist()
        rows = torch.stack([stream[start : start + POSITIONS] for start in starts])
        loss = model(input_ids=rows, labels=rows).loss
        descent.step(loss)
        if step % 50 == 0:
            print(f"step {step}: {loss.item():.3f} nats a byte", flush=True)
    model.eval()


class Graph(nn.Module):
    """What is exported: ids, mask and what was read before in, logits and all that was read out.

    The same computation as transformers' GPT-2, written so that the exporter needs no tracing of its mask helpers and
    that a row's logits do not depend, to the last bit, on how far the row is padded: numerator and denominator of the
    attention are matrix products, which add one term after another, so that zeros at the end are exact.
    """

    def __init__(self, model: GPT2LMHeadModel) -> None:
        super().__init__()
        self.model = model
        self.heads = model.config.n_head

    def attend(self, block: nn.Module, states: Tensor, bias: Tensor, past: list[Tensor]) -> list[Tensor]:
        """Multi-head attention of one block: its output, and all keys and values."""
        batch, length, hidden = states.shape
        parts = block.attn.c_attn(states).view(batch, length, 3, self.heads, hidden // self.heads)
        query, *new = parts.permute(2, 0, 3, 1, 4)
        key, value = (torch.cat([before, one], dim=2) for before, one in zip(past, new, strict=True))
        scores = query @ key.transpose(2, 3) / (query.shape[-1] ** 0.5) + bias
        weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
        mixed = (weights @ value) / (weights @ torch.ones_like(value))
        return [block.attn.c_proj(mixed.transpose(1, 2).reshape(states.shape)), key, value]

    def forward(self, input_ids: Tensor, attention_mask: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        """Logits of the sequence, and keys and values of past and sequence."""
        body = self.model.transformer
        before, length = past[0].shape[2], input_ids.shape[1]
        places = torch.arange(before + length, device=input_ids.device)
        states = body.wte(input_ids) + body.wpe(places[before:])
        hidden = (places[None, :] > places[before:, None]) | (attention_mask[:, None, None, :] == 0)
        bias = hidden.to(states.dtype) * -1e9
        present = []
        for block, *pair in zip(body.h, past[::2], past[1::2], strict=True):
            attended, key, value = self.attend(block, block.ln_1(states), bias, pair)
            states = states + attended
            states = states + block.mlp(block.ln_2(states))
            present += [key, value]
        return self.model.lm_head(body.ln_f(states)), *present


def no_past(config: GPT2Config, rows: int) -> list[Tensor]:
    """Keys and values before anything was read."""
    return [torch.zeros(rows, config.n_head, 0, config.n_embd // config.n_head) for _ in range(2 * config.n_layer)]


def check(model: GPT2LMHeadModel, graph: Graph) -> None:
    """Holds the graph against transformers' own logits, read at once and in two parts."""
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    nothing = no_past(model.config, 2)
    with torch.inference_mode():
        expected = model(input_ids=ids, attention_mask=mask).logits
        whole = graph(ids, mask, *nothing)[0]
        first, *past = graph(ids[:, :2], mask[:, :2], *nothing)
        parts = torch.cat([first, graph(ids[:, 2:], mask, *past)[0]], dim=1)
    difference = max((found - expected)[mask.bool()].abs().max() for found in (whole, parts))
    if difference > 1e-4:
        raise SystemExit(f"the graph differs from the model by {difference}")


def export(model: GPT2LMHeadModel, path: Path) -> None:
    """Writes the ONNX graph."""
    graph = Graph(model).eval()
    check(model, graph)
    layers = model.config.n_layer
    inputs, outputs = cache_names("past_key_values", layers), cache_names("present", layers)
    axes = {"input_ids": {0: "batch", 1: "sequence"}, "attention_mask": {0: "batch", 1: "total"}}
    axes["logits"] = axes["input_ids"]
    axes.update({name: {0: "batch", 2: "past"} for name in inputs})
    axes.update({name: {0: "batch", 2: "total"} for name in outputs})
    past = [torch.zeros(2, *one.shape[1:2], 3, one.shape[3]) for one in no_past(model.config, 2)]
    example = (torch.zeros(2, 4, dtype=torch.int64), torch.ones(2, 7, dtype=torch.int64), *past)
    names = ["input_ids", "attention_mask", *inputs]
    write_graph(graph, example, path, names, ["logits", *outputs], axes)


def save(folder: Path, model: GPT2LMHeadModel, tokenizer: Tokenizer, held_out: float) -> None:
    """Writes the folder as model hubs lay it out, and records the held-out loss in config.json."""
    model.save_pretrained(folder)
    write_tokenizer(folder, tokenizer, POSITIONS, bos_token=END, eos_token=END)
    record(folder, {"text": "held-out docstrings", "nats_per_byte": round(held_out, 4)})
    export(model, folder / "onnx" / "model.onnx")


def main() -> None:
    """Command line entry."""
    parser = options("Train and export the example language model.", "weights and order of windows")
    add_steps(parser, steps=400, batch=8, rate=3e-3, what="windows")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    tokenizer = byte_tokenizer()
    texts = docstrings()
    kept, held = [t for i, t in enumerate(texts) if i % HELD_OUT], texts[::HELD_OUT]
    print(f"{len(texts)} docstrings, {sum(len(text) for text in texts)} characters")
    model = GPT2LMHeadModel(make_config(tokenizer.get_vocab_size() - 1))
    fit(model, stream_of(tokenizer, kept), arguments)
    held_out = mean_loss(model, stream_of(tokenizer, held))
    print(f"held out: {held_out:.4f} nats a byte")
    save(arguments.out / "tiny-lm", model, tokenizer, held_out)


if __name__ == "__main__":
    main()
