{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='period_key',
    on_schema_change='sync_all_columns', indexes=[{'columns': ['period_key']}],
    pre_hook="{{ forget(['period_key'], ref('int_report_periods__changed')) }}",
    meta={'distribute_by': 'period_key'},
) }}
-- Counts of units and of items in every published margin: a count of distinct units does not add up over places,
-- topics or tendencies, so each margin is counted by itself.
with item as (
    select
        period.period_key,
        period.source_id,
        period.report_kind,
        period.period_code,
        period.period_start,
        period.period_end,
        period.input_digest,
        report.unit_code,
        unit.unit_level,
        coalesce(item.place_code, unit.place_code, '_unknown') as place_code,
        item.topic_code,
        item.tendency,
        item.scope_rank,
        item.intensity,
        item.source_channel
    from {{ ref('int_report_periods__changed') }} as period
    inner join {{ ref('int_reports__current') }} as report
        on
            period.source_id = report.source_id
            and period.report_kind = report.report_kind
            and period.period_code = report.period_code
    inner join {{ ref('stg_report__items') }} as item
        on
            report.file_id = item.file_id
            and report.unit_code = item.unit_code
            and report.report_kind = item.report_kind
            and report.period_code = item.period_code
    left join {{ ref('dim_unit') }} as unit on report.unit_code = unit.unit_code
)

select
    item.period_key,
    item.source_id,
    item.report_kind,
    item.period_code,
    item.period_start,
    item.period_end,
    level.unit_level,
    place.ancestor_place_code as place_code,
    topic.ancestor_topic_code as topic_code,
    tendency.tendency,
    item.input_digest,
    count(distinct item.unit_code) as unit_count,
    count(*) as item_count,
    percentile_disc(0.5) within group (order by item.scope_rank) as scope_rank,
    avg(item.intensity) as intensity_mean,
    case
        when count(distinct item.source_channel) = 1 then min(item.source_channel)
        when count(distinct item.source_channel) > 1 then 'mixed'
    end as source_channel
from item
inner join {{ ref('int_places__unfolded') }} as place on item.place_code = place.place_code
inner join {{ ref('int_topics__unfolded') }} as topic on item.topic_code = topic.topic_code
cross join lateral (values (coalesce(item.unit_level, 'organisation')), ('_all')) as level (unit_level)
cross join lateral (values (item.tendency), ('_all')) as tendency (tendency)
group by
    item.period_key, item.source_id, item.report_kind, item.period_code, item.period_start, item.period_end,
    item.input_digest, level.unit_level, place.ancestor_place_code, topic.ancestor_topic_code, tendency.tendency
