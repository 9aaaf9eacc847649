"""Has an answer's share changed since the wave before?

The variance of a difference of independent samples is the sum of the variances, its degrees of freedom the
sum of theirs; a panel's comes with the people who answered twice in it. Many answers and groups are compared
at once, so p is adjusted (Benjamini-Hochberg) within one question and pair of waves, and only the adjusted p
says "changed".
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VERSION = "panel-bh.3"
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


class Overlap(NamedTuple):
    """What is known of pairs whose waves share people: the difference's own error and freedom."""

    is_panel: Any
    standard_error: Any
    degrees_of_freedom: Any


@dataclass(frozen=True)
class Comparison:
    """One entry a pair of estimates; NaN where there is no difference, or no margin of error to test with."""

    difference: Floats
    standard_error: Floats
    p_value: Floats
    is_tested: NDArray[np.bool_]
    """Large enough to be published: only these are a family whose tests are adjusted for each other."""


def compare(
    before: Estimates, after: Estimates, overlap: Overlap | None = None, is_break: Any = False
) -> Comparison:
    """Differences with their standard error and two-sided p; pairs that are a break have none."""
    from scipy.special import stdtr

    estimate_0, error_0, df_0, base_0 = (np.asarray(column, dtype=np.float64) for column in before)
    estimate_1, error_1, df_1, base_1 = (np.asarray(column, dtype=np.float64) for column in after)
    overlap = overlap or Overlap(False, np.nan, np.nan)
    is_panel = np.asarray(overlap.is_panel, dtype=bool)
    panel_error, panel_df = (np.asarray(column, dtype=np.float64) for column in overlap[1:])
    difference = np.where(np.asarray(is_break, dtype=bool), np.nan, estimate_1 - estimate_0)
    df = np.where(is_panel, panel_df, np.where((df_0 > 0) & (df_1 > 0), df_0 + df_1, np.nan))
    error = np.where(is_panel, panel_error, np.sqrt(error_0**2 + error_1**2))
    error = np.where(np.isnan(difference) | ~(df > 0), np.nan, error)
    with np.errstate(divide="ignore", invalid="ignore"):
        # No error on either side (0 % or 100 % in both): nothing to test with.
        t = np.where(error > 0, np.abs(difference) / error, np.nan)
        p_value = 2 * stdtr(df, -t)
        is_tested = ~np.isnan(p_value) & (np.minimum(base_0, base_1) >= MIN_BASE)
    return Comparison(difference, error, p_value, is_tested)


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
