-- One row a complete interview of a changed wave, with its place in the sampling design as numbers.
-- No PSU given: the respondent is the PSU. PSU codes are read within their stratum.
with respondent as (
    select
        wave.wave_key,
        response.respondent_key,
        case when wave.has_weight then response.weight else 1 end as weight,
        coalesce(response.stratum_code, '') as stratum_code,
        case
            when response.psu_code is null then 'r' || response.respondent_key else 'p' || response.psu_code
        end as psu_code,
        response.stratum_psu_total,
        response.psu_size
    from {{ ref('int_survey_waves__changed') }} as wave
    inner join {{ ref('stg_survey__responses') }} as response
        on
            wave.source_id = response.source_id
            and wave.wave_id = response.wave_id
            and wave.file_id = response.file_id
    where response.is_complete and (response.weight is not null or not wave.has_weight)
),

numbered as (
    select
        *,
        row_number() over (order by wave_key, respondent_key)::int as respondent_number,
        dense_rank() over (order by wave_key, stratum_code)::int as stratum_number,
        dense_rank() over (order by wave_key, stratum_code, psu_code)::int as psu_number,
        dense_rank() over (partition by wave_key, stratum_code order by psu_code)::int as psu_rank,
        count(*) over (partition by wave_key, stratum_code, psu_code)::int as psu_respondent_count
    from respondent
),

counted as (
    select
        *,
        max(psu_rank) over (partition by wave_key, stratum_code) as stratum_psu_count
    from numbered
)

select
    respondent_number,
    wave_key,
    respondent_key,
    weight,
    stratum_number,
    psu_number,
    stratum_psu_count,
    psu_respondent_count,
    least(coalesce(stratum_psu_count / stratum_psu_total, 0), 1) as stratum_fraction,
    -- without the PSU's size the PSU was taken whole: no second stage
    least(coalesce(psu_respondent_count / psu_size, 1), 1) as psu_fraction
from counted
