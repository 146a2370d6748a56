"""Trains and exports `tiny-seq2seq`, which reads a number in digits and writes it in words: 4096, four thousand ...

    python -m examples.train_seq2seq                       # into examples/models: two to three minutes on one core
    python -m examples.train_seq2seq --steps 50 --out some/other/folder

The model is a T5 of two and two layers whose tokens are bytes; any tool for Hugging Face folders can load it. The ONNX
graphs are those of optimum's exports. `encoder_model.onnx` takes `input_ids` and `attention_mask` (int64, batch x
sequence) and gives `last_hidden_state` (float32, batch x sequence x 64). `decoder_model_merged.onnx` takes `input_ids`,
`encoder_attention_mask` and `encoder_hidden_states` and gives `logits` (float32, batch x sequence x 258), and with
`use_cache_branch` it reads as `past_key_values.N.decoder.key`, `.value` and `past_key_values.N.encoder.key`, `.value`
what it gave as `present.N...` a step before.
"""

# torch is not installed where the project is type-checked, so its Module is of no known type there.
# mypy: allow-subclassing-any

from __future__ import annotations

import argparse
import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from examples.numbers_in_words import DIGITS, HELD_OUT, held_out, in_words
from examples.onnx_score import pad
from examples.train_lm import END, byte_tokenizer
from examples.training import Descent, add_steps, cache_names, options, record, write_graph, write_tokenizer
from tokenizers import Tokenizer, processors
from torch import Tensor, nn
from transformers import T5Config, T5ForConditionalGeneration

PAD = "<|pad|>"
# T5 has no positions; this is the most that it saw, and more than any number here needs.
MOST_TOKENS = 128


def make_tokenizer() -> Tokenizer:
    """A token a byte, one for the end of a text and one for padding."""
    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens([PAD])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return tokenizer


def make_config(tokenizer: Tokenizer) -> T5Config:
    """0.18 million weights; the embeddings are the output layer, too."""
    padding = tokenizer.token_to_id(PAD)
    return T5Config(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=64,
        d_kv=16,
        d_ff=128,
        num_layers=2,
        num_decoder_layers=2,
        num_heads=4,
        relative_attention_num_buckets=16,
        relative_attention_max_distance=32,
        dropout_rate=0.0,
        pad_token_id=padding,
        eos_token_id=tokenizer.token_to_id(END),
        decoder_start_token_id=padding,
    )


def fit(model: T5ForConditionalGeneration, tokenizer: Tokenizer, arguments: argparse.Namespace) -> None:
    """Trains on numbers of one to six digits, each length as often as any other."""
    chooser, kept = random.Random(arguments.seed), set(held_out())
    descent = Descent(model.parameters(), arguments.rate, arguments.steps)
    padding = model.config.pad_token_id

    def numbers() -> list[int]:
        lengths = [chooser.randint(1, DIGITS) for _ in range(arguments.batch)]
        return [chooser.randrange(10 ** (length - 1) if length > 1 else 0, 10**length) for length in lengths]

    model.train()
    for step in range(1, arguments.steps + 1):
        shown = [number for number in numbers() if number not in kept]
        rows = [row.ids for row in tokenizer.encode_batch([str(number) for number in shown])]
        targets = [row.ids for row in tokenizer.encode_batch([in_words(number) for number in shown])]
        ids, mask = (torch.from_numpy(array) for array in pad(rows, padding))
        # What the loss leaves out.
        labels = torch.from_numpy(pad(targets, -100)[0])
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        descent.step(loss)
        if step % 50 == 0:
            print(f"step {step}: {loss.item():.4f} nats a byte", flush=True)
    model.eval()


def count_right(model: T5ForConditionalGeneration, tokenizer: Tokenizer) -> int:
    """How many of the numbers that it was never shown it writes without a mistake."""
    right, numbers = 0, held_out()
    for start in range(0, len(numbers), 50):
        batch = numbers[start : start + 50]
        rows = [row.ids for row in tokenizer.encode_batch([str(number) for number in batch])]
        ids, mask = (torch.from_numpy(array) for array in pad(rows, model.config.pad_token_id))
        written = model.generate(input_ids=ids, attention_mask=mask, max_new_tokens=MOST_TOKENS, do_sample=False)
        texts = tokenizer.decode_batch(written.tolist())
        right += sum(text == in_words(number) for number, text in zip(batch, texts, strict=True))
    return right


