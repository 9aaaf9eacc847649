-- Waves to compute tonight: those whose input is not what core.fct_survey_wave was built from.
{%- set built = previous_build('fct_survey_wave') %}
select
    current.wave_key,
    current.source_id,
    current.wave_id,
    current.file_id,
    current.input_digest
from {{ ref('int_survey_waves__current') }} as current
{% if built -%}
where
    not exists (
        select 1 from {{ built }} as built
        where built.wave_key = current.wave_key and built.input_digest = current.input_digest
    )
{%- endif %}
