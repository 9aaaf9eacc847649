select
    source_id,
    file_id,
    row_number as item_number,
    item_key,
    published_date,
    platform as platform_code,
    query_code,
    topic_codes,
    place_code,
    sentiment,
    engagement_count,
    domain_key
from {{ source('landing', 'social_item') }}
