{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- Each kind of evidence under its own disclosure rule; what is made of estimates is shown where they all are.
-- A rank stays only with its share.
with hidden as (
    select distinct comparison.comparison_key
    from {{ ref('fct_source_comparison') }} as comparison
    cross join lateral unnest(string_to_array(comparison.estimate_keys, ',')) as made_of (estimate_key)
    inner join {{ ref('release__fct_survey_estimate') }} as estimate
        on made_of.estimate_key = estimate.estimate_key
    where estimate.estimate is null
),

judged as (
    select
        comparison.*,
        place.place_key,
        case comparison.evidence_kind
            when 'survey' then comparison.safe_count >= greatest({{ var('disclosure_min_base') }}, case
                when topic.is_sensitive or place.place_level = 'commune' then {{ var('disclosure_k_sensitive') }}
                else {{ var('disclosure_k') }}
            end) and hidden.comparison_key is null
            when 'report' then comparison.safe_count >= {{ var('disclosure_min_units') }}
            else comparison.safe_count >= {{ var('disclosure_min_items') }}
        end as is_shown
    from {{ ref('fct_source_comparison') }} as comparison
    inner join {{ ref('dim_topic') }} as topic on comparison.topic_code = topic.topic_code
    inner join {{ ref('dim_place') }} as place
        on comparison.place_code = place.place_code and place.valid_to is null
    left join hidden on comparison.comparison_key = hidden.comparison_key
)

select
    {{ release_id() }} as release_id,
    comparison_key,
    {{ key(['source_id']) }} as source_key,
    evidence_kind,
    period_type,
    period_code,
    period_start,
    period_end,
    place_key,
    place_code,
    topic_code,
    case when is_shown then {{ rounded_share('salience_share') }} end as salience_share,
    case when is_shown then salience_rank end as salience_rank,
    case when is_shown then {{ rounded_share('net_tendency') }} end as net_tendency,
    case
        when not is_shown then null when evidence_kind = 'survey' then {{ rounded_base('base_count') }} else base_count
    end as base_count,
    case when is_shown then {{ rounded_share('coverage_share') }} end as coverage_share,
    case when is_shown then 'A' else 'M' end as obs_status,
    case when is_shown then 'F' else 'A' end as conf_status
from judged
