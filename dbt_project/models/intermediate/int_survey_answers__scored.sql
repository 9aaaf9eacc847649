{{ config(materialized='view') }}
-- Respondent × answer × base, choices and numbers alike. is_shared: not one outcome alone counts as this.
select
    answer.wave_number,
    answer.respondent_number,
    outcome.base_number,
    outcome.option_number,
    outcome.y,
    1::double precision as x,
    0::double precision as shift,
    outcome.is_shared
from {{ ref('int_survey_answers__coded') }} as answer
inner join {{ ref('int_survey_outcomes__listed') }} as outcome on answer.outcome_number = outcome.outcome_number

union all

select
    wave_number,
    respondent_number,
    base_number,
    option_number,
    y,
    x,
    shift,
    true as is_shared
from {{ ref('int_survey_numbers__scored') }}
