-- Items with khó trả lời in any of tonight's waves: they have two bases. Over all waves, for the waves of a panel must
-- have the same bases. Who finds it hard to say among several options leaves all of the question's items open.
select distinct
    option.source_id,
    option.item_number
from {{ ref('int_survey_waves__changed') }} as wave
inner join {{ ref('int_survey_answers__tallied') }} as answer on wave.wave_number = answer.wave_number
inner join {{ ref('int_survey_codes__mapped') }} as code
    on
        wave.source_id = code.source_id
        and answer.question_id = code.question_id
        and answer.item_code = code.item_code
        and coalesce(answer.answer_code, '') = code.answer_code
        and answer.missing_code = code.missing_code
inner join {{ ref('int_survey_options__listed') }} as option
    on
        code.source_id = option.source_id
        and code.question_id = option.question_id
        and option.measure = 'proportion'
where answer.missing_code = 3 and not code.is_substantive
