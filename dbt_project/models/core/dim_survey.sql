select
    current.wave_key,
    {{ key(['current.source_id']) }} as source_key,
    current.source_id,
    current.wave_id,
    survey.series_id,
    lag(current.wave_key) over series as previous_wave_key,
    row_number() over series as series_position,
    survey.sampling,
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
    case when survey.sampling in ('probability', 'census') then rate.completed_share end as response_rate,
    case when survey.sampling not in ('probability', 'census') then rate.completed_share end as participation_rate,
    coalesce(weighting.weighting_method, 'none') as weighting_method,
    weighting.weight_max_to_median,
    weighting.kish_design_effect,
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
            when wave.invited_count is not null then least(size.completed_count::numeric / wave.invited_count, 1)
        end as completed_share
) as rate
left join {{ ref('stg_analysis__survey_weighting') }} as weighting
    on current.source_id = weighting.source_id and current.wave_id = weighting.wave_id
window series as (
    partition by survey.series_id
    order by wave.fieldwork_start_date, current.source_id, wave.wave_position
)
