{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key=['source_id', 'published_date'],
    on_schema_change='sync_all_columns', indexes=[{'columns': ['source_id', 'published_date']}],
    pre_hook="{{ forget(['source_id', 'published_date'], ref('int_social_days__touched')) }}",
    meta={'distribute_by': 'published_date'},
) }}
-- A sparse cube: '_all' stands for every platform, query, topic or sentiment, the source's own place for every place.
-- Distinct sites do not add up and an item may have two topics, so each published margin is counted by itself.
-- A day that counts were delivered for is theirs: the same source's items of it would be counted twice.
with item as (
    select
        item.source_id,
        item.published_date,
        item.item_key,
        item.platform_code,
        item.query_code,
        item.sentiment,
        item.engagement_count,
        item.domain_key,
        item.topic_codes,
        coalesce(item.place_code, '_unknown') as place_code,
        day.coverage_place_code,
        day.vintage,
        day.input_digest
    from {{ ref('int_social_items__deduplicated') }} as item
    inner join {{ ref('int_social_days__touched') }} as day
        on item.source_id = day.source_id and item.published_date = day.published_date
    where day.counts_file_id is null
),

by_topic as (
    select distinct
        item.item_key,
        topic.ancestor_topic_code as topic_code
    from item
    cross join lateral unnest(item.topic_codes) as given (topic_code)
    inner join {{ ref('int_topics__unfolded') }} as topic on given.topic_code = topic.topic_code
),

by_place as (
    select
        item_key,
        coverage_place_code as place_code,
        true as is_total
    from item

    union all

    select
        item.item_key,
        place.ancestor_place_code as place_code,
        false as is_total
    from item
    inner join {{ ref('int_places__unfolded') }} as place on item.place_code = place.place_code
    where
        place.ancestor_place_code <> item.coverage_place_code
        and not exists (
            select 1 from {{ ref('int_places__unfolded') }} as coverage
            where
                coverage.place_code = item.coverage_place_code
                and coverage.ancestor_place_code = place.ancestor_place_code
        )
)

select
    item.source_id,
    item.published_date,
    coalesce(item.platform_code, '_all') as platform_code,
    coalesce(item.query_code, '_all') as query_code,
    topic.topic_code,
    place.place_code,
    coalesce(item.sentiment, '_all') as sentiment,
    item.vintage,
    item.input_digest,
    count(*) as item_count,
    sum(item.engagement_count)::bigint as engagement_count,
    count(distinct item.domain_key) as domain_count
from item
inner join by_topic as topic on item.item_key = topic.item_key
inner join by_place as place on item.item_key = place.item_key
-- below the whole place only all topics and the first level: finer cells are too small to show
inner join {{ ref('dim_topic') }} as shown
    on topic.topic_code = shown.topic_code and (place.is_total or shown.topic_level < 2)
group by
    item.source_id, item.published_date, item.vintage, item.input_digest, topic.topic_code, place.place_code,
    place.is_total,
    grouping sets (
        (), (item.platform_code), (item.query_code), (item.sentiment),
        (item.platform_code, item.sentiment), (item.query_code, item.sentiment)
    )
having
    (place.is_total and topic.topic_code = '_all')
    or (place.is_total and grouping(item.platform_code) + grouping(item.query_code) + grouping(item.sentiment) >= 2)
    or (grouping(item.platform_code) = 1 and grouping(item.query_code) = 1)

union all

select
    source_id,
    published_date,
    platform_code,
    query_code,
    topic_code,
    place_code,
    sentiment,
    vintage,
    input_digest,
    item_count,
    engagement_count,
    domain_count
from {{ ref('int_social_counts__summed') }}
