{{ config(materialized='view') }}
-- How much of a day the topic rules reach: what they miss is Z9. An item of several topics is one item. Counts that a
-- vendor delivers were never under the rules.
with counted as (
    select
        volume.source_id,
        volume.published_date,
        coalesce(max(volume.item_count) filter (where volume.topic_code = '_all'), 0) as item_count,
        coalesce(max(volume.item_count) filter (where volume.topic_code = 'Z9'), 0) as unclassified_count
    from {{ ref('fct_social_volume') }} as volume
    inner join {{ ref('dim_source') }} as source
        on volume.source_id = source.source_id and volume.place_code = source.coverage_place_code
    where
        not source.is_of_counts
        and volume.platform_code = '_all'
        and volume.query_code = '_all'
        and volume.sentiment = '_all'
    group by volume.source_id, volume.published_date
)

select
    source_id,
    published_date,
    item_count,
    item_count - unclassified_count as classified_count,
    unclassified_count,
    unclassified_count::double precision / nullif(item_count, 0) as unclassified_share
from counted
