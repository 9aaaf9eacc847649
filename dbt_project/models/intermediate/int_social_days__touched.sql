-- depends_on: {{ ref('stg_social__items') }}
-- Days to aggregate tonight: those whose files, as they were read last, are not what core.fct_social_volume was built
-- from.
-- A day of which a file's items are gone (items are kept for a while only) is closed: its aggregates stay.
-- A day of delivered counts is told by the newest file that has it, and never closed: counts are kept.
{%- set built = previous_build('fct_social_volume') %}
with day as (
    select
        file.source_id,
        touched.published_date,
        max(file.night) as vintage,
        source.coverage_place_code,
        (
            array_agg(file.file_id order by file.received_at desc, file.file_name desc, file.sha256 desc)
            filter (where touched.has_counts and touched.file_id = file.file_id)
        )[1] as counts_file_id,
        md5(string_agg(distinct file.sha256 || file.file_id, ',' order by file.sha256 || file.file_id) || {{ code_digest([
            'place', 'topic', 'dim_place', 'dim_topic', 'stg_social__items', 'int_places__unfolded',
            'int_topics__unfolded', 'int_social_items__deduplicated', 'stg_social__counts',
            'int_social_counts__summed', 'fct_social_volume',
        ]) }} || source.coverage_place_code) as input_digest
    from {{ ref('stg_intake__files') }} as file
    inner join {{ ref('dim_source') }} as source on file.source_id = source.source_id
    inner join {{ ref('int_social_files__days') }} as touched
        on file.source_id = touched.source_id and file.sha256 = touched.sha256
    group by file.source_id, touched.published_date, source.coverage_place_code
)

select
    source_id,
    published_date,
    vintage,
    coverage_place_code,
    counts_file_id,
    input_digest
from day
{% if built -%}
where
    not exists (
        select 1 from {{ built }} as built
        where
            built.source_id = day.source_id
            and built.published_date = day.published_date
            and built.input_digest = day.input_digest
    )
    and (day.counts_file_id is not null or not exists (
        select 1
        from {{ ref('int_social_files__days') }} as touched
        inner join {{ ref('stg_intake__files') }} as file
            on touched.source_id = file.source_id and touched.file_id = file.file_id
        where
            touched.source_id = day.source_id
            and touched.published_date = day.published_date
            and touched.own_item_count > 0
            and not exists (
                select 1 from {{ ref('stg_social__items') }} as item
                where
                    item.source_id = day.source_id
                    and item.published_date = day.published_date
                    and item.file_id = file.file_id
            )
    ))
{%- endif %}
