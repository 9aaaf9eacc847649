"""Trend and forecast against dense normal vectors, conditioned directly, and against simulated surveys."""

from dataclasses import astuple, fields
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special, stats

from opinion_warehouse.analysis import trend
from opinion_warehouse.analysis.trend import Floats, Trend, fit, next_dates, to_logit

LEVELS = ("level", "low_80", "high_80", "low_95", "high_95")
DAYS = np.array([0.0, 30, 61, 150, 181, 210, 243, 270])
AHEAD = np.array([300.0, 331])


class Dense:
    """One series: the levels at all dates are one normal vector; no recursion anywhere."""

    def __init__(self, days: Floats, logit: Floats, variance: Floats, ahead: Floats, cells: trend.Grid):
        tau2, eta2, log_prior = (np.asarray(column)[:, None, None] for column in cells)
        seen = np.flatnonzero(~np.isnan(logit))
        elapsed = (np.concatenate([days, ahead]) - days[0]) / np.median(np.diff(days))
        levels = trend.LEVEL_SD**2 + tau2 * np.minimum.outer(elapsed, elapsed)
        observed = levels[:, seen[:, None], seen] + np.diag(variance[seen]) + eta2 * np.eye(seen.size)
        to_seen = levels[:, :, seen]
        gain = np.linalg.solve(observed, np.swapaxes(to_seen, 1, 2)).swapaxes(1, 2)
        self.mean = gain @ logit[seen]
        self.variance = np.diagonal(levels, axis1=1, axis2=2) - (gain * to_seen).sum(axis=2)
        self.variance[:, days.size :] += eta2[:, 0] + variance[seen][-3:].mean()
        fitted = (logit[seen] * np.linalg.solve(observed, logit[seen][:, None])[..., 0]).sum(axis=1)
        log_weight = log_prior[:, 0, 0] - (np.linalg.slogdet(observed)[1] + fitted) / 2
        self.weight = special.softmax(log_weight)

    def cdf(self, x: float, when: int) -> float:
        normal = stats.norm.cdf(x, self.mean[:, when], np.sqrt(self.variance[:, when]))
        return float(self.weight @ normal)

    def share(self, probability: float, when: int) -> float:
        found = optimize.brentq(lambda x: self.cdf(x, when) - probability, -30, 30, xtol=1e-12)
        return float(special.expit(found))


