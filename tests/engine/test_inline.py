"""Rows alone: one native step gives what reading, pushing and finishing give, short requests with the GIL or not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.backends.registry import ModelRegistry
from evald.engine.cancellation import Cancellation
from evald.engine.evaluate import Engine
from evald.errors import CancelledError, DeadlineError, InvalidRequestError
from evald.v1 import evaluation_pb2, instance_pb2, metric_pb2

METRICS = ("bleu", "rouge_l(stemmer=true)", "chrf", "wer", "exact_match", "accuracy")


def request(
    pairs: list[tuple[str, str]], *, replicates: int = 0, metrics: tuple[str, ...] = METRICS
) -> evaluation_pb2.EvaluateRequest:
    message = evaluation_pb2.EvaluateRequest()
    for name in metrics:
        message.spec.metrics.add(name=name.partition("(")[0])
        if "(" in name:
            message.spec.metrics[-1].params.update({"stemmer": True})
    message.spec.statistics.replicates = replicates
    for prediction, reference in pairs:
        row = message.instances.add(references=[reference], labels=["a"])
        row.predictions.add(text=prediction, labels=["a" if prediction == reference else "b"])
    return message


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(ModelRegistry({}))


TEXTS = st.text(max_size=40) | st.sampled_from(["", "\u00a0", "a\r\nb", "日本語 テスト", "👩‍👩‍👧 x", "the cat sat"])


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6), st.sampled_from([0, 100]))
def test_one_step_gives_what_several_give(engine: Engine, pairs: list[tuple[str, str]], replicates: int) -> None:
    data = request(pairs, replicates=replicates).SerializeToString()
    expected, facts = engine.run("evaluate", data, Cancellation())
    found = [engine.score("evaluate", data, Cancellation())]
    quick = engine.score_quickly("evaluate", data)
    assert (quick is not None) == (len(data) <= 1024 and replicates == 0)
    for answered in (*found, *filter(None, [quick])):
        assert answered is not None
        answer, rows, seconds = answered
        message = evaluation_pb2.EvaluateResponse.FromString(answer)
        assert (rows, message.cost.rows) == (facts.rows, facts.rows)
        assert message.cost.score_seconds == seconds > 0
        message.ClearField("cost")
        assert message == evaluation_pb2.EvaluateResponse.FromString(expected)


def test_a_comparison_takes_one_step_too(engine: Engine) -> None:
    message = evaluation_pb2.CompareRequest(baseline="old")
    for name in ("old", "new"):
        message.spec.systems.add(name=name)
    message.spec.metrics.add(name="exact_match")
    for _ in range(3):
        row = message.instances.add(references=["yes"])
        row.predictions.extend([instance_pb2.Prediction(text="no"), instance_pb2.Prediction(text="yes")])
    data = message.SerializeToString()
    expected, _ = engine.run("compare", data, Cancellation())
    # Comparisons draw, so none is answered with the GIL.
    assert engine.score_quickly("compare", data) is None
    answered = engine.score("compare", data, Cancellation())
    assert answered is not None
    found = evaluation_pb2.CompareResponse.FromString(answered[0])
    assert found.cost.rows == 3
    found.ClearField("cost")
    assert found == evaluation_pb2.CompareResponse.FromString(expected)


@pytest.mark.parametrize("kept", [1, 200])
def test_headers_are_not_mixed_up(engine: Engine, kept: int) -> None:
    """More different headers than are kept, again and again."""
    for _ in range(2):
        for seed in range(kept):
            for metric in ("exact_match", "bleu"):
                message = request([("a", "a")], metrics=(metric,))
                message.spec.statistics.seed = seed
                answered = engine.score_quickly("evaluate", message.SerializeToString())
                assert answered is not None
                found = evaluation_pb2.EvaluateResponse.FromString(answered[0])
                assert found.provenance.seed == seed
                assert found.systems[0].metrics[0].metric == metric


def test_what_needs_more_than_rows_is_left_to_others(engine: Engine) -> None:
    plain = request([("a", "a")])
    model, template, baseline = (evaluation_pb2.EvaluateRequest.FromString(plain.SerializeToString()) for _ in range(3))
    model.spec.systems.add(name="m").model.alias = "m"
    template.spec.template.name = "qa"
    baseline.spec.systems.add(name="b").baseline.kind = "majority"
    for message in (model, template, baseline):
        data = message.SerializeToString()
        assert engine.score("evaluate", data, Cancellation()) is None
        assert engine.score_quickly("evaluate", data) is None


@pytest.mark.parametrize("replicates", [0, 100])
def test_bad_input_is_the_same_error(engine: Engine, replicates: int) -> None:
    message = request([("a", "a")], replicates=replicates)
    message.spec.metrics.append(metric_pb2.MetricSpec(name="blue"))
    errors = []
    for call in (
        lambda data: engine.run("evaluate", data, Cancellation()),
        lambda data: engine.score("evaluate", data, Cancellation()),
        lambda data: engine.score_quickly("evaluate", data),
    ):
        with pytest.raises(InvalidRequestError) as caught:
            call(message.SerializeToString())
        errors.append((caught.value.reason, caught.value.violations, caught.value.message))
    assert errors[0] == errors[1] == errors[2]
    assert errors[0][0] == "UNKNOWN_METRIC"


def test_the_one_step_can_be_ended(engine: Engine) -> None:
    pairs = [(f"the cat number {row} sat on the mat", f"a cat number {row} sat") for row in range(4000)]
    data = request(pairs, replicates=10_000, metrics=("bleu",)).SerializeToString()
    before = Cancellation()
    before.set()
    with pytest.raises(CancelledError):
        engine.score("evaluate", data, before)
    during = Cancellation()
    timer = threading.Timer(0.002, during.set, ["deadline"])
    timer.start()
    with pytest.raises(DeadlineError):
        engine.score("evaluate", data, during)
    timer.join()
    with pytest.raises(DeadlineError):
        engine.score("evaluate", data, Cancellation(), time.monotonic() - 1)


ALONE = """
import sys
from tests.engine.test_inline import request
from evald import _native
_native.set_threads(1)
scorer = _native.InlineScorer(_native.Limits(), _native.Resources({}))
row = ("the cat sat on the mat " * 5, "a cat sat on that mat " * 5)

