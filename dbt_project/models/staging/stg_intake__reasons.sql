select
    file_id,
    quarantine_id,
    row_count,
    reason_code,
    column_name,
    -- of reasons that are no fault of the data; a test holds the list to the readers' own
    reason_code in ('{{ var("harmless_reasons") | join("', '") }}') as is_harmless
from {{ source('intake', 'quarantine_reason') }}
