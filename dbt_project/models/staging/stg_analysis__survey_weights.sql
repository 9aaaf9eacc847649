select
    file_id,
    respondent_key,
    weight
from {{ source('analysis', 'survey_weight') }}
