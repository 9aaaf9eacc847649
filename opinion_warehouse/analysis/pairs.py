"""Which estimates of two waves are of the same thing, and which would be but for a break."""

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from opinion_warehouse.analysis.tables import read

if TYPE_CHECKING:
    from psycopg import Connection

_CELLS = """
select
    estimate.estimate_key, estimate.source_id, estimate.question_id, estimate.answer_code, estimate.measure,
    estimate.base_code, estimate.domain_key, concept.question_concept, concept.answer_concept,
    concept.option_set, place.place_key, estimate.estimate, estimate.standard_error,
    estimate.degrees_of_freedom, estimate.base_unweighted_count
from core.fct_survey_estimate as estimate
inner join core.dim_survey as survey using (wave_key)
inner join core.bridge_answer_concept as concept using (wave_key, answer_key)
left join core.dim_place as place
    on estimate.place_code = place.place_code
    and survey.fieldwork_end_date between place.valid_from and coalesce(place.valid_to, 'infinity')
where estimate.wave_key = %s and estimate.estimate is not null and concept.is_comparable
"""
_NUMBERS = ["estimate", "standard_error", "degrees_of_freedom", "base"]
_SCHEMA = {
    "estimate_key": pl.String,
    "source_id": pl.String,
    "question_id": pl.String,
    "answer_code": pl.String,
    "measure": pl.String,
    "base_code": pl.String,
    "domain_key": pl.String,
    "question_concept": pl.String,
    "answer_concept": pl.String,
    "option_set": pl.String,
    "place_key": pl.String,
    **dict.fromkeys(_NUMBERS, pl.Float64),
}

_PANEL = """
select estimate_key, true, standard_error, degrees_of_freedom from core.fct_survey_panel_difference
where wave_key = %s and previous_wave_key = %s
"""
_PANEL_SCHEMA = {
    "estimate_key": pl.String,
    "is_panel": pl.String,
    "panel_error": pl.Float64,
    "panel_freedom": pl.Float64,
}

_PEOPLE = ["measure", "base_code", "domain_key"]
_CELL = ["question_concept", "answer_concept", *_PEOPLE]
_ASKED = ["source_id", "question_id", *_PEOPLE]
_SAME = ["source_id", "question_id", "answer_code"]
_MEANT = ["question_concept", *_PEOPLE]


class Side(NamedTuple):
    """A wave of a pair, and how its people were chosen and asked."""

    wave_key: str
    mode: str
    sampling: str


def pair(connection: "Connection[Any]", before: Side, after: Side) -> pl.DataFrame:
    """Every estimate of the later wave that was asked before, with the earlier one's numbers (`before_…`).

    `break_reason` says why there is no difference: the question had another wording or other options, the
    survey another mode or sampling, the place other borders. What was not asked of these people then is new,
    and has no row. Sorted by question and key.
    """
    earlier = read(connection, _CELLS, (before.wave_key,), _SCHEMA)
    later = read(connection, _CELLS, (after.wave_key,), _SCHEMA)
    panel = read(connection, _PANEL, (after.wave_key, before.wave_key), _PANEL_SCHEMA)

    def seen(keys: list[str], name: str) -> pl.DataFrame:
        return earlier.select(keys).unique().with_columns(pl.lit(value=True).alias(name))

    then = earlier.select(
        *_CELL, pl.col("estimate_key", "option_set", "place_key", *_SAME, *_NUMBERS).name.prefix("before_")
    )
    is_gone = pl.col("before_estimate_key").is_null()
    # The panel's variance is of one answer, seen twice. Of two that are said to be the same it is not known.
    is_same = pl.all_horizontal(pl.col(name) == pl.col(f"before_{name}") for name in _SAME)
    reason = (
        pl.when(is_gone & pl.col("was_meant").is_not_null())
        .then(pl.lit("options"))
        .when(is_gone)
        .then(pl.lit("wording"))
        .when(pl.lit(before.mode != after.mode))
        .then(pl.lit("mode"))
        .when(pl.lit(before.sampling != after.sampling))
        .then(pl.lit("sampling"))
        .when(pl.col("option_set").ne_missing(pl.col("before_option_set")))
        .then(pl.lit("options"))
        .when(pl.col("place_key").ne_missing(pl.col("before_place_key")))
        .then(pl.lit("boundary"))
    )
    return (
        later.join(then, on=_CELL, how="left", validate="1:1")
        .join(seen(_ASKED, "was_asked"), on=_ASKED, how="left")
        .join(seen(_MEANT, "was_meant"), on=_MEANT, how="left")
        .filter(~is_gone | pl.col("was_asked").is_not_null() | pl.col("was_meant").is_not_null())
        .with_columns(break_reason=reason)
        .join(panel, on="estimate_key", how="left")
        .with_columns(
            pl.col("is_panel").is_not_null(), panel_error=pl.when(is_same).then(pl.col("panel_error"))
        )
        .sort("question_id", "estimate_key")
    )
