"""How fast an endpoint is asked, without an endpoint: turns, buckets and pauses in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evald.backends.remote.pace import Bucket, Pace, Turns


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


@settings(max_examples=60, deadline=None)
@given(
    most=st.integers(1, 4),
    calls=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    cancelled=st.sets(st.tuples(st.integers(0, 5), st.integers(0, 11))),
)
def test_every_row_gets_its_turn_and_no_place_is_lost(
    most: int, calls: list[int], cancelled: set[tuple[int, int]]
) -> None:
    async def play() -> None:
        turns = Turns(most)
        inside = 0
        served: list[tuple[int, int]] = []

        async def row(call: int, number: int) -> None:
            nonlocal inside
            async with turns.turn(call):
                inside += 1
                assert inside <= most
                served.append((call, number))
                await asyncio.sleep(0)
                inside -= 1

        rows = [(call, number) for call, count in enumerate(calls) for number in range(count)]
        tasks = {row_: asyncio.create_task(row(*row_)) for row_ in rows}
        await asyncio.sleep(0)
        waiting = [row_ for row_ in cancelled if row_ in tasks and row_ not in served]
        for row_ in waiting:
            tasks[row_].cancel()
        await asyncio.wait_for(asyncio.gather(*tasks.values(), return_exceptions=True), 30)
        assert sorted(served) == sorted(set(rows) - set(waiting))
        assert turns.waiting == 0
        # All places are free again.
        async with asyncio.timeout(30):
            for _ in range(2 * most):
                async with turns.turn("last"):
                    pass

    run(play())


def test_calls_take_turns() -> None:
    async def play() -> list[str]:
        turns, order = Turns(1), []

        async def row(call: str) -> None:
            async with turns.turn(call):
                order.append(call)
                await asyncio.sleep(0)

        await asyncio.gather(*(row(call) for call in ["large"] * 6 + ["small"] * 2 + ["other"]))
        return order

    assert run(play()) == ["large", "large", "small", "other", "large", "small", "large", "large", "large"]


def test_a_place_that_is_given_to_a_row_that_ends_goes_on() -> None:
    async def play() -> None:
        turns = Turns(1)
        first = asyncio.Event()

        async def hold() -> None:
            async with turns.turn("a"):
                await first.wait()

        async def take() -> str:
            async with turns.turn("b"):
                return "done"

        holder = asyncio.create_task(hold())
        await asyncio.sleep(0)
        ended, next_ = asyncio.create_task(take()), asyncio.create_task(take())
        await asyncio.sleep(0)
        first.set()
        await asyncio.sleep(0)
        # The holder has given its place to the first in line, which is ended before it runs.
        ended.cancel()
        assert await asyncio.wait_for(next_, 30) == "done"
        await holder

    run(play())


def test_a_bucket_grants_a_burst_and_then_the_rate() -> None:
    async def play() -> None:
        bucket = Bucket(600)
        waits = [bucket.wait_for(1) for _ in range(80)]
        assert waits[:60] == [0.0] * 60
        assert 0.9 < waits[69] <= 1.0
        assert 1.9 < waits[79] <= 2.0
        bucket.give_back(20)
        assert bucket.wait_for(1) <= 0.1
        # One request is never refused for being larger than the burst.
        assert Bucket(60).wait_for(1000) == 994.0
        assert Bucket(None).wait_for(1e12) == 0.0

    run(play())


def test_a_row_that_ends_gives_back_what_it_took() -> None:
    async def play() -> None:
        pace = Pace(None, 60_000)
        await pace.wait(6_000)
        late = asyncio.create_task(pace.wait(1_000_000))
        await asyncio.sleep(0)
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        async with asyncio.timeout(5):
            await pace.wait(100)
        pace.pause(500)
        assert 499 < pace.paused() <= 500

    run(play())
