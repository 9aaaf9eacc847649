-- Unit × expected report. The calendar runs from the first period received to the last; a report that came gives its
-- period's own dates, for an administrative month may run from the 15th to the 14th.
with observed as (
    select
        report.source_id,
        calendar.period_type,
        calendar.due_days,
        calendar.unit_codes,
        report.period_code,
        case calendar.period_type
            when 'week' then to_date(report.period_code, 'IYYY"-W"IW')
            when 'month' then to_date(report.period_code, 'YYYY-MM')
            when 'quarter'
                then make_date(left(report.period_code, 4)::int, 3 * right(report.period_code, 1)::int - 2, 1)
            when 'half_year'
                then make_date(left(report.period_code, 4)::int, 6 * right(report.period_code, 1)::int - 5, 1)
            else to_date(report.period_code, 'YYYY')
        end as calendar_date,
        min(report.period_start) as period_start,
        max(report.period_end) as period_end
    from {{ ref('int_reports__current') }} as report
    inner join {{ ref('stg_spec__calendars') }} as calendar on report.source_id = calendar.source_id
    where
        report.report_kind = 'periodic'
        and report.period_code ~ case calendar.period_type
            when 'week' then '^\d{4}-W\d{2}$'
            when 'month' then '^\d{4}-\d{2}$'
            when 'quarter' then '^\d{4}-Q[1-4]$'
            when 'half_year' then '^\d{4}-H[12]$'
            else '^\d{4}$'
        end
    group by 1, 2, 3, 4, 5
),

span as (
    select
        source_id,
        period_type,
        due_days,
        unit_codes,
        case period_type
            when 'week' then interval '7 days' when 'month' then interval '1 month'
            when 'quarter' then interval '3 months' when 'half_year' then interval '6 months'
            else interval '1 year'
        end as step,
        min(calendar_date) as first_date,
        max(calendar_date) as last_date
    from observed
    group by source_id, period_type, due_days, unit_codes
),

expected_period as (
    select
        span.source_id,
        span.due_days,
        coalesce(observed.period_code, case span.period_type
            when 'week' then to_char(step.at, 'IYYY"-W"IW')
            when 'month' then to_char(step.at, 'YYYY-MM')
            when 'quarter' then to_char(step.at, 'YYYY"-Q"Q')
            when 'half_year' then to_char(step.at, 'YYYY"-H"') || ((to_char(step.at, 'Q')::int + 1) / 2)
            else to_char(step.at, 'YYYY')
        end) as period_code,
        coalesce(observed.period_start, step.at::date) as period_start,
        coalesce(observed.period_end, (step.at + span.step)::date - 1) as period_end
    from span
    cross join lateral generate_series(span.first_date::timestamp, span.last_date::timestamp, span.step) as step (at)
    left join observed on span.source_id = observed.source_id and observed.calendar_date = step.at::date
),

expected_unit as (
    select
        span.source_id,
        unit.unit_code
    from span
    cross join lateral unnest(span.unit_codes) as unit (unit_code)

    union

    select
        report.source_id,
        report.unit_code
    from {{ ref('int_reports__current') }} as report
    inner join span on report.source_id = span.source_id
    where report.report_kind = 'periodic' and cardinality(span.unit_codes) = 0
),

expected as (
    select
        period.source_id,
        unit.unit_code,
        period.period_code,
        period.period_start,
        period.period_end,
        period.period_end + period.due_days as due_date
    from expected_period as period
    inner join expected_unit as unit on period.source_id = unit.source_id
)

select
    {{ key(['expected.source_id', 'expected.unit_code', 'expected.period_code']) }} as submission_key,
    expected.source_id,
    expected.unit_code,
    expected.period_code,
    expected.period_start,
    expected.period_end,
    expected.due_date,
    report.first_submitted_at as submitted_at,
    case
        when (report.first_submitted_at at time zone source.time_zone)::date <= expected.due_date then 'on_time'
        when report.first_submitted_at is not null then 'late'
        when release.night > expected.due_date then 'missing'
        else 'pending'
    end as status,
    coalesce(report.revision_count, 0) as revision_count
from expected
inner join {{ ref('dim_source') }} as source on expected.source_id = source.source_id
cross join {{ ref('stg_release__current') }} as release
left join {{ ref('int_reports__current') }} as report
    on
        expected.source_id = report.source_id
        and expected.unit_code = report.unit_code
        and expected.period_code = report.period_code
        and report.report_kind = 'periodic'
