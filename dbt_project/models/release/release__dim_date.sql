{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- Whole years, from the first day any fact speaks of to the last.
with dated as (
    select fieldwork_start_date as at from {{ ref('dim_survey') }}
    union all
    select fieldwork_end_date as at from {{ ref('dim_survey') }}
    union all
    select level_date as at from {{ ref('release__fct_opinion_trend') }}
    union all
    select period_start as at from {{ ref('int_reports__current') }}
    union all
    select period_end as at from {{ ref('int_reports__current') }}
    union all
    select due_date as at from {{ ref('fct_report_submission') }}
    union all
    select published_date as at from {{ ref('fct_social_volume') }}
    union all
    select night as at from {{ ref('fct_intake_quality') }}
    union all
    select night as at from {{ ref('stg_release__current') }}
),

span as (
    select
        date_trunc('year', min(at)::timestamp) as first_at,
        date_trunc('year', max(at)::timestamp) + interval '1 year' - interval '1 day' as last_at
    from dated
),

day as (
    select step.at::date as date_day
    from span
    cross join lateral generate_series(span.first_at, span.last_at, interval '1 day') as step (at)
)

select
    {{ release_id() }} as release_id,
    date_day,
    extract(year from date_day)::int as year_number,
    extract(quarter from date_day)::int as quarter_number,
    extract(month from date_day)::int as month_number,
    extract(isodow from date_day)::int as weekday_number,
    to_char(date_day, 'IYYY"-W"IW') as week_code,
    to_char(date_day, 'YYYY-MM') as month_code,
    to_char(date_day, 'YYYY"-Q"Q') as quarter_code,
    date_trunc('week', date_day::timestamp)::date as week_start_date,
    date_trunc('month', date_day::timestamp)::date as month_start_date,
    extract(isodow from date_day) > 5 as is_weekend
from day
