"""How fast an endpoint is asked: so many rows at once, so many requests and tokens a minute, in turn between calls.

All of it runs in one event loop, so nothing here needs a lock. Must not know what is asked.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_MINUTE = 60.0
# What a provider grants at once varies; a tenth of a minute's worth is granted by all that were looked at.
_BURST = 0.1


class Turns:
    """At most `most` holders at once; who waits is served in turn by call, not by arrival: a call of a hundred thousand
    rows does not keep one of three waiting.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: OrderedDict[object, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def turn(self, call: object) -> AsyncIterator[None]:
        """Holds one of the places for a row of a call."""
        await self._take(call)
        try:
            yield
        finally:
            self._free += 1
            self._serve()

    async def _take(self, call: object) -> None:
        if self._free and not self._waiting:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(call, deque()).append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                # The place was given in the same moment: it goes to the next one.
                self._free += 1
                self._serve()
            else:
                self._drop(call, place)
            raise

    def _drop(self, call: object, place: asyncio.Future[None]) -> None:
        queue = self._waiting.get(call)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._waiting[call]

    def _serve(self) -> None:
        while self._free and self._waiting:
            call, queue = self._waiting.popitem(last=False)
            place = queue.popleft()
            if queue:
                # To the end of the line: the next place is another call's.
                self._waiting[call] = queue
            if not place.done():
                self._free -= 1
                place.set_result(None)


class Bucket:
    """A token bucket: so much a minute, and a little of it at once."""

    def __init__(self, a_minute: float | None) -> None:
        self._rate = None if a_minute is None else a_minute / _MINUTE
        self._most = 0.0 if a_minute is None else max(1.0, a_minute * _BURST)
        self._level = self._most
        self._at = asyncio.get_running_loop().time()

    def wait_for(self, amount: float) -> float:
        """Takes the amount and says how many seconds to wait before it may be used; the level may fall below 0."""
        if self._rate is None:
            return 0.0
        now = asyncio.get_running_loop().time()
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        self._level -= amount
        return max(0.0, -self._level / self._rate)

    def give_back(self, amount: float) -> None:
        """Corrects an estimate: negative if more was used than taken."""
        if self._rate is not None:
            self._level += amount


class Pace:
    """The rates of an endpoint, and the pause that it asked for."""

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._requests = Bucket(requests_per_minute)
        self._tokens = Bucket(tokens_per_minute)
        self._not_before = 0.0

    async def wait(self, tokens: float) -> None:
        """Waits until a request of about so many tokens may be sent."""
        loop = asyncio.get_running_loop()
        ready = loop.time() + max(self._requests.wait_for(1), self._tokens.wait_for(tokens))
        try:
            while True:
                seconds = max(ready, self._not_before) - loop.time()
                if seconds <= 0:
                    return
                # Meanwhile a longer pause may be asked for.
                await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self._requests.give_back(1)
            self._tokens.give_back(tokens)
            raise

    def paused(self) -> float:
        """Seconds that the endpoint wants to be left alone for."""
        return max(0.0, self._not_before - asyncio.get_running_loop().time())

    def used(self, estimate: float, tokens: float) -> None:
        """Corrects the estimate of a request by what it used."""
        self._tokens.give_back(estimate - tokens)

    def pause(self, seconds: float) -> None:
        """No request is sent before so many seconds are over: the endpoint asked for it."""
        self._not_before = max(self._not_before, asyncio.get_running_loop().time() + seconds)
