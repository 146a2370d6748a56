"""Order, budget and counts of the waiting sequences, on a clock of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.buckets import Call, Entry, LengthBuckets, padded_length
from evald.backends.contract import TokenSequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.backends.conftest import Bench

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=30)


def make_call(bench: Bench, lengths: list[int], now: float = 0.0, deadline: float | None = None) -> Call:
    sequences = [TokenSequence(np.ones(length, dtype=np.int64)) for length in lengths]
    return Call(sequences, bench.Token(), deadline, 300, now)


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_padding_is_enough_small_and_never_above_the_models_limit(tokens: int, max_tokens: int) -> None:
    tokens = min(tokens, max_tokens)
    padded = padded_length(tokens, max_tokens)
    assert tokens <= padded <= max_tokens
    assert padded - tokens < max(4, tokens / 8 + 1)
    assert padded == padded_length(padded, max_tokens)


@given(st.lists(st.tuples(LENGTHS, st.floats(0, 100)), min_size=1, max_size=8), st.integers(1, 2000))
def test_every_sequence_comes_out_once_within_the_budget(
    make_bench: Callable[[], Bench], plan: list[tuple[list[int], float]], budget: int
) -> None:
    buckets = LengthBuckets()
    calls = [make_call(make_bench(), lengths, now) for lengths, now in plan]
    for call in calls:
        buckets.push(call, pace=0.01)
    seen: list[tuple[int, int]] = []
    while True:
        shape, entries = buckets.take(budget)
        if not entries:
            break
        assert len(entries) == 1 or len(entries) * shape.tokens <= shape.budget(budget)
        assert {entry.call.shapes[entry.position] for entry in entries} == {shape}
        assert entries == sorted(entries)
        seen += [(id(entry.call), entry.position) for entry in entries]
    assert sorted(seen) == sorted((id(call), at) for call in calls for at in range(len(call.sequences)))
    assert (buckets.sequences, buckets.padded_tokens) == (0, 0)
    assert all(call.waiting == call.waiting_tokens == 0 for call in calls)


@given(st.lists(LENGTHS, min_size=2, max_size=8), st.data())
def test_ended_calls_leave_at_once(make_bench: Callable[[], Bench], plan: list[list[int]], data: st.DataObject) -> None:
    buckets = LengthBuckets()
    calls = [make_call(make_bench(), lengths) for lengths in plan]
    for call in calls:
        buckets.push(call, pace=0.01)
    ended = data.draw(st.sets(st.sampled_from(range(len(calls)))))
    for index in ended:
        calls[index].finish(1.0)
        assert buckets.drop(calls[index]) == len(plan[index])
    assert buckets.sequences == sum(len(plan[index]) for index in range(len(plan)) if index not in ended)
    out: list[Entry] = []
    while entries := buckets.take(512)[1]:
        out += entries
    assert len(out) == sum(len(plan[index]) for index in range(len(plan)) if index not in ended)
    assert not {id(entry.call) for entry in out} & {id(calls[index]) for index in ended}


def test_a_long_text_is_not_starved_by_a_stream_of_short_ones(bench: Bench) -> None:
    buckets, now, pace = LengthBuckets(), 0.0, 0.01
    long = make_call(bench, [300], now)
    buckets.push(long, pace)
    taken = []
    for _ in range(20):
        # Always a full batch of short texts at hand, each with a deadline to press for.
        buckets.push(make_call(bench, [8] * 64, now, deadline=now + 8.0), pace)
        shape, entries = buckets.take(512)
        taken.append(shape.length)
        now += shape.tokens * len(entries) * pace
    assert 300 in taken
    assert taken.index(300) < 3


def test_a_small_call_goes_between_the_rows_of_a_big_one(bench: Bench) -> None:
    buckets, pace = LengthBuckets(), 0.01
    big = make_call(bench, [8] * 1000, now=0.0)
    buckets.push(big, pace)
    buckets.take(512)
    small = make_call(bench, [8], now=6.0)
    buckets.push(small, pace)
    for _ in range(3):
        entries = buckets.take(512)[1]
        if small in {entry.call for entry in entries}:
            break
    assert small.waiting == 0
    assert big.waiting > 700


def test_a_call_that_must_start_now_goes_first(bench: Bench) -> None:
    buckets, pace = LengthBuckets(), 0.01
    patient = make_call(bench, [8] * 100, now=0.0, deadline=1000.0)
    pressed = make_call(bench, [16] * 10, now=1.0, deadline=2.6)
    buckets.push(patient, pace)
    buckets.push(pressed, pace)
    _, entries = buckets.take(1)
    assert entries[0].call is patient  # It came first and nothing presses yet.
    hurried = make_call(bench, [32] * 10, now=1.0, deadline=3.0)
    buckets.push(hurried, pace)
    assert buckets.take(1)[1][0].call is hurried
