"""Texts that the torch backend writes: those of transformers' generate, and through the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.contract import Choice, GenerationOptions, RowKey, TokenSequence
from evald.backends.generation import NO_TOKEN, choose, writing
from evald.backends.registry import ModelOptions

if TYPE_CHECKING:
    from pathlib import Path

    from evald.backends.pytorch import TorchBackend

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")

pytestmark = pytest.mark.torch

PROMPTS = ["Return the number of ", "Raise the error if ", "The quick brown fox ", "Ünïcode is "]
MOST = 60


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-lm"


@pytest.fixture(scope="module")
def backend(folder: Path) -> TorchBackend:
    from evald.backends.pytorch import TorchBackend

    return TorchBackend("tiny-lm", folder, ModelOptions(backend="torch"))


def asked(backend: Any, options: GenerationOptions, *prompts: str) -> list[TokenSequence]:
    return [
        TokenSequence(one.ids, writing=writing(options, 99, prompt, RowKey(), backend.decode, lambda: False))
        for prompt, one in zip(prompts, backend.encode(prompts), strict=True)
    ]


def test_greedy_tokens_are_those_of_generate(backend: TorchBackend, folder: Path) -> None:
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for prompt in PROMPTS:
        given = tokenizer(prompt, return_tensors="pt")
        whole = model.generate(**given, max_new_tokens=MOST, do_sample=False)[0].tolist()
        expected = whole[given["input_ids"].shape[1] :]
        # Beside another of its length, which is done sooner.
        both = asked(backend, GenerationOptions(MOST), prompt) + asked(backend, GenerationOptions(5), prompt)
        found, short = backend.write(both)
        assert list(found.ids) == [token for token in expected if token != tokenizer.eos_token_id]
        assert (found.count, found.ended) == (len(expected), expected[-1] == tokenizer.eos_token_id)
        assert list(short.ids) == expected[:5]
        assert backend.decode(found.ids) == tokenizer.decode(expected, skip_special_tokens=True)


def test_the_onnx_graph_writes_the_same(backend: TorchBackend, folder: Path) -> None:
    pytest.importorskip("onnxruntime")
    from evald.backends.onnx import OnnxBackend

    onnx = OnnxBackend("tiny-lm", folder, ModelOptions())
    for options in (GenerationOptions(MOST), GenerationOptions(MOST, temperature=0.8, top_p=0.9, seed=3)):
        for prompt in PROMPTS:
            (theirs,), (ours,) = (
                backend.write(asked(backend, options, prompt)),
                onnx.write(asked(onnx, options, prompt)),
            )
            assert list(theirs.ids) == list(ours.ids)


def test_draws_on_the_device_are_those_of_numpy() -> None:
    from evald.backends.pytorch_decoder import TorchDecoder

    numbers = np.random.default_rng(5)
    decoder: Any = TorchDecoder(None, takes_kept=False)
    for _ in range(50):
        logits = numbers.normal(0, 3, (8, 40)).astype(np.float32)
        logits[0, 3] = np.nan
        choices = [
            Choice(float(numbers.choice([0, 0.5, 2])), float(numbers.random()), float(numbers.random()))
            for _ in range(8)
        ]
        decoder._logits = torch.from_numpy(logits)
        decoder._model = decoder._logits
        assert decoder.choose(choices) == choose(logits, choices)
        assert decoder.choose(choices)[0] == NO_TOKEN


def test_top_p_is_that_of_transformers() -> None:
    numbers = np.random.default_rng(6)
    for _ in range(30):
        logits = numbers.normal(0, 2, (1, 12)).astype(np.float32)
        top_p = float(numbers.uniform(0.05, 0.999))
        kept = transformers.TopPLogitsWarper(top_p)(None, torch.from_numpy(logits.astype(np.float64)))
        drawn = {choose(logits, [Choice(1.0, top_p, (at + 0.5) / 5000)])[0] for at in range(5000)}
        likely = torch.softmax(kept, dim=1)[0] > 1 / 2500
        assert drawn >= set(torch.nonzero(likely)[:, 0].tolist())
        assert drawn <= set(torch.nonzero(torch.isfinite(kept[0]))[:, 0].tolist())


def test_a_model_without_a_cache_of_keys_and_values_scores_only() -> None:
    from evald.backends.pytorch_decoder import can_write

    config = transformers.MambaConfig(vocab_size=20, hidden_size=16, num_hidden_layers=1, state_size=4)
    assert not can_write(transformers.MambaForCausalLM(config).eval(), np.array([1, 2]))


def test_nothing_is_written_once_nobody_waits(backend: TorchBackend) -> None:
    steps = iter([False, True])
    (one,) = backend.encode([PROMPTS[0]])
    given = writing(GenerationOptions(MOST), 99, "", RowKey(), backend.decode, lambda: next(steps))
    (found,) = backend.write([TokenSequence(one.ids, writing=given)])
    assert found.count == 2
