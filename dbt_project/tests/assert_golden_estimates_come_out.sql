-- Numbers that somebody else's software computed must come out, where the wave they are of is there.
select
    golden.source_id,
    golden.question_id,
    golden.answer_code,
    golden.group_code
from {{ ref('golden_estimate') }} as golden
inner join {{ ref('dim_survey') }} as survey
    on golden.source_id = survey.source_id and golden.wave_id = survey.wave_id
left join {{ ref('fct_survey_estimate') }} as estimate
    on
        survey.wave_key = estimate.wave_key
        and golden.question_id = estimate.question_id
        and golden.answer_code = estimate.answer_code
        and golden.group_dimension = estimate.group_dimension
        and golden.group_code = estimate.group_code
        and survey.coverage_place_code = estimate.place_code
        and estimate.base_code = 'substantive'
where
    golden.base_unweighted_count is distinct from estimate.base_unweighted_count
    or golden.degrees_of_freedom is distinct from estimate.degrees_of_freedom
    or abs(golden.estimate - estimate.estimate) <= 1e-9 is not true
    or abs(golden.standard_error - estimate.standard_error) <= 1e-9 is not true
    or abs(golden.ci_low - estimate.ci_low) <= 1e-9 is not true
    or abs(golden.ci_high - estimate.ci_high) <= 1e-9 is not true
