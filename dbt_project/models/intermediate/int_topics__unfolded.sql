-- Each topic with itself, what it rolls up to, and all topics together.
select distinct
    topic.topic_code,
    ancestor.topic_code as ancestor_topic_code
from {{ ref('dim_topic') }} as topic
left join {{ ref('dim_topic') }} as parent on topic.parent_topic_code = parent.topic_code
cross join lateral (
    values (topic.topic_code), (topic.parent_topic_code), (parent.parent_topic_code), ('_all')
) as ancestor (topic_code)
where ancestor.topic_code is not null
