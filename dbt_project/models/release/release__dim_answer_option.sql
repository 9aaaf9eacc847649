{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    answer_key,
    question_key,
    source_id,
    question_id,
    answer_code,
    measure,
    answer_position,
    label_vi,
    label_en,
    tendency,
    score,
    is_substantive
from {{ ref('dim_answer_option') }}