class Attention(nn.Module):
    """T5's attention, written so that the answer for a row does not depend on padding: see `SelfAttention` of
    `examples/train.py`.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def split(self, states: Tensor) -> Tensor:
        """[batch, sequence, heads * width] to [batch, heads, sequence, width]."""
        batch, length, _ = states.shape
        return states.view(batch, length, self.layer.n_heads, self.layer.key_value_proj_dim).transpose(1, 2)

    def remember(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values."""
        return self.split(self.layer.k(states)), self.split(self.layer.v(states))

    def forward(self, states: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
        """What the states find among keys and values."""
        scores = self.split(self.layer.q(states)) @ key.transpose(2, 3) + bias
        weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
        mixed = (weights @ value) / (weights @ torch.ones_like(value))
        return self.layer.o(mixed.transpose(1, 2).reshape(states.shape[0], states.shape[1], self.layer.inner_dim))


def place_bias(layer: nn.Module, config: T5Config, first: Tensor, of_query: Tensor, of_key: Tensor) -> Tensor:
    """What T5 adds to scores for the distance of two places, [1, heads, queries, keys].

    Buckets are looked up: their logarithms, computed in the graph, might fall on the other side of a border. `first` is
    any tensor on the device.
    """
    most = config.relative_attention_max_distance
    distances = torch.arange(-most, most + 1)
    buckets = layer._relative_position_bucket(
        distances, not layer.is_decoder, config.relative_attention_num_buckets, most
    )
    offsets = (of_key[None, :] - of_query[:, None]).clamp(-most, most) + most
    return layer.relative_attention_bias(buckets.to(first.device)[offsets]).permute(2, 0, 1)[None]


def hide(mask: Tensor) -> Tensor:
    """0 at tokens and a large negative number at padding, [batch, 1, 1, sequence]."""
    return (mask[:, None, None, :] == 0).to(torch.float32) * -1e9


class EncoderGraph(nn.Module):
    """Ids and their mask in, states out."""

    def __init__(self, model: T5ForConditionalGeneration) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The same computation as transformers' T5."""
        stack = self.model.encoder
        states = stack.embed_tokens(input_ids)
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        first = stack.block[0].layer[0].SelfAttention
        bias = hide(attention_mask) + place_bias(first, self.model.config, states, places, places)
        for block in stack.block:
            attention, feed = block.layer
            normed, attend = attention.layer_norm(states), Attention(attention.SelfAttention)
            states = states + attend(normed, *attend.remember(normed), bias)
            states = states + feed.DenseReluDense(feed.layer_norm(states))
        return stack.final_layer_norm(states)


def _scripted(function: Callable[..., Tensor]) -> Any:
    """Keeps the branches of a function, of which tracing sees one."""
    with warnings.catch_warnings():
        # To be replaced together with the exporter.
        warnings.simplefilter("ignore", FutureWarning)
        return torch.jit.script(function)


@_scripted
def _past_or_nothing(use_cache: Tensor, past: Tensor) -> Tensor:
    return past if bool(use_cache) else past[:, :, :0]


@_scripted
def _past_or_new(use_cache: Tensor, past: Tensor, states: Tensor, weight: Tensor) -> Tensor:
    """Keys or values of the encoder's states, [batch, heads, sequence, width], which are computed once a text."""
    if bool(use_cache):
        kept = past
    else:
        made = states.matmul(weight.t())
        kept = made.view(made.size(0), made.size(1), past.size(1), past.size(3)).transpose(1, 2)
    return kept


class DecoderGraph(nn.Module):
    """Both decoders of optimum in one: with `use_cache_branch` what was read before is taken from the past."""

    def __init__(self, model: T5ForConditionalGeneration) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, encoder_attention_mask: Tensor, input_ids: Tensor, encoder_hidden_states: Tensor, *past_and_switch: Tensor
    ) -> tuple[Tensor, ...]:
        """Logits, and all keys and values: two of the decoder's states and two of the encoder's a layer."""
        *past, use_cache = past_and_switch
        stack, config = self.model.decoder, self.model.config
        own = [_past_or_nothing(use_cache, one) for one in past]
        before, length = own[0].shape[2], input_ids.shape[1]
        places = torch.arange(before + length, device=input_ids.device)
        states = stack.embed_tokens(input_ids)
        later = (places[None, :] > places[before:, None]).to(states.dtype) * -1e9
        first = stack.block[0].layer[0].SelfAttention
        bias = place_bias(first, config, states, places[before:], places) + later
        padding = hide(encoder_attention_mask)
        present: list[Tensor] = []
        for block, at in zip(stack.block, range(0, len(past), 4), strict=True):
            attention, cross, feed = block.layer
            normed, attend = attention.layer_norm(states), Attention(attention.SelfAttention)
            pairs = zip(own[at : at + 2], attend.remember(normed), strict=True)
            moving = [torch.cat(pair, dim=2) for pair in pairs]
            states = states + attend(normed, *moving, bias)
            projections = (cross.EncDecAttention.k.weight, cross.EncDecAttention.v.weight)
            fixed = [
                _past_or_new(use_cache, one, encoder_hidden_states, weight)
                for one, weight in zip(past[at + 2 : at + 4], projections, strict=True)
            ]
            states = states + Attention(cross.EncDecAttention)(cross.layer_norm(states), *fixed, padding)
            states = states + feed.DenseReluDense(feed.layer_norm(states))
            present += [*moving, *fixed]
        states = stack.final_layer_norm(states)
        if config.scale_decoder_outputs:
            states = states * config.d_model**-0.5
        return self.model.lm_head(states), *present


