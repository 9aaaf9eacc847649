select
    {{ key(['option.source_id', 'option.question_id', 'question.version_code', 'option.answer_code']) }} as answer_key,
    question.question_key,
    option.source_id,
    option.question_id,
    option.answer_code,
    option.measure,
    option.answer_position,
    option.label_vi,
    option.label_en,
    option.tendency,
    option.score,
    option.is_substantive
from {{ ref('int_survey_options__listed') }} as option
inner join {{ ref('dim_question') }} as question
    on option.source_id = question.source_id and option.question_id = question.question_id
