"""Read the core's estimates, wave by wave where they changed; write reliability, change and trend back."""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opinion_warehouse.analysis import change, reliability, series, trend
from opinion_warehouse.analysis.tables import columns_of, digest, null, outdated, replace
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
    digest: str
    meaning_digest: str
    has_margin: bool


# A sample not drawn by chance has no margin of error: nothing to assess or to test with.
_WAVES = """
select
    survey.wave_key, survey.previous_wave_key, survey.series_id, wave.input_digest,
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

# Estimates are of the same thing where question and answer have the same concept. A break has no
# difference: the question had another wording or other options, the survey another mode or sampling, the
# place other borders.
_PAIRS = """
with survey as (
    select wave_key, mode, sampling, fieldwork_end_date from core.dim_survey
    where wave_key in (%(previous)s, %(wave)s)
), cell as (
    select
        estimate.*, concept.option_set, survey.mode, survey.sampling, place.place_key, domain.code,
        -- one key to join by: of several columns the planner would expect a single row
        concat_ws('|', concept.question_concept, concept.answer_concept, domain.code) as cell_key,
        concat_ws('|', concept.question_concept, domain.code) as concept_key,
        concat_ws('|', estimate.source_id, estimate.question_id, domain.code) as question_key_then
    from core.fct_survey_estimate as estimate
    inner join survey using (wave_key)
    inner join core.bridge_answer_concept as concept using (wave_key, answer_key)
    left join core.dim_place as place
        on estimate.place_code = place.place_code
        and survey.fieldwork_end_date between place.valid_from and coalesce(place.valid_to, 'infinity')
    cross join lateral (
        select concat_ws('|', estimate.measure, estimate.base_code, estimate.domain_key) as code
    ) as domain
    where estimate.estimate is not null and concept.is_comparable
), before as (
    select * from cell where wave_key = %(previous)s
), asked as (
    select distinct question_key_then from before
), meant as (
    select distinct concept_key from before
), paired as (
    select
        this.estimate_key, this.question_id, before.estimate_key as before_key,
        case
            when before.estimate_key is null and meant.concept_key is not null then 'options'
            when before.estimate_key is null then 'wording'
            when this.mode <> before.mode then 'mode'
            when this.sampling <> before.sampling then 'sampling'
            when this.option_set <> before.option_set then 'options'
            when this.place_key is distinct from before.place_key then 'boundary'
        end as break_reason,
        before.estimate as before_estimate, before.standard_error as before_error,
        before.degrees_of_freedom as before_freedom, before.base_unweighted_count as before_base,
        this.estimate, this.standard_error, this.degrees_of_freedom, this.base_unweighted_count
    from cell as this
    left join before on this.cell_key = before.cell_key
    left join asked on this.question_key_then = asked.question_key_then
    left join meant on this.concept_key = meant.concept_key
    where this.wave_key = %(wave)s
        -- what was not asked of these people then is new, and no break
        and coalesce(before.estimate_key, asked.question_key_then, meant.concept_key) is not null
)
select
    paired.estimate_key, paired.question_id, paired.before_key, paired.break_reason,
    panel.estimate_key is not null,
    paired.before_estimate, paired.before_error, paired.before_freedom, paired.before_base,
    paired.estimate, paired.standard_error, paired.degrees_of_freedom, paired.base_unweighted_count,
    panel.standard_error, panel.degrees_of_freedom
from paired
left join core.fct_survey_panel_difference as panel
    on paired.estimate_key = panel.estimate_key and panel.previous_wave_key = %(previous)s
order by paired.question_id, paired.estimate_key
"""


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
    rows = connection.execute(_PROPORTIONS, (wave_key,)).fetchall()
    keys, estimate, error, base, answered, df = columns_of(rows, 6)
    found = reliability.assess(estimate, error, base, answered, df)
    return replace(
        connection,
        "survey_reliability",
        "wave_key",
        wave_key,
        "estimate_key wave_key input_digest effective_sample_size_nchs kg_ci_low kg_ci_high reliability_code",
        (
            (key, wave_key, input_digest, null(n_e), null(low), null(high), str(code))
            for key, n_e, low, high, code in zip(
                keys, found.effective_sample_size, found.ci_low, found.ci_high, found.code, strict=True
            )
        ),
    )


def _compare(connection: "Connection[Any]", before: _Wave, after: _Wave, input_digest: str) -> int:
    names = {"previous": before.wave_key, "wave": after.wave_key}
    rows = connection.execute(_PAIRS, names).fetchall()
    keys, questions, previous, breaks, is_panel, *numbers = columns_of(rows, 15)
    found = change.compare(
        change.Estimates(*numbers[:4]),
        change.Estimates(*numbers[4:8]),
        change.Overlap(is_panel, *numbers[8:]),
        is_break=[reason is not None for reason in breaks],
    )
    adjusted = np.full(len(keys), np.nan)
    family, tested = np.asarray(questions), np.where(found.is_tested, found.p_value, np.nan)
    for question in np.unique(family):
        adjusted[family == question] = change.adjust(tested[family == question])
    return replace(
        connection,
        "survey_change",
        "wave_key",
        after.wave_key,
        "estimate_key wave_key previous_wave_key input_digest difference standard_error"
        " p_value adjusted_p_value is_changed is_panel break_reason previous_estimate_key",
        (
            (
                key,
                after.wave_key,
                before.wave_key,
                input_digest,
                null(difference),
                null(error),
                null(p_value),
                null(q),
                None if np.isnan(q) else bool(q <= change.LEVEL),
                overlaps,
                reason,
                previous_key if reason is None else None,
            )
            for key, difference, error, p_value, q, overlaps, reason, previous_key in zip(
                keys,
                found.difference,
                found.standard_error,
                found.p_value,
                adjusted,
                is_panel,
                breaks,
                previous,
                strict=True,
            )
        ),
    )
