-- Counts of the touched days that a vendor delivered as such, summed to the cells that are published of items.
-- A day's newest file speaks for it. Over a column whose cells overlap nothing is summed: only its own cells stand.
with delivered as (
    select
        delivery.*,
        day.coverage_place_code,
        day.vintage,
        day.input_digest,
        'query' = any(delivery.overlap) as has_query_overlap,
        'topic' = any(delivery.overlap) as has_topic_overlap,
        'place' = any(delivery.overlap) as has_place_overlap
    from {{ ref('int_social_days__touched') }} as day
    inner join {{ ref('stg_social__counts') }} as delivery
        on day.counts_file_id = delivery.file_id and day.published_date = delivery.published_date
)

select
    delivered.source_id,
    delivered.published_date,
    platform.platform_code,
    query.query_code,
    topic.topic_code,
    place.place_code,
    sentiment.sentiment,
    delivered.vintage,
    delivered.input_digest,
    sum(delivered.item_count)::bigint as item_count,
    sum(delivered.engagement_count)::bigint as engagement_count,
    -- sites do not add up: the widest part's are a safe lower bound
    max(delivered.domain_count) as domain_count
from delivered
cross join lateral (
    select delivered.platform_code
    union
    select '_all'
) as platform
cross join lateral (
    select delivered.sentiment
    union
    select '_all'
) as sentiment
cross join lateral (
    select delivered.query_code
    union
    select '_all'
    where not delivered.has_query_overlap
) as query
cross join lateral (
    select delivered.topic_code
    union
    select unfolded.ancestor_topic_code
    from {{ ref('int_topics__unfolded') }} as unfolded
    where unfolded.topic_code = delivered.topic_code and not delivered.has_topic_overlap
) as topic
cross join lateral (
    select delivered.coverage_place_code as place_code
    where delivered.place_code = '_all' or not delivered.has_place_overlap
    union
    select delivered.place_code
    where delivered.place_code <> '_all' and delivered.has_place_overlap
    union
    select unfolded.ancestor_place_code
    from {{ ref('int_places__unfolded') }} as unfolded
    where
        unfolded.place_code = delivered.place_code
        and not delivered.has_place_overlap
        and not exists (
            select 1 from {{ ref('int_places__unfolded') }} as coverage
            where
                coverage.place_code = delivered.coverage_place_code
                and coverage.ancestor_place_code = unfolded.ancestor_place_code
        )
) as place
inner join {{ ref('dim_topic') }} as shown
    on
        topic.topic_code = shown.topic_code
        and (delivered.coverage_place_code = place.place_code or shown.topic_level < 2)
-- the margins fct_social_volume has of items
where
    (
        place.place_code = delivered.coverage_place_code
        and topic.topic_code = '_all'
        and (platform.platform_code = '_all' or query.query_code = '_all')
    )
    or (
        place.place_code = delivered.coverage_place_code
        and (platform.platform_code <> '_all')::int + (query.query_code <> '_all')::int
        + (sentiment.sentiment <> '_all')::int <= 1
    )
    or (platform.platform_code = '_all' and query.query_code = '_all')
group by
    delivered.source_id, delivered.published_date, platform.platform_code, query.query_code, topic.topic_code,
    place.place_code, sentiment.sentiment, delivered.vintage, delivered.input_digest
having sum(delivered.item_count) > 0
