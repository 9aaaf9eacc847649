"""Before the core is built: which waves must wait, each wave's weights, and the t quantiles that SQL needs.

A wave whose disclosure record lacks an item, or whose margins cannot be met, is held: the release goes on
without it (or with the wave's earlier file), is marked partial, and its notes say why.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from opinion_warehouse.analysis import calibration
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Survey, Wave, Weighting
from opinion_warehouse.sources.categories import PLACE
from opinion_warehouse.sources.design import TOTAL

if TYPE_CHECKING:
    from psycopg import Connection

log = logging.getLogger(__name__)

VERSION = "calibration.1"
"""Part of the digest that says whether a wave has to be weighed again: raise it when a rule changes."""

_CHUNK = 50_000

# A wave's files, the one that speaks for it first: by the same total order that dbt uses. One row of each is
# looked for; a night does not read what other nights took in.
_DELIVERED = """
select
    source.source_id, wave.value ->> 'id', file.file_id, file.sha256, file.reading,
    source.spec -> 'survey' as survey, wave.value as wave
from release_ctl.release_file as accepted
inner join intake.file as file using (file_id)
inner join intake.source as source on file.source_id = source.source_id
cross join lateral jsonb_array_elements(source.spec #> '{survey,waves}') as wave
cross join lateral (
    select from landing.survey_response as response
    where
        response.source_id = source.source_id and response.wave_id = wave.value ->> 'id'
        and response.file_id = file.file_id
    limit 1
) as delivered
where accepted.release_id = %(release_id)s
order by 1, 2, file.received_at desc, file.file_name desc, file.sha256 desc
"""

_DESCRIBE = """
insert into analysis.survey_weighting (
    source_id, wave_id, file_id, respondent_count, weight_total, weight_max_to_median, kish_design_effect,
    weighting_method, input_digest, iteration_count, weight_cap, margin_error
)
select
    %(source_id)s, %(wave_id)s, %(file_id)s, count(*), sum(weight),
    max(weight) / percentile_cont(0.5) within group (order by weight),
    count(*) * sum(weight * weight) / sum(weight) ^ 2,
    coalesce(%(method)s, case when bool_or(is_given) then 'design_weight' else 'unweighted' end),
    %(digest)s, %(iterations)s, %(cap)s, %(error)s
from (
    select
        coalesce(calibrated.weight, response.weight, 1) as weight,
        response.weight is not null as is_given
    from landing.survey_response as response
    left join analysis.survey_weight as calibrated using (file_id, respondent_key)
    where
        response.source_id = %(source_id)s and response.wave_id = %(wave_id)s
        and response.file_id = %(file_id)s and response.is_complete
) as weighted
on conflict (source_id, wave_id) do update set
    file_id = excluded.file_id,
    respondent_count = excluded.respondent_count,
    weight_total = excluded.weight_total,
    weight_max_to_median = excluded.weight_max_to_median,
    kish_design_effect = excluded.kish_design_effect,
    weighting_method = excluded.weighting_method,
    input_digest = excluded.input_digest,
    iteration_count = excluded.iteration_count,
    weight_cap = excluded.weight_cap,
    margin_error = excluded.margin_error
"""

_RESPONDENTS = """
select respondent_key, coalesce(weight, 1), place_code, groups
from landing.survey_response
where source_id = %s and wave_id = %s and file_id = %s and is_complete
order by respondent_key
"""

_NUMBERS = """
select respondent_key, numeric_value from landing.survey_answer
where source_id = %s and wave_id = %s and file_id = %s and question_id = %s and missing_code = 0
"""

# Degrees of freedom are PSUs less strata: fewer than people, of two waves together where they are a panel's.
_MOST_FREEDOM = """
select coalesce(2 * max(file.rows_loaded), 0)::int
from release_ctl.release_file as accepted
inner join intake.file as file using (file_id)
inner join intake.source as source using (source_id)
where accepted.release_id = %(release_id)s and source.family = 'survey'
"""

_HAVE_FREEDOM = "select coalesce(max(degrees_of_freedom), 0) from analysis.t_quantile"


@dataclass(frozen=True)
class _File:
    """A file that could speak for a wave."""

    source_id: str
    wave_id: str
    file_id: int
    sha256: str
    reading: dict[str, Any] | None
    survey: Survey
    wave: Wave

    @property
    def weighting(self) -> Weighting | None:
        """How the spec has it weighted."""
        return self.survey.weighting

    @property
    def digest(self) -> str:
        """Of all its weights depend on."""
        rule = self.weighting.model_dump_json() if self.weighting else ""
        return hashlib.sha256(f"{VERSION}\n{self.sha256}\n{rule}".encode()).hexdigest()


def weigh(settings: Settings, release_id: int) -> dict[str, int]:
    """Hold the waves that must wait, weigh those whose file or margins changed, keep t quantiles in stock."""
    done = {"waves_weighed": 0, "waves_held": 0}
    with connect(settings, "transformer") as connection:
        waves: dict[tuple[str, str], list[_File]] = {}
        for file in _delivered(connection, release_id):
            waves.setdefault((file.source_id, file.wave_id), []).append(file)
        for files in waves.values():
            weighed, held = _weigh_wave(connection, release_id, files)
            done["waves_weighed"] += weighed
            done["waves_held"] += held
        done["t_quantiles_added"] = _add_quantiles(connection, release_id)
    return done


def _delivered(connection: "Connection[Any]", release_id: int) -> Iterator[_File]:
    rows = connection.execute(_DELIVERED, {"release_id": release_id}).fetchall()
    surveys: dict[str, Survey] = {}
    for source_id, wave_id, file_id, sha256, reading, survey, wave in rows:
        if source_id not in surveys:
            surveys[source_id] = Survey.model_validate(survey)
        yield _File(
            source_id, wave_id, file_id, sha256, reading, surveys[source_id], Wave.model_validate(wave)
        )


def _changed_design(file: _File) -> str | None:
    """What the spec names now and the file was not read by, or the other way round."""
    if file.reading is None:
        return None
    now, then = file.survey.reading, file.reading
    named, was_named = set(now["named"]), set(then["named"])
    words = [f"{name} is named now" for name in sorted(named - was_named)]
    words += [f"{name} is not named any more" for name in sorted(was_named - named)]
    if now["is_panel"] != then["is_panel"]:
        words.append("it is a panel now" if now["is_panel"] else "it is no panel any more")
    return "; ".join(words) or None


def _weigh_wave(connection: "Connection[Any]", release_id: int, files: list[_File]) -> tuple[bool, bool]:
    """Weigh the newest file whose margins can be met; returns whether one was weighed, and one held."""
    if missing := files[0].wave.missing_items:
        detail = f"its disclosure record lacks {'; '.join(missing)}; write it under survey.waves"
        _hold(connection, release_id, files[0], None, "disclosure_item_missing", detail)
        return False, True
    is_held = False
    for file in files:
        if changed := _changed_design(file):
            mend = f"read it again by `opinion quarantine replay {file.file_id}`, or take it back in the spec"
            detail = f"since the file was read, the spec's design is another one ({changed}); {mend}"
            _hold(connection, release_id, file, file.file_id, "design_changed", detail)
            is_held = True
            continue
        known = connection.execute(
            "select input_digest from analysis.survey_weighting"
            " where source_id = %s and wave_id = %s and file_id = %s",
            (file.source_id, file.wave_id, file.file_id),
        ).fetchone()
        if known == (file.digest,):
            return False, is_held
        try:
            _weigh_file(connection, file)
        except calibration.MarginsNotMet as problem:
            connection.rollback()
            _hold(connection, release_id, file, file.file_id, problem.code, problem.detail)
            is_held = True
            continue
        connection.commit()  # a wave is weighed whole, or not at all
        return True, is_held
    return False, is_held


def _hold(
    connection: "Connection[Any]", release_id: int, file: _File, file_id: int | None, code: str, detail: str
) -> None:
    log.warning("%s: wave %s is held (%s): %s", file.source_id, file.wave_id, code, detail)
    connection.execute(
        "select release_ctl.hold_wave(%s, %s, %s, %s, %s, %s)",
        (release_id, file.source_id, file.wave_id, file_id, code, detail),
    )
    connection.commit()


def _weigh_file(connection: "Connection[Any]", file: _File) -> None:
    # Weights of the wave's other files are nobody's any more.
    connection.execute(
        "delete from analysis.survey_weight as w using landing.survey_response as r"
        " where r.source_id = %s and r.wave_id = %s"
        " and w.respondent_key = r.respondent_key and w.file_id = r.file_id",
        (file.source_id, file.wave_id),
    )
    connection.execute(
        "delete from analysis.survey_margin where source_id = %s and wave_id = %s",
        (file.source_id, file.wave_id),
    )
    found = _calibrate(connection, file, file.weighting) if file.weighting else None
    connection.execute(
        _DESCRIBE,
        {
            "source_id": file.source_id,
            "wave_id": file.wave_id,
            "file_id": file.file_id,
            "method": file.weighting.method if file.weighting else None,
            "digest": file.digest,
            "iterations": found and found.iterations,
            "cap": found and found.cap,
            "error": found and found.margin_error,
        },
    )


def _calibrate(connection: "Connection[Any]", file: _File, rule: Weighting) -> calibration.Calibrated:
    totals: dict[str, dict[str, float]] = {}
    for target in rule.targets:
        totals.setdefault(target.dimension, {})[target.code] = target.total
    margins = [
        calibration.Margin(dimension, codes, is_numeric=TOTAL in codes) for dimension, codes in totals.items()
    ]
    dimensions = [name for each in margins if not each.is_numeric for name in each.dimension.split("*")]
    of = (file.source_id, file.wave_id, file.file_id)
    keys, weights, codes = _respondents(connection, of, list(dict.fromkeys(dimensions)))
    numbers = {
        each.dimension: _numbers(connection, of, each.dimension, keys) for each in margins if each.is_numeric
    }
    found = calibration.calibrate(
        rule.method, weights, codes, margins, numbers=numbers, trim=rule.trim, is_share=rule.is_share
    )
    with connection.cursor().copy(
        "copy analysis.survey_weight (file_id, respondent_key, weight) from stdin"
    ) as copy:
        for key, weight in zip(keys, found.weights.tolist(), strict=True):
            copy.write_row((file.file_id, key, weight))
    connection.cursor().executemany(
        "insert into analysis.survey_margin values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            (
                file.source_id,
                file.wave_id,
                each.dimension,
                each.code or "_unknown",
                each.target,
                each.before,
                each.achieved,
                each.respondent_count,
            )
            for each in found.margins
        ],
    )
    return found


def _respondents(
    connection: "Connection[Any]", of: tuple[str, str, int], dimensions: list[str]
) -> tuple[list[str], calibration.Floats, dict[str, list[str | None]]]:
    keys: list[str] = []
    weights: list[float] = []
    codes: dict[str, list[str | None]] = {name: [] for name in dimensions}
    same: dict[str, str] = {}  # one object a code, not one a respondent
    cursor = connection.execute(_RESPONDENTS, of)
    while rows := cursor.fetchmany(_CHUNK):
        for key, weight, place, groups in rows:
            keys.append(key)
            weights.append(weight)
            for name, column in codes.items():
                code = place if name == PLACE else groups.get(name)
                column.append(None if code is None else same.setdefault(code, code))
    return keys, np.array(weights, dtype=np.float64), codes


def _numbers(
    connection: "Connection[Any]", of: tuple[str, str, int], question: str, keys: list[str]
) -> calibration.Floats:
    found = dict(connection.execute(_NUMBERS, (*of, question)).fetchall())
    return np.array([found.get(key, np.nan) for key in keys], dtype=np.float64)


def _add_quantiles(connection: "Connection[Any]", release_id: int) -> int:
    from scipy.special import stdtrit

    most = _number(connection.execute(_MOST_FREEDOM, {"release_id": release_id}).fetchone())
    missing = range(_number(connection.execute(_HAVE_FREEDOM).fetchone()) + 1, most + 1)
    quantiles = stdtrit(list(missing), 0.975).tolist() if missing else []
    with connection.cursor().copy("copy analysis.t_quantile from stdin") as copy:
        for row in zip(missing, quantiles, strict=True):
            copy.write_row(row)
    return len(missing)


def _number(row: tuple[int, ...] | None) -> int:
    return row[0] if row else 0
