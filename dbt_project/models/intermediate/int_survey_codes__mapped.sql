-- What a landed answer counts as: a small list to join, so that no rule is looked up for each of millions of answers.
-- Single choice: the option given; khó trả lời that is no option goes to the question's own, or to _dont_know.
-- Multiple choice: each option is a yes/no item; its y is 1 or 0. Who ticks khó trả lời, or has it as a cell of an
-- option, leaves the question open (is_open), and gives no substantive answer to any of its items.
-- Landed answers that count as the same have the same outcome_number.
with dont_know_option as (
    select
        source_id,
        question_id,
        min(answer_code) as answer_code
    from {{ ref('int_survey_options__listed') }}
    where not is_substantive and item_code = ''
    group by source_id, question_id
),

multiple as (
    select
        option.source_id,
        option.question_id,
        bool_or(not option.is_substantive or question.has_dont_know_cell or survey.has_dont_know_cell)
            as has_dont_know
    from {{ ref('int_survey_options__listed') }} as option
    inner join {{ ref('stg_spec__questions') }} as question
        on option.source_id = question.source_id and option.question_id = question.question_id
    inner join {{ ref('stg_spec__surveys') }} as survey on option.source_id = survey.source_id
    where question.kind = 'multiple'
    group by option.source_id, option.question_id
),

mapped as (
    select
        option.source_id,
        option.question_id,
        '' as item_code,
        option.answer_code,
        case when option.is_substantive then 0 else 3 end::smallint as missing_code,
        false as is_open,
        option.item_number,
        option.option_number,
        1::double precision as y,
        option.is_substantive
    from {{ ref('int_survey_options__listed') }} as option
    where option.measure = 'proportion' and option.item_code = '' and option.answer_code <> '_dont_know'

    union all

    -- a cell that means khó trả lời and is no option
    select
        option.source_id,
        option.question_id,
        '' as item_code,
        '' as answer_code,
        3::smallint as missing_code,
        false as is_open,
        option.item_number,
        option.option_number,
        1::double precision as y,
        false as is_substantive
    from {{ ref('int_survey_options__listed') }} as option
    inner join dont_know_option
        on
            option.source_id = dont_know_option.source_id
            and option.question_id = dont_know_option.question_id
            and option.answer_code = dont_know_option.answer_code
    where option.measure = 'proportion'

    union all

    select
        option.source_id,
        option.question_id,
        option.item_code,
        tick.answer_code,
        tick.missing_code::smallint as missing_code,
        tick.is_open,
        option.item_number,
        option.option_number,
        case tick.answer_code when '' then 0 else tick.answer_code::double precision end as y,
        not tick.is_open as is_substantive
    from {{ ref('int_survey_options__listed') }} as option
    inner join multiple
        on option.source_id = multiple.source_id and option.question_id = multiple.question_id
    cross join (
        values ('1', 0, false), ('1', 0, true), ('0', 0, false), ('0', 0, true), ('1', 3, true), ('', 3, true)
    ) as tick (answer_code, missing_code, is_open)
    where
        (tick.answer_code <> '1' or (tick.missing_code = 0) = option.is_substantive)
        and (not tick.is_open or multiple.has_dont_know)
)

select
    *,
    dense_rank() over (order by option_number, y, is_substantive)::int as outcome_number
from mapped
