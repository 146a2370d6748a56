"""Endpoints in the settings: where they come from, what is refused, and where a key may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evald.endpoints import KeyMissingError, parse_endpoint, price_of, read_key
from evald.settings import ModelSetting, Settings, SettingsError, load

GOOD = {"url": "https://api.example.com/v1", "model": "m"}


def test_endpoints_are_tables_of_the_file_or_a_file_of_their_own(tmp_path: Path) -> None:
    own = tmp_path / "endpoints.toml"
    own.write_text('[gpt]\nurl = "https://a.example/v1"\nmodel = "g"\nstop = ["\\n"]\n')
    config = tmp_path / "evald.toml"
    config.write_text('max_rows = 5\n[endpoints.local]\nurl = "http://127.0.0.1:8000/v1"\nmodel = "l"\n')
    settings = load(environ={}, config=config)
    assert settings.endpoints["local"].model == "l"
    settings = load(environ={"EVALD_ENDPOINTS": str(own)}, config=config)
    assert {alias: one.stop for alias, one in settings.endpoints.items()} == {"gpt": ("\n",)}
    assert load({"endpoints": str(own)}, {}).endpoints["gpt"].host == "a.example"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"url": None}, "gpt: url: must be a text"),
        ({"url": "api.example.com"}, "gpt: url: must be a URL"),
        ({"url": "ftp://api.example.com"}, "gpt: url: must be a URL"),
        ({"url": "https://user:pw@api.example.com"}, "no user, password"),
        ({"url": "https://api.example.com/v1?key=1"}, "query"),
        ({"url": "https://api.example.com:99999"}, "url"),
        ({"url": "http://api.example.com", "key_env": "K"}, "unencrypted"),
        ({"modle": "m"}, "the nearest is 'model'"),
        ({"model": " "}, "model: must not be empty"),
        ({"kind": "chats"}, "chat or completions"),
        ({"key_env": "sk-123"}, "name of an environment variable"),
        ({"key_env": "A", "key_file": "b"}, "leave one of them out"),
        ({"key_header": "a: b"}, "name of a header"),
        ({"prompt": "no place"}, r"\{input\}"),
        ({"prompt": "{input}{input}"}, r"\{input\}"),
        ({"kind": "completions", "system": "s"}, "put the text into prompt"),
        ({"max_tokens": 0}, "whole number from 1"),
        ({"max_tokens": True}, "whole number"),
        ({"temperature": float("nan")}, "number from 0"),
        ({"temperature": -1}, "number from 0"),
        ({"stop": "a"}, "list of texts"),
        ({"stop": [""]}, "no empty text"),
        ({"omit": ["n"]}, "no parameter 'n'"),
        ({"row_seconds": 0}, "number from 0.1"),
    ],
)
def test_wrong_endpoints_are_refused_by_alias_and_field(values: dict[str, Any], text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        load({"endpoints": {"gpt": {**GOOD, **values}}}, {})


@pytest.mark.parametrize("value", [7, "nowhere.toml", {"Bad Alias": GOOD}, {"a": 1}, {"a": {"url": "https://x"}}])
def test_what_is_no_table_of_endpoints_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="flags: endpoints: "):
        load({"endpoints": value}, {})


def test_an_alias_is_a_model_or_an_endpoint(tmp_path: Path) -> None:
    settings = Settings(models={"a": ModelSetting(tmp_path)}, endpoints={"a": parse_endpoint(GOOD)})
    with pytest.raises(SettingsError, match="a is the alias of a model, too"):
        settings.all_models()


def test_a_key_is_read_from_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    by_file = parse_endpoint({**GOOD, "key_file": str(file)})
    by_variable = parse_endpoint({**GOOD, "key_env": "A_KEY"})
    assert read_key(parse_endpoint(GOOD)) == ""
    file.write_text(" sk-1\n")
    monkeypatch.setenv("A_KEY", "sk-2")
    assert (read_key(by_file), read_key(by_variable)) == ("sk-1", "sk-2")
    file.write_text("sk-1\nX-Injected: yes")
    monkeypatch.delenv("A_KEY")
    with pytest.raises(KeyMissingError, match="is no key") as caught:
        read_key(by_file)
    assert "Injected" not in str(caught.value)
    with pytest.raises(KeyMissingError, match="no key in the environment variable A_KEY"):
        read_key(by_variable)
    # A key over loopback crosses no network.
    assert parse_endpoint({**GOOD, "url": "http://[::1]:8000/v1", "key_env": "A_KEY"}).host == "[::1]:8000"


def test_the_price_of_an_answer_needs_all_that_has_a_price() -> None:
    both = parse_endpoint({**GOOD, "input_price": 2, "output_price": 10})
    assert price_of(both, 1_000_000, 100_000) == 3.0
    assert price_of(both, None, 5) is None
    assert price_of(parse_endpoint({**GOOD, "output_price": 10}), None, 100_000) == 1.0
    assert price_of(parse_endpoint(GOOD), 1, 1) is None
