"""Agreement of raters against the packages krippendorff and statsmodels."""

from __future__ import annotations

import random

from tests.metrics.test_agreement import LEVELS, alpha, kappa, rated
from tests.parity.runner import Case, CaseCheck, Check, Expected, undefined


def ratings(choose: random.Random, raters: int) -> list[list[str]]:
    """Units whose raters agree more or less often."""
    values = [str(number) for number in choose.sample((-1, 0, 0.5, 1, 2, 3, 10), choose.randint(1, 5))]
    rate = choose.random()
    units = []
    for _ in range(choose.choice((1, 4, 30, 100))):
        truth = choose.choice(values)
        units.append([truth if choose.random() < rate else choose.choice(values) for _ in range(raters)])
    return units


def alphas(choose: random.Random) -> Case:
    """Ratings are missing at will."""
    units = ratings(choose, choose.randint(1, 6))
    kept = choose.choice((1.0, 0.7))
    units = [[label for label in unit if choose.random() < kept] or unit[:1] for unit in units]
    found = {f"krippendorff_alpha(level={level})": alpha(units, level) for level in LEVELS}
    return Case(rated(units), {form: Expected(undefined(value)) for form, value in found.items()})


def kappas(choose: random.Random) -> Case:
    """Every unit has the same number of ratings, one of them the system's now and then."""
    units = ratings(choose, choose.randint(2, 8))
    given = choose.random() < 0.3
    methods = {f"fleiss_kappa(method={by},system_is_rater={str(given).lower()})": by for by in ("fleiss", "randolph")}
    expected = {form: Expected(undefined(kappa(units, by))) for form, by in methods.items()}
    rows = rated([unit[1:] for unit in units], [unit[0] for unit in units]) if given else rated(units)
    return Case(rows, expected)


def agreement() -> list[Check]:
    """Krippendorff's alpha, Fleiss' kappa and Randolph's."""
    # The package adds a table of values up in doubles.
    return [CaseCheck(alphas, tolerance=1e-10), CaseCheck(kappas, tolerance=1e-12)]
