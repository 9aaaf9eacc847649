{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    comparison.comparison_key,
    comparison.period_type,
    comparison.period_code,
    comparison.period_start,
    comparison.period_end,
    comparison.place_code,
    place.name_vi as place_name_vi,
    place.name_en as place_name_en,
    comparison.topic_code,
    topic.topic_level,
    topic.label_vi as topic_label_vi,
    topic.label_en as topic_label_en,
    topic.parent_topic_code,
    topic.is_sensitive,
    comparison.evidence_kind,
    source.source_id,
    source.title_vi as source_title_vi,
    source.title_en as source_title_en,
    source.is_made,
    comparison.salience_share,
    comparison.salience_rank,
    comparison.net_tendency,
    comparison.base_count,
    comparison.coverage_share,
    comparison.obs_status,
    comparison.conf_status
from {{ ref('release__fct_source_comparison') }} as comparison
inner join {{ ref('dim_place') }} as place on comparison.place_key = place.place_key
inner join {{ ref('dim_topic') }} as topic on comparison.topic_code = topic.topic_code
inner join {{ ref('dim_source') }} as source on comparison.source_key = source.source_key
