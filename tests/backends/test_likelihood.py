"""Windows and log-likelihoods, against lm-evaluation-harness's rule written out and plain loops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import LogLikelihoods, ModelInfo, SilentObserver, TokenSequence
from evald.backends.likelihood import log_likelihoods, rolling_windows
from evald.backends.model import Model
from evald.backends.texts import move_spaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.backends.conftest import Bench

    from evald.backends.contract import Doubles, Text, WrittenTokens

PREFIX = 1000


def ids(numbers: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, dtype=np.int64)


def shown(windows: list[TokenSequence]) -> list[tuple[list[int], list[int]]]:
    return [(window.ids.tolist(), [] if window.targets is None else window.targets.tolist()) for window in windows]


def test_windows_are_those_of_the_example_in_the_harness() -> None:
    """The docstring of `LM.loglikelihood_rolling` in lm-evaluation-harness 0.4.13."""
    assert shown(rolling_windows(ids(range(10)), PREFIX, 4, 1)) == [
        ([PREFIX, 0, 1, 2], [0, 1, 2, 3]),
        ([3, 4, 5, 6], [4, 5, 6, 7]),
        ([5, 6, 7, 8], [8, 9]),
    ]


def test_more_context_means_shorter_steps() -> None:
    assert shown(rolling_windows(ids(range(8)), PREFIX, 4, 3)) == [
        ([PREFIX, 0, 1, 2], [0, 1, 2, 3]),
        ([1, 2, 3, 4], [4, 5]),
        ([3, 4, 5, 6], [6, 7]),
    ]


@given(st.integers(1, 60), st.integers(1, 12), st.data())
def test_every_token_is_scored_once_with_context(tokens: int, most: int, data: st.DataObject) -> None:
    context = data.draw(st.integers(1, most))
    windows = rolling_windows(ids(range(tokens)), PREFIX, most, context)
    scored = [target for _, targets in shown(windows) for target in targets]
    assert scored == list(range(tokens))
    for at, (read, targets) in enumerate(shown(windows)):
        assert 1 <= len(read) <= most
        # The last target comes after all that was read, and every other one was read.
        assert read[len(read) - len(targets) + 1 :] == targets[:-1]
        assert at == 0 or len(read) - len(targets) + 1 >= context
        assert at == 0 or len(read) == most


def test_spaces_move_to_the_completion() -> None:
    assert move_spaces("Answer: ", "Paris") == ("Answer:", " Paris")
    assert move_spaces("Answer:\n\t", "") == ("Answer:", "\n\t")
    assert move_spaces("Answer", "ing") == ("Answer", "ing")


@given(st.integers(1, 9), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_log_likelihoods_are_those_of_a_plain_loop(rows: int, vocabulary: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    logits = (draw.normal(size=(rows, vocabulary)) * 30).astype(np.float32)
    targets = draw.integers(0, vocabulary, size=rows)
    found = log_likelihoods(logits, targets)
    for row, target in enumerate(targets.tolist()):
        numbers = [float(logit) for logit in logits[row]]
        top = max(numbers)
        total = top + math.log(math.fsum(math.exp(number - top) for number in numbers))
        assert found[row] == pytest.approx(numbers[target] - total, abs=1e-12)


def test_a_large_vocabulary_is_done_in_blocks() -> None:
    draw = np.random.default_rng(7)
    logits = draw.normal(size=(40, 1 << 16)).astype(np.float32)
    targets = draw.integers(0, 1 << 16, size=40)
    together = log_likelihoods(logits, targets)
    for row in range(40):
        assert log_likelihoods(logits[row : row + 1], targets[row : row + 1]).tobytes() == together[row].tobytes()


def test_what_is_no_number_stays_so() -> None:
    logits = np.array([[np.nan, 0.0], [np.inf, 0.0], [-np.inf, 0.0]], dtype=np.float32)
    found = log_likelihoods(logits, ids([1, 1, 0]))
    assert np.isnan(found[:2]).all()
    assert found[2] == -np.inf


class LetterModel:
    """A language model without weights: a token a letter, and the next letter is as likely as its code is small."""

    info = ModelInfo("letters", "causal-lm", (), 8, "w", "t", "fake 1", "cpu", "fp32", True, prefix_token=PREFIX)

    def encode(self, texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        return [TokenSequence(ids([PREFIX] * special_tokens + [ord(letter) for letter in str(text)])) for text in texts]

    def run(self, sequences: Sequence[TokenSequence], length: int) -> list[Doubles]:
        assert all(len(sequence) <= length <= 8 for sequence in sequences)
        return [self.answer(sequence) for sequence in sequences]

    def answer(self, sequence: TokenSequence) -> Doubles:
        assert sequence.targets is not None
        if ord("!") in sequence.ids:
            raise ValueError("a message that quotes a text")
        return np.where(sequence.targets == ord("?"), np.nan, -0.01 * sequence.targets)

    def decode(self, ids: Sequence[int]) -> str:
        raise NotImplementedError

    def write(self, sequences: Sequence[TokenSequence]) -> list[WrittenTokens]:
        raise NotImplementedError

    def close(self) -> None:
        return None


@pytest.fixture
def letters() -> Iterator[Model]:
    backend, silent = LetterModel(), SilentObserver()
    model = Model(backend, TokenBudgetBatcher(backend, silent, batch_tokens=16, queue_tokens=1 << 16), silent)
    yield model
    model.close()


def score(model: Model, bench: Bench, *texts: Text | None) -> LogLikelihoods:
    return model.log_likelihoods(texts, bench.Token())


def test_texts_of_any_length_and_completions_are_scored(letters: Model, bench: Bench) -> None:
    long = "abcdefghij" * 3
    result = score(letters, bench, long, ("ab", "cde"), ("ab ", "c"), ("", "xy"), ("  ", "x"))
    expected = [long, "cde", " c", "xy", "  x"]
    assert [tokens.tolist() for tokens in result.tokens] == [[-0.01 * ord(c) for c in text] for text in expected]
    assert not result.failures
    assert result.timings.tokens > 0


def test_rows_fail_one_by_one_and_quote_no_text(letters: Model, bench: Bench) -> None:
    texts: list[Text | None] = [None, "", ("ab", ""), ("abcde", "fgh"), ("abcd", "fgh"), "a" * 20 + "!bc", "a?", "ab"]
    results = [score(letters, bench, text) for text in texts]
    reasons = [[failure.reason for failure in result.failures] for result in results]
    assert reasons == [
        ["MISSING_INPUT"],
        ["EMPTY_INPUT"],
        ["EMPTY_INPUT"],
        [],
        [],
        ["MODEL_ERROR"],
        ["NON_FINITE_SCORE"],
        [],
    ]
    assert all(len(result.tokens[0]) == 0 for result, failed in zip(results, reasons, strict=True) if failed)
    (failure,) = score(letters, bench, ("abcdefgh", "ij")).failures
    assert (
        failure.message == "the prompt with its completion but the last token has 10 tokens, the model takes at most 8"
    )
