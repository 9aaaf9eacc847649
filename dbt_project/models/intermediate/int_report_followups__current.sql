-- What is known of each recommendation. A superseded report's follow-up sheet is superseded with it.
with accepted as (
    select
        followup.source_id,
        followup.recommendation_id,
        followup.status,
        followup.status_date,
        followup.agency_code,
        row_number() over (
            partition by followup.source_id, followup.recommendation_id
            order by
                followup.status_date desc, file.received_at desc, file.file_name desc, file.sha256 desc,
                followup.followup_number desc
        ) as recency
    from {{ ref('stg_report__followups') }} as followup
    inner join {{ ref('stg_intake__files') }} as file on followup.file_id = file.file_id
    where
        exists (
            select 1 from {{ ref('int_reports__current') }} as report
            where report.file_id = followup.file_id
        )
        or not exists (
            select 1 from {{ ref('stg_report__reports') }} as report
            where report.file_id = followup.file_id
        )
)

select
    source_id,
    recommendation_id,
    min(status_date) filter (where status = 'received') as received_date,
    min(status_date) filter (where status = 'referred') as referred_date,
    min(status_date) filter (where status = 'in_progress') as in_progress_date,
    min(status_date) filter (where status in ('resolved', 'explained', 'out_of_remit')) as closed_date,
    max(status) filter (where recency = 1) as status,
    max(agency_code) filter (where recency = 1) as agency_code
from accepted
group by source_id, recommendation_id
