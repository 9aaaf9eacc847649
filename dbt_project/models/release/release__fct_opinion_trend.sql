{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- Trend of what is published. A series in which an estimate is hidden by now is left out whole: its level would tell.
with told as (
    select trend.series_key
    from {{ source('analysis', 'opinion_trend') }} as trend
    left join {{ ref('release__fct_survey_estimate') }} as estimate on trend.estimate_key = estimate.estimate_key
    group by trend.series_key
    having bool_and(coalesce(estimate.obs_status, 'M') <> 'M')
)

select
    {{ release_id() }} as release_id,
    {{ key(['trend.series_key', 'trend.level_date']) }} as trend_key,
    trend.series_key,
    trend.series_id,
    trend.level_date,
    trend.is_forecast,
    case when not trend.is_forecast then estimate.wave_key end as wave_key,
    case when not trend.is_forecast then estimate.estimate_key end as estimate_key,
    estimate.question_key,
    estimate.answer_key,
    estimate.answer_code,
    estimate.base_code,
    estimate.domain_key,
    estimate.group_key,
    estimate.group_dimension,
    estimate.group_code,
    estimate.place_key,
    estimate.place_code,
    {{ rounded_share('trend.level') }} as level,
    {{ rounded_share('trend.ci80_low') }} as ci80_low,
    {{ rounded_share('trend.ci80_high') }} as ci80_high,
    {{ rounded_share('trend.ci95_low') }} as ci95_low,
    {{ rounded_share('trend.ci95_high') }} as ci95_high,
    trend.vintage,
    trend.backtest_count,
    {{ rounded_share('trend.backtest_coverage_95') }} as backtest_coverage,
    {{ rounded_share('trend.backtest_coverage_80') }} as backtest_coverage_80
from {{ source('analysis', 'opinion_trend') }} as trend
inner join told on trend.series_key = told.series_key
inner join {{ ref('release__fct_survey_estimate') }} as estimate on trend.estimate_key = estimate.estimate_key
