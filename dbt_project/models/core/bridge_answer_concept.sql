-- What each answer of each wave is the same as, so that waves and sources of a series can be compared; and the whole of
-- the answers offered with it: another set of options is another scale. What two answers that were given in one wave
-- are the same as tells neither from the other: they are not comparable.
with offered as (
    select
        wave_key,
        question_id,
        string_agg(answer_concept, ' ' order by answer_concept collate "C") as option_set
    from {{ ref('int_survey_concepts__answered') }}
    where measure = 'proportion'
    group by wave_key, question_id
),

given as (
    select distinct
        wave_key,
        question_id
    from {{ ref('fct_survey_item_nonresponse') }}
    where missing_name in ('valid', 'dont_know') and respondent_count > 0
),

answer as (
    select
        answered.*,
        coalesce(offered.option_set, '') as option_set,
        given.question_id is not null as is_given
    from {{ ref('int_survey_concepts__answered') }} as answered
    left join {{ ref('stg_spec__questions') }} as question
        on answered.source_id = question.source_id and answered.question_id = question.question_id
    left join offered on answered.wave_key = offered.wave_key and answered.question_id = offered.question_id
    -- a ratio is of numbers that other questions ask for
    left join given
        on
            answered.wave_key = given.wave_key
            and coalesce(question.numerator_question_id, answered.question_id) = given.question_id
),

counted as (
    select
        *,
        count(*) filter (where is_given) over (
            partition by wave_key, question_concept, answer_concept, measure
        ) as given_count
    from answer
)

select
    wave_key,
    question_key,
    answer_key,
    source_id,
    question_id,
    answer_code,
    measure,
    question_concept,
    answer_concept,
    option_set,
    given_count < 2 or not is_given as is_comparable
from counted
