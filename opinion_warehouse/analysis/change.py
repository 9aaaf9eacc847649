"""Has an answer's share changed since the wave before?

Waves are independent samples: the variance of a difference is the sum of the variances, its degrees of
freedom the sum of theirs. Many answers and groups are compared at once, so p is adjusted (Benjamini-Hochberg)
within one question and pair of waves, and only the adjusted p says "changed".
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VERSION = "independent-bh.2"
"""Part of the digest that says whether a pair has to be compared again: raise it when a rule changes."""

LEVEL = 0.05

MIN_BASE = 30
"""Smaller cells are never published: testing them would only make the family larger and its tests weaker."""


class Estimates(NamedTuple):
    """One wave's side of the pairs; None where there is no margin of error."""

    estimate: Any
    standard_error: Any
    degrees_of_freedom: Any
    base: Any


@dataclass(frozen=True)
class Comparison:
    """One entry a pair of estimates; NaN where there is no margin of error to test with."""

    difference: Floats
    standard_error: Floats
    p_value: Floats


def compare(before: Estimates, after: Estimates) -> Comparison:
    """Difference of independent estimates with its standard error and two-sided p."""
    from scipy.special import stdtr

    estimate_0, error_0, df_0, base_0 = (np.asarray(column, dtype=np.float64) for column in before)
    estimate_1, error_1, df_1, base_1 = (np.asarray(column, dtype=np.float64) for column in after)
    difference = estimate_1 - estimate_0
    known = (df_0 > 0) & (df_1 > 0)
    error = np.where(known, np.sqrt(error_0**2 + error_1**2), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        # No error on either side (0 % or 100 % in both): nothing to test with.
        is_tested = (error > 0) & (np.minimum(base_0, base_1) >= MIN_BASE)
        t = np.where(is_tested, np.abs(difference) / error, np.nan)
        p_value = 2 * stdtr(np.where(known, df_0 + df_1, np.nan), -t)
    return Comparison(difference, error, p_value)


def adjust(p_value: Floats) -> Floats:
    """Benjamini-Hochberg adjusted p of one family; NaN stays NaN and is no part of the family."""
    adjusted = np.full(p_value.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_value))
    if tested.size == 0:
        return adjusted
    order = tested[np.argsort(p_value[tested], kind="stable")]
    steps = p_value[order] * tested.size / np.arange(1, tested.size + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return adjusted
