"""Encoder-decoders on torch: texts as by transformers' generate, likelihoods as by a plain loop."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from evald.backends.contract import GenerationOptions, RowKey, TokenSequence
from evald.backends.generation import writing
from evald.backends.registry import ModelOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")

pytestmark = pytest.mark.torch

END, PAD, MOST = 256, 257, 24
# Two of one length, which run together, and one of another.
TEXTS = ["4096", "1234", "naïve: 70"]
RULES: list[dict[str, Any]] = [
    {},
    {"forced_bos_token_id": 65, "begin_suppress_tokens": list(range(100))},
    {"no_repeat_ngram_size": 2, "forced_eos_token_id": END},
    {"min_length": 12, "bad_words_ids": [[PAD], [72, 73]], "suppress_tokens": [3, 4]},
    {"min_new_tokens": 8, "no_repeat_ngram_size": 3, "eos_token_id": [END, 40, 41]},
]


def random_model(kind: str) -> Any:
    torch.manual_seed(3)
    ids = {"vocab_size": 258, "pad_token_id": PAD, "eos_token_id": END, "decoder_start_token_id": PAD}
    if kind == "T5":
        sizes = {"d_model": 16, "d_kv": 4, "d_ff": 16, "num_layers": 2, "num_heads": 2, "initializer_factor": 8.0}
        return transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, **ids))
    sides = ("encoder", "decoder")
    sizes = {f"{side}_{name}": size for side in sides for name, size in (("layers", 1), ("ffn_dim", 16))}
    sizes |= {f"{side}_attention_heads": 2 for side in sides}
    sizes |= {"d_model": 16, "max_position_embeddings": 64, "init_std": 1.0}
    if kind == "BART":
        # Its start and its end are one token.
        ids |= {"bos_token_id": 0, "decoder_start_token_id": END, "forced_eos_token_id": END}
        return transformers.BartForConditionalGeneration(transformers.BartConfig(**sizes, **ids))
    return transformers.MarianMTModel(transformers.MarianConfig(**sizes, **ids))


@pytest.fixture(scope="module")
def example(root: Path) -> Path:
    return root / "examples" / "models" / "tiny-seq2seq"


def backend_of(model: Any, example: Path, folder: Path, **rules: Any) -> Any:
    from evald.backends.pytorch import TorchBackend

    for name, value in rules.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(example / name, folder / name)
    return TorchBackend("model", folder, ModelOptions(backend="torch"))


def asked(backend: Any, texts: Sequence[str], options: GenerationOptions) -> list[TokenSequence]:
    return [
        TokenSequence(one.ids, writing=writing(options, 99, text, RowKey(), backend.decode, lambda: False))
        for text, one in zip(texts, backend.encode(texts), strict=True)
    ]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("kind", ["T5", "BART", "Marian"])
def test_greedy_tokens_are_those_of_generate(kind: str, rules: dict[str, Any], example: Path, tmp_path: Path) -> None:
    backend = backend_of(random_model(kind), example, tmp_path, **rules)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    ends = model.generation_config.eos_token_id
    for batch in (TEXTS[:2], TEXTS[2:]):
        for one, found in zip(
            backend.encode(batch), backend.write(asked(backend, batch, GenerationOptions(MOST))), strict=True
        ):
            ids = torch.from_numpy(one.ids)[None]
            whole = model.generate(input_ids=ids, max_new_tokens=MOST, do_sample=False, num_beams=1)[0].tolist()
            expected = whole[1:]
            has_end = expected[-1] in (ends if isinstance(ends, list) else [ends])
            assert list(found.ids) == expected[: len(expected) - has_end]
            assert found.count == len(expected)
            assert found.ended == (len(expected) < MOST)


def test_the_example_writes_what_its_graphs_write(example: Path) -> None:
    pytest.importorskip("onnxruntime")
    from evald.backends.onnx_seq2seq import OnnxSeq2SeqBackend
    from evald.backends.pytorch import TorchBackend

    torch_backend = TorchBackend("torch", example, ModelOptions(backend="torch"))
    onnx_backend = OnnxSeq2SeqBackend("onnx", example, ModelOptions())
    for options in (GenerationOptions(99), GenerationOptions(99, temperature=0.8, top_p=0.95, seed=3)):
        for text in ("7", "4096", "700013", "hello"):
            theirs, ours = (
                backend.write(asked(backend, [text] * 2, options)) for backend in (torch_backend, onnx_backend)
            )
            assert [list(one.ids) for one in theirs] == [list(one.ids) for one in ours]
            assert [one.ended for one in theirs] == [one.ended for one in ours]


@pytest.mark.parametrize("kind", ["T5", "BART", "Marian"])
def test_likelihoods_are_those_of_a_plain_loop(kind: str, example: Path, tmp_path: Path) -> None:
    backend = backend_of(random_model(kind), example, tmp_path)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    start = model.generation_config.decoder_start_token_id
    targets = [np.array([5, 6, 7, END]), np.array([9]), np.arange(1, 30)]
    sequences = [TokenSequence(one.ids, targets=own) for one, own in zip(backend.encode(TEXTS), targets, strict=True)]
    length = max(map(len, sequences))
    for sequence, found in zip(sequences, backend.run(sequences, length), strict=True):
        wanted: list[int] = list(sequence.targets)  # type: ignore[arg-type]
        expected = []
        for at, target in enumerate(wanted):
            with torch.inference_mode():
                logits = model(
                    input_ids=torch.from_numpy(sequence.ids)[None],
                    decoder_input_ids=torch.tensor([[start, *wanted[:at]]]),
                ).logits[0, -1]
            expected.append(float(logits.double().log_softmax(0)[target]))
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-5)


def test_a_pair_is_scored_as_transformers_computes_its_loss(example: Path) -> None:
    from evald.backends.pytorch import TorchBackend

    backend = TorchBackend("torch", example, ModelOptions(backend="torch"))
    assert backend.info.scores
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(example).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(example)
    pairs = [("4096", "four thousand and ninety-six"), ("7", "eight"), ("12", "")]
    sequences = backend.encode(pairs)
    found = backend.run(sequences, max(map(len, sequences)))
    for (text, target), own in zip(pairs, found, strict=True):
        given = tokenizer(text, text_target=target, return_tensors="pt")
        with torch.inference_mode():
            loss = float(model(**given).loss)
        assert len(own) == len(target) + 1
        assert -own.mean() == pytest.approx(loss, rel=1e-6, abs=1e-6)


def test_a_setting_that_would_change_texts_fails_the_model(example: Path, tmp_path: Path) -> None:
    from evald.backends.folder import LoadError

    with pytest.raises(LoadError, match=r"generation_config\.json: repetition_penalty"):
        backend_of(random_model("T5"), example, tmp_path, repetition_penalty=1.3)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_writes_what_peft_writes(example: Path, tmp_path: Path) -> None:
    peft: Any = pytest.importorskip("peft", reason="peft is not installed")
    from evald.backends.check import check
    from evald.backends.registry import open_backend

    load = transformers.AutoModelForSeq2SeqLM.from_pretrained
    torch.manual_seed(11)
    trained = peft.get_peft_model(load(example), peft.LoraConfig(task_type="SEQ_2_SEQ_LM", r=4))
    for name, parameter in trained.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    trained.save_pretrained(tmp_path)
    theirs = peft.PeftModel.from_pretrained(load(example), tmp_path).eval()
    backend = open_backend("adapter", tmp_path, ModelOptions(base="base"), example)
    for text in TEXTS:
        (one,) = backend.encode([text])
        (found,) = backend.write(asked(backend, [text], GenerationOptions(MOST)))
        whole = theirs.generate(input_ids=torch.from_numpy(one.ids)[None], max_new_tokens=MOST, do_sample=False)
        expected = [token for token in whole[0].tolist()[1:] if token != END]
        assert list(found.ids) == expected
    assert backend.decode(found.ids) != "seventy"
    assert check(tmp_path, ModelOptions(), example).problem == ""
