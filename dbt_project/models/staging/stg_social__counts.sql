select
    source_id,
    file_id,
    row_number as count_number,
    published_date,
    platform as platform_code,
    query_code,
    topic_code,
    place_code,
    sentiment,
    overlap,
    item_count,
    engagement_count,
    domain_count
from {{ source('landing', 'social_count') }}
