select
    file_id,
    source_id,
    sha256,
    file_name,
    received_at,
    night
from {{ source('intake', 'input_file') }}
