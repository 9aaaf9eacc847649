select
    file_id,
    source_id,
    sha256,
    file_name,
    received_at,
    night,
    parser_version,
    spec_sha256,
    case
        when reading is not null
            then array(select jsonb_array_elements_text(reading -> 'questions'))
    end as question_ids
from {{ source('intake', 'input_file') }}
