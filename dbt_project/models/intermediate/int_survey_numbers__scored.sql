{{ config(materialized='wave_by_wave', indexes=[{'columns': ['wave_number']}]) }}
-- Respondent × number: of a mean, or the two of a ratio, as y and what it is compared with, x: 1, or the denominator.
-- Numbers are taken from their wave's mean (shift): sums of squares of large numbers would lose the small differences.
with number as (
    select
        respondent.respondent_number,
        mean.source_id,
        mean.question_id,
        mean.item_number,
        mean.option_number,
        coalesce(answer.numeric_value, given.score) as value
    from {{ ref('stg_survey__answers') }} as answer
    inner join {{ ref('int_survey_respondents__weighted') }} as respondent
        on answer.respondent_key = respondent.respondent_key
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
        {{ is_of_this_wave('answer') }}
        and respondent.wave_number = {{ this_wave() }}
        and answer.missing_code = 0
        and coalesce(answer.numeric_value, given.score) is not null
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
)

select
    {{ this_wave() }} as wave_number,
    respondent_number,
    item_number * 2 + 1 as base_number,
    option_number,
    value - shift as y,
    1::double precision as x,
    shift
from shifted

union all

select
    {{ this_wave() }} as wave_number,
    respondent_number,
    item_number * 2 + 1 as base_number,
    option_number,
    y - shift * x as y,
    x,
    shift
from divided
