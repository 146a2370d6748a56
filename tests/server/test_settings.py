"""Where settings come from, who wins, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evald.settings import FIELDS, ModelSetting, Settings, SettingsError, load


def test_flags_win_over_environment_over_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "evald.toml"
    file.write_text('max_rows = 1\nmax_systems = 2\nmax_metrics = 3\nmax_request_bytes = "1 MiB"\n')
    settings = load({"max_rows": "100"}, {"EVALD_MAX_ROWS": "10", "EVALD_MAX_SYSTEMS": "20"}, file)
    assert (settings.max_rows, settings.max_systems, settings.max_metrics) == (100, 20, 3)
    assert settings.max_request_bytes == 1 << 20
    assert settings.max_classes == Settings().max_classes


def test_environment_names_the_file_and_a_flag_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("max_rows = 1")
    second.write_text("max_rows = 2")
    assert load(environ={"EVALD_CONFIG": str(first)}).max_rows == 1
    assert load(environ={"EVALD_CONFIG": str(first)}, config=second).max_rows == 2


@pytest.mark.parametrize(
    ("flags", "environ", "text"),
    [
        ({"max_row": "1"}, {}, "'max_rows'"),
        ({}, {"EVALD_MAX_ROW": "1"}, "'max_rows'"),
        ({"max_rows": "many"}, {}, "whole number"),
        ({"max_rows": "-1"}, {}, "whole number"),
        ({"max_rows": "0"}, {}, "at least 1"),
        ({"max_rows": 1.5}, {}, "whole number"),
        ({"max_rows": True}, {}, "whole number"),
        ({"max_request_bytes": "1 MB"}, {}, "number of bytes"),
        ({"max_request_bytes": "512 MiB"}, {}, "max_bytes_in_progress"),
        ({"grpc_address": "50051"}, {}, "HOST:PORT"),
        ({"grpc_address": "a:70000"}, {}, "HOST:PORT"),
        ({"grace_seconds": "nan"}, {}, "seconds"),
        ({"log_level": "loud"}, {}, "debug"),
        ({"models": "Base Model=x"}, {}, "alias"),
        ({"models": "base"}, {}, "folder"),
        ({"models": 7}, {}, "table"),
    ],
)
def test_wrong_settings_are_refused(flags: dict[str, object], environ: dict[str, str], text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        load(flags, environ)


@pytest.mark.parametrize("text", ["max_row = 1", "max_rows = ", "[limits]\nmax_rows = 1"])
def test_wrong_files_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evald.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"evald\.toml"):
        load(environ={}, config=file)
    with pytest.raises(SettingsError, match=r"other\.toml"):
        load(environ={}, config=tmp_path / "other.toml")


def test_variables_that_kubernetes_sets_for_a_service_named_evald_are_no_settings() -> None:
    variables = {
        "EVALD_SERVICE_HOST": "10.0.0.1",
        "EVALD_SERVICE_PORT": "50051",
        "EVALD_SERVICE_PORT_GRPC": "50051",
        "EVALD_PORT": "tcp://10.0.0.1:50051",
        "EVALD_PORT_50051_TCP": "tcp://10.0.0.1:50051",
        "EVALD_PORT_50051_TCP_ADDR": "10.0.0.1",
        "EVALD_METRICS_SERVICE_HOST": "10.0.0.2",
        "EVALD_METRICS_PORT_9090_TCP_PROTO": "tcp",
    }
    assert load(environ=variables) == Settings()


def test_the_processor_path_is_no_setting() -> None:
    assert load(environ={"EVALD_CPU": "plain"}) == Settings()


def test_models_come_from_a_folder_and_by_name(tmp_path: Path) -> None:
    for name in ("base", "tuned", ".cache", "Not An Alias"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").write_text("no model")
    settings = load({"models_dir": str(tmp_path)}, {"EVALD_MODELS": "tuned=/elsewhere, other=/there"})
    assert {alias: model.folder for alias, model in settings.all_models().items()} == {
        "base": tmp_path / "base",
        "tuned": Path("/elsewhere"),
        "other": Path("/there"),
    }
    with pytest.raises(SettingsError, match="no folder"):
        Settings(models_dir=tmp_path / "nowhere").all_models()


def test_a_file_names_models_in_a_table(tmp_path: Path) -> None:
    file = tmp_path / "evald.toml"
    file.write_text('[models]\nbase = "/models/base"\n')
    assert load(environ={}, config=file).models == {"base": ModelSetting(Path("/models/base"))}


def test_a_model_may_run_otherwise_than_all_models(tmp_path: Path) -> None:
    file = tmp_path / "evald.toml"
    lines = ('model_precision = "bf16"', "[models]", 'base = "/models/base"')
    own = ("[models.tuned]", 'folder = "/models/tuned"', 'backend = "torch"', 'device = "cuda"')
    stay = ('file = "onnx/model_int8.onnx"', "pinned = true", 'load = "on_demand"')
    file.write_text("\n".join((*lines, *own, *stay)))
    tuned = ModelSetting(
        Path("/models/tuned"), "torch", "cuda", "bf16", file="onnx/model_int8.onnx", pinned=True, load="on_demand"
    )
    assert load(environ={}, config=file).all_models() == {
        "base": ModelSetting(Path("/models/base"), "auto", "cpu", "bf16", load="start"),
        "tuned": tuned,
    }


def test_a_model_has_settings_of_its_own_for_chats(tmp_path: Path) -> None:
    file = tmp_path / "evald.toml"
    own = (
        'folder = "x"',
        'chat_template = "off"',
        'system = "Hi"',
        "system_as_user = true",
        'reasoning = "<a>...</a>"',
    )
    file.write_text("\n".join(("[models.tuned]", *own)))
    model = load(environ={}, config=file).all_models()["tuned"]
    assert (model.chat_template, model.system) == ("off", "Hi")
    assert (model.system_as_user, model.reasoning) == (True, "<a>...</a>")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('backend = "torch"', "model 'tuned' needs a folder"),
        ('folder = "x"\ndevice = "gpu"', "must be cpu or cuda"),
        ('folder = "x"\nprecision = "int8"', "must be auto, fp32, bf16 or fp16"),
        (
            'folder = "x"\nreasoning = "<think>"',
            'must be auto, off, or the marks around it, such as "<think>...</think>"',
        ),
        ('folder = "x"\nsystem_as_user = "yes"', "must be true or false"),
        ('folder = "x"\npinned = 1', "model 'tuned': pinned: must be true or false"),
        ('folder = "x"\nload = "late"', "model 'tuned': load: must be start or on_demand"),
        ('folder = "x"\nfile = "../a.onnx"', "model 'tuned': file: must be the path of a file within the folder"),
        ('folder = "x"\nfile = "/a.onnx"', "model 'tuned': file: must be the path of a file within the folder"),
        ('folder = "x"\ncolour = "red"', "model 'tuned': there is no 'colour'; known are folder, backend"),
    ],
)
def test_a_wrong_table_of_a_model_is_refused(tmp_path: Path, table: str, message: str) -> None:
    file = tmp_path / "evald.toml"
    file.write_text(f"[models.tuned]\n{table}\n")
    with pytest.raises(SettingsError, match=message):
        load(environ={}, config=file)


def test_every_default_is_a_value_that_its_own_check_accepts() -> None:
    settings = Settings()
    for name, field in FIELDS.items():
        value = getattr(settings, name)
        if value is not None:
            assert field.metadata["parse"](value) == value, name
        assert field.metadata["help"]


def test_the_settings_of_the_models_page_are_settings(root: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (root / "docs" / "models.md").read_text(), flags=re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        (tmp_path / "evald.toml").write_text(block)
        assert load(environ={}, config=tmp_path / "evald.toml").all_models()
