"""What each wave's weights are like, and the t quantiles that SQL needs for confidence intervals."""

from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

# The current file of a wave is the latest accepted one, by the same total order that dbt uses.
# A wave with a design weight and no margins keeps its design weight: nothing is raked yet.
_WEIGH = """
insert into analysis.survey_weighting (
    source_id, wave_id, file_id, respondent_count, weight_total,
    weight_max_to_median, kish_design_effect, weighting_method
)
with latest as (
    select distinct on (response.source_id, response.wave_id)
        response.source_id, response.wave_id, response.file_id
    from (
        select distinct source_id, wave_id, file_id
        from landing.survey_response
        where file_id in (select file_id from release_ctl.release_file where release_id = %(release_id)s)
    ) as response
    inner join intake.file using (file_id)
    order by
        response.source_id, response.wave_id,
        file.received_at desc, file.file_name desc, file.sha256 desc
), outdated as (
    select latest.* from latest
    left join analysis.survey_weighting as known using (source_id, wave_id, file_id)
    where known.file_id is null
), weighed as (
    select
        outdated.source_id,
        outdated.wave_id,
        outdated.file_id,
        count(*) as respondent_count,
        count(response.weight) as weighted_count,
        sum(response.weight) as total,
        sum(response.weight ^ 2) as squares,
        max(response.weight) as largest,
        percentile_cont(0.5) within group (order by response.weight) as median
    from outdated
    inner join landing.survey_response as response using (source_id, wave_id, file_id)
    where response.is_complete
    group by outdated.source_id, outdated.wave_id, outdated.file_id
)
select
    source_id,
    wave_id,
    file_id,
    case when weighted_count > 0 then weighted_count else respondent_count end,
    case when weighted_count > 0 then total else respondent_count end,
    case when weighted_count > 0 then largest / median else 1 end,
    case when weighted_count > 0 then weighted_count * squares / total ^ 2 else 1 end,
    case when weighted_count > 0 then 'design_weight' else 'unweighted' end
from weighed
on conflict (source_id, wave_id) do update set
    file_id = excluded.file_id,
    respondent_count = excluded.respondent_count,
    weight_total = excluded.weight_total,
    weight_max_to_median = excluded.weight_max_to_median,
    kish_design_effect = excluded.kish_design_effect,
    weighting_method = excluded.weighting_method
"""

# Degrees of freedom are PSUs less strata; without PSUs each respondent is one.
_MOST_FREEDOM = """
select coalesce(max(psu_count), 0)::int from (
    select count(distinct (stratum_code, coalesce(psu_code, respondent_key))) as psu_count
    from landing.survey_response
    where file_id in (select file_id from release_ctl.release_file where release_id = %(release_id)s)
    group by source_id, wave_id, file_id
) as waves
"""

_HAVE_FREEDOM = "select coalesce(max(degrees_of_freedom), 0) from analysis.t_quantile"


def weigh(settings: Settings, release_id: int) -> dict[str, int]:
    """Describe the weights of every wave whose file changed, and keep t quantiles up to the largest need."""
    from scipy.special import stdtrit

    with connect(settings, "transformer") as connection:
        wanted = {"release_id": release_id}
        waves = connection.execute(_WEIGH, wanted).rowcount
        most = _number(connection.execute(_MOST_FREEDOM, wanted).fetchone())
        have = _number(connection.execute(_HAVE_FREEDOM).fetchone())
        missing = range(have + 1, most + 1)
        quantiles = stdtrit(list(missing), 0.975).tolist() if missing else []
        with connection.cursor().copy("copy analysis.t_quantile from stdin") as copy:
            for row in zip(missing, quantiles, strict=True):
                copy.write_row(row)
    return {"waves_weighed": waves, "t_quantiles_added": len(missing)}


def _number(row: tuple[int, ...] | None) -> int:
    return row[0] if row else 0
