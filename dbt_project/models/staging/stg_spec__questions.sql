select
    source.source_id,
    question.value ->> 'id' as question_id,
    question.ordinality as question_position,
    question.value ->> 'kind' as kind,
    question.value ->> 'topic' as topic_code,
    question.value #>> '{wording,vi}' as wording_vi,
    question.value #>> '{wording,en}' as wording_en,
    'dont_know' in (select value from jsonb_each_text(question.value -> 'missing')) as has_dont_know_cell
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,questions}') with ordinality as question
where source.family = 'survey'
