{{ config(
    materialized='incremental', incremental_strategy='append', unlogged=false, on_schema_change='sync_all_columns',
    indexes=[{'columns': ['source_id', 'published_date']}, {'columns': ['sha256']}, {'columns': ['file_id']}],
) }}
-- Which days a file touches: its items' own, and those an earlier version of an item stood on; or its counts'.
-- Only files not seen before are read, so that a night costs what it brings. One read again has another file_id, and
-- the days of its earlier reading stay: what stood there has to go.
-- own_item_count tells later whether the items of a day are still there.
with file as (
    select
        file.source_id,
        file.sha256,
        file.file_id
    from {{ ref('stg_intake__files') }} as file
    inner join {{ ref('dim_source') }} as source
        on file.source_id = source.source_id and source.source_family = 'social'
    {% if is_incremental() -%}
    where
        not exists (
            select 1 from {{ this }} as seen
            where seen.source_id = file.source_id and seen.file_id = file.file_id
        )
    {%- endif %}
)

select
    file.source_id,
    file.sha256,
    file.file_id,
    version.published_date,
    count(*) filter (where version.file_id = file.file_id) as own_item_count,
    false as has_counts
from file
inner join {{ ref('stg_social__items') }} as item on file.file_id = item.file_id
inner join {{ ref('stg_social__items') }} as version on item.item_key = version.item_key
group by file.source_id, file.sha256, file.file_id, version.published_date

union all

select
    file.source_id,
    file.sha256,
    file.file_id,
    delivery.published_date,
    0 as own_item_count,
    true as has_counts
from file
inner join {{ ref('stg_social__counts') }} as delivery on file.file_id = delivery.file_id
group by file.source_id, file.sha256, file.file_id, delivery.published_date
