select
    file_id,
    source_id,
    sha256,
    file_name,
    received_at,
    night,
    parser_version,
    spec_sha256,
    reading -> 'questions' as question_ids
from {{ source('intake', 'input_file') }}
