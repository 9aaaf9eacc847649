-- Questions, and the ratios of two of them, which are read like questions.
-- estimate_digest: of all in the spec that estimates of the question depend on.
select
    source.source_id,
    question.value ->> 'id' as question_id,
    question.ordinality as question_position,
    question.value ->> 'kind' as kind,
    question.value ->> 'topic' as topic_code,
    question.value #>> '{wording,vi}' as wording_vi,
    question.value #>> '{wording,en}' as wording_en,
    'dont_know' in (select value from jsonb_each_text(question.value -> 'missing')) as has_dont_know_cell,
    coalesce((question.value ->> 'asks_for_topics')::boolean, false) as asks_for_topics,
    null as numerator_question_id,
    null as denominator_question_id,
    md5((question.value - 'wording' - 'versions')::text) as estimate_digest
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
    false as asks_for_topics,
    ratio.value ->> 'numerator' as numerator_question_id,
    ratio.value ->> 'denominator' as denominator_question_id,
    md5((ratio.value - 'wording')::text) as estimate_digest
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,ratios}') with ordinality as ratio
where source.family = 'survey'
