-- A response rate is a sample's drawn by chance, by AAPOR's formulas (Standard Definitions, 2023) from the final
-- dispositions; where only the number invited is known, it is the lowest it can be (RR1: all others eligible).
with rated as (
    select
        current.wave_key,
        wave.complete_count,
        wave.complete_count + wave.partial_count as interview_count,
        wave.complete_count + wave.partial_count + wave.refusal_count + wave.non_contact_count + wave.other_count
            as eligible_count,
        wave.unknown_household_count + wave.unknown_other_count as unknown_count,
        wave.eligible_share
    from {{ ref('int_survey_waves__current') }} as current
    inner join {{ ref('stg_spec__waves') }} as wave
        on current.source_id = wave.source_id and current.wave_id = wave.wave_id
    inner join {{ ref('stg_spec__surveys') }} as survey on current.source_id = survey.source_id
    where survey.sampling in ('probability', 'census')
)

select
    current.wave_key,
    {{ key(['current.source_id']) }} as source_key,
    current.source_id,
    current.wave_id,
    current.series_id,
    current.previous_wave_key,
    current.series_position,
    survey.sampling,
    survey.is_panel,
    survey.coverage_place_code,
    wave.fieldwork_start_date,
    wave.fieldwork_end_date,
    wave.mode,
    size.started_count,
    size.completed_count,
    size.respondent_count,
    size.stratum_count,
    size.psu_count,
    size.weighted_count,
    wave.invited_count,
    case
        when survey.sampling in ('probability', 'census')
            then coalesce(
                rated.complete_count::double precision / (rated.eligible_count + rated.unknown_count),
                rate.completed_share
            )
    end as response_rate,
    rated.interview_count::double precision / (rated.eligible_count + rated.unknown_count) as response_rate_2,
    rated.complete_count::double precision / (rated.eligible_count + rated.eligible_share * rated.unknown_count)
        as response_rate_3,
    rated.interview_count::double precision / (rated.eligible_count + rated.eligible_share * rated.unknown_count)
        as response_rate_4,
    rated.complete_count::double precision / rated.eligible_count as response_rate_5,
    rated.interview_count::double precision / rated.eligible_count as response_rate_6,
    case when survey.sampling not in ('probability', 'census') then rate.completed_share end as participation_rate,
    coalesce(weighting.weighting_method, 'none') as weighting_method,
    weighting.weight_max_to_median,
    weighting.kish_design_effect,
    weighting.weight_cap,
    weighting.margin_error,
    case when weighting.margin_error is not null then survey.margins_source_vi end as margins_source_vi,
    case when weighting.margin_error is not null then survey.margins_source_en end as margins_source_en,
    case when weighting.margin_error is not null then survey.margins_date end as margins_date,
    wave.strategy_vi,
    wave.strategy_en,
    wave.sponsor_vi,
    wave.sponsor_en,
    wave.population_vi,
    wave.population_en,
    wave.sample_generation_vi,
    wave.sample_generation_en,
    wave.mode_detail_vi,
    wave.mode_detail_en,
    wave.precision_vi,
    wave.precision_en,
    wave.weighting_vi,
    wave.weighting_en,
    wave.processing_vi,
    wave.processing_en,
    wave.limitations_vi,
    wave.limitations_en
from {{ ref('int_survey_waves__current') }} as current
inner join {{ ref('fct_survey_wave') }} as size on current.wave_key = size.wave_key
inner join {{ ref('stg_spec__surveys') }} as survey on current.source_id = survey.source_id
inner join {{ ref('stg_spec__waves') }} as wave
    on current.source_id = wave.source_id and current.wave_id = wave.wave_id
cross join lateral (
    -- least() passes over nulls: unknown must stay unknown
    select
        case
            when wave.invited_count is not null
                then least(size.completed_count::double precision / wave.invited_count, 1)
        end as completed_share
) as rate
left join rated on current.wave_key = rated.wave_key
left join {{ ref('stg_analysis__survey_weighting') }} as weighting
    on
        current.source_id = weighting.source_id
        and current.wave_id = weighting.wave_id
        and current.file_id = weighting.file_id
