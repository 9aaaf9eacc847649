-- What units asked agencies for, and how far it came: an accumulating snapshot.
with asked as (
    select distinct on (item.source_id, item.recommendation_id)
        item.source_id,
        item.recommendation_id,
        report.unit_code,
        report.period_code,
        coalesce(item.place_code, unit.place_code, '_unknown') as place_code,
        item.topic_code,
        item.agency_code,
        item.urgency,
        (report.first_submitted_at at time zone source.time_zone)::date as submitted_date
    from {{ ref('int_reports__current') }} as report
    inner join {{ ref('stg_report__items') }} as item
        on
            report.file_id = item.file_id
            and report.unit_code = item.unit_code
            and report.report_kind = item.report_kind
            and report.period_code = item.period_code
    inner join {{ ref('dim_source') }} as source on item.source_id = source.source_id
    left join {{ ref('dim_unit') }} as unit on report.unit_code = unit.unit_code
    where item.recommendation_id is not null
    order by
        item.source_id, item.recommendation_id, report.first_submitted_at, report.unit_code, report.period_code,
        item.item_number
),

followed as (
    select
        asked.*,
        coalesce(followup.received_date, asked.submitted_date) as received_date,
        followup.referred_date,
        followup.in_progress_date,
        -- opened again after it was closed: not closed
        case when followup.status in ('resolved', 'explained', 'out_of_remit') then followup.closed_date end
            as resolved_date,
        coalesce(followup.agency_code, asked.agency_code) as current_agency_code,
        coalesce(followup.status, 'received') as status
    from asked
    left join {{ ref('int_report_followups__current') }} as followup
        on asked.source_id = followup.source_id and asked.recommendation_id = followup.recommendation_id
)

select
    {{ key(['followed.source_id', 'followed.recommendation_id']) }} as recommendation_key,
    followed.source_id,
    followed.recommendation_id,
    followed.unit_code,
    followed.period_code,
    followed.place_code,
    followed.topic_code,
    followed.current_agency_code as agency_code,
    followed.urgency,
    followed.received_date,
    followed.referred_date,
    followed.in_progress_date,
    followed.resolved_date,
    followed.status,
    greatest(coalesce(followed.resolved_date, release.night) - followed.received_date, 0) as days_open
from followed
cross join {{ ref('stg_release__current') }} as release
