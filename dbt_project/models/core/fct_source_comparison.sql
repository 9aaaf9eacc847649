-- What each kind of evidence says of a topic in a period, side by side and never blended: its own share, rank within
-- the source and topic level, tendency, base and coverage.
with option_share as (
    select
        survey.source_id,
        survey.fieldwork_end_date as at,
        estimate.place_code,
        question.topic_code,
        estimate.question_key,
        -- a question whose options are topics asks which topic matters
        topic.topic_code as salient_topic_code,
        option.tendency,
        estimate.estimate,
        estimate.base_unweighted_count,
        survey.respondent_count
    from {{ ref('fct_survey_estimate') }} as estimate
    inner join {{ ref('dim_survey') }} as survey on estimate.wave_key = survey.wave_key
    inner join {{ ref('dim_question') }} as question on estimate.question_key = question.question_key
    inner join {{ ref('dim_answer_option') }} as option on estimate.answer_key = option.answer_key
    left join {{ ref('dim_topic') }} as topic on estimate.answer_code = topic.topic_code
    where
        estimate.measure = 'proportion'
        and estimate.base_code = 'all'
        and estimate.group_dimension = 'all'
        and estimate.place_code = survey.coverage_place_code
),

question_tendency as (
    select
        source_id,
        at,
        place_code,
        topic_code,
        question_key,
        sum(case tendency when 'support' then estimate when 'oppose' then -estimate end) as net_tendency,
        max(base_unweighted_count) as base_count,
        max(base_unweighted_count)::numeric / max(respondent_count) as coverage_share
    from option_share
    group by source_id, at, place_code, topic_code, question_key
    having count(tendency) filter (where tendency in ('support', 'oppose')) > 0
),

survey_said as (
    select
        source_id,
        at,
        place_code,
        salient_topic_code as topic_code,
        max(estimate) as salience_share,
        null::double precision as net_tendency,
        max(base_unweighted_count) as base_count,
        max(base_unweighted_count)::numeric / max(respondent_count) as coverage_share
    from option_share
    where salient_topic_code is not null
    group by source_id, at, place_code, salient_topic_code

    union all

    select
        question.source_id,
        question.at,
        question.place_code,
        topic.ancestor_topic_code as topic_code,
        null as salience_share,
        avg(question.net_tendency) as net_tendency,
        min(question.base_count) as base_count,
        min(question.coverage_share) as coverage_share
    from question_tendency as question
    inner join {{ ref('int_topics__unfolded') }} as topic on question.topic_code = topic.topic_code
    group by question.source_id, question.at, question.place_code, topic.ancestor_topic_code
),

survey_evidence as (
    select
        said.source_id,
        'survey' as evidence_kind,
        period.period_type,
        period.period_start,
        said.place_code,
        said.topic_code,
        max(said.salience_share) as salience_share,
        max(said.net_tendency) as net_tendency,
        min(said.base_count) as base_count,
        min(said.base_count) as safe_count,
        min(said.coverage_share) as coverage_share
    from survey_said as said
    cross join lateral (
        values ('week', date_trunc('week', said.at)::date), ('month', date_trunc('month', said.at)::date)
    ) as period (period_type, period_start)
    group by 1, 2, 3, 4, 5, 6
),

report_item as (
    select
        report.source_id,
        report.unit_code,
        place.ancestor_place_code as place_code,
        topic.ancestor_topic_code as topic_code,
        item.tendency,
        period.period_type,
        period.period_start
    from {{ ref('int_reports__current') }} as report
    inner join {{ ref('stg_report__items') }} as item
        on
            report.file_id = item.file_id
            and report.unit_code = item.unit_code
            and report.report_kind = item.report_kind
            and report.period_code = item.period_code
    left join {{ ref('dim_unit') }} as unit on report.unit_code = unit.unit_code
    inner join {{ ref('int_places__unfolded') }} as place
        on coalesce(item.place_code, unit.place_code, '_unknown') = place.place_code
    inner join {{ ref('int_topics__unfolded') }} as topic on item.topic_code = topic.topic_code
    cross join lateral (
        values
        ('week', date_trunc('week', report.period_end)::date),
        ('month', date_trunc('month', report.period_end)::date)
    ) as period (period_type, period_start)
),

