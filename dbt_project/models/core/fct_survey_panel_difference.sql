{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns', pre_hook="{{ forget_changed_waves() }}",
    indexes=[{'columns': ['wave_key']}], meta={'distribute_by': 'wave_key'},
) }}
-- Change of a panel from one wave to the next with the variance of people who answered twice.
select
    {{ key([
        'wave.wave_key', 'option.source_id', 'option.question_id', 'option.answer_code', 'base.base_code',
        'option.measure', 'panel.group_dimension', 'panel.group_code', 'panel.place_code',
    ]) }} as estimate_key,
    wave.wave_key,
    wave.panel_wave_key as previous_wave_key,
    case
        when panel.degrees_of_freedom < 1 or wave.sampling not in ('probability', 'census') then null
        when panel.variance <= 1e-13 * panel.scale then 0
        else sqrt(panel.variance)
    end as standard_error,
    panel.degrees_of_freedom
from {{ ref('int_survey_panels__linearised') }} as panel
inner join {{ ref('int_survey_waves__changed') }} as wave on panel.wave_number = wave.wave_number
inner join {{ ref('int_survey_options__listed') }} as option on panel.option_number = option.option_number
cross join lateral (
    select panel.base_code

    union all

    -- nobody found it hard to say: both bases are the same
    select 'substantive' as base_code
    where
        panel.base_code = 'all'
        and not exists (
            select 1 from {{ ref('int_survey_items__doubted') }} as doubted
            where doubted.item_number = option.item_number
        )
) as base
