-- What each kind of evidence says of a topic in a period, side by side and never blended: its own share, rank within
-- the source and topic level, tendency, base and coverage.
with known_unit as (
    select
        source_id,
        count(distinct unit_code) as unit_count
    from {{ ref('int_reports__current') }}
    group by source_id
),

evidence as (
    select
        source_id,
        'survey' as evidence_kind,
        period_type,
        period_start,
        place_code,
        topic_code,
        salience_share,
        net_tendency,
        base_count,
        base_count as safe_count,
        coverage_share,
        estimate_keys
    from {{ ref('int_survey_topics__summarised') }}

    union all

    select
        said.source_id,
        'report' as evidence_kind,
        said.period_type,
        said.period_start,
        said.place_code,
        said.topic_code,
        said.unit_count::double precision / reporting.unit_count as salience_share,
        (said.support_count - said.oppose_count)::double precision / said.item_count as net_tendency,
        reporting.unit_count as base_count,
        said.unit_count as safe_count,
        reporting.unit_count::double precision / known_unit.unit_count as coverage_share,
        null as estimate_keys
    from {{ ref('int_report_topics__counted') }} as said
    inner join {{ ref('int_report_topics__counted') }} as reporting
        on
            said.source_id = reporting.source_id
            and said.period_type = reporting.period_type
            and said.period_start = reporting.period_start
            and said.place_code = reporting.place_code
            and reporting.topic_code = '_all'
    inner join known_unit on said.source_id = known_unit.source_id
    -- counted once, and no report speaks for it any more
    where
        exists (
            select 1 from {{ ref('int_reports__current') }} as report
            where
                report.source_id = said.source_id
                and date_trunc(said.period_type, report.period_end)::date = said.period_start
        )

    union all

    -- a share of too few items would say what the cell of those items hides
    select
        said.source_id,
        'social' as evidence_kind,
        said.period_type,
        said.period_start,
        said.place_code,
        said.topic_code,
        said.item_count::double precision / every.item_count as salience_share,
        case
            when said.judged_count >= {{ var('disclosure_min_items') }}
                then (said.positive_count - said.negative_count)::double precision / said.judged_count
        end as net_tendency,
        every.item_count as base_count,
        case when {{ has_enough_sites('said.domain_count') }} then said.item_count else 0 end as safe_count,
        -- what a vendor counts, no rule has looked at
        case
            when source.is_of_counts then null
            when
                unclassified.item_count is null
                or (
                    unclassified.item_count >= {{ var('disclosure_min_items') }}
                    and unclassified.domain_count >= {{ var('disclosure_min_domains') }}
                )
                then 1 - coalesce(unclassified.item_count, 0)::double precision / every.item_count
        end as coverage_share,
        null as estimate_keys
    from {{ ref('int_social_topics__counted') }} as said
    inner join {{ ref('dim_source') }} as source on said.source_id = source.source_id
    inner join {{ ref('int_social_topics__counted') }} as every
        on
            said.source_id = every.source_id
            and said.period_type = every.period_type
            and said.period_start = every.period_start
            and said.place_code = every.place_code
            and every.topic_code = '_all'
    left join {{ ref('int_social_topics__counted') }} as unclassified
        on
            said.source_id = unclassified.source_id
            and said.period_type = unclassified.period_type
            and said.period_start = unclassified.period_start
            and said.place_code = unclassified.place_code
            and unclassified.topic_code = 'Z9'
),

ranked as (
    select
        evidence.*,
        -- all topics together, and what no rule could code, have no rank
        topic.topic_level > 0 and topic.topic_code not in ('Z', 'Z9') and evidence.salience_share is not null
            as is_ranked,
        topic.topic_level
    from evidence
    inner join {{ ref('dim_topic') }} as topic on evidence.topic_code = topic.topic_code
)

select
    {{ key(['source_id', 'period_type', 'period_start', 'place_code', 'topic_code']) }} as comparison_key,
    source_id,
    evidence_kind,
    period_type,
    case period_type
        when 'week' then to_char(period_start, 'IYYY"-W"IW') else to_char(period_start, 'YYYY-MM')
    end as period_code,
    period_start,
    case period_type
        when 'week' then period_start + 6 else (period_start + interval '1 month')::date - 1
    end as period_end,
    place_code,
    topic_code,
    salience_share,
    net_tendency,
    base_count,
    safe_count,
    coverage_share,
    estimate_keys,
    case
        when is_ranked
            then rank() over (
                partition by source_id, period_type, period_start, place_code, topic_level, is_ranked
                order by salience_share desc
            )
    end as salience_rank
from ranked
