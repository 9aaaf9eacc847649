-- Waves to compute tonight: those whose input is not what core.fct_survey_wave was built from.
-- What the spec says of them is written down here: read from the spec's JSON a row, it took seconds a wave.
{%- set built = previous_build('fct_survey_wave') %}
select
    current.wave_key,
    current.source_id,
    current.wave_id,
    current.file_id,
    current.input_digest,
    survey.sampling,
    survey.has_weight,
    survey.coverage_place_code
from {{ ref('int_survey_waves__current') }} as current
inner join {{ ref('stg_spec__surveys') }} as survey on current.source_id = survey.source_id
{% if built -%}
where
    not exists (
        select 1 from {{ built }} as built
        where built.wave_key = current.wave_key and built.input_digest = current.input_digest
    )
{%- endif %}
