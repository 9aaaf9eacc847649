{{ config(materialized='wave_by_wave') }}
-- depends_on: {{ ref('int_survey_waves__changed') }}
-- How often each answer of each question was landed, complete interviews or not: one look at them all.
select
    {{ this_wave() }} as wave_number,
    answer.question_id,
    answer.item_code,
    answer.answer_code,
    answer.missing_code,
    count(*) as respondent_count
from {{ ref('stg_survey__answers') }} as answer
where {{ is_of_this_wave('answer') }}
group by answer.question_id, answer.item_code, answer.answer_code, answer.missing_code
