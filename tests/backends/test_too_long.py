"""What is kept of inputs that are too long: against tokenizers, lm-evaluation-harness's rule, and plain means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.contract import TokenSequence
from evald.backends.folder import LoadError
from evald.backends.too_long import Cutter, TooLong

tokenizers: Any = pytest.importorskip("tokenizers", reason="tokenizers is not installed")

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evald.backends.contract import Text

WORDS = ("[UNK]", "[CLS]", "[SEP]", "a", "b", "c", "d", "e")
lengths = st.integers(1, 30)


def tokenizer() -> Any:
    """Of RoBERTa's shape, which puts two tokens between the texts of a pair."""
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(dict(zip(WORDS, range(99), strict=False)), "[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return made


def encode(texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
    found = tokenizer().encode_batch(list(texts), add_special_tokens=special_tokens)
    return [TokenSequence(np.array(one.ids), np.array(one.type_ids)) for one in found]


def words(count: int, start: int = 0) -> str:
    return " ".join("abcde"[(start + at * at) % 5] for at in range(count))


def cutter(way: TooLong) -> Cutter:
    return Cutter(way, "text-classification", encode)


@given(first=lengths, second=st.integers(0, 30), most=st.integers(6, 40), way=st.sampled_from(["head", "tail"]))
def test_what_is_kept_is_what_tokenizers_keep(first: int, second: int, most: int, way: TooLong) -> None:
    text: Text = (words(first), words(second, 1)) if second else words(first)
    (whole,) = encode([text])
    if len(whole) <= most:
        return
    cuts = tokenizer()
    cuts.enable_truncation(most, strategy="longest_first", direction="right" if way == "head" else "left")
    expected = cuts.encode(text) if isinstance(text, str) else cuts.encode(*text)
    (found,) = cutter(way).parts(text, whole, most)
    assert found.ids.tolist() == expected.ids
    assert found.segments is not None
    assert found.segments.tolist() == expected.type_ids


@given(tokens=st.integers(9, 60), most=st.integers(3, 8))
def test_windows_have_every_token_and_the_same_length(tokens: int, most: int) -> None:
    (whole,) = encode([words(tokens)])
    parts = cutter("stride").parts(words(tokens), whole, most)
    read: set[int] = set()
    for part in parts:
        ids = part.ids.tolist()
        assert (len(ids), ids[0], ids[-1]) == (most, 1, 2)
        start = next(at for at in range(1, tokens + 1) if whole.ids[at : at + most - 2].tolist() == ids[1:-1])
        read |= set(range(start, start + most - 2))
    assert len(parts) == -(-tokens // (most - 2))
    assert parts[-1].ids.tolist()[1:] == whole.ids.tolist()[-most + 1 :]


def test_windows_of_a_pair_keep_its_first_text() -> None:
    pair = (words(3), words(9, 2))
    (whole,) = encode([pair])
    parts = cutter("stride").parts(pair, whole, 11)
    second = encode([pair[1]], False)[0].ids.tolist()
    assert [part.ids.tolist()[6:-1] for part in parts] == [second[:4], second[4:8], second[5:]]
    assert {tuple(part.ids.tolist()[:6]) for part in parts} == {tuple(whole.ids.tolist()[:6])}
    assert cutter("stride").parts((words(30), "a"), encode([(words(30), "a")])[0], 11) == []


def test_no_room_for_a_token_of_each_text_is_no_answer() -> None:
    (whole,) = encode([(words(5), words(5))])
    for way in ("head", "tail"):
        assert cutter(way).parts((words(5), words(5)), whole, 5) == []
        assert cutter(way).parts(words(5), encode([words(5)])[0], 2) == []


@given(prompt=lengths, completion=lengths, most=st.integers(1, 40))
def test_a_prompt_loses_its_beginning_as_in_the_harness(prompt: int, completion: int, most: int) -> None:
    whole = np.arange(prompt + completion)
    if len(whole) - 1 <= most:
        return
    found = cutter("tail").completion(whole, prompt, most)
    if completion > most:
        assert found is None
        return
    # lm_eval 0.4.13, models/huggingface.py: _loglikelihood_tokens.
    read = whole[-(most + 1) :][:-1]
    assert found is not None
    assert found[0][:-1].tolist() == read.tolist()
    assert len(found[0]) - found[1] == completion
    beginning = cutter("head").completion(whole, prompt, most)
    assert beginning is not None
    assert beginning[0].tolist() == [*range(most + 1 - completion), *range(prompt, prompt + completion)]


def test_a_language_model_has_no_windows_to_take_the_mean_of() -> None:
    with pytest.raises(LoadError, match="stride is for classifiers and encoders"):
        Cutter("stride", "causal-lm", encode)
