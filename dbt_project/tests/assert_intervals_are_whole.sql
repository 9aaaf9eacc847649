-- Of the waves computed tonight: a share lies in 0..1 inside its interval, and a standard error has an interval
-- (else analysis.t_quantile lacks its degrees of freedom).
select
    estimate.estimate_key,
    estimate.estimate,
    estimate.ci_low,
    estimate.ci_high
from {{ ref('fct_survey_estimate') }} as estimate
inner join {{ ref('int_survey_waves__changed') }} as wave on estimate.wave_key = wave.wave_key
where
    (estimate.measure = 'proportion' and estimate.estimate not between 0 and 1)
    or estimate.ci_low > estimate.estimate + 1e-9
    or estimate.ci_high < estimate.estimate - 1e-9
    or (
        estimate.ci_low is null
        and estimate.standard_error is not null
        and (estimate.measure = 'mean' or (estimate.estimate > 0 and estimate.estimate < 1))
    )
