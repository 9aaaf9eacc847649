{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    recommendation.recommendation_key,
    {{ key(['recommendation.source_id']) }} as source_key,
    recommendation.recommendation_id,
    recommendation.unit_code,
    recommendation.period_code,
    place.place_key,
    recommendation.place_code,
    recommendation.topic_code,
    recommendation.agency_code,
    recommendation.urgency,
    recommendation.received_date,
    recommendation.referred_date,
    recommendation.in_progress_date,
    recommendation.resolved_date,
    recommendation.status,
    recommendation.days_open
from {{ ref('fct_recommendation') }} as recommendation
inner join {{ ref('dim_place') }} as place
    on recommendation.place_code = place.place_code and place.valid_to is null
