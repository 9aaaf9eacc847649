-- Waves to compute tonight: those whose input is not what core.fct_survey_wave was built from. A panel's change needs
-- the wave before it too: that one is read again (is_partner), and its estimates are left alone.
-- What the spec says of them is written down here: read from the spec's JSON a row, it took seconds a wave.
{%- set built = previous_build('fct_survey_wave') %}
with judged as (
    select
        current.*,
        {% if built -%}
            not exists (
                select 1 from {{ built }} as built
                where built.wave_key = current.wave_key and built.input_digest = current.input_digest
            ) as is_changed
        {%- else -%}
            true as is_changed
        {%- endif %}
    from {{ ref('int_survey_waves__current') }} as current
),

wanted as (
    select
        wave.*,
        case when wave.is_changed and wave.has_panel_wave then wave.previous_wave_key end as panel_wave_key
    from judged as wave
    where
        wave.is_changed
        or exists (
            select 1 from judged as next
            where next.is_changed and next.has_panel_wave and next.previous_wave_key = wave.wave_key
        )
)

select
    row_number() over (order by wanted.wave_key)::int as wave_number,
    wanted.wave_key,
    wanted.panel_wave_key,
    not wanted.is_changed as is_partner,
    wanted.source_id,
    wanted.wave_id,
    wanted.wave_position,
    wanted.file_id,
    wanted.input_digest,
    survey.sampling,
    survey.has_weight,
    survey.coverage_place_code,
    coalesce(weighting.weighting_method, '') in ('rake', 'poststratify', 'greg') as is_calibrated
from wanted
inner join {{ ref('stg_spec__surveys') }} as survey on wanted.source_id = survey.source_id
left join {{ ref('stg_analysis__survey_weighting') }} as weighting
    on
        wanted.source_id = weighting.source_id
        and wanted.wave_id = weighting.wave_id
        and wanted.file_id = weighting.file_id
