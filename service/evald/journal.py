"""Updates of metrics that are noted now and made later, many at once. Must not know which metrics there are.

Among the work of a call each update takes several microseconds, because its code has left the caches of the processor
by then; in a loop it takes less than one. Whoever reads the metrics finds everything that was noted before.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable

from prometheus_client import Metric
from prometheus_client.registry import Collector

# More would hold up the call that makes them for longer than a call takes.
_MOST = 128

# What to call, with which value.
Update = tuple[Callable[[float], object], float]


class Journal(Collector):
    """Register it before the metrics: a registry asks in this order, so what follows has all that was noted."""

    def __init__(self) -> None:
        self._updates: deque[Update] = deque()
        self._settling = threading.Lock()

    def note(self, update: Update) -> None:
        """Has an update made later, at the latest before the metrics are read."""
        self._updates.append(update)
        # Who finds another thread at it leaves it to that.
        if len(self._updates) >= _MOST and self._settling.acquire(blocking=False):
            try:
                self._settle()
            finally:
                self._settling.release()

    def collect(self) -> Iterable[Metric]:
        """No metric of its own."""
        with self._settling:
            self._settle()
        return ()

    def _settle(self) -> None:
        updates = self._updates
        # What is noted meanwhile may wait, else this might never end.
        for _ in range(len(updates)):
            update, value = updates.popleft()
            update(value)
