"""The queue in front of a backend: what runs together, what ends early, and that nobody waits for ever."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evald.backends.batching import TokenBudgetBatcher
from evald.backends.contract import SilentObserver, TokenSequence
from evald.errors import CancelledError, DeadlineError, InternalError, OverloadedError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.backends.conftest import Bench, FakeBackend

    from evald.backends.contract import BatchedRun

LENGTHS = st.lists(st.integers(1, 64), max_size=20)
SOON = 60.0


def sequences_of(*lengths: int, token: int = 1) -> list[TokenSequence]:
    return [TokenSequence(np.full(length, token, dtype=np.int64)) for length in lengths]


def answers(run: BatchedRun) -> list[list[float] | None]:
    return [result.tolist() if isinstance(result, np.ndarray) else None for result in run.results]


def ask(
    pool: ThreadPoolExecutor, batcher: TokenBudgetBatcher, sequences: list[TokenSequence], token: object
) -> Future[BatchedRun]:
    return pool.submit(batcher.run, sequences, token, None)  # type: ignore[arg-type]


def wait_for(condition: Callable[[], bool]) -> None:
    """What another thread is about to do."""
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as made:
        yield made


@settings(max_examples=25)
@given(st.lists(LENGTHS, min_size=1, max_size=6), st.integers(1, 300), st.integers(1, 3))
def test_every_call_gets_its_own_answers_within_the_budget(
    make_bench: Callable[[], Bench], plan: list[list[int]], batch_tokens: int, workers: int
) -> None:
    bench = make_bench()
    backend = bench.backend()
    batcher = bench.batcher(backend, batch_tokens=batch_tokens, workers=workers)
    with ThreadPoolExecutor(len(plan)) as pool:
        asked = [
            ask(pool, batcher, sequences_of(*lengths, token=token), bench.Token())
            for token, lengths in enumerate(plan, start=1)
        ]
        runs = [future.result(SOON) for future in asked]
    bench.close()
    for token, (lengths, run) in enumerate(zip(plan, runs, strict=True), start=1):
        assert answers(run) == [[token, token * length, length] for length in lengths]
        assert not run.failed
        assert bool(run.batch_seconds) == bool(lengths)
    for length, batch in backend.batches:
        assert len(batch) == 1 or len(batch) * length <= batch_tokens
    assert sum(len(batch) for _, batch in backend.batches) == sum(map(len, plan))


def test_an_idle_worker_does_not_wait(bench: Bench) -> None:
    backend = bench.backend()
    run = bench.batcher(backend).run(sequences_of(5), bench.Token(), None)
    assert (len(run.batch_seconds), len(backend.batches)) == (1, 1)


def test_no_sequences_are_no_batch(bench: Bench) -> None:
    backend = bench.backend()
    run = bench.batcher(backend).run([], bench.Token(), None)
    assert run.results == []
    assert not backend.batches


def test_a_sequence_above_the_budget_runs_alone(bench: Bench) -> None:
    backend = bench.backend()
    bench.batcher(backend, batch_tokens=4).run(sequences_of(60, 60), bench.Token(), None)
    assert [len(batch) for _, batch in backend.batches] == [1, 1]


def test_what_came_during_a_batch_is_the_next_one(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend, recorder = bench.backend(), bench.Recorder()
    batcher = bench.batcher(backend, recorder)
    backend.go_on.clear()
    first = ask(pool, batcher, sequences_of(3), bench.Token())
    assert backend.entered.acquire(timeout=SOON)
    others = [ask(pool, batcher, sequences_of(7, token=token), bench.Token()) for token in (1, 2, 3)]
    wait_for(lambda: (3, 24) in recorder.queues)
    backend.go_on.set()
    for future in (first, *others):
        future.result(SOON)
    assert [len(batch) for _, batch in backend.batches] == [1, 3]
    assert recorder.batches == [("fake", 1, 3, 4), ("fake", 3, 21, 24)]
    assert {stage for stage, _ in recorder.stages} == {"queue", "infer"}
    assert recorder.queues[-1] == (0, 0)


def test_the_next_batch_does_not_wait_for_answers_to_be_handed_out(bench: Bench, pool: ThreadPoolExecutor) -> None:
    class Slow(bench.Recorder):  # type: ignore[name-defined,misc]
        def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
            assert backend.entered.acquire(timeout=SOON), "the second batch never began"
            super().on_batch(alias, sequences, tokens, padded_tokens)

    backend = bench.backend()
    batcher = bench.batcher(backend, Slow(), batch_tokens=4)
    backend.go_on.clear()
    calls = [ask(pool, batcher, sequences_of(3, token=1), bench.Token())]
    assert backend.entered.acquire(timeout=SOON)
    calls.append(ask(pool, batcher, sequences_of(3, token=2), bench.Token()))
    wait_for(lambda: bool(batcher._buckets.sequences))
    # The first answer is handed out when the second batch runs; the last one finds nothing after it.
    backend.go_on.set()
    assert answers(calls[0].result(SOON)) == [[1, 3, 3]]
    backend.entered.release()
    assert answers(calls[1].result(SOON)) == [[2, 6, 3]]


def test_a_batch_is_counted_before_its_callers_are_answered(bench: Bench, pool: ThreadPoolExecutor) -> None:
    recorder = bench.Recorder()
    batcher = bench.batcher(bench.backend(), recorder, batch_tokens=8)
    for asked in range(1, 101):
        runs = [ask(pool, batcher, sequences_of(3), bench.Token()) for _ in range(4)]
        for run in runs:
            run.result(SOON)
        assert sum(sequences for _, sequences, _, _ in recorder.batches) == 4 * asked


def test_padding_to_neighbours_is_counted(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend = bench.backend(length_step=1)
    batcher = bench.batcher(backend)
    backend.go_on.clear()
    first = ask(pool, batcher, sequences_of(3), bench.Token())
    assert backend.entered.acquire(timeout=SOON)
    second = ask(pool, batcher, sequences_of(19, 20), bench.Token())
    wait_for(lambda: bool(batcher._buckets.sequences))
    backend.go_on.set()
    assert first.result(SOON).padded_tokens == 3
    run = second.result(SOON)
    assert (run.padded_tokens, [(length, len(batch)) for length, batch in backend.batches]) == (40, [(3, 1), (20, 2)])
    assert answers(run) == [[1, 19, 19], [1, 20, 20]]


def test_a_waiting_call_can_be_cancelled_while_another_runs(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend, recorder, token = bench.backend(), bench.Recorder(), bench.Token()
    batcher = bench.batcher(backend, recorder)
    backend.go_on.clear()
    running = ask(pool, batcher, sequences_of(3), bench.Token())
    assert backend.entered.acquire(timeout=SOON)
    waiting = ask(pool, batcher, sequences_of(7, 9), token)
    wait_for(lambda: any(count == 2 for count, _ in recorder.queues))
    token.set()
    with pytest.raises(CancelledError):
        waiting.result(SOON)
    assert not running.done()
    assert recorder.shed == [("CANCELLED", 2)]
    backend.go_on.set()
    running.result(SOON)
    assert len(backend.batches) == 1
    assert not token.wakes


def test_a_running_call_can_be_cancelled(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend, token = bench.backend(), bench.Token()
    batcher = bench.batcher(backend, batch_tokens=4)
    backend.go_on.clear()
    call = ask(pool, batcher, sequences_of(3, 3, 3), token)
    assert backend.entered.acquire(timeout=SOON)
    token.set()
    with pytest.raises(CancelledError):
        call.result(SOON)
    backend.go_on.set()
    batcher.run(sequences_of(2), bench.Token(), None)
    assert len(backend.batches) == 2  # The other two sequences of the cancelled call never ran.


def test_a_call_that_was_cancelled_before_never_runs(bench: Bench) -> None:
    backend, token = bench.backend(), bench.Token()
    token.set()
    with pytest.raises(CancelledError):
        bench.batcher(backend).run(sequences_of(3), token, None)
    assert not backend.batches


def test_a_cancel_flag_without_a_wake_is_seen_between_batches(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend, token = bench.backend(), bench.Token()
    batcher = bench.batcher(backend, batch_tokens=4)
    backend.go_on.clear()
    call = ask(pool, batcher, sequences_of(3, 3, 3), token)
    assert backend.entered.acquire(timeout=SOON)
    token.wakes.append(token.wakes[0])  # So that the batcher can still remove its own.
    token.is_set = lambda: True  # type: ignore[method-assign]
    backend.go_on.set()
    with pytest.raises(CancelledError):
        call.result(SOON)
    assert len(backend.batches) == 1


def test_the_deadline_ends_a_call_that_runs(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend = bench.backend()
    batcher = bench.batcher(backend)
    backend.go_on.clear()
    call = pool.submit(batcher.run, sequences_of(3), bench.Token(), time.monotonic() + 0.05)
    with pytest.raises(DeadlineError):
        call.result(SOON)
    assert not backend.go_on.is_set()


def test_a_passed_deadline_runs_nothing(bench: Bench) -> None:
    backend, recorder = bench.backend(), bench.Recorder()
    with pytest.raises(DeadlineError):
        bench.batcher(backend, recorder).run(sequences_of(3), bench.Token(), time.monotonic() - 1)
    assert not backend.batches
    assert recorder.shed == [("DEADLINE", 1)]


def test_hopeless_work_is_refused_before_it_runs(bench: Bench) -> None:
    backend = bench.backend()
    batcher = bench.batcher(backend)
    backend.seconds = 0.2
    batcher.run(sequences_of(4), bench.Token(), None)  # From now on, 0.05 s a token or more.
    with pytest.raises(DeadlineError) as caught:
        batcher.run(sequences_of(*[60] * 100), bench.Token(), time.monotonic() + SOON)
    assert caught.value.reason == "DEADLINE_UNMEETABLE"
    assert len(backend.batches) == 1


def hold_with_queue(bench: Bench, pool: ThreadPoolExecutor, backend: FakeBackend, batcher: TokenBudgetBatcher) -> None:
    """One sequence runs and 16 tokens wait."""
    backend.go_on.clear()
    ask(pool, batcher, sequences_of(3), bench.Token())
    assert backend.entered.acquire(timeout=SOON)
    ask(pool, batcher, sequences_of(8, 8), bench.Token())


def test_work_behind_earlier_deadlines_is_refused_at_once(bench: Bench, pool: ThreadPoolExecutor) -> None:
    """What a call finds counts if it has to be done before, else only its own work does."""
    backend = bench.backend()
    batcher = TokenBudgetBatcher(backend, SilentObserver(), batch_tokens=4, queue_tokens=1 << 16, pace=1.0)
    backend.go_on.clear()
    now = time.monotonic()
    running = ask(pool, batcher, sequences_of(4), bench.Token())
    assert backend.entered.acquire(timeout=SOON)
    soon = pool.submit(batcher.run, sequences_of(60), bench.Token(), now + 500)
    patient = ask(pool, batcher, sequences_of(60), bench.Token())
    wait_for(lambda: batcher._buckets.sequences == 2)
    with pytest.raises(DeadlineError) as caught:
        batcher.run(sequences_of(*[60] * 8), bench.Token(), now + 510)
    assert caught.value.reason == "DEADLINE_UNMEETABLE"
    assert float(caught.value.metadata["neededSeconds"]) == 540
    earlier = pool.submit(batcher.run, sequences_of(*[60] * 8), bench.Token(), now + 490)
    wait_for(lambda: batcher._buckets.sequences == 10)
    backend.go_on.set()
    for call in (running, soon, patient, earlier):
        assert not call.result(SOON).failed
    batcher.close()


def test_a_full_queue_refuses_and_says_when_to_come_back(bench: Bench, pool: ThreadPoolExecutor) -> None:
    backend, recorder = bench.backend(), bench.Recorder()
    batcher = bench.batcher(backend, recorder, queue_tokens=20)
    hold_with_queue(bench, pool, backend, batcher)
    wait_for(lambda: (2, 16) in recorder.queues)
    with pytest.raises(OverloadedError) as caught:
        batcher.run(sequences_of(8), bench.Token(), None)
    assert caught.value.reason == "MODEL_QUEUE_FULL"
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 30
    assert caught.value.metadata == {"alias": "fake", "queuedTokens": "16", "maxQueuedTokens": "20"}
    assert recorder.shed == [("OVERLOADED", 1)]
    backend.go_on.set()
    wait_for(lambda: recorder.queues[-1] == (0, 0))
    assert answers(batcher.run(sequences_of(8), bench.Token(), None)) == [[1, 8, 8]]


def test_a_call_above_the_bound_is_let_into_an_empty_queue(bench: Bench) -> None:
    backend = bench.backend()
    run = bench.batcher(backend, queue_tokens=8).run(sequences_of(*[60] * 20), bench.Token(), None)
    assert answers(run) == [[1, 60, 60]] * 20


def test_an_exception_fails_only_the_sequences_of_its_batch(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    batcher = bench.batcher(bench.backend())
    sequences = [*sequences_of(3), *sequences_of(30, token=bench.POISON), *sequences_of(3, 12)]
    run = batcher.run(sequences, bench.Token(), None)
    assert run.failed == {1: "ValueError"}
    assert answers(run) == [[1, 3, 3], None, [1, 3, 3], [1, 12, 12]]
    assert "ValueError" in caplog.text
    assert "quotes" not in caplog.text
    assert not batcher.run(sequences_of(3), bench.Token(), None).failed


def test_another_number_of_results_than_sequences_is_a_failure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = bench.backend()
    monkeypatch.setattr(backend, "run", lambda sequences, length: [])
    assert bench.batcher(backend).run(sequences_of(3), bench.Token(), None).failed == {0: "WrongShape"}


def test_close_ends_waiting_and_running_calls_and_the_threads(bench: Bench, pool: ThreadPoolExecutor) -> None:
    before = set(threading.enumerate())
    backend, recorder = bench.backend(), bench.Recorder()
    batcher = bench.batcher(backend, recorder, workers=3)
    started = sorted(thread.name for thread in set(threading.enumerate()) - before if "evald-model" in thread.name)
    assert started == [f"evald-model-fake-{name}" for name in (0, 1, 2, "answers")]
    backend.go_on.clear()
    calls = [ask(pool, batcher, sequences_of(3, 60), bench.Token()) for _ in range(6)]
    wait_for(lambda: any(count > 6 for count, _ in recorder.queues))
    threading.Timer(0.05, backend.go_on.set).start()
    batcher.close()
    for call in calls:
        with pytest.raises(UnavailableError):
            call.result(SOON)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("evald-model-fake")]
    batcher.close()
    with pytest.raises(UnavailableError):
        batcher.run(sequences_of(3), bench.Token(), None)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_a_worker_that_died(bench: Bench) -> None:
    """Of three batches the first is given to the thread that hands out answers."""

    class Broken(SilentObserver):
        def on_batch(self, alias: str, sequences: int, tokens: int, padded_tokens: int) -> None:
            raise RuntimeError("a bug of the observer")

    batcher = bench.batcher(bench.backend(), Broken(), batch_tokens=4)
    with pytest.raises((InternalError, UnavailableError)):
        batcher.run(sequences_of(3, 3, 3), bench.Token(), None)
