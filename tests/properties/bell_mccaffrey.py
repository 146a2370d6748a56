"""CR2 and Satterthwaite's degrees of freedom of a mean, by their definition with matrices (Bell and McCaffrey 2002)."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.stats


def of_mean(scores: Any, groups: Any, weights: Any = None) -> tuple[float, float, float]:
    """Weighted mean of the scores, its standard error, and the degrees of freedom of that.

    A regression on a constant, each row times the root of its weight. The residuals of cluster g are multiplied by the
    inverse symmetric root of I - H_gg, which makes their variance that of the errors where those are independent.
    """
    root = np.ones(len(scores)) if weights is None else np.sqrt(weights)
    outcome, total = root * scores, float((root**2).sum())
    mean = float(root @ outcome) / total
    left = np.eye(len(root)) - np.outer(root, root) / total
    # What the residuals of each cluster are multiplied by, as functions of the errors.
    columns = []
    for group in np.unique(groups):
        of_group = np.flatnonzero(np.asarray(groups) == group)
        adjust = np.linalg.inv(scipy.linalg.sqrtm(left[np.ix_(of_group, of_group)]).real)
        columns.append(left[of_group].T @ adjust @ root[of_group] / total)
    functions = np.stack(columns, axis=1)
    variance = float(((functions.T @ outcome) ** 2).sum())
    together = functions.T @ functions
    return mean, variance**0.5, float(np.trace(together) ** 2 / (together**2).sum())


def interval(scores: Any, groups: Any, weights: Any = None, level: float = 0.95) -> tuple[tuple[float, float], float]:
    """Ends of the interval of the mean, and its standard error."""
    mean, error, degrees = of_mean(scores, groups, weights)
    half = float(scipy.stats.t.isf((1 - level) / 2, degrees)) * error
    return (mean - half, mean + half), error


def p_value(differences: Any, groups: Any, weights: Any = None) -> float:
    """Of a mean of zero, two-sided."""
    mean, error, degrees = of_mean(differences, groups, weights)
    return float(2 * scipy.stats.t.sf(abs(mean) / error, degrees))
