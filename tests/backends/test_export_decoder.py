"""Exported language models write what torch writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

torch: Any = pytest.importorskip("torch", reason="torch is not installed")
transformers: Any = pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from tests.backends.test_pytorch import SMALL, TEXTS, WORDS, save_tokenizer  # noqa: E402 (needs torch)

from evald.__main__ import main  # noqa: E402
from evald.backends.batching import TokenBudgetBatcher  # noqa: E402
from evald.backends.contract import GenerationOptions, RowKey, SilentObserver  # noqa: E402
from evald.backends.export import export  # noqa: E402
from evald.backends.folder import LoadError  # noqa: E402
from evald.backends.model import Model  # noqa: E402
from evald.backends.registry import ModelOptions, open_backend  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from tests.backends.conftest import Bench

pytestmark = pytest.mark.torch

LIMITS = {"vocab_size": len(WORDS), "max_position_embeddings": 64, "bos_token_id": 2, "eos_token_id": 3}
KINDS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "Llama": (transformers.LlamaForCausalLM, transformers.LlamaConfig, {"num_key_value_heads": 2}),
    "GPTNeoX": (transformers.GPTNeoXForCausalLM, transformers.GPTNeoXConfig, {}),
    "Mistral": (
        transformers.MistralForCausalLM,
        transformers.MistralConfig,
        {"num_key_value_heads": 1, "sliding_window": None},
    ),
}


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    model, config, own = KINDS[request.param]
    torch.manual_seed(5)
    model(config(**LIMITS, **SMALL, **own)).save_pretrained(tmp_path / "model")
    save_tokenizer(tmp_path / "model", bos_token="[CLS]", eos_token="[SEP]", unk_token="[UNK]")
    return tmp_path / "model"


def written(path: Path, bench: Bench, backend: str) -> list[tuple[str, str]]:
    silent, loaded = SilentObserver(), open_backend("lm", path, ModelOptions(backend=backend))
    model = Model(loaded, TokenBudgetBatcher(loaded, silent, batch_tokens=64, queue_tokens=1 << 16), silent)
    try:
        options = GenerationOptions(max_tokens=20)
        answers = model.write(TEXTS, [RowKey()] * len(TEXTS), options, bench.Token()).answers
    finally:
        model.close()
    return [(answer.text, answer.finish_reason) for answer in answers if answer is not None]


def test_what_is_exported_writes_as_torch_does(folder: Path, tmp_path: Path, bench: Bench) -> None:
    made = export(folder, tmp_path / "onnx")
    assert made.info.writes
    texts = written(folder, bench, "torch")
    assert any(text for text, _ in texts)
    assert written(tmp_path / "onnx", bench, "onnx") == texts


def test_a_cache_that_forgets_is_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # A window that slides keeps the last tokens only.
    own = {"num_key_value_heads": 1, "sliding_window": 8}
    transformers.MistralForCausalLM(transformers.MistralConfig(**LIMITS, **SMALL, **own)).save_pretrained(
        tmp_path / "m"
    )
    save_tokenizer(tmp_path / "m", bos_token="[CLS]", eos_token="[SEP]", unk_token="[UNK]")
    assert main(["models", "export", str(tmp_path / "m"), "--out", str(tmp_path / "onnx")]) == 0
    assert "causal-lm, scores only, batch_invariant" in capsys.readouterr().out


def test_a_graph_that_writes_other_tokens_is_not_kept(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evald.backends.onnx import OnnxBackend

    right = OnnxBackend.write

    def wrong(self: OnnxBackend, sequences: Any) -> Any:
        found = right(self, sequences)
        return [type(one)([4] * len(one.ids), one.count, one.ended, one.finite, one.seconds) for one in found]

    monkeypatch.setattr(OnnxBackend, "write", wrong)
    with pytest.raises(LoadError, match="the graph writes other tokens than torch"):
        export(folder, tmp_path / "onnx")
    assert not (tmp_path / "onnx").exists()
