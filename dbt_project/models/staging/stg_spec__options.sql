select
    source.source_id,
    question.value ->> 'id' as question_id,
    option.value ->> 'code' as answer_code,
    option.ordinality as answer_position,
    option.value #>> '{label,vi}' as label_vi,
    option.value #>> '{label,en}' as label_en,
    option.value ->> 'missing' as missing_name,
    option.value ->> 'tendency' as tendency,
    option.value ->> 'from_wave' as from_wave_id,
    option.value ->> 'to_wave' as to_wave_id,
    (option.value ->> 'value')::double precision as score
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,questions}') as question
cross join lateral jsonb_array_elements(question.value -> 'options') with ordinality as option
where source.family = 'survey'
