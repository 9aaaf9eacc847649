-- Items of a topic by week and month, over the whole place the source speaks of: sums of the days' counts.
select
    volume.source_id,
    period.period_type,
    period.period_start,
    volume.place_code,
    volume.topic_code,
    sum(volume.item_count) filter (where volume.sentiment = '_all')::bigint as item_count,
    coalesce(sum(volume.item_count) filter (where volume.sentiment = 'positive'), 0)::bigint as positive_count,
    coalesce(sum(volume.item_count) filter (where volume.sentiment = 'negative'), 0)::bigint as negative_count,
    coalesce(
        sum(volume.item_count) filter (where volume.sentiment in ('positive', 'negative', 'neutral')), 0
    )::bigint as judged_count,
    -- sites do not add up over days: the busiest day's are a safe lower bound
    max(volume.domain_count) filter (where volume.sentiment = '_all') as domain_count
from {{ ref('fct_social_volume') }} as volume
inner join {{ ref('dim_source') }} as source
    on volume.source_id = source.source_id and volume.place_code = source.coverage_place_code
cross join lateral (
    values
    ('week', date_trunc('week', volume.published_date)::date),
    ('month', date_trunc('month', volume.published_date)::date)
) as period (period_type, period_start)
where
    volume.platform_code = '_all'
    and volume.query_code = '_all'
    -- topics of a day without a count of all have nothing to be a share of
    and exists (
        select 1 from {{ ref('fct_social_volume') }} as whole
        where
            whole.source_id = volume.source_id
            and whole.published_date = volume.published_date
            and whole.place_code = volume.place_code
            and whole.platform_code = '_all'
            and whole.query_code = '_all'
            and whole.topic_code = '_all'
            and whole.sentiment = '_all'
    )
group by volume.source_id, period.period_type, period.period_start, volume.place_code, volume.topic_code
