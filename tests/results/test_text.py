"""What a comparison says in a terminal beside its numbers."""

from __future__ import annotations

import pytest

import evald
from evald.results.text import probability


@pytest.mark.parametrize(
    ("value", "at_floor", "shown"),
    [
        (0.0, False, "<1e-300"),
        (5e-324, True, "<1e-300"),
        (3.14e-20, False, "3.1e-20"),
        (0.000123, True, "<0.00013"),
        (0.0312, False, "0.0312"),
        (1.0, False, "1.0000"),
    ],
)
def test_no_p_value_is_zero(value: float, at_floor: bool, shown: str) -> None:
    assert probability(value, at_floor) == shown


def test_a_sure_difference_has_a_p_value_below_a_number() -> None:
    found = evald.compare(["a"] * 2_000, {"new": ["b"] * 2_000}, ["b"] * 2_000, metrics="accuracy", replicates=0)
    assert found["accuracy"].p_value == 0
    line = next(line for line in str(found).splitlines() if line.startswith("accuracy"))
    assert line.split("–")[1].split()[:2] == ["<1e-300", "<1e-300"]
    assert "<1e-300" in found.to_table("latex").replace("$", "")


def test_rows_better_and_worse_are_counted_with_the_effect() -> None:
    gold = ["a", "b"] * 40
    found = evald.compare(
        ["a"] * 80, {"new": ["a", "b"] * 30 + ["b"] * 20}, gold, metrics="accuracy,mcc", replicates=100
    )
    (line,) = (line for line in str(found).splitlines() if line.startswith("rows better"))
    sizes = found["accuracy"].effect_sizes or {}
    assert line == f"rows better and worse: accuracy 40 and 10, Cohen's h = {sizes['cohen_h']:+.2f}"


def test_a_difference_without_an_interval_says_why() -> None:
    found = evald.compare(["a"], {"new": ["b"]}, ["a"], metrics="accuracy")
    reason = found["accuracy"].undefined_reason
    assert reason is not None
    assert f"! NO_INTERVAL: {reason} [new against baseline, accuracy]" in str(found)
    assert reason in found._repr_html_()
    # What lacks a value on one side already needs to be said once.
    unlike = evald.compare([1.0, 2.0, 3.0], {"new": [1.0, 1.0, 1.0]}, [1.0, 2.0, 4.0], metrics="pearson")
    assert str(unlike).count("! UNDEFINED") == 1
    assert "new against" not in str(unlike).split("! UNDEFINED")[1]


def test_a_part_that_does_not_change_is_no_wrong_file() -> None:
    gold, base = ["a", "b"] * 40, ["a"] * 80
    found = evald.compare(
        base, {"new": base[:40] + gold[40:]}, gold, metrics="accuracy", slice_values={"k": ["x"] * 40 + ["y"] * 40},
        slices="k",
    )  # fmt: skip
    assert not [note for note in found.notes if note.code == "IDENTICAL_SYSTEMS"]
    (note,) = found.slice("x").notes
    assert (note.code, note.text) == ("IDENTICAL_SYSTEMS", "every prediction of new equals the baseline's")


def test_few_changed_rows_are_noted() -> None:
    gold, base = ["a", "b"] * 100, ["a"] * 200
    few = evald.compare(base, {"new": gold[:10] + base[10:]}, gold, metrics="accuracy,mcc", replicates=100)
    (note,) = (note for note in few.notes if note.code == "FEW_CHANGES")
    assert "by accuracy:" in note.text
    more = evald.compare(base, {"new": gold[:20] + base[20:]}, gold, metrics="accuracy,mcc", replicates=100)
    assert not more.notes
    assert not evald.compare(base, {"new": gold[:10] + base[10:]}, gold, metrics="accuracy", replicates=0).notes


def test_without_correction_the_detectable_effect_is_that_of_one_test() -> None:
    gold = ["a", "b"] * 100
    systems = {"base": ["a"] * 200, "new": gold[:100] + ["b"] * 100, "newer": ["b"] * 200}
    alone = evald.compare(systems["base"], {"newer": systems["newer"]}, gold, metrics="accuracy")
    family = evald.compare(systems=systems, references=gold, metrics="accuracy", correction="none")
    assert alone["accuracy"].mde is not None
    assert family["newer", "accuracy"].mde == alone["accuracy"].mde
