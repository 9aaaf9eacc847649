{{ config(materialized='wave_by_wave', indexes=[{'columns': ['wave_number']}]) }}
-- One row a complete interview of a changed wave, with its place in the sampling design as numbers of that wave.
-- No PSU given: the respondent is the PSU. PSU codes are read within their stratum, second-stage ones within their PSU.
with respondent as (
    select
        wave.wave_key,
        response.respondent_key,
        case
            when wave.is_calibrated then calibrated.weight
            when wave.has_weight then response.weight
            else 1
        end as weight,
        coalesce(response.stratum_code, '') as stratum_code,
        case
            when response.psu_code is null then 'r' || coalesce(response.panel_key, response.respondent_key)
            else 'p' || response.psu_code
        end as psu_code,
        response.psu_code is not null as has_psu,
        response.ssu_code,
        coalesce(response.ssu_code, response.respondent_key) as unit_code,
        response.stratum_psu_total,
        response.psu_size,
        response.panel_key,
        response.place_code,
        response.groups as group_codes
    from {{ ref('int_survey_waves__changed') }} as wave
    inner join {{ ref('stg_survey__responses') }} as response on {{ is_of_this_wave('response') | indent(8) }}
    left join {{ ref('stg_analysis__survey_weights') }} as calibrated
        on response.file_id = calibrated.file_id and response.respondent_key = calibrated.respondent_key
    where
        wave.wave_number = {{ this_wave() }}
        and response.is_complete
        and (response.weight is not null or not wave.has_weight)
        and (calibrated.weight is not null or not wave.is_calibrated)
),

-- one order for all but the profile: one sort
numbered as (
    select
        *,
        dense_rank() over (order by stratum_code)::int as stratum_number,
        dense_rank() over (order by stratum_code, psu_code)::int as psu_number,
        dense_rank() over (partition by stratum_code order by psu_code)::int as psu_rank,
        dense_rank() over (partition by stratum_code, psu_code order by unit_code)::int as ssu_rank,
        row_number() over (order by stratum_code, psu_code, unit_code, respondent_key)::int as respondent_number
    from respondent
),

counted as (
    select
        *,
        max(psu_rank) over (partition by stratum_code) as stratum_psu_count,
        max(ssu_rank) over (partition by stratum_code, psu_code) as psu_ssu_count,
        -- the one number that is used over all waves
        {{ this_wave() }} * 4294967296 + dense_rank() over (order by place_code, group_codes::text) as profile_number
    from numbered
)

select
    {{ this_wave() }} as wave_number,
    respondent_number,
    wave_key,
    respondent_key,
    panel_key,
    place_code,
    group_codes,
    profile_number,
    weight,
    stratum_code,
    psu_code,
    ssu_code,
    stratum_number,
    psu_number,
    case when ssu_code is not null then ssu_rank end as ssu_number,
    stratum_psu_count,
    psu_ssu_count,
    least(coalesce(stratum_psu_count / stratum_psu_total, 0), 1) as stratum_fraction,
    -- without the PSU's size the PSU was taken whole: no second stage; a respondent who is the PSU has none either
    case when has_psu then least(coalesce(psu_ssu_count / psu_size, 1), 1) else 1 end as psu_fraction
from counted
