"""Forgetting and EMAR in this process: every way to ask, every number from the values of tasks, results in words."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evald
from evald.errors import InvalidRequestError

TASKS = {"medical": 80, "general": 120, "code": 60}


def rows(seed: int = 0, tasks: dict[str, int] | None = None, **fields: Any) -> list[dict[str, Any]]:
    """Tuned and distilled models, better on the first task and worse on the others."""
    draw = random.Random(seed)
    found = []
    for number, (task, count) in enumerate((tasks or TASKS).items()):
        for at in range(count):
            luck = draw.random()
            right = (luck < 0.6, luck < 0.8 - 0.15 * number or draw.random() < 0.1, luck < 0.5)
            text = [("the cat sat on the mat" if is_right else "a cat sat there") for is_right in right]
            predictions = dict(zip(("base", "tuned", "distilled"), text, strict=True))
            found.append({
                "id": f"{number}-{at}", "task": task, "reference": "the cat sat on the mat", "predictions": predictions,
                **fields,
            })  # fmt: skip
    return found


def compared(table: list[dict[str, Any]] | None = None, **options: Any) -> evald.Comparison:
    options = {"metrics": "exact_match", "target_tasks": "medical", "replicates": 200, **options}
    return evald.compare(rows=table or rows(), **options)


@pytest.mark.parametrize("metric", ["exact_match", "bleu", "wer", "token_f1"])
def test_tasks_are_calls_with_their_rows_alone(metric: str) -> None:
    table = rows()
    result = compared(table, metrics=["chrf", metric])
    for candidate in ("tuned", "distilled"):
        found = next(one for one in result.forgetting if (one.candidate, one.metric) == (candidate, metric))
        for task, count in TASKS.items():
            alone = evald.compare(rows=[row for row in table if row["task"] == task], metrics=metric, replicates=200)
            expected, change = alone[candidate, metric], found[task].change
            assert (change.difference, change.low, change.high) == (expected.difference, expected.low, expected.high)
            assert change.n == count
            before, after = change.baseline_value, change.candidate_value
            assert before is not None
            assert after is not None
            gain = before - after if metric == "wer" else after - before
            assert found[task].relative_improvement.value == (gain / before if before else None)


@pytest.mark.parametrize("metric", ["exact_match", "bleu", "wer"])
def test_means_are_over_tasks(metric: str) -> None:
    """Forgetting is above 0 where the candidate is worse, whichever way the metric points."""
    for found in compared(metrics=metric).forgetting:
        changes = {one.task: one.change for one in found.tasks}
        sign = -1 if metric == "wer" else 1
        lost = [-sign * float(changes[task].difference or 0) for task in ("general", "code")]
        assert found.average_forgetting.value == pytest.approx(sum(lost) / 2, rel=1e-12)
        assert found.backward_transfer.value == -float(found.average_forgetting.value or 0)
        values = [float(change.baseline_value or 0) for change in changes.values()]
        assert found.macro_baseline.value == pytest.approx(sum(values) / 3, rel=1e-12)
        difference = float(found.macro_candidate.value or 0) - float(found.macro_baseline.value or 0)
        assert found.macro_difference.value == pytest.approx(difference, rel=1e-12)
        for estimate in (found.average_forgetting, found.macro_baseline, found.macro_candidate, found.macro_difference):
            assert estimate.low is not None
            assert estimate.low < float(estimate.value or 0) < float(estimate.high or 0)


@pytest.mark.parametrize("metric", ["exact_match", "bleu"])
def test_rates_are_those_of_plain_numbers(metric: str) -> None:
    for found in compared(metrics=metric, emar=f"emar({metric}, target_task=medical, benchmark_task=code)").emar:
        assert found.before is not None
        assert found.after is not None
        assert found.benchmark is not None
        plain = evald.emar(found.before, found.after, found.benchmark)
        assert found.variant is not None
        assert found.estimate.value == getattr(plain, found.variant)


def test_less_may_be_better() -> None:
    (found,) = compared(
        rows(tasks={"medical": 40, "general": 40}),
        metrics="wer",
        emar={"metric": "wer", "target_task": "medical", "benchmark_task": "general", "variant": "prose"},
    ).emar[:1]
    assert found.definition == "(before - after) / benchmark"
    assert found.estimate.value == (float(found.before or 0) - float(found.after or 0)) / float(found.benchmark or 0)
    assert float(found.estimate.value or 0) > 0


def test_a_divisor_that_may_be_zero() -> None:
    """The target is as hard as the benchmark: what the example divides by may have either sign."""
    table = rows(tasks={"medical": 60, "general": 60})
    result = compared(table, emar="emar(exact_match, target_task=medical, benchmark_task=general)")
    found = {one.variant: one for one in result.emar if one.candidate == "tuned"}
    assert found["example"].notes[0].code == "UNSTABLE"
    assert found["example"].estimate.value is not None
    assert found["example"].estimate.low is None
    assert "holds 0" in (found["example"].estimate.undefined_reason or "")
    assert found["prose"].notes == ()
    assert found["prose"].estimate.low is not None
    assert "UNSTABLE" in str(result)


def test_nothing_is_divided_by_zero() -> None:
    table = rows()
    for row in table:
        if row["task"] == "general":
            row["predictions"]["base"] = "wrong"
    result = compared(table, emar="emar(exact_match, target_task=medical, benchmark_task=general, variant=prose)")
    (tuned, _) = result.emar
    assert tuned.estimate.value is None
    assert tuned.estimate.undefined_reason == "the value of the benchmark is 0, and it is divided by"
    general = result.forgetting[0]["general"]
    assert general.relative_improvement.value is None
    assert "divided by" in (general.relative_improvement.undefined_reason or "")


def test_every_task_a_target() -> None:
    result = compared(target_tasks=list(TASKS))
    found = result.forgetting[0]
    assert found.average_forgetting.value is found.backward_transfer.value is None
    assert found.average_forgetting.undefined_reason == "every task is one that the candidates were trained for"
    assert [note.code for note in found.notes] == ["NO_OTHER_TASK"]
    assert found.macro_difference.value is not None
    assert "NO_OTHER_TASK" in str(result)


def test_a_suite_of_one_task() -> None:
    (found, _) = compared(rows(tasks={"medical": 60})).forgetting
    assert [note.code for note in found.notes] == ["NO_OTHER_TASK"]
    (found, _) = compared(rows(tasks={"medical": 60}), target_tasks=None, forgetting=True).forgetting
    assert found.average_forgetting.value == -float(found["medical"].change.difference or 0)


def test_small_tasks_have_values_alone() -> None:
    found = compared(rows(tasks={"medical": 60, "general": 60, "rare": 20})).forgetting[0]
    assert found["rare"].change.p_value is None
    assert found["rare"].notes[0].code == "SMALL_SLICE"
    assert found["general"].change.family == "holm over 4 tests: tasks x metrics x candidates"
    assert found.average_forgetting.value is not None
    assert found.average_forgetting.low is None
    reason = "the task rare has 20 rows, fewer than min_slice_size = 30"
    assert found.average_forgetting.undefined_reason == reason
    all_of_them = compared(rows(tasks={"medical": 60, "general": 60, "rare": 20}), min_slice_size=10).forgetting[0]
    assert all_of_them.average_forgetting.value == found.average_forgetting.value
    assert all_of_them.average_forgetting.low is not None


def test_a_task_without_answers() -> None:
    table = rows()
    for row in table:
        if row["task"] == "code":
            row["predictions"]["tuned"] = None
    tuned, distilled = compared(table).forgetting
    assert tuned["code"].change.n == 0
    assert tuned.average_forgetting.undefined_reason == "there is no value on the rows of the task code"
    assert distilled.average_forgetting.value is not None


def test_without_intervals() -> None:
    result = compared(replicates=0, emar="emar(exact_match, target_task=medical, benchmark_task=code)")
    assert result.emar[0].estimate.value is not None
    assert result.emar[0].estimate.low is result.forgetting[0].average_forgetting.low is None


def test_rows_with_weights_are_not_counted() -> None:
    table = [{**row, "label": row["reference"], "weight": 2.0} for row in rows()]
    found = compared(table, metrics="accuracy").forgetting[0]
    assert found["code"].retained is None
    assert found["code"].relative_improvement.value is not None
    table = [{**row, "weight": 1.0} for row in table]
    assert compared(table, metrics="accuracy").forgetting[0]["code"].retained is not None


def test_margins_tell_what_was_not_forgotten() -> None:
    """Of 400 rows that the baseline gets right one model loses 4, the other one 100."""
    gold = ["yes"] * 800
    systems = {"few": ["no"] * 4 + ["yes"] * 796, "many": ["no"] * 100 + ["yes"] * 700}
    few, many = evald.compare(
        gold, systems, gold, metrics="accuracy", tasks=["general"] * 400 + ["code"] * 400, forgetting=True, margin=0.05
    ).forgetting
    assert [one.change.decision for one in few.tasks] == ["equivalent", "equivalent"]
    assert [one.change.decision for one in many.tasks] == ["equivalent", "regressed"]
    assert float(few["general"].change.p_not_worse or 1) < 0.05


def test_results_are_shown_and_exported() -> None:
    result = compared(metrics=["exact_match", "bleu"], emar="emar(bleu, target_task=medical, benchmark_task=code)")
    for shown in (str(result), result._repr_html_()):
        assert "what tuned learned and forgot, exact_match" in shown
        assert "medical (target)" in shown
        assert "average forgetting" in shown
        assert "adaptation (EMAR)" in shown
    assert "holm over 12 tests: tasks x metrics x candidates" in str(result)
    flat = result.flat()
    assert flat["forgetting/tuned/bleu/average_forgetting"] == result.forgetting[1].average_forgetting.value
    assert flat["forgetting/tuned/exact_match/code/lost"] == result.forgetting[0]["code"].lost
    assert flat["emar/tuned/bleu/medical/code/prose"] == result.emar[1].estimate.value
    frame = result.tasks_to_frame()
    assert list(frame["task"][:3]) == ["code", "general", "medical"]
    assert len(frame) == 12
    document = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert document["forgetting"][0]["tasks"][0]["task"] == "code"
    assert document["emar"][0]["definition"] == "((after - before) - before) / before"
    with pytest.raises(KeyError, match="'law'"):
        result.forgetting[0]["law"]


names = st.one_of(
    st.sampled_from(
        ['"', '\\"', "a, b", "(none)", "x)", "emar(", "=", "task", " a", "日本語", "\u202eflip", "a=b,c=d"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
)


@given(st.lists(names, min_size=2, max_size=2, unique=True))
def test_any_name_of_a_task(tasks: list[str]) -> None:
    target, benchmark = tasks
    table = rows(tasks=dict.fromkeys(tasks, 2))
    quoted = ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in tasks]
    forms = [
        f"emar(exact_match, target_task={quoted[0]}, benchmark_task={quoted[1]}, variant=prose)",
        {"metric": "exact_match", "target_task": target, "benchmark_task": benchmark, "variant": "prose"},
    ]
    result = compared(table, emar=forms, target_tasks=[target], replicates=0)
    assert {one.task: one.target for one in result.forgetting[0].tasks} == {target: True, benchmark: False}
    assert result.emar[:2] == result.emar[2:]
    assert str(result)
    assert result._repr_html_()


def test_metrics_with_parameters_are_found() -> None:
    asked = [
        "emar(token_f1, target_task = medical , benchmark_task=code)",
        "emar(exact_match, target_task=code, benchmark_task=general)",
    ]
    found = compared(metrics=["token_f1", "exact_match"], emar=asked, target_tasks=None).emar
    assert {(one.metric, one.target_task) for one in found} == {("token_f1", "medical"), ("exact_match", "code")}


@pytest.mark.parametrize(
    ("options", "reason", "field"),
    [
        ({"target_tasks": 7}, "BAD_FORGETTING", "target_tasks"),
        ({"target_tasks": ["a", 7]}, "BAD_FORGETTING", "target_tasks[1]"),
        ({"forgetting": "medical"}, "BAD_FORGETTING", "forgetting"),
        ({"forgetting": False}, "BAD_FORGETTING", "forgetting"),
        ({"emar": 7}, "BAD_FORGETTING", "emar"),
        ({"emar": [7]}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": "prose(exact_match)"}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": "emar()"}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": "emar(exact_match, target_task=code"}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": "emar(exact_match, target_task=code)"}, "BAD_FORGETTING", "emar[0].benchmark_task"),
        ({"emar": "emar(exact_match, target_task=code, task=general)"}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": "emar(exact_match, target_task=a, target_task=b)"}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": {"metric": "exact_match", "of": "code"}}, "BAD_FORGETTING", "emar[0]"),
        ({"emar": {"metric": 7}}, "BAD_FORGETTING", "emar[0].metric"),
        (
            {"emar": "emar(exact_match, target_task=code, benchmark_task=general, variant=best)"},
            "BAD_FORGETTING",
            "emar[0].variant",
        ),
        (
            {"emar": "emar(bleu, target_task=code, benchmark_task=general)"},
            "BAD_FORGETTING",
            "forgetting.emar[0].metric",
        ),
        ({"target_tasks": "law"}, "UNKNOWN_TASK", "forgetting.target_tasks[0]"),
    ],
)
def test_wrong_questions_are_refused(options: dict[str, Any], reason: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compared(**options)
    assert (caught.value.reason, caught.value.violations[0].field) == (reason, field)


def test_rows_without_a_task_are_refused() -> None:
    table = rows()
    table[3]["task"] = None
    with pytest.raises(InvalidRequestError) as caught:
        compared(table)
    assert caught.value.reason == "MISSING_TASK"
    with pytest.raises(InvalidRequestError) as caught:
        evald.evaluate(["a"], ["a"], metrics="exact_match", target_tasks="medical")
    assert (caught.value.reason, caught.value.violations[0].field) == ("CONFLICT", "forgetting")


def test_nothing_is_infinite() -> None:
    for found in compared(metrics="wer", forgetting=True).forgetting:
        for task in found.tasks:
            assert task.relative_improvement.value is None or math.isfinite(task.relative_improvement.value)
