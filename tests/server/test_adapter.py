"""An adapter and its base as two systems of a real server."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

import evald
from evald.errors import ModelNotReadyError
from evald.settings import SettingsError, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.conftest import Server

MODELS = """
[models.base]
folder = "{base}"
backend = "torch"

[models.tuned]
base = "base"
adapter = "{adapter}"
"""


def settings_of(tmp_path: Path, text: str) -> Any:
    (tmp_path / "evald.toml").write_text(text)
    return load(environ={}, config=tmp_path / "evald.toml").all_models()


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_base_and_adapter_are_compared_over_the_wire(
    make_server: Callable[..., Server], tmp_path: Path, root: Path
) -> None:
    pytest.importorskip("peft", reason="peft is not installed")
    transformers: Any = pytest.importorskip("transformers")
    from tests.backends.test_adapter import adapter_of

    base = root / "examples" / "models" / "tiny-lm"
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    adapter_of(model, tmp_path / "adapter", task_type="CAUSAL_LM", fan_in_fan_out=True)
    server = make_server(models=settings_of(tmp_path, MODELS.format(base=base, adapter=tmp_path / "adapter")))
    server.wait_until(lambda: server.get("/readyz")[0] == 200)
    texts = ["Return the number of items.", "Return a copy of the string."]
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        answer = client.compare(
            evald.Model("base"), candidates={"tuned": evald.Model("tuned")}, inputs=texts, metrics="nll"
        )
        known = {one.alias: one for one in client.list_models()}
        with pytest.raises(ModelNotReadyError, match="unload tuned first"):
            client.unload_model("base")
    values = [system["nll"].value for system in answer.systems]
    assert values[0] != values[1]
    base_made, tuned_made = answer.provenance.models
    assert base_made.weights_digest == tuned_made.weights_digest
    assert base_made.adapter_digest is None
    assert tuned_made.adapter_digest is not None
    assert (known["base"].base, known["tuned"].base) == (None, "base")
    assert 0 < known["tuned"].weights_bytes < known["base"].weights_bytes


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('base = "base"', "give it a folder, or an adapter and the alias of its base"),
        ('adapter = "/a"', "give it a folder, or an adapter and the alias of its base"),
        ('base = "base"\nadapter = "/a"\nfolder = "/b"', "give it a folder, or an adapter"),
        ('base = "base"\nadapter = "/a"\ndevice = "cuda"', "device is that of the base; leave it out"),
        ('base = "none"\nadapter = "/a"', "tuned: base must be the alias of a model that is no adapter"),
        ('base = "tuned"\nadapter = "/a"', "tuned: base must be the alias of a model that is no adapter"),
    ],
)
def test_settings_that_make_no_adapter_are_refused(tmp_path: Path, table: str, problem: str) -> None:
    text = f'[models]\nbase = "/folder"\n[models.tuned]\n{table}\n'
    assert tomllib.loads(text)
    with pytest.raises(SettingsError, match=problem):
        settings_of(tmp_path, text)
