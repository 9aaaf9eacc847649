-- Respondent × answer that counts, as y: 1 for the answer given, 1 or 0 for an option ticked or not, or a number.
-- Base "all" keeps khó trả lời as an answer; base "substantive" leaves it out, and is only written where they differ.
with answer as (
    select
        respondent.respondent_number,
        wave.wave_key,
        wave.source_id,
        question.question_id,
        question.kind,
        answer.item_code,
        answer.answer_code,
        answer.numeric_value,
        answer.missing_code
    from {{ ref('int_survey_waves__changed') }} as wave
    inner join {{ ref('stg_survey__answers') }} as answer
        on
            wave.source_id = answer.source_id
            and wave.wave_id = answer.wave_id
            and wave.file_id = answer.file_id
    inner join {{ ref('int_survey_respondents__weighted') }} as respondent
        on wave.wave_key = respondent.wave_key and answer.respondent_key = respondent.respondent_key
    inner join {{ ref('dim_question') }} as question
        on wave.source_id = question.source_id and answer.question_id = question.question_id
    where answer.missing_code in (0, 3)
),

dont_know_option as (
    select
        source_id,
        question_id,
        min(answer_code) as answer_code
    from {{ ref('int_survey_options__listed') }}
    where not is_substantive and item_code = ''
    group by source_id, question_id
),

proportion as (
    -- single choice
    select
        answer.respondent_number,
        answer.wave_key,
        option.item_number,
        option.option_number,
        1::double precision as y,
        option.is_substantive
    from answer
    left join dont_know_option
        on answer.source_id = dont_know_option.source_id and answer.question_id = dont_know_option.question_id
    inner join {{ ref('int_survey_options__listed') }} as option
        on
            answer.source_id = option.source_id
            and answer.question_id = option.question_id
            and option.measure = 'proportion'
            and option.answer_code = case
                when answer.missing_code = 0 then answer.answer_code
                when answer.answer_code is null then dont_know_option.answer_code
                when exists (
                    select 1 from {{ ref('int_survey_options__listed') }} as given
                    where
                        given.source_id = answer.source_id
                        and given.question_id = answer.question_id
                        and given.answer_code = answer.answer_code
                        and not given.is_substantive
                ) then answer.answer_code
                else dont_know_option.answer_code
            end
    where answer.kind = 'single'

    union all

    -- multiple choice: each option is a yes/no item of its own
    select
        answer.respondent_number,
        answer.wave_key,
        option.item_number,
        option.option_number,
        (answer.answer_code = '1')::int::double precision as y,
        not coalesce(bool_or(answer.answer_code = '1' and not option.is_substantive) over (
            partition by answer.respondent_number, answer.question_id
        ), false) as is_substantive
    from answer
    inner join {{ ref('int_survey_options__listed') }} as option
        on
            answer.source_id = option.source_id
            and answer.question_id = option.question_id
            and answer.item_code = option.item_code
            and option.measure = 'proportion'
    where answer.kind = 'multiple' and answer.missing_code = 0
),

compared as (
    select
        *,
        not bool_and(is_substantive) over (partition by wave_key, item_number) as has_two_bases
    from proportion
)

select
    respondent_number,
    item_number,
    option_number,
    'all' as base_code,
    has_two_bases,
    y
from compared

union all

select
    respondent_number,
    item_number,
    option_number,
    'substantive' as base_code,
    has_two_bases,
    y
from compared
where has_two_bases and is_substantive

union all

select
    answer.respondent_number,
    mean.item_number,
    mean.option_number,
    'substantive' as base_code,
    true as has_two_bases,
    case when answer.kind = 'numeric' then answer.numeric_value else given.score end as y
from answer
inner join {{ ref('int_survey_options__listed') }} as mean
    on
        answer.source_id = mean.source_id
        and answer.question_id = mean.question_id
        and mean.measure = 'mean'
left join {{ ref('int_survey_options__listed') }} as given
    on
        answer.source_id = given.source_id
        and answer.question_id = given.question_id
        and answer.answer_code = given.answer_code
        and given.measure = 'proportion'
where
    answer.missing_code = 0
    and case when answer.kind = 'numeric' then answer.numeric_value else given.score end is not null
