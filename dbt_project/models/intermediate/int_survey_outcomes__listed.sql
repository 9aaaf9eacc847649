-- What an outcome counts as in each base: base "all" keeps khó trả lời as an answer; base "substantive" leaves it out,
-- and is only told apart where somebody said it. base_number holds both item and base: 2 × item_number, and 1 more
-- for base "substantive". Where several outcomes count as the same (is_shared) a sum is not had from one of them.
with outcome as (
    select distinct
        outcome_number,
        item_number,
        option_number,
        y,
        is_substantive
    from {{ ref('int_survey_codes__mapped') }}
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
        outcome.outcome_number,
        outcome.item_number * 2 + 1 as base_number,
        outcome.option_number,
        outcome.y
    from outcome
    inner join {{ ref('int_survey_items__doubted') }} as doubted on outcome.item_number = doubted.item_number
    where outcome.is_substantive
)

select
    *,
    count(*) over (partition by base_number, option_number, y) > 1 as is_shared
from counted
