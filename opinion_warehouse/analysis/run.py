"""Read the core's estimates, wave by wave where they changed; write reliability and change back."""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql

from opinion_warehouse.analysis import change, reliability
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

if TYPE_CHECKING:
    from psycopg import Connection

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Wave:
    """A wave as the analysis sees it; the digest is of all its estimates were computed from."""

    wave_key: str
    previous_wave_key: str | None
    digest: str
    has_margin: bool


# A sample not drawn by chance has no margin of error: nothing to assess or to test with.
_WAVES = """
select
    survey.wave_key, survey.previous_wave_key, wave.input_digest,
    survey.sampling in ('probability', 'census') as has_margin
from core.dim_survey as survey
inner join core.fct_survey_wave as wave using (wave_key)
order by survey.wave_key
"""

_PROPORTIONS = """
select
    estimate_key, estimate, standard_error,
    base_unweighted_count, answer_unweighted_count, degrees_of_freedom
from core.fct_survey_estimate
where wave_key = %s and measure = 'proportion' and base_unweighted_count > 0
order by estimate_key
"""

# The same question has the same id and the same answers on offer; else the shares are not comparable.
_PAIRS = """
with answers as (
    select
        wave_key, question_id,
        coalesce(
            array_agg(distinct answer_code order by answer_code) filter (where measure = 'proportion'), '{}'
        ) as codes
    from core.fct_survey_estimate
    where wave_key in (%(previous)s, %(wave)s)
    group by wave_key, question_id
), same_question as (
    select question_id
    from answers group by question_id
    having count(*) = 2 and min(codes) = max(codes)
), cell as (
    select * from core.fct_survey_estimate
    inner join same_question using (question_id)
    where wave_key in (%(previous)s, %(wave)s)
)
select
    this.estimate_key, this.question_id,
    before.estimate, before.standard_error, before.degrees_of_freedom, before.base_unweighted_count,
    this.estimate, this.standard_error, this.degrees_of_freedom, this.base_unweighted_count
from cell as this
inner join cell as before using (question_id, answer_code, base_code, measure, domain_key)
where this.wave_key = %(wave)s and before.wave_key = %(previous)s
    and this.estimate is not null and before.estimate is not null
order by this.question_id, this.estimate_key
"""


def analyse(settings: Settings, release_id: int) -> dict[str, int]:
    """Assess and compare the waves whose estimates changed since they were last analysed."""
    done = {"waves_assessed": 0, "estimates_assessed": 0, "pairs_compared": 0, "changes_tested": 0}
    with connect(settings, "transformer") as connection:
        waves = [_Wave(*row) for row in connection.execute(_WAVES)]
        wanted = {w.wave_key: _digest(reliability.VERSION, w.digest) for w in waves if w.has_margin}
        for key in _outdated(connection, "survey_reliability", wanted):
            done["estimates_assessed"] += _assess(connection, key, wanted[key])
            done["waves_assessed"] += 1
        by_key = {wave.wave_key: wave for wave in waves}
        pairs = {
            wave.wave_key: (by_key[wave.previous_wave_key], wave)
            for wave in waves
            if wave.has_margin and wave.previous_wave_key and by_key[wave.previous_wave_key].has_margin
        }
        wanted = {
            key: _digest(change.VERSION, before.wave_key, before.digest, after.digest)
            for key, (before, after) in pairs.items()
        }
        for key in _outdated(connection, "survey_change", wanted):
            done["changes_tested"] += _compare(connection, *pairs[key], wanted[key])
            done["pairs_compared"] += 1
    log.info("release %s: %s", release_id, done)
    return done


def _assess(connection: "Connection[Any]", wave_key: str, digest: str) -> int:
    rows = connection.execute(_PROPORTIONS, (wave_key,)).fetchall()
    keys, estimate, error, base, answered, df = _columns(rows, 6)
    found = reliability.assess(estimate, error, base, answered, df)
    return _replace(
        connection,
        "survey_reliability",
        wave_key,
        "estimate_key wave_key input_digest effective_sample_size_nchs kg_ci_low kg_ci_high reliability_code",
        (
            (key, wave_key, digest, _null(n_e), _null(low), _null(high), str(code))
            for key, n_e, low, high, code in zip(
                keys, found.effective_sample_size, found.ci_low, found.ci_high, found.code, strict=True
            )
        ),
    )


def _compare(connection: "Connection[Any]", before: _Wave, after: _Wave, digest: str) -> int:
    names = {"previous": before.wave_key, "wave": after.wave_key}
    rows = connection.execute(_PAIRS, names).fetchall()
    keys, questions, *numbers = _columns(rows, 10)
    found = change.compare(change.Estimates(*numbers[:4]), change.Estimates(*numbers[4:]))
    adjusted = np.full(len(keys), np.nan)
    family = np.asarray(questions)
    for question in np.unique(family):
        adjusted[family == question] = change.adjust(found.p_value[family == question])
    return _replace(
        connection,
        "survey_change",
        after.wave_key,
        "estimate_key wave_key previous_wave_key input_digest difference standard_error"
        " p_value adjusted_p_value is_changed",
        (
            (
                key,
                after.wave_key,
                before.wave_key,
                digest,
                float(difference),
                _null(error),
                _null(p_value),
                _null(q),
                None if np.isnan(q) else bool(q <= change.LEVEL),
            )
            for key, difference, error, p_value, q in zip(
                keys, found.difference, found.standard_error, found.p_value, adjusted, strict=True
            )
        ),
    )


def _outdated(connection: "Connection[Any]", table: str, wanted: dict[str, str]) -> list[str]:
    """Waves to be analysed again; results of waves that are no longer analysed go."""
    results = sql.Identifier("analysis", table)
    connection.execute(sql.SQL("delete from {} where wave_key <> all(%s)").format(results), (list(wanted),))
    known = sql.SQL("select wave_key, max(input_digest) from {} group by wave_key").format(results)
    done = dict(connection.execute(known).fetchall())
    return [key for key, digest in wanted.items() if done.get(key) != digest]


def _replace(
    connection: "Connection[Any]", table: str, wave_key: str, columns: str, rows: Iterable[Sequence[Any]]
) -> int:
    """Replace a wave's results in one transaction, so that a killed run leaves whole waves only."""
    results = sql.Identifier("analysis", table)
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("delete from {} where wave_key = %s").format(results), (wave_key,))
        names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
        with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(results, names)) as copy:
            for count, row in enumerate(rows, start=1):  # noqa: B007 (the last number is the count)
                copy.write_row(row)
    connection.commit()
    return count


def _columns(rows: list[Any], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _null(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
