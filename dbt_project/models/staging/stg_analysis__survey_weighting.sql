select
    source_id,
    wave_id,
    weighting_method,
    weight_max_to_median,
    kish_design_effect
from {{ source('analysis', 'survey_weighting') }}
