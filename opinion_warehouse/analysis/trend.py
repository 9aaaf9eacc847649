"""How a share moves over a survey's waves, and where the next wave's estimate is expected.

Local level on the logit scale (Durbin and Koopman, Time Series Analysis by State Space Methods, 2nd edition
2012, chapter 2), with the design-based standard error as known measurement error:

    y_t = logit(p_t) = level_t + house_t + e_t    e_t ~ N(0, s_t^2), s_t = se_t / (p_t (1 - p_t)) is known
    level_t = level_{t-1} + drift_t               drift_t ~ N(0, tau^2 x days since the wave before / step)
    house_t ~ N(0, eta^2)                         what one wave gets wrong beyond its sampling error

`step` is the median spacing of the waves in days. tau and eta are not estimated: with few waves, intervals at
the maximum of the likelihood are too narrow. They are integrated over a grid, so an interval is made of
quantiles of a mixture of normals, found on the logit scale and turned into shares at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

VERSION = "local-level.1"
"""Part of the digest that says whether a series has to be fitted again: raise it when a rule changes."""

MIN_WAVES = 3
"""Two waves forecast the third: with fewer there is nothing to check a forecast by."""

PRIOR_SD = 0.10
"""Scale of the half-normal priors on tau and eta, in logits: 2.5 points at a share of 50 %."""

LEVEL_SD = 10.0
"""The level at the first date is N(0, 10^2): so wide (95 % within 3e-9 and 1 - 3e-9) that it says nothing."""

GRID_NODES, GRID_SCALE, GRID_END = 15, 0.02, 0.7
"""More nodes change intervals by under 1 % up to 20 waves of 5,000 people, by up to 3 % at 30 waves."""

EDGE = 1e-9
"""A share this near to 0 or 1 is 0 % or 100 %, missed by rounding."""

SAMPLING_WAVES = 3
"""The next wave's sampling variance is not known beforehand: it is the mean of this many latest waves'."""

CHUNK = 128
"""Series fitted at a time: memory grows with this x dates x grid cells, not with the number of series."""

PROBABILITIES = (0.50, 0.10, 0.90, 0.025, 0.975)
"""In the order of the fields of Trend."""

ROUNDS = 60
"""Two or three are enough; as many halvings of the bracket exhaust a float."""


@dataclass(frozen=True)
class Trend:
    """Shares in 0..1, series x dates; the three counts are one a series.

    A level is a median. At past dates the interval is where the level is (a missing wave's date has one too);
    at forecast dates where the ESTIMATE of a wave is expected: level, house error and sampling error. The
    counts are the backtest of that forecast, one wave ahead from earlier waves only. A series of under
    MIN_WAVES waves has NaN and counts of 0.
    """

    level: Floats
    low_80: Floats
    high_80: Floats
    low_95: Floats
    high_95: Floats
    forecast_level: Floats
    forecast_low_80: Floats
    forecast_high_80: Floats
    forecast_low_95: Floats
    forecast_high_95: Floats
    forecast_count: Integers
    covered_80: Integers
    covered_95: Integers


class Grid(NamedTuple):
    """One entry a cell, cells being all pairs of tau and eta."""

    drift_variance: Floats
    house_variance: Floats
    log_weight: Floats


class _Filtered(NamedTuple):
    """What the forward pass leaves: dates x series x cells, series x cells, series x 1, series x 3."""

    mean: Floats
    variance: Floats
    weight: Floats
    sampling_variance: Floats
    counts: Integers


def fit(times: Any, share: Any, standard_error: Any, sample_size: Any, ahead: Any) -> Trend:
    """Fit series that share their dates.

    `times` and `ahead` are days (increasing; later than the last of them), the rest series x times: share NaN
    where a series lacks the wave, `sample_size` the effective one. `step` is the whole calendar's median
    spacing, in the backtest too: dates are planned, only the answers are unknown beforehand.
    """
    days, forecast_days = _floats(times), _floats(ahead)
    if np.any(np.diff(days) <= 0) or (days.size and np.any(forecast_days <= days[-1])):
        raise ValueError("times have to increase, and forecasts to come after them")
    logit, variance = to_logit(share, standard_error, sample_size)
    quantiles = np.full((len(logit), days.size + forecast_days.size, len(PROBABILITIES)), np.nan)
    counts = np.zeros((len(logit), 3), dtype=np.int64)
    enough = np.flatnonzero((~np.isnan(logit)).sum(axis=1) >= MIN_WAVES)
    if enough.size:
        step, cells = np.median(np.diff(days)), grid()
        gaps, gaps_ahead = np.diff(days, prepend=days[0]) / step, (forecast_days - days[-1]) / step
        for start in range(0, enough.size, CHUNK):
            rows = enough[start : start + CHUNK]
            filtered = _filter(logit[rows], variance[rows], gaps, cells)
            counts[rows] = filtered.counts
            quantiles[rows, : days.size] = _smooth(filtered, gaps, cells)
            quantiles[rows, days.size :] = _forecast(filtered, gaps_ahead, cells)
    past, later = np.split(np.moveaxis(quantiles, 2, 0), [days.size], axis=2)
    return Trend(*past, *later, *counts.T)


def next_dates(dates: Sequence[date], count: int = 2) -> list[date]:
    """The next dates at the median spacing after the last; none where there is no spacing yet."""
    days = np.unique([day.toordinal() for day in dates])
    if days.size < 2:
        return []
    step = float(np.median(np.diff(days)))
    return [date.fromordinal(int(days[-1]) + round(step * ahead)) for ahead in range(1, count + 1)]


def to_logit(share: Any, standard_error: Any, sample_size: Any) -> tuple[Floats, Floats]:
    """Logits and their sampling variances; NaN where the wave is missing.

    At 0 % and 100 %, or without a standard error, the share is shrunk to (x + 1/2) / (n + 1), x = p n; its
    logit's variance is 1 / ((n + 1) p (1 - p)) of the shrunk p, which is 1 / (x + 1/2) + 1 / (n - x + 1/2)
    (Haldane, Anscombe). Without n as well the wave is missing.
    """
    p, se, n = _floats(share), _floats(standard_error), _floats(sample_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        as_is = (p > EDGE) & (p < 1 - EDGE) & (se > 0)
        shrunk = (np.clip(p, 0, 1) * n + 0.5) / (n + 1)
        variance = np.where(as_is, (se / (p * (1 - p))) ** 2, 1 / ((n + 1) * shrunk * (1 - shrunk)))
        p = np.where(as_is, p, np.where(n > 0, shrunk, np.nan))
        logit = np.log(p / (1 - p))
    known = np.isfinite(logit) & np.isfinite(variance)
    return np.where(known, logit, np.nan), np.where(known, variance, np.nan)


def grid() -> Grid:
    """Midpoint rule in u, with tau (and eta) = GRID_SCALE sinh(u) up to GRID_END.

    Fine near 0, a constant ratio further out, as the likelihood asks; odd in u, so that the integrand is even
    and the midpoint rule converges as fast as for a periodic function: Gauss-Legendre needs 20 nodes.
    """
    u = (np.arange(GRID_NODES) + 0.5) / GRID_NODES * np.arcsinh(GRID_END / GRID_SCALE)
    sd = GRID_SCALE * np.sinh(u)
    log_weight = np.log(np.cosh(u)) - (sd / PRIOR_SD) ** 2 / 2
    tau, eta = np.meshgrid(sd, sd, indexing="ij")
    return Grid(tau.ravel() ** 2, eta.ravel() ** 2, np.add.outer(log_weight, log_weight).ravel())


def _filter(logit: Floats, variance: Floats, gaps: Floats, cells: Grid) -> _Filtered:
    """Kalman filter in every cell; each wave is forecast from the earlier ones before it is taken in."""
    from scipy.special import ndtr

    shape = (len(logit), cells.log_weight.size)
    mean, var = np.zeros(shape), np.full(shape, LEVEL_SD**2)
    log_weight = np.tile(cells.log_weight, (len(logit), 1))
    means, variances = np.empty((gaps.size, *shape)), np.empty((gaps.size, *shape))
    latest = np.full((len(logit), SAMPLING_WAVES), np.nan)
    counts = np.zeros((len(logit), 3), dtype=np.int64)
    for t, gap in enumerate(gaps):
        var = var + gap * cells.drift_variance
        seen = ~np.isnan(logit[:, t])
        due = np.flatnonzero(seen & ((~np.isnan(latest)).sum(axis=1) >= MIN_WAVES - 1))
        # The outcome's own standard error is not known when the forecast is published.
        spread = np.sqrt(var[due] + cells.house_variance + np.nanmean(latest[due], axis=1, keepdims=True))
        rank = _sum(_normalized(log_weight[due]), ndtr((logit[due, t, None] - mean[due]) / spread))
        off = np.abs(rank - 0.5)
        counts[due] += np.column_stack([off <= 1, off <= 0.40, off <= 0.475])

        total = var + cells.house_variance + np.where(seen, variance[:, t], np.inf)[:, None]
        error = np.where(seen, logit[:, t], 0)[:, None] - mean
        log_weight -= np.where(seen[:, None], (np.log(total) + error**2 / total) / 2, 0)
        gain = var / total
        mean, var = mean + gain * error, var * (1 - gain)
        means[t], variances[t] = mean, var
        latest[seen] = np.column_stack([latest[seen, 1:], variance[seen, t]])
    sampling_variance = np.nanmean(latest, axis=1, keepdims=True)
    return _Filtered(means, variances, _normalized(log_weight), sampling_variance, counts)


def _smooth(filtered: _Filtered, gaps: Floats, cells: Grid) -> Floats:
    """Rauch-Tung-Striebel backward pass: quantiles of the level at every date given all waves."""
    mean, var = filtered.mean[-1], filtered.variance[-1]
    quantiles = [_quantiles(mean, var, filtered.weight)]
    for t in range(gaps.size - 2, -1, -1):
        predicted = filtered.variance[t] + gaps[t + 1] * cells.drift_variance
        back = filtered.variance[t] / predicted
        mean = filtered.mean[t] + back * (mean - filtered.mean[t])
        var = filtered.variance[t] + back**2 * (var - predicted)
        quantiles.append(_quantiles(mean, var, filtered.weight))
    return np.stack(quantiles[::-1], axis=1)


def _forecast(filtered: _Filtered, gaps_ahead: Floats, cells: Grid) -> Floats:
    """Quantiles of the estimates expected at later dates."""
    quantiles = np.empty((len(filtered.weight), gaps_ahead.size, len(PROBABILITIES)))
    at_last = filtered.variance[-1] + cells.house_variance + filtered.sampling_variance
    for i, gap in enumerate(gaps_ahead):
        var = at_last + gap * cells.drift_variance
        quantiles[:, i] = _quantiles(filtered.mean[-1], var, filtered.weight)
    return quantiles


def _quantiles(mean: Floats, variance: Floats, weight: Floats) -> Floats:
    """Shares at PROBABILITIES of mixtures of normals on the logit scale, series x probabilities.

    Halley's method from the normal of the mixture's mean and variance, inside the bracket that Cantelli's
    inequality draws from the two.
    """
    from scipy.special import expit, ndtr, ndtri

    centre = _sum(weight, mean)
    spread = np.sqrt(_sum(weight, variance + (mean - centre[:, None]) ** 2))
    scale = 1 / np.sqrt(variance)
    density_weight = weight * scale / np.sqrt(2 * np.pi)
    slope_weight = density_weight * scale
    quantiles = np.empty((len(mean), len(PROBABILITIES)))
    for column, p in zip(quantiles.T, PROBABILITIES, strict=True):
        x = centre + spread * ndtri(p)
        low, high = centre - spread * np.sqrt((1 - p) / p), centre + spread * np.sqrt(p / (1 - p))
        rows = np.arange(len(x))
        for _ in range(ROUNDS):
            at = x[rows]
            z = (at[:, None] - mean[rows]) * scale[rows]
            bell = np.exp(z * z / -2)
            missing = p - _sum(weight[rows], ndtr(z))
            density, slope = _sum(density_weight[rows], bell), -_sum(slope_weight[rows], bell * z)
            low[rows] = np.where(missing > 0, at, low[rows])
            high[rows] = np.where(missing > 0, high[rows], at)
            with np.errstate(divide="ignore", invalid="ignore"):  # between far modes the density underflows
                newton = missing / density
                new = at + newton / np.maximum(1 + newton * slope / density / 2, 0.5)
            is_inside = (new >= low[rows]) & (new <= high[rows])
            x[rows] = np.where(is_inside, new, (low[rows] + high[rows]) / 2)
            # Cubic convergence: what a last step of this size leaves is under 1e-7 of the spread.
            rows = rows[~(np.abs(newton) <= 0.005 * spread[rows])]
            if rows.size == 0:
                break
        column[:] = expit(x)
    return quantiles


def _normalized(log_weight: Floats) -> Floats:
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), dtype=np.float64)


def _sum(weight: Floats, values: Floats) -> Floats:
    """Sum over the cells."""
    return np.asarray(np.einsum("...k,...k->...", weight, values), dtype=np.float64)


def _floats(values: Any) -> Floats:
    """None becomes NaN."""
    return np.asarray(values, dtype=np.float64)
