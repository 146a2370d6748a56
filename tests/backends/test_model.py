"""Texts in, probabilities and failed rows out."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from evald.backends.contract import SilentObserver
from evald.backends.model import Model
from evald.backends.probabilities import sigmoid, softmax
from evald.errors import CancelledError, DeadlineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.backends.conftest import Bench, FakeBackend

    from evald.backends.contract import BatchObserver, Floats, Text, TokenSequence


def make_model(bench: Bench, backend: FakeBackend, observer: BatchObserver | None = None) -> Model:
    return Model(backend, bench.batcher(backend), observer or SilentObserver())


def test_rows_fail_one_by_one_with_their_reasons(bench: Bench) -> None:
    long, poison, nan = " ".join("a" * 65), "x" * bench.POISON, "x" * bench.NAN
    texts = ["one two", None, "", long, poison, nan, "three"]
    # Words become their lengths, so each text but the poison shares its batch with nobody that matters.
    model = make_model(bench, bench.backend())
    separate = [model.classify([text], bench.Token()) for text in texts]
    reasons = [[failure.reason for failure in one.failures] for one in separate]
    expected = [[], ["MISSING_INPUT"], ["EMPTY_INPUT"], ["INPUT_TOO_LONG"], ["MODEL_ERROR"], ["NON_FINITE_SCORE"], []]
    assert reasons == expected
    together = model.classify([text for text in texts if text != poison], bench.Token())
    assert [(failure.row, failure.reason) for failure in together.failures] == [
        (1, "MISSING_INPUT"),
        (2, "EMPTY_INPUT"),
        (3, "INPUT_TOO_LONG"),
        (4, "NON_FINITE_SCORE"),
    ]
    assert together.scores[[1, 2, 3, 4]].tolist() == [[0.0] * 3] * 4
    assert together.scores[[0, 5]].sum(axis=1) == pytest.approx(1.0)
    assert together.scores.dtype == np.float32
    assert together.scores.flags.c_contiguous
    assert together.timings.tokens == 4  # Two and one read well, one read badly; what was refused was not read.


def test_a_failure_quotes_no_text(bench: Bench) -> None:
    failures = (
        make_model(bench, bench.backend()).classify(["secret " * 100, "x" * bench.POISON], bench.Token()).failures
    )
    messages = [failure.message for failure in failures]
    assert messages[0] == "the input has 100 tokens, the model takes at most 64"
    assert messages[1] == "the model failed on the batch of this row (ValueError)"


def test_the_limit_itself_is_not_too_long(bench: Bench) -> None:
    assert not make_model(bench, bench.backend()).classify(["a " * 64], bench.Token()).failures


def test_no_texts(bench: Bench) -> None:
    result = make_model(bench, bench.backend()).classify([], bench.Token())
    assert result.scores.shape == (0, 3)
    assert result.failures == ()


def test_a_cancelled_call_is_not_tokenised(bench: Bench) -> None:
    token = bench.Token()
    token.set()
    with pytest.raises(CancelledError):
        make_model(bench, bench.backend()).classify(["a"], token)


def test_a_call_after_its_deadline_is_not_tokenised(bench: Bench) -> None:
    with pytest.raises(DeadlineError):
        make_model(bench, bench.backend()).classify(["a"], bench.Token(), time.monotonic() - 1)


def test_an_answer_of_the_wrong_shape_is_a_failure(bench: Bench) -> None:
    backend = bench.backend()
    backend.width = 4
    (failure,) = make_model(bench, backend).classify(["a"], bench.Token()).failures
    assert (failure.reason, failure.message) == (
        "MODEL_ERROR",
        "the model failed on the batch of this row (WrongShape)",
    )


def test_close_frees_the_backend(bench: Bench) -> None:
    backend = bench.backend()
    make_model(bench, backend).close()
    assert backend.closed


def test_stages_are_told(bench: Bench) -> None:
    recorder = bench.Recorder()
    make_model(bench, bench.backend(), recorder).classify(["a b"], bench.Token())
    assert [stage for stage, _ in recorder.stages] == ["tokenize", "answer"]


def test_a_call_is_asked_whether_it_ended_between_few_characters(bench: Bench) -> None:
    backend, seen = bench.backend(), list[list[int]]()
    encode = backend.encode

    def listening(texts: Sequence[Text], special_tokens: bool = True) -> list[TokenSequence]:
        seen.append([len(text) for text in texts])
        return encode(texts, special_tokens)

    backend.encode = listening  # type: ignore[method-assign]
    lengths = [1] * 600 + [100_000] * 5 + [1]
    assert len(make_model(bench, backend).classify(["a" * length for length in lengths], bench.Token()).scores) == 606
    assert [length for chunk in seen for length in chunk] == lengths
    assert [len(chunk) for chunk in seen] == [256, 256, 90, 2, 2]


@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(2, 20)),
        elements=st.floats(-(2.0**100), 2.0**100, width=32) | st.floats(-20, 20, width=32),
    )
)
def test_softmax_of_a_row_does_not_depend_on_other_rows(logits: Floats) -> None:
    together = softmax(logits)
    for row in range(len(logits)):
        assert softmax(logits[row : row + 1]).tobytes() == together[row : row + 1].tobytes()
    assert together.sum(axis=1) == pytest.approx(np.ones(len(logits)), abs=1e-6)
    best = logits.argmax(axis=1)
    assert (together[range(len(best)), best] == together.max(axis=1)).all()


@given(st.floats(-800, 800, width=32))
def test_sigmoid_is_the_logistic_function_and_never_overflows(logit: float) -> None:
    found = sigmoid(np.array([[logit]], dtype=np.float32))
    assert found.dtype == np.float32
    assert found[0, 0] == pytest.approx(0.5 * (1 + np.tanh(np.float64(logit) / 2)), abs=1e-7)
