"""The trends of a survey's series: published shares of the same thing over the waves, and the next two waves.

A series ends and another begins where its shares are no longer comparable: another mode or way of sampling,
other options, other borders of the place. Another wording is another concept, and so another series.
"""

import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from opinion_warehouse.analysis import reliability, trend
from opinion_warehouse.analysis.change import MIN_BASE
from opinion_warehouse.analysis.tables import replace

if TYPE_CHECKING:
    from psycopg import Connection

log = logging.getLogger(__name__)

VERSION = f"series.1 {trend.VERSION} {reliability.VERSION}"

_DATES = """
select series_position, fieldwork_end_date from core.dim_survey
where series_id = %s and sampling in ('probability', 'census') order by fieldwork_end_date, series_position
"""

_OBSERVATIONS = """
select
    concept.question_concept, concept.answer_concept, estimate.base_code, estimate.domain_key,
    survey.series_position,
    concat_ws(' ', survey.mode, survey.sampling, place.place_key, concept.option_set) as regime,
    estimate.estimate_key, estimate.estimate, estimate.standard_error, reliability.effective_sample_size_nchs
from core.bridge_answer_concept as concept
inner join core.dim_survey as survey using (wave_key)
inner join core.fct_survey_estimate as estimate using (wave_key, answer_key)
inner join analysis.survey_reliability as reliability using (estimate_key)
left join core.dim_place as place
    on estimate.place_code = place.place_code
    and survey.fieldwork_end_date between place.valid_from and coalesce(place.valid_to, 'infinity')
where survey.series_id = %s and survey.sampling in ('probability', 'census') and concept.is_comparable
    and estimate.measure = 'proportion'
    and estimate.base_unweighted_count >= %s and reliability.reliability_code not like 'suppress%%'
order by
    concept.question_concept, concept.answer_concept, estimate.base_code, estimate.domain_key,
    survey.fieldwork_end_date, survey.series_position
"""


_CHUNK = 10_000

_COLUMNS = {
    "series_key": pl.String,
    "estimate_key": pl.String,
    "level_date": pl.Date,
    "is_forecast": pl.Boolean,
    "level": pl.Float64,
    "ci80_low": pl.Float64,
    "ci80_high": pl.Float64,
    "ci95_low": pl.Float64,
    "ci95_high": pl.Float64,
}


class _Observation(NamedTuple):
    """A wave's published share."""

    question_concept: str
    answer_concept: str
    base_code: str
    domain_key: str
    position: int
    regime: str
    estimate_key: str
    share: float
    standard_error: float | None
    sample_size: float | None


class _Segment(NamedTuple):
    """Observations of one series between two breaks."""

    series_key: str
    observations: list[_Observation]


class _Fitted(NamedTuple):
    """Segments with their trends: rows of the table but for the backtest, which all of them share."""

    rows: list[tuple[Any, ...]]
    forecasts: int
    covered_80: int
    covered_95: int


def fit_series(connection: "Connection[Any]", series_id: str, input_digest: str) -> int:
    """Fit every trend of one survey series and replace what was known; returns how many there are."""
    ended = connection.execute(_DATES, (series_id,)).fetchall()
    # Of waves that ended on one day the last speaks: there is no trend between them.
    dates = {position: day for day, position in {day: position for position, day in ended}.items()}
    if len(dates) < len(ended):
        log.warning("series %s: of waves that ended on one day only the last is in the trend", series_id)
    days = list(dates.values())
    fitted = []
    if len(days) >= trend.MIN_WAVES:
        # One question at a time: memory does not grow with the survey.
        with connection.cursor(name="observations") as cursor:
            cursor.itersize = _CHUNK
            cursor.execute(_OBSERVATIONS, (series_id, MIN_BASE))
            observations = (each for row in cursor if (each := _Observation(*row)).position in dates)
            for _, question in groupby(observations, key=lambda row: row.question_concept):
                if segments := list(_segments(series_id, question)):
                    fitted.append(_fit(segments, dates))
    forecasts = sum(each.forecasts for each in fitted)
    covered = (sum(each.covered_80 for each in fitted), sum(each.covered_95 for each in fitted))
    backtest = [count / forecasts if forecasts else None for count in covered]
    rows = pl.DataFrame([row for each in fitted for row in each.rows], schema=_COLUMNS, orient="row")
    replace(
        connection,
        "opinion_trend",
        "series_id",
        series_id,
        rows.with_columns(
            series_id=pl.lit(series_id),
            input_digest=pl.lit(input_digest),
            vintage=pl.lit(days[-1]),
            backtest_count=pl.lit(forecasts),
            backtest_coverage_80=pl.lit(backtest[0]),
            backtest_coverage_95=pl.lit(backtest[1]),
        ),
    )
    return rows["series_key"].n_unique()


def _segments(series_id: str, rows: Iterable[_Observation]) -> Iterator[_Segment]:
    """Series cut at their breaks; those too short for a trend are left out."""
    for _, same in groupby(rows, key=lambda row: row[:4]):
        for _, run in groupby(same, key=lambda row: row.regime):
            observations = list(run)
            if len(observations) < trend.MIN_WAVES:
                continue
            first = observations[0]
            name = (series_id, *first[:4], str(first.position))
            yield _Segment(hashlib.md5("|".join(name).encode()).hexdigest(), observations)  # noqa: S324 (a key)


def _fit(segments: list[_Segment], dates: dict[int, date]) -> _Fitted:
    days = list(dates.values())
    place = {position: index for index, position in enumerate(dates)}
    shape = (len(segments), len(days))
    share, error, size = (np.full(shape, np.nan) for _ in range(3))
    for row, segment in enumerate(segments):
        for each in segment.observations:
            at = place[each.position]
            share[row, at] = each.share
            error[row, at] = np.nan if each.standard_error is None else each.standard_error
            size[row, at] = np.nan if each.sample_size is None else each.sample_size
    ahead = trend.next_dates(days)

    def numbers(of: list[date]) -> trend.Floats:
        return np.array([(each - days[0]).days for each in of], dtype=np.float64)

    found = trend.fit(numbers(days), share, error, size, numbers(ahead))
    past = (found.level, found.low_80, found.high_80, found.low_95, found.high_95)
    future = (
        found.forecast_level,
        found.forecast_low_80,
        found.forecast_high_80,
        found.forecast_low_95,
        found.forecast_high_95,
    )
    rows: list[tuple[Any, ...]] = []
    for row, (series_key, observations) in enumerate(segments):
        for each in observations:
            at = place[each.position]
            levels = (float(column[row, at]) for column in past)
            rows.append((series_key, each.estimate_key, days[at], False, *levels))
        last = observations[-1]
        if place[last.position] == len(days) - 1:  # what was not asked last has no next wave to be forecast
            for at, day in enumerate(ahead):
                levels = (float(column[row, at]) for column in future)
                rows.append((series_key, last.estimate_key, day, True, *levels))
    return _Fitted(
        rows,
        int(found.forecast_count.sum()),
        int(found.covered_80.sum()),
        int(found.covered_95.sum()),
    )