def simulate(
    series: int, waves: int, seed: int, tau: Any = None, eta: Any = None, people: int = 1000, jump: float = 0
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Binomial answers to a drifting share; tau and eta from their priors unless given."""
    rng = np.random.default_rng(seed)
    tau = np.abs(rng.normal(0, trend.PRIOR_SD, (series, 1))) if tau is None else tau
    eta = np.abs(rng.normal(0, trend.PRIOR_SD, (series, 1))) if eta is None else eta
    level = rng.normal(0, 1, (series, 1)) + np.cumsum(tau * rng.normal(size=(series, waves)), axis=1)
    level[:, waves // 2 :] += jump
    share = rng.binomial(people, special.expit(level + eta * rng.normal(size=(series, waves)))) / people
    error = np.sqrt(share * (1 - share) / people)
    days = np.arange(waves) * 30.0
    return days, share, error, np.full(share.shape, float(people)), days[-1] + np.array([30.0, 60.0])


def coverage(*found: Trend) -> tuple[float, float]:
    count = sum(int(one.forecast_count.sum()) for one in found)
    covered_80 = sum(int(one.covered_80.sum()) for one in found)
    return covered_80 / count, sum(int(one.covered_95.sum()) for one in found) / count


def widths(found: Trend) -> Floats:
    past = [found.high_80 - found.low_80, found.high_95 - found.low_95]
    later = [
        found.forecast_high_80 - found.forecast_low_80,
        found.forecast_high_95 - found.forecast_low_95,
    ]
    return np.stack([np.concatenate(pair, axis=1) for pair in zip(past, later, strict=True)])


def uneven() -> tuple[Floats, Floats, Floats]:
    """Three series: whole, with holes (the first and the last wave too), with a jump and an empty answer."""
    share = np.array(
        [
            [0.41, 0.43, 0.40, 0.47, 0.46, 0.49, 0.47, 0.50],
            [np.nan, 0.12, 0.10, np.nan, np.nan, 0.11, 0.14, np.nan],
            [0.0, 0.004, 0.003, 0.02, 0.09, 0.10, 0.08, 0.10],
        ]
    )
    size = np.full(share.shape, 900.0) - 40 * np.arange(8)
    return share, np.sqrt(1.3 * share * (1 - share) / size), size


def assert_in_order(found: Trend) -> None:
    for prefix in ("", "forecast_"):
        low_95, low_80, level, high_80, high_95 = (
            getattr(found, prefix + name) for name in ("low_95", "low_80", "level", "high_80", "high_95")
        )
        in_order = np.stack([np.zeros_like(level), low_95, low_80, level, high_80, high_95, level * 0 + 1])
        assert np.nanmin(np.diff(in_order, axis=0), initial=0) >= -1e-9
        assert np.array_equal(np.isnan(level), np.isnan(low_95) | np.isnan(high_95))


def assert_same(found: Trend, other: Trend) -> None:
    for one, two in zip(astuple(found), astuple(other), strict=True):
        assert one == pytest.approx(two, abs=1e-9, nan_ok=True)


def assert_same_counts(found: Trend, other: Trend) -> None:
    for name in ("forecast_count", "covered_80", "covered_95"):
        assert np.array_equal(getattr(found, name), getattr(other, name))


@pytest.mark.parametrize("row", [0, 1, 2], ids=["whole", "holes", "jump"])
def test_fit_equals_dense_normal_vectors(row: int) -> None:
    share, error, size = uneven()
    found = fit(DAYS, share, error, size, AHEAD)
    logit, variance = to_logit(share, error, size)
    dense = Dense(DAYS, logit[row], variance[row], AHEAD, trend.grid())
    for name, probability in zip(LEVELS, (0.5, 0.1, 0.9, 0.025, 0.975), strict=True):
        mine = np.append(getattr(found, name)[row], getattr(found, "forecast_" + name)[row])
        assert mine == pytest.approx([dense.share(probability, when) for when in range(10)], abs=1e-6)


def test_fit_backtest_equals_dense_forecasts_from_earlier_waves_only() -> None:
    share, error, size = uneven()
    found = fit(DAYS, share, error, size, AHEAD)
    logit, variance = to_logit(share, error, size)
    step = np.median(np.diff(DAYS))
    for row in range(3):
        ranks = []
        for t in np.flatnonzero(~np.isnan(logit[row]))[2:]:
            known = np.arange(t)
            # The dense vector takes its own median spacing: tau has to follow the whole calendar's.
            ratio = np.median(np.diff(DAYS[known])) / step
            cells = trend.grid()._replace(drift_variance=trend.grid().drift_variance * ratio)
            dense = Dense(DAYS[known], logit[row, known], variance[row, known], DAYS[[t]], cells)
            ranks.append(dense.cdf(logit[row, t], known.size))
        off = np.abs(np.array(ranks) - 0.5)
        counts = (found.forecast_count[row], found.covered_80[row], found.covered_95[row])
        assert counts == (off.size, (off <= 0.4).sum(), (off <= 0.475).sum())


def test_fit_grid_equals_plain_integral_over_half_normal_priors() -> None:
    share, error, size = uneven()
    found = fit(DAYS, share, error, size, AHEAD)
    logit, variance = to_logit(share, error, size)
    sd = np.arange(0.0025, trend.GRID_END, 0.005)
    tau, eta = (side.ravel() for side in np.meshgrid(sd, sd))
    prior = stats.halfnorm.logpdf(tau, scale=0.1) + stats.halfnorm.logpdf(eta, scale=0.1)
    for row in range(3):
        dense = Dense(DAYS, logit[row], variance[row], AHEAD, trend.Grid(tau**2, eta**2, prior))
        for when, low, high in [
            (3, found.low_95[row, 3], found.high_95[row, 3]),
            (9, found.forecast_low_95[row, 1], found.forecast_high_95[row, 1]),
        ]:
            limits = [dense.share(0.025, when), dense.share(0.975, when)]
            assert [low, high] == pytest.approx(limits, abs=0.01 * (limits[1] - limits[0]))


@pytest.mark.parametrize(
    "made",
    [{"waves": 20}, {"waves": 20, "people": 5000}, {"waves": 12, "jump": 1.0}, {"waves": 8, "tau": 0.2}],
    ids=["from the priors", "precise", "jump", "strong drift"],
)
def test_fit_finer_grid_changes_intervals_by_under_one_percent(
    made: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = simulate(40, seed=3, **made)
    coarse = widths(fit(*data))
    monkeypatch.setattr(trend, "GRID_NODES", 40)
    monkeypatch.setattr(trend, "GRID_END", 0.9)
    assert np.abs(coarse / widths(fit(*data)) - 1).max() < 0.01


def test_backtest_series_from_the_priors_are_covered_as_promised() -> None:
    found = [fit(*simulate(400, waves, seed=waves)) for waves in (8, 12, 20)]
    assert [int(one.forecast_count.sum()) for one in found] == [2400, 4000, 7200]
    covered_80, covered_95 = coverage(*found)
    assert 0.78 <= covered_80 <= 0.82
    assert 0.94 <= covered_95 <= 0.97


@pytest.mark.parametrize(
    ("made", "least_80", "least_95"),
    [
        ({"tau": 0.05, "eta": 0.05}, 0.78, 0.94),
        ({"tau": 0.0, "eta": 0.0}, 0.78, 0.94),
        ({"tau": 0.15, "eta": 0.02}, 0.74, 0.92),
        ({"tau": 0.05, "eta": 0.05, "jump": 0.4}, 0.74, 0.88),  # nothing foresees the jump itself
    ],
    ids=["quieter", "no change at all", "stronger drift", "jump"],
)
def test_backtest_series_unlike_the_priors_are_still_covered(
    made: dict[str, Any], least_80: float, least_95: float
) -> None:
    covered_80, covered_95 = coverage(fit(*simulate(300, 12, seed=11, **made)))
    assert covered_80 >= least_80 and covered_95 >= least_95


def test_backtest_forecast_does_not_know_the_outcomes_own_standard_error() -> None:
    days, share, error, size, ahead = simulate(200, 3, seed=5)
    found = fit(days, share, error, size, ahead)
    error[:, 2] *= 50
    assert_same_counts(fit(days, share, error, size, ahead), found)
    assert 0 < found.covered_80.sum() < found.covered_95.sum() < found.forecast_count.sum() == 200


def test_to_logit_edges_are_shrunk_with_matching_variance() -> None:
    logit, variance = to_logit(
        [0.0, 1.0, 0.3, 0.3, 0.3, 1e-17, np.nan, 0.3],
        [0.0, 0.01, 0.02, 0.0, None, 1e-18, 0.02, None],
        [99, 99, None, 99, 99, 99, 99, None],
    )
    assert special.expit(logit) == pytest.approx(
        [0.005, 0.995, 0.3, 0.302, 0.302, 0.005, np.nan, np.nan], nan_ok=True
    )
    assert variance[:3] == pytest.approx([1 / 0.5 + 1 / 99.5, 1 / 0.5 + 1 / 99.5, (0.02 / 0.21) ** 2])
    assert variance[3] == variance[4] == pytest.approx(1 / (100 * 0.302 * 0.698))
    assert np.isnan(variance[6:]).all()


def test_fit_edges_give_ordered_intervals() -> None:
    nan = np.nan
    share = [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [1.0, 1.0, 1.0, 1.0, 1.0],
        [0.4, 0.4, 0.4, 0.4, 0.4],
        [0.0, 1.0, 0.0, 1.0, 0.0],
        [0.001, 0.999, 0.001, 0.999, 0.001],
        [0.4, nan, 0.5, nan, 0.6],
        [nan, nan, 0.3, 0.2, 0.3],
    ]
    error = np.array([[0.0], [0.0], [0.0], [0.0], [1e-7], [0.02], [0.02]]) * np.ones(5)
    found = fit(DAYS[:5], share, error, np.full((7, 5), 500.0), AHEAD)
    assert_in_order(found)
    assert not np.isnan(found.level).any() and not np.isnan(found.forecast_high_95).any()
    assert list(found.forecast_count) == [3, 3, 3, 3, 3, 1, 1]
    assert found.level[0].max() < 0.002 < 0.998 < found.level[1].min()
    assert found.level[2] == pytest.approx(np.full(5, 200.5 / 501), abs=1e-5)
    assert list(found.covered_80[:3]) == [3, 3, 3]


def test_fit_missing_wave_is_less_certain_than_its_neighbours() -> None:
    share, error, size = uneven()
    found = fit(DAYS, share, error, size, AHEAD)
    width = (found.high_95 - found.low_95)[1]
    assert width[3] > width[2] and width[0] > width[1] and width[7] > width[6]
    assert found.forecast_high_95[1, 1] > found.forecast_high_95[1, 0]


@pytest.mark.parametrize("waves", [0, 1, 2])
def test_fit_too_few_waves_gives_nan_and_no_forecast(waves: int) -> None:
    short = fit(DAYS[:waves], np.full((2, waves), 0.4), np.full((2, waves), 0.02), [[900]] * 2, AHEAD)
    assert short.level.shape == (2, waves) and short.forecast_level.shape == (2, 2)
    share = np.full((2, 8), np.nan)
    share[1] = 0.4
    share[0, :waves] = 0.4
    mixed = fit(DAYS, share, np.full((2, 8), 0.02), np.full((2, 8), 900.0), AHEAD)
    for found in (short, mixed):
        assert all(np.isnan(getattr(found, field.name)[0]).all() for field in fields(Trend)[:10])
        assert found.forecast_count[0] == found.covered_80[0] == found.covered_95[0] == 0
    assert mixed.forecast_count[1] == 6 and not np.isnan(mixed.level[1]).any()


def test_fit_no_series_gives_no_rows() -> None:
    none = np.empty((0, 8))
    assert fit(DAYS, none, none, none, AHEAD).level.shape == (0, 8)


def test_fit_permuted_series_permutes_results(monkeypatch: pytest.MonkeyPatch) -> None:
    days, share, error, size, ahead = simulate(70, 9, seed=8)
    share[np.random.default_rng(8).uniform(size=share.shape) < 0.3] = np.nan
    found = fit(days, share, error, size, ahead)
    assert_in_order(found)
    order = np.random.default_rng(9).permutation(70)
    monkeypatch.setattr(trend, "CHUNK", 16)
    permuted = fit(days, share[order], error[order], size[order], ahead)
    assert_same(permuted, Trend(*(column[order] for column in astuple(found))))


def test_fit_days_scaled_together_give_the_same() -> None:
    share, error, size = uneven()
    assert_same(fit(DAYS, share, error, size, AHEAD), fit(DAYS * 7, share, error, size, AHEAD * 7))


def test_fit_answers_reversed_give_the_complement() -> None:
    share, error, size = uneven()
    found, other = (fit(DAYS, p, error, size, AHEAD) for p in (share, 1 - share))
    assert found.level == pytest.approx(1 - other.level, abs=1e-8, nan_ok=True)
    assert found.forecast_low_95 == pytest.approx(1 - other.forecast_high_95, abs=1e-8)
    assert_same_counts(found, other)


@pytest.mark.parametrize(("days", "ahead"), [([0.0, 30, 30], [60.0]), ([0.0, 30, 60], [60.0])])
def test_fit_dates_out_of_order_are_refused(days: list[float], ahead: list[float]) -> None:
    with pytest.raises(ValueError, match="increase"):
        fit(days, [[0.4] * 3], [[0.02] * 3], [[900] * 3], ahead)


def test_next_dates_follow_at_the_median_spacing() -> None:
    dates = [date(2024, 7, 1), date(2024, 1, 1), date(2024, 4, 1), date(2024, 4, 1), date(2025, 3, 1)]
    assert next_dates(dates) == [date(2025, 5, 31), date(2025, 8, 30)]  # spacings 91, 91 and 243 days
    assert next_dates(dates, 1) == [date(2025, 5, 31)]


def test_next_dates_without_spacing_are_none() -> None:
    assert next_dates([]) == next_dates([date(2025, 1, 1)] * 2) == []
