{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- Sizes are rounded like every base, and hidden like one: a rate of the invited would rebuild the count.
-- The eleven items of the disclosure record are all here (the exact wording, item 3, is in dim_question; the dates,
-- item 7, are the fieldwork dates).
select
    {{ release_id() }} as release_id,
    survey.wave_key,
    survey.source_key,
    survey.source_id,
    survey.wave_id,
    survey.series_id,
    survey.previous_wave_key,
    survey.series_position,
    survey.is_panel,
    survey.coverage_place_code,
    survey.fieldwork_start_date,
    survey.fieldwork_end_date,
    survey.mode,
    survey.sampling,
    survey.sampling in ('probability', 'census') as has_margin_of_error,
    case when size.is_shown then {{ rounded_base('survey.respondent_count') }} end as respondent_count,
    survey.invited_count,
    case
        when size.is_shown and survey.response_rate_2 is null
            then {{ rounded_rate('survey.response_rate', 'survey.invited_count') }}
        when size.is_shown then {{ rounded_share('survey.response_rate') }}
    end as response_rate,
    {%- for number in range(2, 7) %}
    case when size.is_shown then {{ rounded_share('survey.response_rate_' ~ number) }} end
        as response_rate_{{ number }},
    {%- endfor %}
    case when size.is_shown then {{ rounded_rate('survey.participation_rate', 'survey.invited_count') }} end
        as participation_rate,
    survey.weighting_method,
    case when size.is_shown then round(survey.weight_max_to_median::numeric, 2) end as weight_max_to_median,
    case when size.is_shown then round(survey.kish_design_effect::numeric, 2) end as kish_design_effect,
    case when size.is_shown then round(survey.weight_cap::numeric, 2) end as weight_cap,
    case when size.is_shown then round(survey.margin_error::numeric, 8) end as margin_error,
    survey.margins_source_vi,
    survey.margins_source_en,
    survey.margins_date,
    survey.strategy_vi,
    survey.strategy_en,
    survey.sponsor_vi,
    survey.sponsor_en,
    survey.population_vi,
    survey.population_en,
    survey.sample_generation_vi,
    survey.sample_generation_en,
    survey.mode_detail_vi,
    survey.mode_detail_en,
    survey.precision_vi,
    survey.precision_en,
    survey.weighting_vi,
    survey.weighting_en,
    survey.processing_vi,
    survey.processing_en,
    survey.limitations_vi,
    survey.limitations_en,
    source.is_made
from {{ ref('dim_survey') }} as survey
inner join {{ ref('dim_source') }} as source on survey.source_key = source.source_key
cross join lateral (
    select survey.completed_count >= {{ var('disclosure_k') }} and survey.respondent_count >= {{ var('disclosure_k') }}
        as is_shown
) as size
