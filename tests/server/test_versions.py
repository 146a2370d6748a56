"""Folders with versions, through a real server."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import evald
from evald.backends.check import check
from evald.backends.registry import ModelOptions
from evald.errors import ModelNotReadyError
from evald.settings import ModelSetting, load

pytest.importorskip("onnxruntime")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.server.conftest import Server


@pytest.fixture
def versions(root: Path, tmp_path: Path) -> Path:
    """Versions 2 and 10 of a model, and what is none."""
    models = root / "examples" / "models"
    shutil.copytree(models / "support-base", tmp_path / "model" / "2")
    shutil.copytree(models / "support-tuned", tmp_path / "model" / "10")
    (tmp_path / "model" / "011").mkdir()
    (tmp_path / "model" / "99").write_text("a file")
    return tmp_path / "model"


def test_the_highest_version_is_loaded_or_the_one_that_is_named(
    make_server: Callable[..., Server], versions: Path, root: Path
) -> None:
    aliases = {"newest": None, "old": 2, "gone": 3}
    models = {name: ModelSetting(versions, version=number, load="on_demand") for name, number in aliases.items()}
    models["plain"] = ModelSetting(root / "examples" / "models" / "support-tuned", load="on_demand")
    server = make_server(models=models)
    texts = ["where is my parcel?", "please cancel my plan"]
    with evald.Client(f"127.0.0.1:{server.app.grpc_port}") as client:
        made = {name: client.load_model(name).provenance for name in ("newest", "old", "plain")}
        assert {name: one.version for name, one in made.items()} == {"newest": "10", "old": "2", "plain": None}
        assert made["newest"].weights_digest == made["plain"].weights_digest != made["old"].weights_digest
        with pytest.raises(ModelNotReadyError, match="has no version 3; there is 2, 10"):
            client.load_model("gone")
        compared = client.compare(
            evald.Model("old"),
            candidates={"new": evald.Model("newest")},
            labels=["delivery", "cancel"],
            inputs=texts,
            metrics="accuracy",
        )
        assert [one.version for one in compared.provenance.models] == ["2", "10"]
        shutil.copytree(versions / "2", versions / "11")
        client.unload_model("newest")
        assert client.load_model("newest").provenance.version == "11"
        assert client.predict("newest", texts).class_scores == client.predict("old", texts).class_scores


def test_check_judges_the_highest_version_and_settings_name_one(versions: Path, tmp_path: Path) -> None:
    found = check(versions, ModelOptions())
    assert found.problem == ""
    assert found.info is not None
    assert found.info.alias == "10"
    (tmp_path / "evald.toml").write_text(f'[models.old]\nfolder = "{versions}"\nversion = 2\n')
    assert load(environ={}, config=tmp_path / "evald.toml").all_models()["old"].version == 2
