-- What each answer of each wave is the same as, so that waves and sources of a series can be compared; and the whole of
-- the answers offered with it: another set of options is another scale.
with offered as (
    select
        wave_key,
        question_id,
        string_agg(answer_concept, ' ' order by answer_concept collate "C") as option_set
    from {{ ref('int_survey_concepts__answered') }}
    where measure = 'proportion'
    group by wave_key, question_id
)

select
    answer.wave_key,
    answer.question_key,
    answer.answer_key,
    answer.source_id,
    answer.question_id,
    answer.answer_code,
    answer.measure,
    answer.question_concept,
    answer.answer_concept,
    coalesce(offered.option_set, '') as option_set
from {{ ref('int_survey_concepts__answered') }} as answer
left join offered on answer.wave_key = offered.wave_key and answer.question_id = offered.question_id
