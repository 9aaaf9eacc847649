{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unlogged=false,
    unique_key=['source_id', 'period_type', 'period_start'], on_schema_change='sync_all_columns',
    indexes=[{'columns': ['source_id', 'period_type', 'period_start']}],
) }}
-- Distinct units that reported on a topic, by week and month: only those whose current reports are not what the counts
-- were made from, so that a night costs what it brings.
with report as (
    select
        report.*,
        period.period_type,
        period.period_start as counted_from
    from {{ ref('int_reports__current') }} as report
    cross join lateral (
        values
        ('week', date_trunc('week', report.period_end)::date),
        ('month', date_trunc('month', report.period_end)::date)
    ) as period (period_type, period_start)
),

period as (
    select
        report.source_id,
        report.period_type,
        report.counted_from,
        -- the spec declares units and places
        md5(string_agg(
            concat_ws('|', report.unit_code, report.report_kind, report.period_code, report.sha256), ','
            order by report.unit_code, report.report_kind, report.period_code
        ) || source.spec_sha256 || {{ code_digest([
            'unit', 'place', 'topic', 'dim_unit', 'dim_place', 'dim_topic', 'stg_report__items',
            'int_places__unfolded', 'int_topics__unfolded', 'int_report_topics__counted',
        ]) }}) as input_digest
    from report
    inner join {{ ref('stg_spec__sources') }} as source on report.source_id = source.source_id
    group by report.source_id, report.period_type, report.counted_from, source.spec_sha256
),

changed as (
    select * from period
    {% if is_incremental() -%}
    where
        not exists (
            select 1 from {{ this }} as built
            where
                built.source_id = period.source_id
                and built.period_type = period.period_type
                and built.period_start = period.counted_from
                and built.input_digest = period.input_digest
        )
    {%- endif %}
)

select
    changed.source_id,
    changed.period_type,
    changed.counted_from as period_start,
    place.ancestor_place_code as place_code,
    topic.ancestor_topic_code as topic_code,
    changed.input_digest,
    count(distinct report.unit_code) as unit_count,
    count(*) as item_count,
    count(*) filter (where item.tendency = 'support') as support_count,
    count(*) filter (where item.tendency = 'oppose') as oppose_count
from changed
inner join report
    on
        changed.source_id = report.source_id
        and changed.period_type = report.period_type
        and changed.counted_from = report.counted_from
inner join {{ ref('stg_report__items') }} as item
    on
        report.file_id = item.file_id
        and report.unit_code = item.unit_code
        and report.report_kind = item.report_kind
        and report.period_code = item.period_code
left join {{ ref('dim_unit') }} as unit on report.unit_code = unit.unit_code
inner join {{ ref('int_places__unfolded') }} as place
    on coalesce(item.place_code, unit.place_code, '_unknown') = place.place_code
inner join {{ ref('int_topics__unfolded') }} as topic on item.topic_code = topic.topic_code
group by
    changed.source_id, changed.period_type, changed.counted_from, changed.input_digest, place.ancestor_place_code,
    topic.ancestor_topic_code
