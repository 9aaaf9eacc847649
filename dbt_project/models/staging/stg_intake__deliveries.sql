select
    file_id,
    source_id,
    night,
    status = 'rejected' as is_rejected,
    landing_verdict = 'held' as is_held,
    rows_read as read_row_count,
    rows_quarantined as quarantined_row_count
from {{ source('intake', 'file') }}
