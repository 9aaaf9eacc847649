{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns', meta={'distribute_by': 'wave_key'},
) }}
-- One row a wave that has been computed: its sizes, and the digest of what it was computed from. Written after the
-- estimates and their tests, so that a build that broke is done again.
-- depends_on: {{ ref('fct_survey_estimate') }}, {{ ref('fct_survey_panel_difference') }}
-- depends_on: {{ ref('fct_survey_item_nonresponse') }}
select
    wave.wave_key,
    wave.source_id,
    wave.wave_id,
    wave.input_digest,
    count(*) as started_count,
    count(*) filter (where response.is_complete) as completed_count,
    count(respondent.respondent_key) as respondent_count,
    count(distinct respondent.stratum_number) as stratum_count,
    count(distinct respondent.psu_number) as psu_count,
    sum(respondent.weight) as weighted_count
from {{ ref('int_survey_waves__changed') }} as wave
inner join {{ ref('stg_survey__responses') }} as response
    on wave.source_id = response.source_id and wave.wave_id = response.wave_id and wave.file_id = response.file_id
left join {{ ref('int_survey_respondents__weighted') }} as respondent
    on wave.wave_key = respondent.wave_key and response.respondent_key = respondent.respondent_key
where not wave.is_partner
group by wave.wave_key, wave.source_id, wave.wave_id, wave.input_digest
