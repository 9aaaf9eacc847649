"""Read the core's estimates, wave by wave where they changed; write reliability, change and trend back."""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from opinion_warehouse.analysis import change, reliability, series, trend
from opinion_warehouse.analysis.pairs import Side, pair
from opinion_warehouse.analysis.tables import digest, outdated, read, replace
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

if TYPE_CHECKING:
    from psycopg import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Wave:
    """A wave as the analysis sees it.

    `digest` is of all its estimates were computed from, `meaning_digest` of what they can be compared by.
    """

    wave_key: str
    previous_wave_key: str | None
    series_id: str
    mode: str
    sampling: str
    digest: str
    meaning_digest: str
    has_margin: bool

    @property
    def side(self) -> Side:
        """Of a pair."""
        return Side(self.wave_key, self.mode, self.sampling)


# A sample not drawn by chance has no margin of error: nothing to assess or to test with.
_WAVES = """
select
    survey.wave_key, survey.previous_wave_key, survey.series_id, survey.mode, survey.sampling,
    wave.input_digest,
    concat_ws(' ', survey.mode, survey.sampling, survey.fieldwork_end_date, (
        select md5(string_agg(
            concat_ws(' ', question_id, answer_code, question_concept, answer_concept, is_comparable), ','
            order by question_id collate "C", answer_code collate "C"
        ))
        from core.bridge_answer_concept as concept where concept.wave_key = survey.wave_key
    )),
    survey.sampling in ('probability', 'census') as has_margin
from core.dim_survey as survey
inner join core.fct_survey_wave as wave using (wave_key)
order by survey.series_id, survey.series_position
"""

_PROPORTIONS = """
select
    estimate_key, estimate, standard_error,
    base_unweighted_count, answer_unweighted_count, degrees_of_freedom
from core.fct_survey_estimate
where wave_key = %s and measure = 'proportion' and base_unweighted_count > 0
order by estimate_key
"""
_NUMBERS = ["estimate", "standard_error", "base", "answered", "degrees_of_freedom"]
_SCHEMA = {"estimate_key": pl.String} | dict.fromkeys(_NUMBERS, pl.Float64)


def analyse(settings: Settings, release_id: int) -> dict[str, int]:
    """Assess, compare and extend the trend of the waves whose estimates changed since they were analysed."""
    done = {
        "waves_assessed": 0,
        "estimates_assessed": 0,
        "pairs_compared": 0,
        "changes_tested": 0,
        "series_fitted": 0,
        "trends_fitted": 0,
    }
    with connect(settings, "transformer") as connection:
        waves = [_Wave(*row) for row in connection.execute(_WAVES)]
        with_margin = [wave for wave in waves if wave.has_margin]
        wanted = {wave.wave_key: digest(reliability.VERSION, wave.digest) for wave in with_margin}
        for key in outdated(connection, "survey_reliability", "wave_key", wanted):
            done["estimates_assessed"] += _assess(connection, key, wanted[key])
            done["waves_assessed"] += 1

        by_key = {wave.wave_key: wave for wave in waves}
        pairs = {
            wave.wave_key: (by_key[wave.previous_wave_key], wave)
            for wave in with_margin
            if wave.previous_wave_key and by_key[wave.previous_wave_key].has_margin
        }
        wanted = {
            key: digest(
                change.VERSION,
                *(f"{wave.wave_key} {wave.digest} {wave.meaning_digest}" for wave in (before, after)),
            )
            for key, (before, after) in pairs.items()
        }
        for key in outdated(connection, "survey_change", "wave_key", wanted):
            done["changes_tested"] += _compare(connection, *pairs[key], wanted[key])
            done["pairs_compared"] += 1

        wanted = {}
        for wave in with_margin:  # a chain of digests: of every wave of the series, in order
            start = wanted.get(wave.series_id, series.VERSION)
            wanted[wave.series_id] = digest(start, wave.wave_key, wave.digest, wave.meaning_digest)
        lengths = Counter(wave.series_id for wave in with_margin)
        wanted = {name: value for name, value in wanted.items() if lengths[name] >= trend.MIN_WAVES}
        for series_id in outdated(connection, "opinion_trend", "series_id", wanted):
            done["trends_fitted"] += series.fit_series(connection, series_id, wanted[series_id])
            done["series_fitted"] += 1
    log.info("release %s: %s", release_id, done)
    return done


def _assess(connection: "Connection[Any]", wave_key: str, input_digest: str) -> int:
    rows = read(connection, _PROPORTIONS, (wave_key,), _SCHEMA)
    found = reliability.assess(*(rows[name].to_numpy() for name in _NUMBERS))
    assessed = rows.select(
        "estimate_key",
        wave_key=pl.lit(wave_key),
        input_digest=pl.lit(input_digest),
        effective_sample_size_nchs=found.effective_sample_size,
        kg_ci_low=found.ci_low,
        kg_ci_high=found.ci_high,
        reliability_code=found.code,
    )
    return replace(connection, "survey_reliability", "wave_key", wave_key, assessed)


def _compare(connection: "Connection[Any]", before: _Wave, after: _Wave, input_digest: str) -> int:
    rows = pair(connection, before.side, after.side)
    is_break = rows["break_reason"].is_not_null()

    def numbers(prefix: str, names: str) -> list[Any]:
        return [rows[prefix + name].to_numpy() for name in names.split()]

    found = change.compare(
        change.Estimates(*numbers("before_", "estimate standard_error degrees_of_freedom base")),
        change.Estimates(*numbers("", "estimate standard_error degrees_of_freedom base")),
        change.Overlap(*numbers("", "is_panel panel_error panel_freedom")),
        is_break=is_break.to_numpy(),
    )
    adjusted = np.full(rows.height, np.nan)
    tested = np.where(found.is_tested, found.p_value, np.nan)
    for family in rows["question_id"].unique():
        members = (rows["question_id"] == family).to_numpy()
        adjusted[members] = change.adjust(tested[members])
    compared = rows.select(
        "estimate_key",
        wave_key=pl.lit(after.wave_key),
        previous_wave_key=pl.lit(before.wave_key),
        input_digest=pl.lit(input_digest),
        difference=found.difference,
        standard_error=found.standard_error,
        p_value=found.p_value,
        adjusted_p_value=adjusted,
        is_panel=pl.col("is_panel"),
        break_reason=pl.col("break_reason"),
        previous_estimate_key=pl.when(~is_break).then(pl.col("before_estimate_key")),
    ).with_columns(
        is_changed=pl.col("adjusted_p_value").fill_nan(None) <= change.LEVEL,
    )
    return replace(connection, "survey_change", "wave_key", after.wave_key, compared)
