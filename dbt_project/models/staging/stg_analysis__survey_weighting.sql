select
    source_id,
    wave_id,
    file_id,
    weighting_method,
    input_digest,
    weight_max_to_median,
    kish_design_effect,
    weight_cap,
    margin_error
from {{ source('analysis', 'survey_weighting') }}
