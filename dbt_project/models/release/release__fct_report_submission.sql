{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    submission_key,
    {{ key(['source_id']) }} as source_key,
    unit_code,
    period_code,
    period_start,
    period_end,
    due_date,
    submitted_at,
    status,
    revision_count
from {{ ref('fct_report_submission') }}
