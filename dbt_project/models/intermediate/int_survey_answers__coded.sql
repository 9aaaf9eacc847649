{{ config(materialized='wave_by_wave', indexes=[{'columns': ['wave_number']}]) }}
-- Respondent × landed answer of a choice, as the outcome it counts as. Narrow on purpose: every answer has a row here.
with answer as not materialized (
    select
        respondent.respondent_number,
        answer.source_id,
        answer.question_id,
        answer.item_code,
        answer.answer_code,
        answer.missing_code
    from {{ ref('stg_survey__answers') }} as answer
    inner join {{ ref('int_survey_respondents__weighted') }} as respondent
        on answer.respondent_key = respondent.respondent_key
    where
        {{ is_of_this_wave('answer') }}
        and respondent.wave_number = {{ this_wave() }}
        and answer.missing_code in (0, 3)
),

-- who found it hard to say, among several options
open_question as (
    select distinct
        answer.respondent_number,
        answer.question_id
    from answer
    inner join {{ ref('int_survey_codes__mapped') }} as code
        on
            answer.source_id = code.source_id
            and answer.question_id = code.question_id
            and answer.item_code = code.item_code
            and coalesce(answer.answer_code, '') = code.answer_code
            and answer.missing_code = code.missing_code
    where code.item_code <> '' and code.missing_code = 3
)

select
    {{ this_wave() }} as wave_number,
    answer.respondent_number,
    code.outcome_number
from answer
left join open_question
    on
        answer.item_code <> ''
        and answer.respondent_number = open_question.respondent_number
        and answer.question_id = open_question.question_id
inner join {{ ref('int_survey_codes__mapped') }} as code
    on
        answer.source_id = code.source_id
        and answer.question_id = code.question_id
        and answer.item_code = code.item_code
        and coalesce(answer.answer_code, '') = code.answer_code
        and answer.missing_code = code.missing_code
        and (open_question.respondent_number is not null) = code.is_open
-- neighbours in the sample lie together: they are added up together
order by answer.respondent_number
