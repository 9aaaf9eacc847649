{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns', pre_hook="{{ forget_changed_waves() }}", meta={'distribute_by': 'wave_key'},
) }}
-- One row a wave that has been computed: its sizes, and the digest of what it was computed from. Written after the
-- estimates and their tests, so that a build that broke is done again.
-- depends_on: {{ ref('fct_survey_estimate') }}, {{ ref('fct_survey_panel_difference') }}
-- depends_on: {{ ref('fct_survey_item_nonresponse') }}
with response as (
    select
        wave.wave_key,
        count(*) as started_count,
        count(*) filter (where response.is_complete) as completed_count
    from {{ ref('int_survey_waves__changed') }} as wave
    inner join {{ ref('stg_survey__responses') }} as response
        on
            wave.source_id = response.source_id
            and wave.wave_id = response.wave_id
            and wave.file_id = response.file_id
    group by wave.wave_key
),

respondent as (
    select
        wave_key,
        count(*) as respondent_count,
        max(stratum_number) as stratum_count,
        max(psu_number) as psu_count,
        sum(weight) as weighted_count
    from {{ ref('int_survey_respondents__weighted') }}
    group by wave_key
)

select
    wave.wave_key,
    wave.source_id,
    wave.wave_id,
    wave.input_digest,
    response.started_count,
    response.completed_count,
    coalesce(respondent.respondent_count, 0) as respondent_count,
    coalesce(respondent.stratum_count, 0)::bigint as stratum_count,
    coalesce(respondent.psu_count, 0)::bigint as psu_count,
    respondent.weighted_count
from {{ ref('int_survey_waves__changed') }} as wave
inner join response on wave.wave_key = response.wave_key
left join respondent on wave.wave_key = respondent.wave_key
where not wave.is_partner
