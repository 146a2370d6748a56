"""One cancellation for native code, models and the engine."""

from __future__ import annotations

import threading

from evald.engine.cancellation import Cancellation


def test_the_first_reason_counts() -> None:
    cancellation = Cancellation()
    assert (cancellation.is_set(), cancellation.reason, cancellation.flag.is_set()) == (False, None, False)
    cancellation.set("deadline")
    cancellation.set("shutdown")
    assert (cancellation.is_set(), cancellation.reason, cancellation.flag.is_set()) == (True, "deadline", True)


def test_subscribers_are_woken_once() -> None:
    cancellation = Cancellation()
    woken: list[str] = []
    cancellation.subscribe(lambda: woken.append("stays"))
    cancellation.subscribe(lambda: woken.append("leaves"))()
    cancellation.set()
    cancellation.set()
    assert woken == ["stays"]
    unsubscribe = cancellation.subscribe(lambda: woken.append("late"))
    assert woken == ["stays", "late"]
    unsubscribe()


def test_a_subscriber_may_ask_the_cancellation() -> None:
    cancellation = Cancellation()
    seen: list[str | None] = []
    cancellation.subscribe(lambda: seen.append(cancellation.reason))
    cancellation.set("shutdown")
    assert seen == ["shutdown"]


def test_many_threads_agree_on_one_reason() -> None:
    cancellation = Cancellation()
    woken: list[int] = []
    for number in range(10):
        cancellation.subscribe(lambda number=number: woken.append(number))  # type: ignore[misc]
    threads = [threading.Thread(target=cancellation.set, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(woken) == list(range(10))
    assert cancellation.reason in {str(number) for number in range(8)}
