"""Updates of metrics that are made later: none is lost, and who reads finds all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry, Counter, Histogram

from evald.journal import Journal


def registry_with() -> tuple[CollectorRegistry, Journal, Counter, Histogram]:
    registry, journal = CollectorRegistry(auto_describe=True), Journal()
    registry.register(journal)
    counter = Counter("seen_total", "Seen.", registry=registry)
    return registry, journal, counter, Histogram("took_seconds", "Took.", registry=registry, buckets=(1, 2))


def test_who_reads_finds_what_was_noted() -> None:
    registry, journal, counter, histogram = registry_with()
    for _ in range(3):
        journal.note((counter.inc, 2))
        journal.note((histogram.observe, 1.5))
    assert registry.get_sample_value("seen_total") == 6
    assert registry.get_sample_value("took_seconds_sum") == 4.5
    assert registry.get_sample_value("took_seconds_bucket", {"le": "1.0"}) == 0
    assert registry.get_sample_value("seen_total") == 6, "reading again changes nothing"


def test_a_journal_that_nobody_reads_stays_short() -> None:
    _, journal, counter, _ = registry_with()
    longest = 0
    for _ in range(10_000):
        journal.note((counter.inc, 1))
        longest = max(longest, len(journal._updates))
    assert longest < 200


def test_nothing_is_lost_or_counted_twice_between_threads() -> None:
    registry, journal, counter, _ = registry_with()
    done = threading.Event()
    seen = [0.0]

    def write() -> None:
        for _ in range(5_000):
            journal.note((counter.inc, 1))

    def read() -> None:
        while not done.is_set():
            seen.append(registry.get_sample_value("seen_total") or 0.0)

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(read)
        for writer in [pool.submit(write) for _ in range(4)]:
            writer.result()
        done.set()
        reader.result()
    assert registry.get_sample_value("seen_total") == 20_000
    assert seen == sorted(seen)