report_topic as (
    select
        source_id,
        period_type,
        period_start,
        place_code,
        topic_code,
        count(distinct unit_code) as unit_count,
        (count(*) filter (where tendency = 'support') - count(*) filter (where tendency = 'oppose'))::double precision
        / count(*) as net_tendency
    from report_item
    group by source_id, period_type, period_start, place_code, topic_code
),

known_unit as (
    select
        source_id,
        count(distinct unit_code) as unit_count
    from {{ ref('int_reports__current') }}
    group by source_id
),

report_evidence as (
    select
        said.source_id,
        'report' as evidence_kind,
        said.period_type,
        said.period_start,
        said.place_code,
        said.topic_code,
        said.unit_count::double precision / reporting.unit_count as salience_share,
        said.net_tendency,
        reporting.unit_count as base_count,
        said.unit_count as safe_count,
        reporting.unit_count::numeric / known_unit.unit_count as coverage_share
    from report_topic as said
    inner join report_topic as reporting
        on
            said.source_id = reporting.source_id
            and said.period_type = reporting.period_type
            and said.period_start = reporting.period_start
            and said.place_code = reporting.place_code
            and reporting.topic_code = '_all'
    inner join known_unit on said.source_id = known_unit.source_id
),

social_topic as (
    select
        volume.source_id,
        period.period_type,
        period.period_start,
        volume.place_code,
        volume.topic_code,
        sum(volume.item_count) filter (where volume.sentiment = '_all') as item_count,
        sum(volume.item_count) filter (where volume.sentiment = 'positive') as positive_count,
        sum(volume.item_count) filter (where volume.sentiment = 'negative') as negative_count,
        sum(volume.item_count) filter (where volume.sentiment in ('positive', 'negative', 'neutral')) as judged_count,
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
    where volume.platform_code = '_all' and volume.query_code = '_all'
    group by
        volume.source_id, period.period_type, period.period_start, volume.place_code, volume.topic_code
),

social_evidence as (
    select
        said.source_id,
        'social' as evidence_kind,
        said.period_type,
        said.period_start,
        said.place_code,
        said.topic_code,
        said.item_count::double precision / every.item_count as salience_share,
        (coalesce(said.positive_count, 0) - coalesce(said.negative_count, 0))::double precision
        / nullif(said.judged_count, 0) as net_tendency,
        every.item_count::bigint as base_count,
        case when said.domain_count >= {{ var('disclosure_min_domains') }} then said.item_count else 0 end::bigint
            as safe_count,
        1 - coalesce(unclassified.item_count, 0)::numeric / every.item_count as coverage_share
    from social_topic as said
    inner join social_topic as every
        on
            said.source_id = every.source_id
            and said.period_type = every.period_type
            and said.period_start = every.period_start
            and said.place_code = every.place_code
            and every.topic_code = '_all'
    left join social_topic as unclassified
        on
            said.source_id = unclassified.source_id
            and said.period_type = unclassified.period_type
            and said.period_start = unclassified.period_start
            and said.place_code = unclassified.place_code
            and unclassified.topic_code = 'Z9'
),

evidence as (
    select * from survey_evidence

    union all

    select * from report_evidence

    union all

    select * from social_evidence
)

select
    {{ key([
        'evidence.source_id', 'evidence.period_type', 'evidence.period_start', 'evidence.place_code',
        'evidence.topic_code',
    ]) }} as comparison_key,
    evidence.source_id,
    evidence.evidence_kind,
    evidence.period_type,
    case evidence.period_type
        when 'week' then to_char(evidence.period_start, 'IYYY"-W"IW') else to_char(evidence.period_start, 'YYYY-MM')
    end as period_code,
    evidence.period_start,
    case evidence.period_type
        when 'week' then evidence.period_start + 6 else (evidence.period_start + interval '1 month')::date - 1
    end as period_end,
    evidence.place_code,
    evidence.topic_code,
    evidence.salience_share,
    evidence.net_tendency,
    evidence.base_count,
    evidence.safe_count,
    evidence.coverage_share,
    -- all topics together, and what no rule could code, have no rank
    case
        when topic.topic_level > 0 and topic.topic_code not in ('Z', 'Z9') and evidence.salience_share is not null
            then rank() over (
                partition by
                    evidence.source_id, evidence.period_type, evidence.period_start, evidence.place_code,
                    topic.topic_level, topic.topic_code in ('Z', 'Z9')
                order by evidence.salience_share desc nulls last
            )
    end as salience_rank
from evidence
inner join {{ ref('dim_topic') }} as topic on evidence.topic_code = topic.topic_code
