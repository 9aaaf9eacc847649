-- The revision that speaks for a unit's report of a period: the newest delivery, by a total order.
with delivered as (
    select
        report.source_id,
        report.unit_code,
        report.report_kind,
        report.period_code,
        report.period_start,
        report.period_end,
        report.submitted_at,
        report.file_id,
        file.sha256,
        row_number() over (
            partition by report.source_id, report.unit_code, report.report_kind, report.period_code
            order by file.received_at desc, file.file_name desc, file.sha256 desc
        ) as recency,
        count(*) over report_of_unit - 1 as revision_count,
        min(report.submitted_at) over report_of_unit as first_submitted_at
    from {{ ref('stg_report__reports') }} as report
    inner join {{ ref('stg_intake__files') }} as file on report.file_id = file.file_id
    window report_of_unit as (
        partition by report.source_id, report.unit_code, report.report_kind, report.period_code
    )
)

select
    source_id,
    unit_code,
    report_kind,
    period_code,
    period_start,
    period_end,
    first_submitted_at,
    submitted_at,
    revision_count,
    file_id,
    sha256
from delivered
where recency = 1
