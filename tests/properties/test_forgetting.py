"""Tasks together: any order, shards, states; errors of means and rates as a formula and a bootstrap by row say."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.build import Question, Row
from tests.properties.test_accumulator import arrangements, make_rows, merged_in_pairs, split
from tests.properties.test_states import changed, why_refused

from evald.v1 import evaluation_pb2, forgetting_pb2, instance_pb2

Numbers = npt.NDArray[np.float64]

EMAR = forgetting_pb2.EmarSpec(metric="exact_match", target_task="medical", benchmark_task="code")
QUESTION = Question(
    ("bleu", "exact_match"),
    systems=("base", "tuned", "distilled"),
    kind="compare",
    slices=("language",),
    statistics={"replicates": 100, "min_slice_size": 5},
    forgetting=forgetting_pb2.ForgettingSpec(target_tasks=["medical"], emar=[EMAR]),
)
TASKS = ("medical", "code", "general")


def task_rows(count: int, seed: int = 0, missing: float = 0.1, clusters: int = 0) -> list[Row]:
    """Rows of three tasks, whichever cluster they are of; each task is there."""
    choose = random.Random(seed)
    rows = make_rows(count, 3, seed, missing, clusters)
    for at, row in enumerate(rows):
        row.task = TASKS[at] if at < len(TASKS) else choose.choice(TASKS)
        row.value = choose.randrange(5)
        row.slices["language"] = choose.choice(["de", "en"])
        for prediction in row.predictions:
            if prediction.HasField("text"):
                prediction.value = choose.randrange(5)
    return rows


@pytest.mark.parametrize("clusters", [0, 7])
@given(arrangement=arrangements(40), seed=st.integers(0, 9))
def test_any_order_split_and_merge_gives_the_same_bytes(
    clusters: int, arrangement: tuple[list[int], list[int], random.Random], seed: int
) -> None:
    order, cuts, choose = arrangement
    rows = task_rows(40, seed, clusters=clusters)
    whole = QUESTION.accumulate(rows)
    answer, state = whole.finish(), whole.state()
    pieces = split([rows[at] for at in order], cuts)
    assert QUESTION.accumulate(*pieces).state() == state
    merged = merged_in_pairs(QUESTION, [QUESTION.accumulate(piece).state() for piece in pieces], choose)
    assert (merged.state(), merged.finish()) == (state, answer)


@pytest.mark.parametrize("count", [600, 1_800, 5_000])
def test_shards_of_one_task_each(count: int) -> None:
    """Tasks are exact, hashed, or exact among more than 4,096 keys."""
    question = QUESTION.asking(metrics=("exact_match", "accuracy"), slices=())
    rows = task_rows(count, seed=1)
    if count == 5_000:
        for at, row in enumerate(rows):
            row.task = TASKS[at % 3] if at < 900 else f"task {at % 12}"
    whole = question.accumulate(rows)
    by_task: dict[str, list[Row]] = {}
    for row in rows:
        by_task.setdefault(row.task, []).append(row)
    merged = question.merge([question.accumulate(piece).state() for piece in by_task.values()])
    assert merged.finish() == whole.finish()


def test_asking_changes_nothing_else() -> None:
    """Metrics that are no sums have tasks, too."""
    rows = task_rows(60)
    question = QUESTION.asking(metrics=("bleu", "exact_match", "f1(average=macro)", "wer", "kendall"))
    asked, unasked = (question.asking(forgetting=spec).answer(rows) for spec in (question.forgetting, None))
    assert isinstance(asked, evaluation_pb2.CompareResponse)
    assert len(asked.forgetting) == 10
    assert len(asked.emar) == 8
    del asked.forgetting[:], asked.emar[:]
    asked.provenance.spec_digest = unasked.provenance.spec_digest
    assert asked == unasked


def test_states_of_other_questions_are_refused() -> None:
    rows = task_rows(20)
    state = QUESTION.asking(forgetting=forgetting_pb2.ForgettingSpec(target_tasks=["code"])).accumulate(rows).state()
    assert why_refused(QUESTION.accumulate(rows), state) == "STATE_MISMATCH"


@pytest.mark.parametrize("seed", range(3))
def test_a_forged_state_is_refused_or_merged(seed: int) -> None:
    choose = random.Random(seed)
    question = QUESTION.asking(metrics=("accuracy", "exact_match"), slices=())
    states = [question.accumulate(task_rows(12, seed=of)).state() for of in (1, 2)]
    reasons = []
    for _ in range(200):
        accumulator = question.accumulate(task_rows(5, seed=3))
        reasons.append(why_refused(accumulator, changed(choose.choice(states), choose)))
        if reasons[-1] is None:
            accumulator.finish()
    assert set(reasons) <= {None, "BAD_STATE", "STATE_MISMATCH"}
    assert reasons.count(None) > 5


def right_or_wrong(right: Sequence[Numbers], clusters: Sequence[Sequence[str]] = ()) -> list[Row]:
    """Rows of tasks from right[task][row, system]."""
    return [
        Row(
            id=f"{task} {at}",
            task=TASKS[task],
            cluster=clusters[task][at] if clusters else "",
            references=["yes"],
            predictions=[instance_pb2.Prediction(text="yes" if one else "no") for one in row],
        )
        for task, rows in enumerate(right)
        for at, row in enumerate(rows)
    ]


def answered(rows: list[Row]) -> tuple[forgetting_pb2.Forgetting, dict[int, forgetting_pb2.EmarResult]]:
    question = QUESTION.asking(
        metrics=("exact_match",), systems=("base", "tuned"), slices=(), statistics={"replicates": 10_000}
    )
    answer = question.answer(rows)
    assert isinstance(answer, evaluation_pb2.CompareResponse)
    (found,) = answer.forgetting
    return found, {one.variant: one for one in answer.emar}


def drawn(random_: np.random.Generator, sizes: Sequence[int]) -> list[Numbers]:
    """Right with 0.55 and 0.75 on the target, worse after than before on the others."""
    found = []
    for size, rates in zip(sizes, ((0.55, 0.75), (0.7, 0.6), (0.8, 0.75)), strict=True):
        both = random_.random((size, 1))
        apart = random_.random((size, 2))
        found.append((np.where(random_.random((size, 1)) < 0.6, both, apart) < rates).astype(float) * 100)
    return found


# Tasks with a slot a row in at most 4,096, and tasks of which one shares 512 slots: these carry 3 % of noise, and more
# where the smaller tasks leave slots empty.
@pytest.mark.parametrize(("sizes", "tolerance"), [((500, 400, 300), 0.03), ((2_000, 1_000, 400), 0.12)])
def test_errors_are_those_of_the_delta_method(sizes: tuple[int, int, int], tolerance: float) -> None:
    """Tasks of independent rows are independent, even where they are resampled together."""
    right = drawn(np.random.default_rng(5), sizes)
    found, rates = answered(right_or_wrong(right))
    changes = [task[:, 1] - task[:, 0] for task in right]
    errors = [change.var() / len(change) for change in changes]
    before, benchmark = right[0][:, 0], right[1][:, 0]
    prose = changes[0].mean() / benchmark.mean()
    relative = changes[0].mean() / before.mean()
    # Of a ratio: the variance of numerator - ratio x denominator, row by row where both are of the same rows.
    expected = {
        forgetting_pb2.EMAR_VARIANT_PROSE: (errors[0] + prose**2 * benchmark.var() / len(benchmark)) ** 0.5
        / benchmark.mean(),
        forgetting_pb2.EMAR_VARIANT_RELATIVE_IMPROVEMENT: np.std(changes[0] - relative * before)
        / len(before) ** 0.5
        / before.mean(),
    }
    for variant, error in expected.items():
        assert rates[variant].estimate.std_error == pytest.approx(error, rel=tolerance)
    forgotten = (errors[1] + errors[2]) ** 0.5 / 2
    assert found.average_forgetting.value == pytest.approx(-(changes[1].mean() + changes[2].mean()) / 2, rel=1e-9)
    assert found.average_forgetting.std_error == pytest.approx(forgotten, rel=tolerance)
    assert found.macro_difference.std_error == pytest.approx(sum(errors) ** 0.5 / 3, rel=tolerance)


def test_errors_are_those_of_a_bootstrap_by_row() -> None:
    right = drawn(np.random.default_rng(6), (300, 250, 200))
    found, rates = answered(right_or_wrong(right))
    random_ = np.random.default_rng(7)
    draws = [task[random_.integers(len(task), size=(10_000, len(task)))].mean(axis=1) for task in right]
    improvement = draws[0][:, 1] - draws[0][:, 0]
    lost = sum((task[:, 0] - task[:, 1] for task in draws[1:]), np.zeros(10_000)) / 2
    for estimate, replicates in (
        (found.average_forgetting, lost),
        (rates[forgetting_pb2.EMAR_VARIANT_PROSE].estimate, improvement / draws[1][:, 0]),
        (rates[forgetting_pb2.EMAR_VARIANT_FORMULA].estimate, improvement / draws[0][:, 0] - 1),
    ):
        low, high = np.quantile(replicates, [0.025, 0.975])
        width = high - low
        assert estimate.std_error == pytest.approx(replicates.std(), rel=0.04)
        assert estimate.low == pytest.approx(low, abs=0.05 * width)
        assert estimate.high == pytest.approx(high, abs=0.05 * width)


@pytest.mark.parametrize(("count", "tolerance"), [(150, 0.05), (900, 0.12)])
def test_clusters_that_span_tasks_vary_together(count: int, tolerance: float) -> None:
    """A document has a row in every task, and is easier or harder for the candidate in all of them."""
    random_ = np.random.default_rng(8)
    hard = random_.random((count, 1)) < 0.5
    right = [
        np.concatenate(
            [random_.random((count, 1)) < 0.8, random_.random((count, 1)) < np.where(hard, 0.02, 0.98)], axis=1
        )
        * 100.0
        for _ in TASKS
    ]
    clusters = [[f"document {at}" for at in range(count)]] * 3
    found, _ = answered(right_or_wrong(right, clusters))
    lost = sum((task[:, 0] - task[:, 1] for task in right[1:]), np.zeros(count)) / 2
    assert found.average_forgetting.std_error == pytest.approx(lost.std() / count**0.5, rel=tolerance)
    apart, _ = answered(right_or_wrong(right))
    assert found.average_forgetting.std_error > 1.1 * apart.average_forgetting.std_error


def test_the_seed_decides_the_replicates() -> None:
    rows = task_rows(200)
    other = QUESTION.asking(statistics={**QUESTION.statistics, "seed": 7}).answer(rows)
    answer = QUESTION.answer(rows)
    assert isinstance(answer, evaluation_pb2.CompareResponse)
    assert isinstance(other, evaluation_pb2.CompareResponse)
    for one, same in zip(answer.forgetting, other.forgetting, strict=True):
        assert one.average_forgetting.value == same.average_forgetting.value
        assert one.average_forgetting.low != same.average_forgetting.low
