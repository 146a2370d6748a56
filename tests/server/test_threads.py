"""The threads of the server: as many as are needed, never more than allowed, and calls that outlive a shortage."""

from __future__ import annotations

import contextvars
import os
import subprocess
import sys
import threading

import pytest
from tests.server.conftest import SOON

from evald.server.fuse import SPARE_THREADS, Ended, RpcThreads


def ends(future: Ended) -> bool:
    """Waits for the end of a call."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    return done.wait(SOON)


def test_threads_are_started_when_none_is_free_and_stay() -> None:
    ended: list[contextvars.Context] = []
    threads = RpcThreads(2, ended.append)
    most = 2 + SPARE_THREADS
    go_on, used, done = threading.Event(), set[threading.Thread](), threading.Semaphore(0)

    def call() -> None:
        used.add(threading.current_thread())
        go_on.wait(SOON)

    futures = [threads.submit(contextvars.Context().run, call) for _ in range(2 * most)]
    assert threads.in_use == 2 * most
    for future in futures:
        future.add_done_callback(lambda _: done.release())
    go_on.set()
    for _ in futures:
        assert done.acquire(timeout=SOON)
    assert threads.in_use == 0
    assert len(used) <= most
    assert len(ended) == 2 * most
    # A callback that comes late is called at once.
    futures[0].add_done_callback(lambda _: done.release())
    assert done.acquire(timeout=SOON)
    threads.shutdown()
    assert not [thread for thread in used if thread.is_alive()]


def test_one_call_after_the_other_takes_one_thread() -> None:
    threads = RpcThreads(64, lambda _: None)
    used = set[threading.Thread]()
    for _ in range(50):
        assert ends(threads.submit(lambda: used.add(threading.current_thread())))
    assert len(used) == 1
    threads.shutdown()


def test_a_call_that_fails_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    threads = RpcThreads(1, lambda _: None)
    for _ in range(3 * SPARE_THREADS):
        assert ends(threads.submit(lambda: 1 / 0))
    assert threads.in_use == 0
    assert "an RPC ended without a status" in caplog.text
    threads.shutdown()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the policy")
def test_a_thread_does_not_interrupt_the_one_that_wakes_it() -> None:
    mine, its = os.sched_getscheduler(0), list[int]()
    threads = RpcThreads(1, lambda _: None)
    assert ends(threads.submit(lambda: its.append(os.sched_getscheduler(0))))
    threads.shutdown()
    assert its == [os.SCHED_BATCH if mine == os.SCHED_OTHER else mine]
    assert os.sched_getscheduler(0) == mine


SHORTAGE = """
import resource, threading
from evald.server.fuse import RpcThreads

threads = RpcThreads(64, lambda _: None)
go_on, second = threading.Event(), threading.Event()
threads.submit(go_on.wait)
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (1 << 20), resource.RLIM_INFINITY))
threads.submit(second.set)
assert not second.wait(0.2), "there was room for a thread"
go_on.set()
assert second.wait(60)
print("ok")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_without_room_for_a_thread_calls_wait_for_one() -> None:
    done = subprocess.run([sys.executable, "-c", SHORTAGE], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
