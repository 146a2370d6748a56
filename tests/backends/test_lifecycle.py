"""Which models are in memory, when, and what those learn who want one that is not."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from evald.backends.contract import ModelState
from evald.backends.registry import ModelOptions, ModelRegistry
from evald.errors import CancelledError, DeadlineError, ModelNotReadyError, OverloadedError, UnavailableError

pytest.importorskip("numpy")

from tests.backends import gated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.backends.conftest import Bench

SOON = 60.0
SIZE = 1000

registered = pytest.fixture(autouse=True)(gated.registered)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., ModelRegistry]]:
    """A registry of gated models of SIZE bytes, all on demand unless an alias is said to be otherwise."""
    made: list[ModelRegistry] = []

    def make(aliases: str = "a b c", memory: int = 0, max_waiting: int = 16, **own: dict[str, Any]) -> ModelRegistry:
        folders = {alias: gated.folder(tmp_path / alias, SIZE) for alias in aliases.split()}
        options = {
            alias: ModelOptions(backend="gated", **{"on_demand": True, **own.get(alias, {})}) for alias in folders
        }
        made.append(ModelRegistry(folders, options, memory=memory, max_waiting=max_waiting))
        return made[-1]

    yield make
    for gate in gated.GATES.values():
        gate.go_on.set()
    for registry in made:
        registry.close()


def gate_of(registry: ModelRegistry, alias: str) -> gated.Gate:
    return gated.GATES[registry._slots[alias].path]


def states(registry: ModelRegistry) -> str:
    return " ".join(registry.describe(alias)[1].value for alias in registry.aliases())


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_model_on_demand_is_loaded_once_by_those_who_want_it(make: Callable[..., ModelRegistry]) -> None:
    registry = make()
    registry.load()
    assert registry.wait(0)
    assert states(registry) == "unloaded unloaded unloaded"
    gate = gate_of(registry, "a")
    gate.go_on.clear()
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(registry.info, "a") for _ in range(8)]
        assert gate.entered.acquire(timeout=SOON)
        assert states(registry) == "loading unloaded unloaded"
        assert registry.residence("a") == (SIZE, False, True)
        gate.go_on.set()
        assert {one.result(SOON).alias for one in found} == {"a"}
    assert gate.loads == 1
    assert states(registry) == "ready unloaded unloaded"


def test_the_least_recently_used_idle_model_makes_room(make: Callable[..., ModelRegistry]) -> None:
    registry = make(memory=2 * SIZE)
    for alias in "aba":
        with registry.use(alias):
            pass
    registry.load_one("c")
    assert states(registry) == "ready unloaded ready"
    assert registry.describe("b")[2] == "it made room for c"
    assert [registry.residence(alias).bytes for alias in "abc"] == [SIZE, 0, SIZE]
    with registry.use("b"):
        assert states(registry) == "unloaded ready ready"


def test_a_pinned_model_stays(make: Callable[..., ModelRegistry]) -> None:
    registry = make(memory=2 * SIZE, a={"pinned": True})
    for alias in "abc":
        registry.load_one(alias)
    assert states(registry) == "ready unloaded ready"
    registry.unload("a")
    assert states(registry) == "unloaded unloaded ready"


def test_a_model_that_answers_stays_and_who_wants_its_room_learns_so(make: Callable[..., ModelRegistry]) -> None:
    registry = make(memory=SIZE)
    with registry.use("a"), registry.use("a"):
        with pytest.raises(OverloadedError) as caught:
            registry.info("b")
        error = caught.value
        assert (error.reason, error.retry_after) == ("MODEL_MEMORY_FULL", 1.0)
        assert "needs 1000 bytes, 0 of model_memory = 1000 are free; held by a 1000 (answering 2 calls)" in str(error)
        assert error.metadata["holders"] == "a"
        assert states(registry) == "ready unloaded unloaded"
        assert registry.describe("b")[2] == error.message
    registry.load_one("b")
    assert states(registry) == "unloaded ready unloaded"
    assert registry.describe("b")[2] == ""


@pytest.mark.parametrize(("memory", "free"), [(SIZE - 1, SIZE - 1), (2 * SIZE - 1, SIZE - 1)])
def test_a_model_that_can_never_fit_is_told_apart(make: Callable[..., ModelRegistry], memory: int, free: int) -> None:
    registry = make(memory=memory, a={"pinned": True})
    if memory >= SIZE:
        registry.load_one("a")
    with pytest.raises(ModelNotReadyError) as caught:
        registry.info("b")
    assert caught.value.reason == "MODEL_TOO_LARGE"
    assert caught.value.metadata["freeBytes"] == str(free)


def test_at_the_start_nothing_is_unloaded_for_another_model(make: Callable[..., ModelRegistry]) -> None:
    start = {"on_demand": False}
    registry = make(memory=2 * SIZE, a=start, b=start, c=start)
    registry.load()
    assert states(registry) == "ready ready failed"
    assert "held by a 1000 (ready), b 1000 (ready)" in registry.describe("c")[2]
    with pytest.raises(ModelNotReadyError, match="held by a") as caught:
        registry.info("c")
    assert caught.value.reason == "MODEL_FAILED"
    registry.load_one("c")
    assert states(registry) == "unloaded ready ready"


def test_a_model_that_failed_is_tried_again_when_asked_to(make: Callable[..., ModelRegistry]) -> None:
    registry = make()
    gate = gate_of(registry, "a")
    gate.problem = "the weights are odd"
    for _ in range(2):
        with pytest.raises(ModelNotReadyError, match="the weights are odd") as caught:
            registry.info("a")
        assert caught.value.reason == "MODEL_FAILED"
    assert gate.loads == 1, "a request does not repeat what failed"
    assert registry.residence("a").bytes == 0
    gate.problem = ""
    registry.load_one("a")
    registry.load_one("a")
    assert (states(registry), gate.loads) == ("ready unloaded unloaded", 2)


def test_unloading_a_failed_model_forgets_why(make: Callable[..., ModelRegistry]) -> None:
    registry = make()
    gate_of(registry, "a").problem = "odd"
    with pytest.raises(ModelNotReadyError):
        registry.info("a")
    registry.unload("a")
    assert registry.describe("a") == (None, ModelState.UNLOADED, "")


def test_unloading_waits_for_calls_and_those_that_come_later_load_it_again(
    make: Callable[..., ModelRegistry],
) -> None:
    registry = make()
    gate = gate_of(registry, "a")
    with ThreadPoolExecutor(2) as pool:
        with registry.use("a"):
            unloaded = pool.submit(registry.unload, "a")
            wait_for(lambda: states(registry).startswith("unloading"))
            with registry.use("b"):
                pass
            later = pool.submit(registry.load_one, "a")
            time.sleep(0.01)
            assert not unloaded.done()
            assert not later.done()
            assert gate.alive == 1
        unloaded.result(SOON)
        later.result(SOON)
    assert (gate.loads, gate.alive, gate.most_alive) == (2, 1, 1)


def test_who_leaves_before_a_model_is_unloaded_leaves_it_as_it_was(
    make: Callable[..., ModelRegistry], bench: Bench
) -> None:
    registry, token = make(), bench.Token()
    with registry.use("a") as model:
        with pytest.raises(DeadlineError, match="unloading"):
            registry.unload("a", token, time.monotonic() + 0.01)
        token.set()
        with pytest.raises(CancelledError):
            registry.unload("a", token)
        assert states(registry).startswith("ready")
        assert len(model.classify(["a text"], bench.Token()).scores) == 1


def test_a_call_that_waits_can_be_ended_and_the_loading_goes_on(
    make: Callable[..., ModelRegistry], bench: Bench
) -> None:
    registry, token = make(), bench.Token()
    gate = gate_of(registry, "a")
    gate.go_on.clear()
    with pytest.raises(DeadlineError, match="loading") as caught:
        registry.info("a", token, time.monotonic() + 0.01)
    assert caught.value.metadata == {"alias": "a", "state": "loading"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(registry.load_one, "a", token)
        wait_for(lambda: bool(token.wakes))
        token.set()
        with pytest.raises(CancelledError):
            waiting.result(SOON)
    with pytest.raises(ModelNotReadyError) as refused:
        registry.unload("a")
    assert refused.value.reason == "MODEL_LOADING"
    gate.go_on.set()
    wait_for(lambda: states(registry).startswith("ready"))
    assert gate.loads == 1


def test_only_so_many_calls_wait(make: Callable[..., ModelRegistry]) -> None:
    registry = make(max_waiting=2)
    registry.load_one("b")
    gate = gate_of(registry, "a")
    gate.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(registry.info, "a") for _ in range(2)]
        wait_for(lambda: registry._waiting == 2)
        with pytest.raises(ModelNotReadyError) as caught:
            registry.info("a")
        assert (caught.value.reason, caught.value.retry_after) == ("MODEL_LOADING", 1.0)
        assert registry.info("b").alias == "b", "a model that is there needs no waiting"
        gate.go_on.set()
        assert all(one.result(SOON).alias == "a" for one in waiting)


def test_closing_ends_those_who_wait(make: Callable[..., ModelRegistry]) -> None:
    registry = make()
    gate = gate_of(registry, "a")
    gate.go_on.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(registry.info, "a")
        assert gate.entered.acquire(timeout=SOON)
        closing = pool.submit(registry.close)
        with pytest.raises(UnavailableError):
            waiting.result(SOON)
        gate.go_on.set()
        closing.result(SOON)
    assert gate.alive == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("evald-model")]


def test_many_callers_of_many_models_never_exceed_the_memory(make: Callable[..., ModelRegistry], bench: Bench) -> None:
    registry = make("a b c d e", memory=2 * SIZE)
    gates = [gate_of(registry, alias) for alias in registry.aliases()]
    most = 0

    def ask(number: int) -> None:
        nonlocal most
        alias = "abcde"[number * 7 % 5]
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            try:
                with registry.use(alias) as model:
                    assert model.info.alias == alias
                    assert not gate_of(registry, alias).backends[-1].closed
                    most = max(most, sum(gate.alive for gate in gates))
                    assert len(model.classify(["a text"], bench.Token()).scores) == 1
                    return
            except OverloadedError:
                time.sleep(0.001)
        raise AssertionError("it never had its turn")

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(ask, number) for number in range(200)]:
            done.result(SOON)
    assert most <= 2
    assert sum(gate.alive for gate in gates) <= 2
