{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- A cell needs reports of three units. The scope is a rank, never a percentage.
with judged as (
    select
        opinion.*,
        place.place_key,
        opinion.unit_count >= {{ var('disclosure_min_units') }} as is_shown
    from {{ ref('fct_report_opinion') }} as opinion
    inner join {{ ref('dim_place') }} as place on opinion.place_code = place.place_code and place.valid_to is null
    where
        exists (
            select 1 from {{ ref('int_reports__current') }} as report
            where
                report.source_id = opinion.source_id
                and report.report_kind = opinion.report_kind
                and report.period_code = opinion.period_code
        )
)

select
    {{ release_id() }} as release_id,
    {{ key(['period_key', 'unit_level', 'place_code', 'topic_code', 'tendency']) }} as report_opinion_key,
    {{ key(['source_id']) }} as source_key,
    report_kind,
    period_code,
    period_start,
    period_end,
    unit_level,
    place_key,
    place_code,
    topic_code,
    tendency,
    case when is_shown then unit_count end as unit_count,
    case when is_shown then item_count end as item_count,
    case when is_shown then scope_rank end as scope_rank,
    case when is_shown then round(intensity_mean, 2) end as intensity_mean,
    case when is_shown then source_channel end as source_channel,
    case when is_shown then 'A' else 'M' end as obs_status,
    case when is_shown then 'F' else 'A' end as conf_status
from judged
