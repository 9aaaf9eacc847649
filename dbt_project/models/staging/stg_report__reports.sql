select
    source_id,
    file_id,
    unit_code,
    report_kind,
    period_code,
    period_start,
    period_end,
    submitted_at
from {{ source('landing', 'report') }}
