{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- The rows of a survey are its respondents: their number is published rounded here as elsewhere.
with judged as (
    select
        quality.*,
        source.source_family = 'survey' as is_rounded
    from {{ ref('fct_intake_quality') }} as quality
    inner join {{ ref('dim_source') }} as source on quality.source_id = source.source_id
)

select
    {{ release_id() }} as release_id,
    {{ key(['source_id', 'night', 'reason_code', 'column_name']) }} as intake_quality_key,
    {{ key(['source_id']) }} as source_key,
    night,
    reason_code,
    column_name,
    {% for count in ['row_count', 'bad_row_count', 'read_row_count'] -%}
        case when is_rounded then {{ rounded_base(count) }} else {{ count }} end as {{ count }},
    {% endfor -%}
    {{ rounded_share('row_share') }} as row_share,
    {{ rounded_share('bad_row_share') }} as bad_row_share,
    file_count,
    delivered_file_count,
    rejected_file_count,
    held_file_count
from judged
