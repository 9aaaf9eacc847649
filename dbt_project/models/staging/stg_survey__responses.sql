select
    source_id,
    wave_id,
    file_id,
    respondent_key,
    is_complete,
    weight,
    stratum_code,
    psu_code,
    ssu_code,
    stratum_psu_total,
    psu_size,
    panel_key,
    place_code,
    groups
from {{ source('landing', 'survey_response') }}
