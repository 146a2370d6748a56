"""`evald models check`: what is said of every file, and whether the folder loads."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from evald.__main__ import main
from evald.backends.check import check
from evald.backends.registry import ModelOptions

pytest.importorskip("onnxruntime")

if TYPE_CHECKING:
    from pathlib import Path


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.path), "w")


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A copy of an example that a test may break."""
    return shutil.copytree(root / "examples" / "models" / "support-tuned", tmp_path / "model")


def verdicts(path: Path, **options: str) -> dict[str, str]:
    return {one.name: one.verdict for one in check(path, ModelOptions(**options)).files}  # type: ignore[arg-type]


def test_every_file_gets_a_verdict_and_no_pickle_is_opened(folder: Path, tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    (folder / "training_args.bin").write_bytes(pickle.dumps(Bomb(fired)))
    (folder / "modeling_own.py").write_text(f"open({str(fired)!r}, 'w')")
    (folder / "onnx" / "model_quantized.onnx").write_bytes(b"another")
    (folder / "README.md").write_text("a card")
    for name in ("optimizer.pt", "model.safetensors"):
        (folder / "checkpoint-500").mkdir(exist_ok=True)
        (folder / "checkpoint-500" / name).write_bytes(pickle.dumps(Bomb(fired)))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "modeling_own.Own"}}))
    found = check(folder, ModelOptions())
    assert {one.name: one.verdict for one in found.files} == {
        "README.md": "ignored",
        "checkpoint-500/ (2 files)": "ignored",
        "config.json": "used",
        "config.json: auto_map": "dropped",
        "model.safetensors": "ignored",
        "modeling_own.py": "ignored",
        "onnx/model.onnx": "used",
        "onnx/model_quantized.onnx": "ignored",
        "tokenizer.json": "used",
        "training_args.bin": "ignored",
    }
    assert (found.problem, found.backend) == ("", "onnx")
    assert found.info is not None
    assert found.info.task == "text-classification"
    assert found.weights_bytes == (folder / "onnx" / "model.onnx").stat().st_size
    assert not fired.exists()


def test_the_command_prints_it_and_ends_with_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "check", str(folder)]) == 0
    out = capsys.readouterr().out
    for part in (
        "onnx/model.onnx",
        "text-classification",
        "billing, cancel",
        "MiB, sha256 ",
        "batch_invariant true",
        "by every layer",
    ):
        assert part in out
    assert out.endswith("loads\n")
    assert main(["models", "check", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["info"]["alias"] == "model"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("tokenizer.json", "tokenizer.json is missing; `evald models export` makes one"),
        ("config.json", "config.json is missing"),
        ("onnx/model.onnx", "onnx/model.onnx or model.onnx is missing"),
    ],
)
def test_a_folder_that_lacks_something_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, problem: str
) -> None:
    (folder / name).unlink()
    assert main(["models", "check", str(folder), "--backend", "onnx"]) == 1
    assert f"does not load: {problem}" in capsys.readouterr().out


def test_the_command_of_the_page(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert main(command_of_the_page(root, "check")) == 0


def command_of_the_page(root: Path, name: str) -> list[str]:
    found = re.search(rf"<!-- example: {name} -->\n```sh\nevald (.*)\n```", (root / "docs" / "models.md").read_text())
    assert found is not None
    return found[1].split()


def test_what_is_no_folder_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "check", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().out == "does not load: the folder of the model does not exist\n"


def test_without_torch_the_files_are_judged_all_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "evald.backends.pytorch", raising=False)
    shutil.rmtree(folder / "onnx")
    assert main(["models", "check", str(folder)]) == 1
    out = capsys.readouterr().out
    assert "does not load: the library torch is missing: install evald[torch]" in out
    assert "whether weights and tokenizer fit the model cannot be judged" in out
    assert verdicts(folder)["model.safetensors"] == "used"


def test_a_graph_of_another_name_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "onnx" / "model.onnx").rename(folder / "onnx" / "model_fp16.onnx")
    assert main(["models", "check", str(folder), "--backend", "onnx"]) == 1
    assert "there is onnx/model_fp16.onnx: name one as `file` of the model" in capsys.readouterr().out
    assert verdicts(folder, file="onnx/model_fp16.onnx")["onnx/model_fp16.onnx"] == "used"
    assert main(["models", "check", str(folder), "--file", "onnx/model_fp16.onnx"]) == 0


@pytest.mark.parametrize("name", ["decoder_model.onnx", "onnx/decoder_model.onnx", "model.onnx"])
def test_names_that_exporters_use(root: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(root / "examples" / "models" / "tiny-lm", tmp_path / "model")
    (folder / "onnx" / "model.onnx").rename(folder / name)
    found = check(folder, ModelOptions())
    assert (found.backend, found.problem) == ("onnx", "")
    assert {one.name: one.verdict for one in found.files}[name] == "used"


def test_an_encoder_says_how_texts_become_vectors(root: Path) -> None:
    found = verdicts(root / "examples" / "models" / "tiny-encoder")
    for name in ("modules.json", "1_Pooling/config.json", "sentence_bert_config.json"):
        assert found[name] == "used"


def test_a_link_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "tokenizer.json").rename(tmp_path / "elsewhere.json")
    (folder / "tokenizer.json").symlink_to(tmp_path / "elsewhere.json")
    found = check(folder, ModelOptions())
    assert {one.name: one.verdict for one in found.files}["tokenizer.json"] == "refused"
    assert found.problem == "tokenizer.json leads to a file outside of the model's folder"


def test_a_snapshot_of_a_hub_cache_loads(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "models--org--name"
    snapshot = cache / "snapshots" / "0123abcd"
    (cache / "blobs").mkdir(parents=True)
    for number, path in enumerate(sorted(path for path in folder.rglob("*") if path.is_file())):
        link = snapshot / path.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        blob = cache / "blobs" / f"{number:040x}"
        path.rename(blob)
        link.symlink_to(blob)
    found = check(snapshot, ModelOptions())
    assert (found.problem, found.info is not None) == ("", True)
    assert set(verdicts(snapshot).values()) == {"used", "ignored"}


@pytest.mark.parametrize(("asked", "pooling"), [(["--pooling", "cls"], "cls"), ([], "mean")])
def test_an_encoder_is_loaded_with_the_pooling_of_the_settings(
    root: Path, capsys: pytest.CaptureFixture[str], asked: list[str], pooling: str
) -> None:
    assert main(["models", "check", str(root / "examples" / "models" / "tiny-encoder"), *asked]) == 0
    assert re.search(rf"^pooling +{pooling}$", capsys.readouterr().out, flags=re.MULTILINE)


def test_what_a_language_model_should_heed_when_it_writes_and_does_not_is_named(root: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(root / "examples" / "models" / "tiny-lm", tmp_path / "model")
    assert "dropped" not in verdicts(folder).values()
    path = folder / "generation_config.json"
    settings = json.loads(path.read_text()) | {"repetition_penalty": 1.1, "top_p": 0.8, "min_length": 0}
    path.write_text(json.dumps(settings))
    dropped = [name for name, verdict in verdicts(folder).items() if verdict == "dropped"]
    assert dropped == ["generation_config.json: top_p", "generation_config.json: repetition_penalty"]
