"""NCHS presentation standards against scipy's beta and t distributions and worked cases."""

import numpy as np
import pytest
from scipy import stats

from opinion_warehouse.analysis import reliability
from opinion_warehouse.analysis.reliability import assess


def korn_graubard(p: float, se: float, n: int, df: int) -> tuple[float, float, float]:
    """The formulas written out with scipy.stats, a proportion at a time; at 0 % and 100 % n_e is the base."""
    effective = float("inf") if p in (0, 1) else p * (1 - p) / se**2
    n_e = min(n, effective)
    n_star = min(n, effective * (stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, df)) ** 2)
    low = 0.0 if p == 0 else stats.beta.ppf(0.025, p * n_star, (1 - p) * n_star + 1)
    high = 1.0 if p == 1 else stats.beta.ppf(0.975, p * n_star + 1, (1 - p) * n_star)
    return n_e, low, high


def one(p: float, se: float | None, n: int, count: int, df: int) -> tuple[float, float, float, str]:
    found = assess([p], [se], [n], [count], [df])
    n_e, low, high = found.effective_sample_size[0], found.ci_low[0], found.ci_high[0]
    return float(n_e), float(low), float(high), str(found.code[0])


@pytest.mark.parametrize(
    ("p", "se", "n", "df"),
    [(0.37, 0.021, 900, 24), (0.05, 0.004, 4000, 60), (0.92, 0.03, 400, 11), (0.5, 0.5 / 20, 400, 399)],
)
def test_assess_proportion_equals_scipy(p: float, se: float, n: int, df: int) -> None:
    found = one(p, se, n, round(p * n), df)
    assert found[:3] == pytest.approx(korn_graubard(p, se, n, df), rel=1e-9)


def test_assess_simple_random_sample_equals_clopper_pearson() -> None:
    # With n_e = n and df = n - 1 Korn-Graubard is the exact binomial interval.
    n, count = 200, 46
    p = count / n
    _, low, high, code = one(p, (p * (1 - p) / n) ** 0.5, n, count, n - 1)
    exact = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), rel=1e-9)
    assert code == reliability.PRESENT


def test_assess_hand_computed_case_gives_known_numbers() -> None:
    # p = .10, se = .02, n = 400, df = 20: n_e = .09/.0004 = 225;
    # t_399 = 1.965927, t_20 = 2.085963; n* = 225 x (1.965927/2.085963)^2 = 199.8502.
    n_e, low, high, code = one(0.10, 0.02, 400, 40, 20)
    assert n_e == pytest.approx(225)
    assert low == pytest.approx(stats.beta.ppf(0.025, 19.98502, 179.86515 + 1), abs=1e-6)
    assert high == pytest.approx(stats.beta.ppf(0.975, 19.98502 + 1, 179.86515), abs=1e-6)
    assert (low, high) == pytest.approx((0.0622, 0.1501), abs=5e-4)
    assert code == reliability.PRESENT


def test_assess_design_effect_under_one_caps_effective_sample_at_n() -> None:
    assert one(0.5, 0.01, 100, 50, 40)[0] == 100


@pytest.mark.parametrize(
    ("p", "se", "n", "count", "df", "code"),
    [
        (0.5, 0.1, 100, 50, 30, reliability.SUPPRESS_SAMPLE),  # n_e = 25
        (0.5, 0.5 / 29**0.5, 29, 14, 28, reliability.SUPPRESS_SAMPLE),  # 29 respondents
        (0.5, 0.08, 100, 50, 30, reliability.SUPPRESS_WIDTH),  # n_e = 39, width .33
        (0.03, 0.0171, 100, 3, 99, reliability.SUPPRESS_RELATIVE),  # width .08 = 2.6 p
        (0.97, 0.0171, 100, 97, 99, reliability.COMPLEMENT),
        (0.004, 0.001, 4000, 16, 200, reliability.PRESENT),  # width under .05 is enough
        (0.5, 0.02, 1000, 500, 7, reliability.REVIEW),  # few degrees of freedom
        (0.0, 0.0, 400, 0, 60, reliability.REVIEW),  # 0 %, upper limit .009
        (1.0, 0.0, 60, 60, 59, reliability.REVIEW),  # 100 %
        (0.0, 0.0, 60, 0, 59, reliability.REVIEW),  # 0 % has no relative width
        (0.0, 0.0, 20, 0, 19, reliability.SUPPRESS_SAMPLE),
        (0.4, None, 300, 120, 0, reliability.SUPPRESS_NO_VARIANCE),
        (0.4, 0.03, 300, 120, 0, reliability.SUPPRESS_NO_VARIANCE),
    ],
)
def test_assess_rule_applies_code(p: float, se: float | None, n: int, count: int, df: int, code: str) -> None:
    assert one(p, se, n, count, df)[3] == code


def test_assess_edge_is_decided_by_counts_not_by_the_float() -> None:
    nearly_one = float(np.nextafter(1.0, 0.0))
    n_e, low, high, code = one(nearly_one, 1e-17, 400, 400, 60)
    assert (n_e, high, code) == (400, 1.0, reliability.REVIEW)
    assert low == pytest.approx(korn_graubard(1, 0, 400, 60)[1])


def test_assess_error_of_exactly_zero_is_known() -> None:
    # Every PSU alike: the estimate is as good as the whole base, and no better.
    n_e, low, high, code = one(0.5, 0.0, 400, 200, 20)
    assert (n_e, code) == (400, reliability.PRESENT)
    exact = stats.binomtest(200, 400).proportion_ci(0.95, method="exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), rel=1e-9)


def test_assess_no_variance_gives_no_interval() -> None:
    found = one(0.4, None, 300, 120, 0)
    assert all(np.isnan(found[:3]))


def test_assess_nothing_gives_nothing() -> None:
    assert assess([], [], [], [], []).code.size == 0


def test_assess_every_code_is_explained() -> None:
    rng = np.random.default_rng(5)
    n = rng.integers(1, 2000, 5000)
    count = (rng.random(5000) * (n + 1)).astype(int)
    p = count / n
    se = np.sqrt(np.maximum(p * (1 - p), 0) / n * rng.uniform(0.5, 6, 5000))
    found = assess(p, se, n, count, rng.integers(0, 60, 5000))
    assert set(found.code) <= set(reliability.CODES)
    assert len(set(found.code)) >= 6
    known = ~np.isnan(found.ci_low)
    assert (found.ci_low[known] <= p[known] + 1e-12).all()
    assert (found.ci_high[known] >= p[known] - 1e-12).all()
