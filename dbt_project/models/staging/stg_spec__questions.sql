-- Questions, and the ratios of two of them, which are read like questions.
select
    source.source_id,
    question.value ->> 'id' as question_id,
    question.ordinality as question_position,
    question.value ->> 'kind' as kind,
    question.value ->> 'topic' as topic_code,
    question.value #>> '{wording,vi}' as wording_vi,
    question.value #>> '{wording,en}' as wording_en,
    'dont_know' in (select value from jsonb_each_text(question.value -> 'missing')) as has_dont_know_cell,
    null as numerator_question_id,
    null as denominator_question_id
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,questions}') with ordinality as question
where source.family = 'survey'

union all

select
    source.source_id,
    ratio.value ->> 'id' as question_id,
    10000 + ratio.ordinality as question_position,
    'ratio' as kind,
    ratio.value ->> 'topic' as topic_code,
    ratio.value #>> '{wording,vi}' as wording_vi,
    ratio.value #>> '{wording,en}' as wording_en,
    false as has_dont_know_cell,
    ratio.value ->> 'numerator' as numerator_question_id,
    ratio.value ->> 'denominator' as denominator_question_id
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,ratios}') with ordinality as ratio
where source.family = 'survey'
