-- Later wordings of questions.
select
    source.source_id,
    question.value ->> 'id' as question_id,
    version.value ->> 'from_wave' as from_wave_id,
    version.value #>> '{wording,vi}' as wording_vi,
    version.value #>> '{wording,en}' as wording_en
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,questions}') as question
cross join lateral jsonb_array_elements(question.value -> 'versions') as version
where source.family = 'survey'
