select
    source_id,
    wave_id,
    file_id,
    respondent_key,
    is_complete,
    weight,
    stratum_code,
    psu_code,
    stratum_psu_total,
    psu_size,
    place_code,
    groups
from {{ source('landing', 'survey_response') }}
