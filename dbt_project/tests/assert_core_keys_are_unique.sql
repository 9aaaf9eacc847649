-- One query for the keys of what was built tonight; a test a table would cost more than it finds.
select
    'fct_survey_estimate' as model_name,
    estimate.estimate_key as key
from {{ ref('fct_survey_estimate') }} as estimate
inner join {{ ref('int_survey_waves__changed') }} as wave on estimate.wave_key = wave.wave_key
group by estimate.estimate_key
having count(*) > 1

union all

select
    'dim_place' as model_name,
    place_code as key
from {{ ref('dim_place') }}
where valid_to is null
group by place_code
having count(*) > 1

union all

select
    'dim_unit' as model_name,
    unit_code as key
from {{ ref('dim_unit') }}
group by unit_code
having count(*) > 1

union all

select
    'fct_recommendation' as model_name,
    recommendation_key as key
from {{ ref('fct_recommendation') }}
group by recommendation_key
having count(*) > 1

union all

select
    'fct_intake_quality' as model_name,
    quality.source_id || ' ' || quality.night as key
from {{ ref('fct_intake_quality') }} as quality
inner join {{ ref('int_intake_nights__changed') }} as night
    on quality.source_id = night.source_id and quality.night = night.night
group by quality.source_id, quality.night, quality.reason_code, quality.column_name
having count(*) > 1

union all

select
    'fct_social_volume' as model_name,
    volume.source_id || ' ' || volume.published_date as key
from {{ ref('fct_social_volume') }} as volume
inner join {{ ref('int_social_days__touched') }} as day
    on volume.source_id = day.source_id and volume.published_date = day.published_date
group by
    volume.source_id, volume.published_date, volume.platform_code, volume.query_code, volume.topic_code,
    volume.place_code, volume.sentiment
having count(*) > 1
