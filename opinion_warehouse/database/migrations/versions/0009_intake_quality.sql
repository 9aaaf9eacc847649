-- What was not taken in and still is not: no later file of the same name was accepted.
create view intake.unresolved_file as
select f.file_id, f.source_id, f.night
from intake.file as f
where (f.status = 'rejected' or f.landing_verdict = 'held') and not exists (
    select from intake.file as l
    where l.source_id = f.source_id and l.file_name = f.file_name and l.landing_verdict = 'accepted'
        and (l.received_at, l.sha256) > (f.received_at, f.sha256)
);

-- Quarantine as it may be counted: without the details. Of a row, the column is one the spec names; of a whole file
-- it would be a heading as it was found, and a file without its header has people's data there.
create view intake.quarantine_reason as
select
    q.file_id, q.quarantine_id, q.row_count, reason.code as reason_code,
    case when q.row_number is not null then reason."column" end as column_name
from intake.quarantine as q
cross join lateral jsonb_to_recordset(q.reasons) as reason (code text, "column" text);
