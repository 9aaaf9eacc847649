-- What sources say themselves of their questions' and answers' identity; a line of a question has no answer.
select
    source.source_id,
    line.value ->> 'question' as question_id,
    line.value ->> 'from_wave' as from_wave_id,
    null as answer_code,
    line.value ->> 'concept' as concept_code
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,harmonisation}') as line
where source.family = 'survey'

union all

select
    source.source_id,
    line.value ->> 'question' as question_id,
    line.value ->> 'from_wave' as from_wave_id,
    answer.key as answer_code,
    answer.value as concept_code
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,harmonisation}') as line
cross join lateral jsonb_each_text(line.value -> 'answers') as answer
where source.family = 'survey'
