select
    source_id,
    file_id,
    row_number as followup_number,
    recommendation_id,
    status,
    status_date,
    agency_code
from {{ source('landing', 'report_followup') }}
