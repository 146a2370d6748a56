"""Which token comes next, and when a text ends; the model is a table of what follows what."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from evald.backends.contract import Choice, GenerationOptions, RowKey, TokenSequence
from evald.backends.decoding_rules import DecodingRules
from evald.backends.folder import ModelFolder
from evald.backends.generation import NO_TOKEN, before_stop, choose, write, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from evald.backends.contract import Floats, TokenIds

END = 0


class Table:
    """Implements `generation.Decoder`: behind a token comes the one below it, so 5 is followed by 4, 3, 2, 1, END."""

    def __init__(self) -> None:
        self.last: list[int] = []
        self.rows: list[int] = []

    def read(self, ids: TokenIds) -> None:
        self.last = ids[:, -1].tolist()
        self.rows.append(len(ids))

    def choose(self, choices: Sequence[Choice]) -> list[int]:
        assert len(choices) == len(self.last)
        below = [token - 1 if token < 100 else NO_TOKEN for token in self.last]
        return [token - (token in choice.banned) for token, choice in zip(below, choices, strict=True)]

    def keep(self, rows: Sequence[int]) -> None:
        self.last = [self.last[row] for row in rows]


def never() -> bool:
    return False


def sequence(
    token: int, most: int = 50, stop: tuple[str, ...] = (), is_over: Callable[[], bool] = never
) -> TokenSequence:
    options = GenerationOptions(max_tokens=most, stop=stop)
    asked = writing(options, 1000, "", RowKey(), lambda ids: " ".join(map(str, ids)), is_over)
    return TokenSequence(np.array([7, token]), writing=asked)


def test_sequences_that_are_done_leave_the_batch() -> None:
    table = Table()
    rows = [sequence(3), sequence(9, most=2), sequence(6), sequence(9, stop=("7 6",)), sequence(100)]
    found = write(table, rows, DecodingRules(frozenset([END])))
    assert [list(one.ids) for one in found] == [[2, 1], [8, 7], [5, 4, 3, 2, 1], [8, 7, 6], []]
    assert [one.ended for one in found] == [True, False, True, True, True]
    assert [one.count for one in found] == [3, 2, 6, 3, 1]
    assert [one.finite for one in found] == [True, True, True, True, False]
    assert table.rows == [5, 4, 3, 1, 1, 1]


def test_what_is_forced_or_banned_is_so_beside_sequences_without_a_choice() -> None:
    table = Table()
    rules = DecodingRules(frozenset([END]), start=50, forced_bos=7, forced_eos=END, bad_words=((6,),))
    found = write(table, [sequence(9), sequence(9, most=2), sequence(9, most=1)], rules)
    assert [list(one.ids) for one in found] == [[7, 5, 4, 3, 2, 1], [7], []]
    # The limit ended the second and the third one.
    assert [(one.ended, one.count) for one in found] == [(True, 7), (False, 2), (False, 1)]


def test_nothing_is_read_for_a_call_that_is_over() -> None:
    table, steps = Table(), iter([False, False, True])
    (found,) = write(table, [sequence(50, is_over=lambda: next(steps))], DecodingRules(frozenset([END])))
    assert (len(found.ids), len(table.rows)) == (3, 3)


@pytest.mark.parametrize(
    ("text", "stop", "before"),
    [
        ("a b c", ["b"], "a "),
        ("a b c", ["c", "b c"], "a "),
        ("a b c", ["d"], None),
        ("abc", ["abc"], ""),
        ("", [], None),
    ],
)
def test_a_text_is_cut_at_the_first_occurrence(text: str, stop: list[str], before: str | None) -> None:
    assert before_stop(text, stop) == before


def test_the_likeliest_token_is_the_first_of_several() -> None:
    logits = np.array([[1, 3, 3], [np.nan, 1, 2], [-np.inf, 0, np.inf], [5, -np.inf, 1]], dtype=np.float32)
    assert choose(logits, [Choice(0, 1, 0)] * 4) == [1, NO_TOKEN, NO_TOKEN, 0]
    banned = [Choice(0, 1, 0, (0, 1)), Choice(0, 1, 0, (0,)), Choice(9, 1, 0.99, (2,)), Choice(0, 1, 0, (0, 1, 2))]
    assert choose(logits, banned) == [2, 2, 1, NO_TOKEN]


def test_draws_follow_the_probabilities() -> None:
    logits = np.log(np.array([0.5, 0.25, 0.125, 0.125])).astype(np.float32)
    places = (np.arange(4000) + 0.5) / 4000
    everything = [choose(logits[None], [Choice(1.0, 1.0, place)])[0] for place in places]
    assert np.bincount(everything).tolist() == pytest.approx([2000, 1000, 500, 500], abs=1)
    likely = [choose(logits[None], [Choice(1.0, 0.6, place)])[0] for place in places]
    assert np.bincount(likely).tolist() == pytest.approx([2667, 1333], abs=1)
    assert {choose(logits[None], [Choice(1.0, 0.5, place)])[0] for place in places} == {0}
    sharper = [choose(logits[None], [Choice(0.5, 1.0, place)])[0] for place in places]
    assert np.bincount(sharper)[0] / 4000 == pytest.approx(0.25 / (0.25 + 0.0625 + 2 * 0.015625), abs=1e-3)


@given(
    npst.arrays(np.float32, st.tuples(st.integers(2, 6), st.integers(1, 30)), elements=st.floats(-9, 9, width=32)),
    st.floats(0.1, 10),
    st.floats(0.01, 1),
    st.floats(0, 1, exclude_max=True),
)
def test_a_row_is_drawn_as_if_it_were_alone(logits: Floats, temperature: float, top_p: float, draw: float) -> None:
    choice = Choice(temperature, top_p, draw)
    together = choose(logits, [choice] * len(logits))
    assert together == [choose(row[None], [choice])[0] for row in logits]


def test_draws_of_a_row_depend_on_seed_id_sample_and_prompt() -> None:
    def draws(seed: int = 1, prompt: str = "p", name: str = "", sample: int = 0) -> list[float]:
        options = GenerationOptions(temperature=1.0, seed=seed)
        asked = writing(options, 9, prompt, RowKey(name, sample), str, never)
        return [asked.choice().draw for _ in range(3)]

    # Of a stream that no version of numpy may change.
    assert draws() == [0.5929846353385326, 0.3723011227249484, 0.690203675807979]
    others = [draws(seed=2), draws(prompt="q"), draws(name="r"), draws(sample=1)]
    assert len({*map(tuple, others), tuple(draws())}) == 5
    assert all(0 <= draw < 1 for found in others for draw in found)


@pytest.mark.parametrize(
    ("generation", "config", "ends"),
    [
        ('{"eos_token_id": [1, 2]}', '{"eos_token_id": 3}', {1, 2}),
        ("{}", '{"eos_token_id": 3}', {3}),
        (None, '{"eos_token_id": 3}', {3}),
        (None, '{"eos_token_id": null}', set()),
    ],
)
def test_what_ends_a_text_stands_in_the_folder(
    tmp_path: Path, generation: str | None, config: str, ends: set[int]
) -> None:
    if generation is not None:
        (tmp_path / "generation_config.json").write_text(generation, encoding="utf-8")
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    assert ModelFolder(tmp_path).end_tokens() == ends


def test_a_merged_graph_of_an_older_export_writes(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    from evald.backends.onnx import OnnxBackend
    from evald.backends.registry import ModelOptions

    source = root / "examples" / "models" / "tiny-lm"
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, tmp_path / name)
    shutil.copy(source / "onnx" / "model.onnx", tmp_path / "decoder_model_merged.onnx")
    backend = OnnxBackend("old", tmp_path, ModelOptions())
    assert backend.info.writes
    (prompt,) = backend.encode(["Return the "])
    asked = writing(GenerationOptions(max_tokens=5), 9, "", RowKey(), backend.decode, never)
    (found,) = backend.write([TokenSequence(prompt.ids, writing=asked)])
    assert (found.count, found.ended) == (5, False)
