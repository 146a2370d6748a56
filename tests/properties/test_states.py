"""States from elsewhere may hold anything: they are refused or merged, and never end the process."""

from __future__ import annotations

import contextlib
import random
import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.build import Question, texts
from tests.properties.test_accumulator import COMPARE, make_rows

from evald._native import Accumulator
from evald.errors import InvalidRequestError

SMALL = COMPARE.asking(metrics=("rouge_l", "accuracy", "f1(average=macro)"), systems=("base", "new"))


@pytest.fixture(scope="module")
def states() -> list[bytes]:
    """Exact and hashed slots, with and without excluded rows, with and without rows."""
    return [
        SMALL.accumulate().state(),
        SMALL.accumulate(make_rows(6, 2, seed=1, missing=0.0)).state(),
        SMALL.accumulate(make_rows(40, 2, seed=2, missing=0.3, clusters=5)).state(),
        SMALL.asking(statistics={"replicates": 0}).accumulate(make_rows(6, 2, seed=3)).state(),
    ]


def refuse(state: bytes, question: Question = SMALL) -> str:
    """The reason why a state is refused."""
    accumulator = question.accumulate(make_rows(5, 2))
    before = accumulator.state()
    with pytest.raises(InvalidRequestError) as caught:
        accumulator.merge(state)
    assert accumulator.state() == before
    assert [violation.field for violation in caught.value.violations] == ["state"]
    return caught.value.reason


def forged(body: bytes) -> bytes:
    """A body with a checksum that fits."""
    return body + zlib.crc32(body).to_bytes(4, "little")


def test_a_truncated_state_is_refused(states: list[bytes]) -> None:
    for cut in range(len(states[1])):
        assert refuse(states[1][:cut]) == "BAD_STATE"
    assert refuse(states[1] + b"\x00") == "BAD_STATE"
    assert refuse(b"") == "BAD_STATE"


def test_bytes_after_the_body_are_refused(states: list[bytes]) -> None:
    assert refuse(forged(states[1][:-4] + b"\x00")) == "BAD_STATE"


@given(data=st.data())
def test_a_damaged_state_is_refused(states: list[bytes], data: st.DataObject) -> None:
    """Any changed byte shows in the checksum."""
    state = bytearray(data.draw(st.sampled_from(states)))
    for at in data.draw(st.lists(st.integers(0, len(state) - 1), min_size=1, max_size=3, unique=True)):
        state[at] ^= data.draw(st.integers(1, 255))
    assert refuse(bytes(state)) == "BAD_STATE"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(state: bytes) -> None:
    assert refuse(state) == "BAD_STATE"
    assert refuse(forged(state)) == "BAD_STATE"
    assert refuse(forged(b"EVALDST1" + state)) in {"BAD_STATE", "STATE_MISMATCH"}


FOREIGN = [
    SMALL.asking(metrics=("rouge_l", "accuracy")),
    SMALL.asking(metrics=("rouge_l(stemmer=true)", "accuracy", "f1(average=macro)")),
    SMALL.asking(metrics=("accuracy", "rouge_l", "f1(average=macro)")),
    SMALL.asking(systems=("new", "base")),
    SMALL.asking(systems=("base", "new", "newer")),
    SMALL.asking(kind="evaluate"),
    SMALL.asking(classes=tuple("abcde")),
    SMALL.asking(statistics={"replicates": 100, "seed": 1}),
    SMALL.asking(statistics={"replicates": 101}),
    SMALL.asking(statistics={"replicates": 100, "confidence_level": 0.9}),
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda question: str(FOREIGN.index(question)))
def test_a_state_of_another_question_is_refused(foreign: Question) -> None:
    rows = make_rows(5, len(foreign.systems), seed=4)
    assert refuse(foreign.accumulate(rows).state()) == "STATE_MISMATCH"


def test_a_state_of_another_version_is_refused(states: list[bytes]) -> None:
    """The version is the first string of the body, behind its length."""
    length = states[1][8]
    version = states[1][9 : 9 + length]
    other = states[1].replace(version, version[:-1] + b"~", 1)
    assert refuse(forged(other[:-4])) == "STATE_MISMATCH"


def test_an_older_format_is_refused(states: list[bytes]) -> None:
    assert refuse(forged(b"EVALDST0" + states[1][8:-4])) == "BAD_STATE"


def changed(state: bytes, choose: random.Random) -> bytes:
    """A body with a few changes behind its header, so that they reach the sums."""
    body = bytearray(state[:-4])
    for _ in range(choose.choice([1, 1, 1, 2, 4])):
        at = choose.randrange(100, len(body))
        change = choose.choice(["flip", "set", "insert", "delete"])
        if change == "flip":
            body[at] ^= 1 << choose.randrange(8)
        elif change == "set":
            body[at] = choose.choice([0, 1, 0x7F, 0x80, 0xFF])
        elif change == "insert":
            body[at:at] = bytes(choose.choices([0, 1, 0xFF, 0x7F], k=choose.randint(1, 9)))
        else:
            del body[at : at + choose.randint(1, 9)]
    return forged(bytes(body))


def why_refused(accumulator: Accumulator, state: bytes) -> str | None:
    """The reason why a state is refused; None if it is merged."""
    try:
        accumulator.merge(state)
    except InvalidRequestError as error:
        return error.reason
    return None


@pytest.mark.parametrize("seed", range(6))
def test_a_forged_state_is_refused_or_merged(states: list[bytes], seed: int) -> None:
    """With the checksum made to fit, what is read must still be safe to sum and to answer from."""
    choose = random.Random(seed)
    reasons: Counter[str | None] = Counter()
    for _ in range(500):
        accumulator = SMALL.accumulate(make_rows(5, 2))
        reason = why_refused(accumulator, changed(choose.choice(states[:3]), choose))
        reasons[reason] += 1
        if reason is None:
            # Sums that no rows could have given may be too costly or undefined, but they are no bug.
            with contextlib.suppress(InvalidRequestError):
                accumulator.finish()
            SMALL.merge([accumulator.state()])
    assert set(reasons) <= {None, "BAD_STATE", "STATE_MISMATCH", "OVERLAPPING_POSITIONS"}
    assert reasons[None] > 20, "the changes never reached the sums"


def test_a_state_holds_no_text() -> None:
    """Ids of some rows and class names may be in it; predictions and references are not."""
    question = Question(["bleu", "rouge_1", "exact_match"])
    secret = "Xylophonquartett"
    state = question.accumulate(texts([[secret, f"{secret} \u00e9"]], [[secret], [secret]])).state()
    assert secret.encode() not in state
    assert secret.lower().encode() not in state
