-- The last word on each item of the touched days, by a total order; an item that moved to another day left this one.
with seen as (
    select distinct item.item_key
    from {{ ref('int_social_days__touched') }} as day
    inner join {{ ref('stg_social__items') }} as item
        on day.source_id = item.source_id and day.published_date = item.published_date
),

version as (
    select
        item.*,
        row_number() over (
            partition by item.item_key
            order by file.received_at desc, file.file_name desc, file.sha256 desc, item.item_number desc
        ) as recency
    from seen
    inner join {{ ref('stg_social__items') }} as item on seen.item_key = item.item_key
    inner join {{ ref('stg_intake__files') }} as file on item.file_id = file.file_id
)

select
    version.item_key,
    version.source_id,
    version.published_date,
    version.platform_code,
    version.query_code,
    version.topic_codes,
    version.place_code,
    version.sentiment,
    version.engagement_count,
    version.domain_key
from version
inner join {{ ref('int_social_days__touched') }} as day
    on version.source_id = day.source_id and version.published_date = day.published_date
where version.recency = 1