def no_past(config: T5Config, rows: int) -> list[Tensor]:
    """Keys and values before anything was read."""
    return [torch.zeros(rows, config.num_heads, 0, config.d_kv) for _ in range(4 * config.num_decoder_layers)]


def check(model: T5ForConditionalGeneration, encoder: EncoderGraph, decoder: DecoderGraph) -> None:
    """Holds the graphs against transformers' own logits, read at once and in two parts."""
    ids, mask = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 0]]), torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    read = torch.tensor([[257, 3, 4, 5], [257, 6, 7, 8]])
    nothing, no, yes = no_past(model.config, 2), torch.tensor([False]), torch.tensor([True])
    with torch.inference_mode():
        expected = model(input_ids=ids, attention_mask=mask, decoder_input_ids=read).logits
        states = encoder(ids, mask)
        whole = decoder(mask, read, states, *nothing, no)[0]
        first, *past = decoder(mask, read[:, :2], states, *nothing, no)
        parts = torch.cat([first, decoder(mask, read[:, 2:], states, *past, yes)[0]], dim=1)
    difference = max((found - expected).abs().max() for found in (whole, parts))
    if difference > 1e-4:
        raise SystemExit(f"the graphs differ from the model by {difference}")


def export(model: T5ForConditionalGeneration, folder: Path) -> None:
    """Writes both ONNX graphs."""
    encoder, decoder = EncoderGraph(model).eval(), DecoderGraph(model).eval()
    check(model, encoder, decoder)
    ids, mask = torch.zeros(2, 4, dtype=torch.int64), torch.ones(2, 4, dtype=torch.int64)
    batch = {0: "batch", 1: "sequence"}
    names = ["input_ids", "attention_mask"]
    axes = dict.fromkeys((*names, "last_hidden_state"), batch)
    write_graph(encoder, (ids, mask), folder / "encoder_model.onnx", names, ["last_hidden_state"], axes)
    layers = model.config.num_decoder_layers
    inputs, outputs = (cache_names(start, layers, "decoder", "encoder") for start in ("past_key_values", "present"))
    past = [torch.zeros(2, model.config.num_heads, 4, model.config.d_kv) for _ in inputs]
    names = ["encoder_attention_mask", "input_ids", "encoder_hidden_states"]
    axes = {"input_ids": batch, "logits": batch}
    axes |= {name: {0: "batch", 1: "read"} for name in ("encoder_attention_mask", "encoder_hidden_states")}
    axes |= {name: {0: "batch", 2: "past_read" if ".encoder." in name else "past"} for name in inputs}
    axes |= {name: {0: "batch", 2: "read" if ".encoder." in name else "total"} for name in outputs}
    states = torch.zeros(2, 4, model.config.d_model)
    write_graph(
        decoder,
        (mask, ids[:, :2], states, *past, torch.tensor([True])),
        folder / "decoder_model_merged.onnx",
        [*names, *inputs, "use_cache_branch"],
        ["logits", *outputs],
        axes,
    )


def save(folder: Path, model: T5ForConditionalGeneration, tokenizer: Tokenizer, right: int) -> None:
    """Writes the folder as model hubs lay it out, and records the count of right numbers in config.json."""
    model.save_pretrained(folder)
    write_tokenizer(folder, tokenizer, MOST_TOKENS, eos_token=END, pad_token=PAD)
    record(folder, {"numbers": f"{HELD_OUT} held out", "right": right})
    export(model, folder / "onnx")


def main() -> None:
    """Command line entry."""
    parser = options("Train and export the example that writes numbers in words.", "weights and numbers")
    add_steps(parser, steps=900, batch=64, rate=5e-3, what="numbers")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    tokenizer = make_tokenizer()
    model = T5ForConditionalGeneration(make_config(tokenizer))
    fit(model, tokenizer, arguments)
    right = count_right(model, tokenizer)
    print(f"held out: {right} of {HELD_OUT} numbers right")
    save(arguments.out / "tiny-seq2seq", model, tokenizer, right)


if __name__ == "__main__":
    main()
