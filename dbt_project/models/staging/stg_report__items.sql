select
    source_id,
    file_id,
    row_number as item_number,
    unit_code,
    report_kind,
    period_code,
    place_code,
    topic_code,
    scope_rank,
    tendency,
    intensity,
    source_channel,
    opinion_count,
    recommendation_id,
    agency_code,
    urgency
from {{ source('landing', 'report_item') }}
