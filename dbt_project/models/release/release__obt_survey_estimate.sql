{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    estimate.estimate_key,
    survey.source_id,
    source.title_vi as source_title_vi,
    source.title_en as source_title_en,
    source.is_made,
    survey.series_id,
    survey.wave_id,
    survey.fieldwork_start_date,
    survey.fieldwork_end_date,
    survey.mode,
    survey.sampling,
    question.question_id,
    question.wording_vi,
    question.wording_en,
    question.topic_code,
    topic.label_vi as topic_label_vi,
    topic.label_en as topic_label_en,
    estimate.answer_code,
    option.label_vi as answer_label_vi,
    option.label_en as answer_label_en,
    option.answer_position,
    option.tendency,
    estimate.base_code,
    estimate.measure,
    estimate.group_dimension,
    estimate.group_code,
    category.label_vi as group_label_vi,
    category.label_en as group_label_en,
    estimate.place_code,
    place.name_vi as place_name_vi,
    place.name_en as place_name_en,
    estimate.estimate,
    estimate.standard_error,
    estimate.ci_low,
    estimate.ci_high,
    estimate.base_unweighted_count,
    estimate.base_weighted_count,
    estimate.design_effect,
    estimate.effective_sample_size,
    estimate.reliability_code,
    estimate.obs_status,
    estimate.conf_status,
    change.difference as change_difference,
    change.standard_error as change_standard_error,
    change.adjusted_p_value as change_adjusted_p_value,
    change.is_changed,
    change.break_reason as change_break_reason
from {{ ref('release__fct_survey_estimate') }} as estimate
inner join {{ ref('dim_survey') }} as survey on estimate.wave_key = survey.wave_key
inner join {{ ref('dim_source') }} as source on survey.source_key = source.source_key
inner join {{ ref('dim_question') }} as question on estimate.question_key = question.question_key
inner join {{ ref('dim_topic') }} as topic on question.topic_code = topic.topic_code
inner join {{ ref('dim_answer_option') }} as option on estimate.answer_key = option.answer_key
inner join {{ ref('dim_place') }} as place on estimate.place_key = place.place_key
left join {{ ref('dim_group') }} as category on estimate.group_key = category.group_key
left join {{ ref('release__fct_survey_change') }} as change on estimate.estimate_key = change.estimate_key
