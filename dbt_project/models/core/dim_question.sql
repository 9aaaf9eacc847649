select
    {{ key(['source_id', 'question_id', "''"]) }} as question_key,
    source_id,
    question_id,
    '' as version_code,
    question_position,
    kind,
    topic_code,
    asks_for_topics,
    wording_vi,
    wording_en
from {{ ref('stg_spec__questions') }}

union all

select
    {{ key(['question.source_id', 'question.question_id', 'version.from_wave_id']) }} as question_key,
    question.source_id,
    question.question_id,
    version.from_wave_id as version_code,
    question.question_position,
    question.kind,
    question.topic_code,
    question.asks_for_topics,
    version.wording_vi,
    version.wording_en
from {{ ref('stg_spec__questions') }} as question
inner join {{ ref('stg_spec__versions') }} as version
    on question.source_id = version.source_id and question.question_id = version.question_id
