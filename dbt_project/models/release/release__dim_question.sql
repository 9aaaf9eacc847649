{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    question_key,
    source_id,
    question_id,
    version_code,
    question_position,
    kind,
    topic_code,
    wording_vi,
    wording_en
from {{ ref('dim_question') }}
