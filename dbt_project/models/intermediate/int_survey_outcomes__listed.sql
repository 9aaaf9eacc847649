-- What an outcome counts as in each base: base "all" keeps khó trả lời as an answer; base "substantive" leaves it out,
-- and is only told apart where somebody said it. base_number holds both item and base: 2 × item_number, and 1 more
-- for base "substantive". Where several outcomes count as the same (is_shared) a sum is not had from one of them.
with outcome as (
    select distinct
        code.outcome_number,
        code.item_number,
        code.option_number,
        code.y,
        code.is_substantive,
        doubted.item_number is not null as is_doubted
    from {{ ref('int_survey_codes__mapped') }} as code
    left join {{ ref('int_survey_items__doubted') }} as doubted on code.item_number = doubted.item_number
    -- the others nobody can have had tonight
    where code.is_substantive or doubted.item_number is not null
),

counted as (
    select
        outcome_number,
        item_number * 2 as base_number,
        option_number,
        y
    from outcome

    union all

    select
        outcome_number,
        item_number * 2 + 1 as base_number,
        option_number,
        y
    from outcome
    where is_substantive and is_doubted
)

select
    *,
    count(*) over (partition by base_number, option_number, y) > 1 as is_shared
from counted
