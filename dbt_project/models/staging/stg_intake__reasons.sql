select
    file_id,
    quarantine_id,
    row_count,
    reason_code,
    column_name,
    -- no fault of the data; a test holds the list to the readers' own
    reason_code in (
        {% for reason in var('harmless_reasons') -%}
            '{{ reason }}'{{ ',' if not loop.last }}
        {% endfor -%}
    ) as is_harmless
from {{ source('intake', 'quarantine_reason') }}
