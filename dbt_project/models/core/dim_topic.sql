select
    topic_code,
    topic_level,
    parent_topic_code,
    label_vi,
    label_en,
    cap_major_topic,
    is_sensitive
from {{ ref('topic') }}

union all

select
    '_all' as topic_code,
    0::smallint as topic_level,
    null as parent_topic_code,
    'Mọi chủ đề' as label_vi,
    'All topics' as label_en,
    null::smallint as cap_major_topic,
    false as is_sensitive
