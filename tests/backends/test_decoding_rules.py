"""Which tokens an encoder-decoder may write, by the files of its folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from evald.backends.decoding_rules import DecodingRules, not_used, read_rules
from evald.backends.folder import LoadError, ModelFolder

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {"vocab_size": 100, "decoder_start_token_id": 0, "eos_token_id": 1}


def folder_of(path: Path, config: dict[str, Any], generation: dict[str, Any] | None = None) -> ModelFolder:
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    if generation is not None:
        (path / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
    return ModelFolder(path)


def test_older_folders_have_the_rules_in_their_config(tmp_path: Path) -> None:
    config = {**CONFIG, "forced_bos_token_id": 5, "forced_eos_token_id": 1, "bad_words_ids": [[7], [1], [8, 9]]}
    expected = DecodingRules(frozenset({1}), 0, forced_bos=5, forced_eos=1, bad_words=((7,), (8, 9)))
    assert read_rules(folder_of(tmp_path, config)) == expected
    # The newer file says it all, where there is one; only the start may still stand in the other.
    new = read_rules(folder_of(tmp_path, config, {"eos_token_id": [1, 2], "suppress_tokens": [3]}))
    assert new == DecodingRules(frozenset({1, 2}), 0, bad_words=((3,),))


def test_a_decoder_without_a_start_of_its_own_begins_as_texts_do(tmp_path: Path) -> None:
    config = {"vocab_size": 100, "eos_token_id": 1}
    assert read_rules(folder_of(tmp_path, config, {"bos_token_id": 4})).start == 4
    with pytest.raises(LoadError, match="decoder_start_token_id is missing"):
        read_rules(folder_of(tmp_path, config, {}))


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("repetition_penalty", 1.2, "not implemented"),
        ("encoder_no_repeat_ngram_size", 3, "not implemented"),
        ("sequence_bias", [[[1], 2.0]], "not implemented"),
        ("decoder_start_token_id", 100, "no token"),
        ("decoder_start_token_id", [1, 2], "no token"),
        ("forced_bos_token_id", "a", "no token"),
        ("bad_words_ids", [7], "no list of lists"),
        ("bad_words_ids", [[]], "no list of lists"),
        ("suppress_tokens", [-1], "no list of tokens"),
        ("min_length", -1, "no count"),
        ("no_repeat_ngram_size", 1.5, "no count"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_name(tmp_path: Path, name: str, value: object, problem: str) -> None:
    with pytest.raises(LoadError, match=f"generation_config.json: {name} .*{problem}"):
        read_rules(folder_of(tmp_path, CONFIG, {"decoder_start_token_id": 0, name: value}))


def test_settings_that_change_nothing_are_no_reason_to_refuse(tmp_path: Path) -> None:
    neutral = {"repetition_penalty": 1.0, "penalty_alpha": None, "guidance_scale": 1, "num_beams": 1, "top_k": 50}
    folder = folder_of(tmp_path, CONFIG, neutral)
    assert read_rules(folder) == DecodingRules(frozenset({1}), 0)
    assert not_used(folder, "seq2seq-lm") == []
    assert not_used(folder_of(tmp_path, CONFIG, {"num_beams": 4, "max_length": 142}), "seq2seq-lm") == [
        "max_length",
        "num_beams",
    ]


def test_only_the_first_and_the_last_token_are_forced() -> None:
    rules = DecodingRules(frozenset({1}), 0, forced_bos=5, forced_eos=1)
    assert [rules.forced(written, 4) for written in range(4)] == [5, None, None, 1]
    assert rules.forced(0, 1) == 1


@pytest.mark.parametrize(
    ("rules", "written", "banned"),
    [
        ({}, [3, 3], ()),
        ({"no_repeat_ngram_size": 1}, [3, 4], (0, 3, 4)),
        ({"no_repeat_ngram_size": 2}, [3, 4, 3, 5, 3], (4, 5)),
        ({"no_repeat_ngram_size": 2}, [3, 0], (3,)),
        ({"no_repeat_ngram_size": 3}, [], ()),
        ({"bad_words": ((7,), (3, 4, 8), (9, 9))}, [3, 4], (7, 8)),
        ({"bad_words": ((0, 6),)}, [], (6,)),
        ({"min_length": 3}, [3], (1, 2)),
        ({"min_length": 3}, [3, 4], ()),
        ({"min_new_tokens": 2}, [3], (1, 2)),
        ({"begin_suppressed": (6,)}, [], (6,)),
        ({"begin_suppressed": (6,), "forced_bos": 5}, [5], (6,)),
        ({"begin_suppressed": (6,)}, [5], ()),
    ],
)
def test_what_may_not_come_next(rules: dict[str, Any], written: list[int], banned: tuple[int, ...]) -> None:
    assert DecodingRules(frozenset({1, 2}), 0, **rules).banned(written) == banned


def test_a_model_that_reads_its_prompt_has_no_rules() -> None:
    assert DecodingRules(frozenset({1}), min_length=9).banned([3]) == ()


@pytest.mark.parametrize("architecture", ["T5ForConditionalGeneration", "MarianMTModel", "OwnSeq2SeqLM"])
def test_the_architecture_says_what_an_encoder_decoder_is(tmp_path: Path, architecture: str) -> None:
    config = {"architectures": [architecture], "max_position_embeddings": 64}
    assert folder_of(tmp_path, {**config, "is_encoder_decoder": True}).model_config().task == "seq2seq-lm"
    with pytest.raises(LoadError, match=f"{architecture} without is_encoder_decoder"):
        folder_of(tmp_path, config).model_config()
