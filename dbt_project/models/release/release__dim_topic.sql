{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    topic_code,
    topic_level,
    parent_topic_code,
    label_vi,
    label_en,
    cap_major_topic,
    is_sensitive
from {{ ref('dim_topic') }}
