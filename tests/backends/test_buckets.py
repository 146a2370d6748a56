"""Order, budget and counts of the waiting sequences, on a clock of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.buckets import Call, Entry, LengthBuckets, padded_length, shape_of
from evald.backends.contract import TokenSequence
from evald.backends.grouping import TokenCost

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.backends.conftest import Bench

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=30)


def make_call(
    bench: Bench,
    lengths: list[int],
    now: float = 0.0,
    deadline: float | None = None,
    *,
    mixes: bool = False,
    tenant: str = "",
) -> Call:
    sequences = [TokenSequence(np.ones(length, dtype=np.int64)) for length in lengths]
    return Call(sequences, bench.Token(tenant), deadline, bench.backend(300, length_step=int(mixes)).info, now)


@given(st.integers(1, 4096), st.integers(1, 4096))
def test_padding_is_enough_small_and_never_above_the_models_limit(tokens: int, max_tokens: int) -> None:
    tokens = min(tokens, max_tokens)
    padded = padded_length(tokens, max_tokens)
    assert tokens <= padded <= max_tokens
    assert padded - tokens < max(4, tokens / 8 + 1)
    assert padded == padded_length(padded, max_tokens)


@given(st.integers(1, 301), st.sampled_from([1, 2, 4]))
def test_lengths_that_share_batches_are_multiples_of_the_models_step(
    make_bench: Callable[[], Bench], tokens: int, step: int
) -> None:
    """Or the most that the model reads, beside which nothing is longer."""
    sequence = TokenSequence(np.ones(tokens, dtype=np.int64))
    length = shape_of(sequence, make_bench().backend(301, length_step=step).info).length
    assert tokens <= length < tokens + step
    assert length % step == 0 or length == 301


@given(
    st.lists(st.tuples(LENGTHS, st.floats(0, 100)), min_size=1, max_size=8),
    st.integers(1, 2000),
    st.booleans(),
    st.sampled_from([0, 16, 384]),
)
def test_every_sequence_comes_out_once_within_the_budget(
    make_bench: Callable[[], Bench], plan: list[tuple[list[int], float]], budget: int, mixes: bool, packed_width: int
) -> None:
    buckets, cost = LengthBuckets(mixes=mixes, packed_width=packed_width), TokenCost(packed_width)
    calls = [make_call(make_bench(), lengths, now, mixes=mixes) for lengths, now in plan]
    for call in calls:
        buckets.push(call)
    seen: list[tuple[int, int]] = []
    while True:
        shape, entries = buckets.take(budget, 0.0, 0.01)
        if not entries:
            break
        taken = [entry.call.shapes[entry.position] for entry in entries]
        cost_of_batch = sum(cost.of_sequence(own.tokens, shape.tokens) for own in taken)
        assert len(entries) == 1 or cost_of_batch <= shape.budget(budget) + 1e-6
        own = set(taken)
        assert max(own) == shape
        assert mixes or len(own) == 1
        seen += [(id(entry.call), entry.position) for entry in entries]
    assert sorted(seen) == sorted((id(call), at) for call in calls for at in range(len(call.sequences)))
    assert (buckets.sequences, buckets.padded_tokens) == (0, 0)
    assert all(call.waiting == call.waiting_tokens == 0 for call in calls)


@given(st.lists(LENGTHS, min_size=2, max_size=8), st.data())
def test_ended_calls_leave_at_once(make_bench: Callable[[], Bench], plan: list[list[int]], data: st.DataObject) -> None:
    buckets = LengthBuckets()
    calls = [make_call(make_bench(), lengths) for lengths in plan]
    for call in calls:
        buckets.push(call)
    ended = data.draw(st.sets(st.sampled_from(range(len(calls)))))
    for index in ended:
        calls[index].finish(1.0)
        assert buckets.drop(calls[index]) == len(plan[index])
    assert buckets.sequences == sum(len(plan[index]) for index in range(len(plan)) if index not in ended)
    out: list[Entry] = []
    while entries := buckets.take(512, 0.0, 0.01)[1]:
        out += entries
    assert len(out) == sum(len(plan[index]) for index in range(len(plan)) if index not in ended)
    assert not {id(entry.call) for entry in out} & {id(calls[index]) for index in ended}


PACE = 0.01


def test_a_long_text_is_not_starved_by_a_stream_of_short_ones(bench: Bench) -> None:
    buckets, now = LengthBuckets(), 0.0
    long = make_call(bench, [300], now)
    buckets.push(long)
    taken = []
    for _ in range(20):
        # Always a full batch of short texts at hand, each call with a deadline that presses.
        buckets.push(make_call(bench, [8] * 64, now, deadline=now + 5.5))
        shape, entries = buckets.take(512, now, PACE)
        taken.append(shape.length)
        now += shape.tokens * len(entries) * PACE
    assert 300 in taken[:3]


@given(st.lists(st.integers(1, 20), min_size=2, max_size=6))
def test_calls_share_the_model_by_tokens(make_bench: Callable[[], Bench], lengths: list[int]) -> None:
    """Each call has texts of its own length, more than can run; they differ by a batch at most."""
    buckets, bench, budget = LengthBuckets(), make_bench(), 160
    calls = [make_call(bench, [8 * length] * 500) for length in dict.fromkeys(lengths)]
    for call in calls:
        buckets.push(call)
    for _ in range(20 * len(calls)):
        buckets.take(budget, 0.0, PACE)
    served = [sum(shape.tokens for shape in call.shapes) - call.waiting_tokens for call in calls]
    assert max(served) - min(served) <= max(budget, *(call.shapes[0].tokens for call in calls))


@given(st.integers(1, 10), st.integers(1, 10), st.integers(1, 20), st.integers(1, 20), st.booleans())
def test_tenants_share_the_model_by_tokens_however_many_calls_they_send(
    make_bench: Callable[[], Bench], ours: int, theirs: int, our_length: int, their_length: int, mixes: bool
) -> None:
    """Between them, and among the calls of each, the difference is a batch at most."""
    buckets, bench, budget = LengthBuckets(mixes=mixes), make_bench(), 160
    tenants = [
        [make_call(bench, [8 * length] * 200, mixes=mixes, tenant=name) for _ in range(calls)]
        for name, calls, length in (("ours", ours, our_length), ("theirs", theirs, their_length))
    ]
    for call in (*tenants[0], *tenants[1]):
        buckets.push(call)
    while all(call.waiting_tokens > 2 * budget for calls in tenants for call in calls):
        buckets.take(budget, 0.0, PACE)
    served = [[200 * call.shapes[0].tokens - call.waiting_tokens for call in calls] for calls in tenants]
    assert abs(sum(served[0]) - sum(served[1])) <= budget
    assert all(max(calls) - min(calls) <= budget for calls in served)


def test_a_tenant_that_comes_back_has_the_share_of_the_others(bench: Bench) -> None:
    """Neither what it was served before nor the time that it was away counts."""
    buckets = LengthBuckets()
    steady = [make_call(bench, [8] * 2000, tenant="steady") for _ in range(3)]
    for call in steady:
        buckets.push(call)
    for _ in range(5):
        buckets.take(64, 0.0, PACE)
    for _ in range(2):
        guest = make_call(bench, [8] * 80, tenant="guest")
        buckets.push(guest)
        turns = [{entry.call.tenant.key for entry in buckets.take(64, 0.0, PACE)[1]} for _ in range(20)]
        assert not guest.waiting
        assert 9 <= turns.count({"guest"}) <= 11
        assert turns.index({"guest"}) <= 1
        for _ in range(7):
            buckets.take(64, 0.0, PACE)


def test_a_small_call_does_not_wait_for_what_big_ones_left_behind(bench: Bench) -> None:
    """However long ten big calls have been waiting, a call that comes is served when each of them had a turn."""
    buckets = LengthBuckets()
    bigs = [make_call(bench, [8] * 1000) for _ in range(10)]
    for big in bigs:
        buckets.push(big)
    for _ in range(60):
        buckets.take(512, 0.0, PACE)
    small = make_call(bench, [16], now=300.0)
    buckets.push(small)
    taken = [buckets.take(512, 300.0, PACE)[1] for _ in range(len(bigs) + 1)]
    assert small in {entry.call for entries in taken for entry in entries}
    assert all(big.waiting > 200 for big in bigs)


def test_a_stream_of_small_calls_does_not_keep_a_big_one_from_its_share(bench: Bench) -> None:
    buckets = LengthBuckets()
    big = make_call(bench, [8] * 1000)
    buckets.push(big)
    small = make_call(bench, [])
    for _ in range(100):
        if not small.waiting:
            small = make_call(bench, [16] * 4)
            buckets.push(small)
        buckets.take(64, 0.0, PACE)
    # Full batches of either, turn by turn.
    assert 45 * 8 <= 1000 - big.waiting <= 55 * 8


def test_neighbouring_lengths_share_a_batch_where_the_model_allows_it(bench: Bench) -> None:
    buckets = LengthBuckets(mixes=True)
    for length in (20, 3, 19, 21):
        buckets.push(make_call(bench, [length], mixes=True))
    shape, entries = buckets.take(256, 0.0, PACE)
    assert (shape.length, [len(entry.call.sequences[0]) for entry in entries]) == (21, [20, 19, 21])
    assert buckets.take(256, 0.0, PACE)[0].length == 3


def test_one_call_runs_from_its_longest_texts_to_its_shortest_with_little_padding(bench: Bench) -> None:
    buckets = LengthBuckets(mixes=True)
    lengths = [1 + at * 7 % 120 for at in range(400)]
    buckets.push(make_call(bench, lengths, mixes=True))
    padded, order = 0, []
    while entries := (batch := buckets.take(512, 0.0, PACE))[1]:
        padded += batch[0].length * len(entries)
        order.append(batch[0].length)
    assert order == sorted(order, reverse=True)
    assert padded <= 1.03 * sum(lengths)


def test_short_texts_join_a_long_one_where_padding_is_cheap(bench: Bench) -> None:
    for packed_width, expected in ((0, 1), (384, 4)):
        buckets = LengthBuckets(mixes=True, packed_width=packed_width)
        buckets.push(make_call(bench, [100, 10, 10, 10], mixes=True))
        assert len(buckets.take(1024, 0.0, PACE)[1]) == expected


def test_who_came_late_does_not_overtake_who_waited_long(bench: Bench) -> None:
    buckets = LengthBuckets(mixes=True)
    calls = [make_call(bench, [10], float(second), mixes=True) for second in range(60)]
    for call in calls:
        buckets.push(call)
    # At 60 the first has waited 60 seconds; 80 % of that have waited those who came up to 12.
    assert [entry.call for entry in buckets.take(512, 60.0, PACE)[1]] == calls[:13]


def test_the_front_of_the_line_always_shares_a_batch(bench: Bench) -> None:
    buckets = LengthBuckets(mixes=True)
    calls = [make_call(bench, [10], 0.0 if number == 0 else 59.0, mixes=True) for number in range(20)]
    for call in calls:
        buckets.push(call)
    assert [entry.call for entry in buckets.take(512, 60.0, PACE)[1]] == calls[:8]


def test_a_call_that_must_start_now_goes_first(bench: Bench) -> None:
    buckets = LengthBuckets()
    patient = make_call(bench, [8] * 100, deadline=1000.0)
    hurried = make_call(bench, [32] * 10, deadline=4.0)
    buckets.push(patient)
    buckets.push(hurried)
    assert buckets.take(8, 0.0, PACE)[1][0].call is patient  # It came first and nothing presses yet.
    # 320 tokens need 3.2 s: from 0.8 s on there is no time left for others.
    assert buckets.take(8, 0.75, PACE)[1][0].call is hurried
    # The batch after that is by fairness, even if its slack is used up again.
    assert buckets.take(8, 1.1, PACE)[1][0].call is patient
    assert buckets.take(8, 1.1, PACE)[1][0].call is hurried


def test_what_must_be_done_by_a_deadline_is_known(bench: Bench) -> None:
    buckets = LengthBuckets()
    for deadline in (None, 5.0, 10.0):
        buckets.push(make_call(bench, [8] * 10, deadline=deadline))
    assert [buckets.ahead(deadline) for deadline in (4.0, 5.0, 11.0)] == [0, 80, 160]
