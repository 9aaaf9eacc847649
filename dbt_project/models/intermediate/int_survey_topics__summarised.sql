-- What a wave says of a topic: the share that names it, and the net tendency of the questions about it. A week or month
-- speaks with its last wave.
with option_share as (
    select
        estimate.estimate_key,
        estimate.wave_key,
        question.topic_code,
        estimate.question_key,
        topic.topic_code as salient_topic_code,
        option.tendency,
        estimate.estimate,
        estimate.base_unweighted_count
    from {{ ref('fct_survey_estimate') }} as estimate
    inner join {{ ref('dim_survey') }} as survey
        on estimate.wave_key = survey.wave_key and estimate.place_code = survey.coverage_place_code
    inner join {{ ref('dim_question') }} as question on estimate.question_key = question.question_key
    inner join {{ ref('dim_answer_option') }} as option on estimate.answer_key = option.answer_key
    left join {{ ref('dim_topic') }} as topic on question.asks_for_topics and estimate.answer_code = topic.topic_code
    where estimate.measure = 'proportion' and estimate.base_code = 'all' and estimate.group_dimension = 'all'
),

question_tendency as (
    select
        wave_key,
        topic_code,
        sum(case tendency when 'support' then estimate when 'oppose' then -estimate end) as net_tendency,
        max(base_unweighted_count) as base_count,
        string_agg(estimate_key, ',') filter (where tendency in ('support', 'oppose')) as estimate_keys
    from option_share
    group by wave_key, topic_code, question_key
    having count(*) filter (where tendency in ('support', 'oppose')) > 0
),

said as (
    select
        wave_key,
        salient_topic_code as topic_code,
        estimate as salience_share,
        null::double precision as net_tendency,
        base_unweighted_count as base_count,
        estimate_key as estimate_keys
    from option_share
    where salient_topic_code is not null

    union all

    select
        question.wave_key,
        topic.ancestor_topic_code as topic_code,
        null as salience_share,
        question.net_tendency,
        question.base_count,
        question.estimate_keys
    from question_tendency as question
    inner join {{ ref('int_topics__unfolded') }} as topic on question.topic_code = topic.topic_code
),

spoken as (
    select
        survey.wave_key,
        survey.source_id,
        survey.coverage_place_code,
        survey.respondent_count,
        period.period_type,
        period.period_start,
        row_number() over (
            partition by survey.source_id, period.period_type, period.period_start
            order by survey.fieldwork_end_date desc, survey.series_position desc, survey.wave_key desc
        ) as recency
    from {{ ref('dim_survey') }} as survey
    cross join lateral (
        values
        ('week', date_trunc('week', survey.fieldwork_end_date)::date),
        ('month', date_trunc('month', survey.fieldwork_end_date)::date)
    ) as period (period_type, period_start)
)

select
    spoken.source_id,
    spoken.period_type,
    spoken.period_start,
    spoken.coverage_place_code as place_code,
    said.topic_code,
    max(said.salience_share) as salience_share,
    avg(said.net_tendency) as net_tendency,
    min(said.base_count) as base_count,
    -- what it is made of: it is published where all of these are
    string_agg(said.estimate_keys, ',' order by said.estimate_keys) as estimate_keys,
    min(said.base_count)::double precision / spoken.respondent_count as coverage_share
from said
inner join spoken on said.wave_key = spoken.wave_key and spoken.recency = 1
group by
    spoken.source_id, spoken.period_type, spoken.period_start, spoken.coverage_place_code, said.topic_code,
    spoken.respondent_count
