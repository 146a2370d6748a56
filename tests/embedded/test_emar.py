"""EMAR of plain numbers: every variant is its formula, and nothing is divided by zero."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evald
from evald.errors import InvalidRequestError


def test_the_articles_example() -> None:
    found = evald.emar(before=70, after=85, benchmark=75)
    assert (found.formula, found.prose, found.example) == (-55 / 70, 0.2, -3.0)
    assert found.relative_improvement == 15 / 70
    assert found.undefined_reasons == {}
    assert json.loads(json.dumps(found.to_dict()))["example"] == -3.0


@given(*[st.integers(-1000, 1000)] * 3)
def test_every_variant_is_its_formula(before: int, after: int, benchmark: int) -> None:
    found = evald.emar(before, after, benchmark)
    gain = after - before
    fractions = {
        "formula": (gain - before, before),
        "prose": (gain, benchmark),
        "example": (gain, before - benchmark),
        "relative_improvement": (gain, before),
    }
    for name, (numerator, denominator) in fractions.items():
        value = getattr(found, name)
        assert (value is None) == (denominator == 0) == (name in found.undefined_reasons)
        if value is not None:
            assert value == float(Fraction(numerator, denominator))


@pytest.mark.parametrize("name", ["before", "after", "benchmark"])
@pytest.mark.parametrize("value", [math.nan, math.inf, None, "70", True, [70]])
def test_what_is_no_number_is_refused(name: str, value: Any) -> None:
    numbers: dict[str, Any] = {"before": 70, "after": 85, "benchmark": 75, name: value}
    with pytest.raises(InvalidRequestError) as caught:
        evald.emar(**numbers)
    assert caught.value.reason == "BAD_ADAPTATION"
    assert [violation.field for violation in caught.value.violations] == [name]


def test_no_value_is_infinite() -> None:
    found = evald.emar(before=1e-300, after=1e300, benchmark=0)
    assert found.prose is found.formula is None
    assert found.undefined_reasons["formula"] == "the value is too large for a number"
    # Whole numbers of Python have no end.
    with pytest.raises(InvalidRequestError):
        evald.emar(before=10**400, after=1, benchmark=1)
