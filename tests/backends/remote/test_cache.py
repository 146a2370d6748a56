"""Answers on disk: found again, bounded, and no reason for a call to fail."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from evald.backends.contract import Answer
from evald.backends.remote.cache import AnswerCache, cache_key

LONG = Answer("x" * 1000, "stop", 0.25, 7, None, 0.5)


def keys(count: int) -> list[bytes]:
    return [cache_key("digest", str(number), 0) for number in range(count)]


def test_an_answer_is_found_again_by_another_process(tmp_path: Path) -> None:
    answer = Answer("naïve 日本 \0", "length", 0.1, None, 3, None)
    first, key = AnswerCache(tmp_path / "a", "m", 1 << 20), cache_key("d", "text", 0)
    first.put(key, answer)
    second = AnswerCache(tmp_path / "a", "n", 1 << 20)
    assert second.get(key) == answer
    assert second.get(cache_key("d", "text", 1)) is None
    assert second.get(cache_key("e", "text", 0)) is None
    first.close()
    second.close()


def test_the_file_keeps_what_was_used_last(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a", "m", 30_000)
    for key in keys(10):
        cache.put(key, LONG)
    assert cache.get(keys(1)[0]) == LONG
    for key in keys(100)[10:]:
        cache.put(key, LONG)
        cache.get(keys(1)[0])
    kept = [key for key in keys(100) if cache.get(key)]
    assert kept[0] == keys(1)[0]
    assert kept[1:] == keys(100)[-(len(kept) - 1) :]
    assert 15 <= len(kept) <= 22
    cache.close()


def test_a_disk_that_fails_loses_the_answer_and_not_the_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = AnswerCache(tmp_path / "a", "m", 1 << 20)
    with sqlite3.connect(tmp_path / "a") as other:
        other.execute("DROP TABLE answers")
    other.close()
    cache.put(keys(1)[0], LONG)
    assert cache.get(keys(1)[0]) is None
    assert "the cache of endpoint m fails: OperationalError" in caplog.text
    assert "xxx" not in caplog.text
    cache.close()


def test_an_operator_may_purge_while_the_server_runs(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path / "a", "m", 1 << 20)
    cache.put(keys(1)[0], LONG)
    with sqlite3.connect(tmp_path / "a") as other:
        other.execute("DELETE FROM answers WHERE alias = 'm'")
    other.close()
    assert cache.get(keys(1)[0]) is None
    cache.put(keys(1)[0], LONG)
    assert cache.get(keys(1)[0]) == LONG
    cache.close()
