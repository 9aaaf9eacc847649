{{ config(materialized='wave_by_wave', pre_hook=large_hashes(), indexes=[{'columns': ['wave_number']}]) }}
-- Respondent × answer that counts, as y: 1 for the answer given, 1 or 0 for an option ticked or not, or a number; x is
-- what y is compared with: 1, or the denominator of a ratio.
-- Base "all" keeps khó trả lời as an answer; base "substantive" leaves it out, and is only written where they differ.
-- base_number holds both item and base: 2 × item_number, and 1 more for base "substantive".
-- Numbers are taken from their wave's mean (shift): sums of squares of large numbers would lose the small differences.
with answer as (
    select
        respondent.respondent_number,
        wave.source_id,
        answer.question_id,
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
        on wave.wave_number = respondent.wave_number and answer.respondent_key = respondent.respondent_key
    where wave.wave_number = {{ this_wave() }} and answer.missing_code in (0, 3)
),

mapped as (
    select
        answer.respondent_number,
        answer.question_id,
        code.item_number,
        code.option_number,
        code.y,
        code.is_substantive,
        answer.item_code <> '' as is_multiple
    from answer
    inner join {{ ref('int_survey_codes__mapped') }} as code
        on
            answer.source_id = code.source_id
            and answer.question_id = code.question_id
            and answer.item_code = code.item_code
            and coalesce(answer.answer_code, '') = code.answer_code
            and answer.missing_code = code.missing_code
),

proportion as (
    select
        respondent_number,
        item_number,
        option_number,
        y,
        is_substantive
    from mapped
    where not is_multiple

    union all

    select
        respondent_number,
        item_number,
        option_number,
        y,
        bool_and(is_substantive) over (partition by respondent_number, question_id) as is_substantive
    from mapped
    where is_multiple
),

number as (
    select
        answer.respondent_number,
        answer.source_id,
        answer.question_id,
        mean.item_number,
        mean.option_number,
        coalesce(answer.numeric_value, given.score) as value
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
    where answer.missing_code = 0 and coalesce(answer.numeric_value, given.score) is not null
),

shifted as (
    select
        *,
        avg(value) over (partition by item_number) as shift
    from number
),

-- y - shift * x has the residuals of y, and they are small: sums of squares lose nothing of a ratio of large numbers
divided as (
    select
        above.respondent_number,
        option.item_number,
        option.option_number,
        above.value as y,
        below.value as x,
        coalesce(sum(above.value) over item / nullif(sum(below.value) over item, 0), 0) as shift
    from number as above
    inner join {{ ref('stg_spec__questions') }} as ratio
        on above.source_id = ratio.source_id and above.question_id = ratio.numerator_question_id
    inner join number as below
        on above.respondent_number = below.respondent_number and ratio.denominator_question_id = below.question_id
    inner join {{ ref('int_survey_options__listed') }} as option
        on ratio.source_id = option.source_id and ratio.question_id = option.question_id
    window item as (partition by option.item_number)
),

scored as (
    select
        respondent_number,
        true as is_share,
        item_number * 2 as base_number,
        option_number,
        y,
        1::double precision as x,
        0::double precision as shift
    from proportion

    union all

    select
        proportion.respondent_number,
        true as is_share,
        proportion.item_number * 2 + 1 as base_number,
        proportion.option_number,
        proportion.y,
        1 as x,
        0 as shift
    from proportion
    inner join {{ ref('int_survey_items__doubted') }} as doubted on proportion.item_number = doubted.item_number
    where proportion.is_substantive

    union all

    select
        respondent_number,
        false as is_share,
        item_number * 2 + 1 as base_number,
        option_number,
        value - shift as y,
        1 as x,
        shift
    from shifted

    union all

    select
        respondent_number,
        false as is_share,
        item_number * 2 + 1 as base_number,
        option_number,
        y - shift * x as y,
        x,
        shift
    from divided
)

select
    {{ this_wave() }} as wave_number,
    *
from scored
