{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='wave_key',
    on_schema_change='sync_all_columns', pre_hook="{{ forget_changed_waves() }}",
    indexes=[{'columns': ['wave_key']}], meta={'distribute_by': 'wave_key'},
) }}
-- What became of each question in each interview begun, complete or not: the eight codes, kept apart and zero-filled.
with counted as (
    select
        wave_number,
        question_id,
        item_code,
        missing_code,
        sum(respondent_count) as respondent_count
    from {{ ref('int_survey_answers__tallied') }}
    group by wave_number, question_id, item_code, missing_code
),

item as (
    select
        wave_number,
        question_id,
        item_code,
        sum(respondent_count)::bigint as started_count
    from counted
    group by wave_number, question_id, item_code
)

select
    wave.wave_key,
    asked.question_key,
    wave.source_id,
    item.question_id,
    item.item_code,
    status.missing_code::smallint as missing_code,
    status.missing_name,
    coalesce(counted.respondent_count, 0)::bigint as respondent_count,
    coalesce(counted.respondent_count, 0)::double precision / item.started_count as respondent_share
from item
inner join {{ ref('int_survey_waves__changed') }} as wave on item.wave_number = wave.wave_number
inner join {{ ref('int_survey_questions__asked') }} as asked
    on wave.wave_key = asked.wave_key and item.question_id = asked.question_id
cross join (
    values
    (0, 'valid'), (1, 'not_asked'), (2, 'no_answer'), (3, 'dont_know'), (4, 'refused'), (5, 'not_offered'),
    (6, 'break_off'), (7, 'invalid')
) as status (missing_code, missing_name)
left join counted
    on
        item.wave_number = counted.wave_number
        and item.question_id = counted.question_id
        and item.item_code = counted.item_code
        and status.missing_code = counted.missing_code
where not wave.is_partner
