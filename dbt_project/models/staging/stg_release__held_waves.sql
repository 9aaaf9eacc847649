select
    source_id,
    wave_id,
    file_id,
    reason_code
from {{ source('release_ctl', 'held_wave') }}
where release_id = {{ release_id() }}
