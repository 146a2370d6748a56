"""Writes regression.json from scikit-learn and scipy; run it from the root of the repository."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable

import scipy
import sklearn
from rows import case, table, write
from scipy import stats
from sklearn import metrics

Numbers = list[float]


def corpora() -> list[tuple[Numbers, Numbers]]:
    """Predicted and gold numbers: few, tied, constant, spread, without a relation."""
    draw = random.Random(20261121)
    tied = [float(draw.randrange(5)) for _ in range(30)]
    wide = [draw.gauss(0, 1) * 10 ** draw.randrange(-3, 6) for _ in range(25)]
    return [
        ([1.0], [2.0]),
        ([1.0, 2.0], [2.0, 1.0]),
        ([2.5, 0.0, 2.0, 8.0], [3.0, -0.5, 2.0, 7.0]),
        ([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]),
        ([5.0, 5.0, 5.0], [1.0, 2.0, 3.0]),
        ([1.0, 1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 2.0, 3.0, 3.0]),
        (tied, [number + draw.randrange(3) for number in tied]),
        ([draw.gauss(10, 3) for _ in range(40)], [draw.gauss(10, 3) for _ in range(40)]),
        (wide, [number * 1.1 + 0.5 for number in wide]),
        ([number * 1e-6 for number in wide], [number * 1e-6 for number in reversed(wide)]),
    ]


def statistic(function: Callable[..., object], predicted: Numbers, gold: Numbers, **options: str) -> float:
    """A correlation; undefined where a side is constant."""
    if len(set(predicted)) < 2 or len(set(gold)) < 2:
        return math.nan
    return float(function(predicted, gold, **options).statistic)  # type: ignore[attr-defined]


def r2(predicted: Numbers, gold: Numbers) -> float:
    """Undefined for constant gold numbers, where scikit-learn gives 0, 1 or minus infinity."""
    return math.nan if len(set(gold)) < 2 else float(metrics.r2_score(gold, predicted))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    kinds: list[tuple[str, dict[str, str], Callable[[Numbers, Numbers], float]]] = [
        ("mae", {}, lambda p, g: float(metrics.mean_absolute_error(g, p))),
        ("rmse", {}, lambda p, g: float(metrics.root_mean_squared_error(g, p))),
        ("r2", {}, r2),
        ("pearson", {}, lambda p, g: statistic(stats.pearsonr, p, g)),
        ("spearman", {}, lambda p, g: statistic(stats.spearmanr, p, g)),
        ("kendall", {}, lambda p, g: statistic(stats.kendalltau, p, g)),
        ("kendall", {"variant": "c"}, lambda p, g: statistic(stats.kendalltau, p, g, variant="c")),
    ]
    tables = []
    for metric, params, value in kinds:
        cases = []
        for predicted, gold in corpora():
            rows = [{"predictions": [{"value": p}], "value": g} for p, g in zip(predicted, gold, strict=True)]
            cases.append(case(rows, value(predicted, gold)))
        tables.append(table(metric, params, cases))
    write("regression.json", f"scikit-learn {sklearn.__version__}, scipy {scipy.__version__}", 1e-12, tables)
