-- Of the waves computed tonight: the answers of a single-choice question share out their base.
select
    estimate.wave_key,
    estimate.question_key,
    estimate.base_code,
    estimate.domain_key,
    sum(estimate.estimate) as share_total,
    sum(estimate.answer_unweighted_count) as answer_total
from {{ ref('fct_survey_estimate') }} as estimate
inner join {{ ref('int_survey_waves__changed') }} as wave on estimate.wave_key = wave.wave_key
inner join {{ ref('dim_question') }} as question on estimate.question_key = question.question_key
where question.kind = 'single' and estimate.measure = 'proportion'
group by estimate.wave_key, estimate.question_key, estimate.base_code, estimate.domain_key
having
    abs(sum(estimate.estimate) - 1) > 1e-9
    or sum(estimate.answer_unweighted_count) <> max(estimate.base_unweighted_count)
