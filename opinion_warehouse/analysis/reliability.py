"""Which proportions are reliable enough to print: the NCHS presentation standards.

National Center for Health Statistics, Vital and Health Statistics 2(175), 2017: effective sample size, then
the absolute and the relative width of the 95 % Korn-Graubard interval, then what a statistician looks at.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

VERSION = "nchs-2017.2"
"""Part of the digest that says whether a wave has to be assessed again: raise it when a rule changes."""

PRESENT = "present"
REVIEW = "review"
COMPLEMENT = "present_not_complement"
SUPPRESS_NO_VARIANCE = "suppress_no_variance"
SUPPRESS_SAMPLE = "suppress_effective_sample_size"
SUPPRESS_WIDTH = "suppress_interval_width"
SUPPRESS_RELATIVE = "suppress_relative_width"

CODES = {
    PRESENT: "reliable",
    REVIEW: "under 8 degrees of freedom, or 0 % or 100 %: a statistician has to look at it",
    COMPLEMENT: "reliable; its complement (1 - estimate) is not",
    SUPPRESS_NO_VARIANCE: "no variance can be estimated",
    SUPPRESS_SAMPLE: "effective sample size under 30",
    SUPPRESS_WIDTH: "95 % interval 30 points wide or more",
    SUPPRESS_RELATIVE: "95 % interval wider than 1.3 times the estimate",
}


@dataclass(frozen=True)
class Assessment:
    """One entry an estimate, in the order given."""

    effective_sample_size: Floats
    ci_low: Floats
    ci_high: Floats
    code: NDArray[np.str_]


def assess(
    estimate: Any, standard_error: Any, base: Any, answered: Any, degrees_of_freedom: Any
) -> Assessment:
    """Assess proportions; `base` and `answered` are unweighted counts.

    0 % and 100 % are told by counts, never by the floating-point estimate; there the design effect cannot be
    estimated and the effective sample size is the base.
    """
    from scipy.special import betaincinv, stdtrit

    n, count = _floats(base), _floats(answered)
    df = _floats(degrees_of_freedom)
    is_none, is_all = count == 0, count == n
    p = np.where(is_none, 0.0, np.where(is_all, 1.0, np.clip(_floats(estimate), 0.0, 1.0)))
    se = _floats(standard_error)
    at_edge = is_none | is_all
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(at_edge, np.inf, p * (1 - p) / se**2)
        # An error of exactly 0 (every PSU alike) is known: n_e is n, as the design cannot better the sample.
        known = (df > 0) & (n > 1) & (at_edge | (se >= 0))
        n_e = np.where(known, np.minimum(n, effective), np.nan)
        # Capped after the adjustment for degrees of freedom, as NCHS's own surveytable does.
        n_star = np.minimum(n, effective * (stdtrit(n - 1, 0.975) / stdtrit(df, 0.975)) ** 2)
        low = np.where(is_none, 0.0, betaincinv(p * n_star, (1 - p) * n_star + 1, 0.025))
        high = np.where(is_all, 1.0, betaincinv(p * n_star + 1, (1 - p) * n_star, 0.975))
        low, high = np.where(known, low, np.nan), np.where(known, high, np.nan)
        width = high - low
        # Of 0 % there is no relative width: what is left is the review.
        relative, complement = np.where(is_none, 0.0, width / p), width / (1 - p)
    present = np.where(
        at_edge | (df < 8), REVIEW, np.where((complement > 1.30) & (width > 0.05), COMPLEMENT, PRESENT)
    )
    code = np.select(
        [~known, n_e < 30, width <= 0.05, width >= 0.30, relative > 1.30],
        [SUPPRESS_NO_VARIANCE, SUPPRESS_SAMPLE, present, SUPPRESS_WIDTH, SUPPRESS_RELATIVE],
        default=present,
    )
    return Assessment(n_e, low, high, code)


def _floats(values: Any) -> Floats:
    """None becomes NaN."""
    return np.asarray(values, dtype=np.float64)
