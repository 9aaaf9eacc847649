select
    source_id,
    wave_id,
    file_id,
    respondent_key,
    question_id,
    item_code,
    answer_code,
    numeric_value,
    missing_code
from {{ source('landing', 'survey_answer') }}
