{{ config(indexes=[{'columns': ['wave_number']}]) }}
-- One row a domain of a wave, with its keys. A domain's key holds no source: the same group of the same place is the
-- same domain in every survey. is_whole: everyone, everywhere the survey speaks for.
with domain as (
    select distinct
        domain_number,
        wave_number,
        wave_key,
        group_dimension,
        group_code,
        place_code
    from {{ ref('int_survey_domains__assigned') }}
)

select
    domain.domain_number,
    domain.wave_number,
    domain.wave_key,
    wave.source_id,
    domain.group_dimension,
    domain.group_code,
    domain.place_code,
    {{ key(['domain.group_dimension', 'domain.group_code', 'domain.place_code']) }} as domain_key,
    {{ key(['wave.source_id', 'domain.group_dimension', 'domain.group_code']) }} as group_key,
    domain.group_dimension = 'all' and domain.place_code = wave.coverage_place_code as is_whole,
    wave.sampling in ('probability', 'census') as has_margin
from domain
inner join {{ ref('int_survey_waves__changed') }} as wave on domain.wave_number = wave.wave_number