def data(rows, metrics=("bleu",), **options):
    return request([row] * rows, metrics=metrics, **options).SerializeToString()

quick = lambda message: scorer.answer_quickly("evaluate", message) is not None
assert not quick(data(100)), "nobody knows yet how long it takes"
assert scorer.answer("evaluate", data(100), None)[1] == 100
def becomes_quick(message):
    # At the first try, unless other programs have the cores.
    return any(quick(message) or not scorer.answer("evaluate", data(100), None) for _ in range(1000))

assert becomes_quick(data(100)) and becomes_quick(data(101)), "it is known to be fast"
assert not quick(data(1000)), "more than 128 KiB"
assert not quick(request([row] * 50 + [("a " * 900, "b " * 900)], metrics=("bleu",)).SerializeToString()), "a long row"
assert not quick(data(100, replicates=100)), "replicates"
slow = request([(row[0] * 3, row[1] * 3)] * 90, metrics=("ter",)).SerializeToString()
scorer.answer("evaluate", slow, None)
assert not quick(slow), "it is known to be slow"
one = scorer.answer("evaluate", data(100), None)[0]
other = None
while other is None:
    scorer.answer("evaluate", data(100), None)
    other = scorer.answer_quickly("evaluate", data(100))
other = other[0]
from evald.v1.evaluation_pb2 import EvaluateResponse
one, other = EvaluateResponse.FromString(one), EvaluateResponse.FromString(other)
one.ClearField("cost"), other.ClearField("cost")
assert one == other
print("ok")
"""


def test_one_core_scores_what_is_known_to_be_fast_with_the_gil(root: Path) -> None:
    """In a process of its own: the pool is as large as the machine here."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "service")])}
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
