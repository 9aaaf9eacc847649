-- Days to aggregate tonight: those whose files are not what core.fct_social_volume was built from.
-- A day older than items are kept is closed: its items are gone, its aggregates stay.
{%- set built = previous_build('fct_social_volume') %}
with day as (
    select
        file.source_id,
        touched.published_date,
        max(file.night) as vintage,
        md5(string_agg(file.sha256, ',' order by file.sha256) || {{ code_digest([
            'place', 'topic', 'dim_place', 'dim_topic', 'stg_social__items', 'int_places__unfolded',
            'int_topics__unfolded', 'int_social_items__deduplicated', 'fct_social_volume',
        ]) }} || source.coverage_place_code) as input_digest
    from {{ ref('stg_intake__files') }} as file
    inner join {{ ref('stg_spec__sources') }} as source on file.source_id = source.source_id
    inner join {{ ref('int_social_files__days') }} as touched
        on file.source_id = touched.source_id and file.sha256 = touched.sha256
    cross join {{ ref('stg_release__current') }} as release
    where touched.published_date > release.night - source.item_days
    group by file.source_id, touched.published_date, source.coverage_place_code
)

select
    source_id,
    published_date,
    vintage,
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
{%- endif %}
