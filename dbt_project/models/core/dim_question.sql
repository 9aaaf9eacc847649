select
    {{ key(['source_id', 'question_id']) }} as question_key,
    source_id,
    question_id,
    question_position,
    kind,
    topic_code,
    wording_vi,
    wording_en
from {{ ref('stg_spec__questions') }}
