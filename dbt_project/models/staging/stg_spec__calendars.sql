-- The calendar of expected reports of a source.
select
    source_id,
    spec #>> '{report,expected,period}' as period_type,
    (spec #>> '{report,expected,due_days}')::int as due_days,
    array(select jsonb_array_elements_text(spec #> '{report,expected,units}')) as unit_codes
from {{ source('intake', 'source') }}
where family = 'report' and spec #>> '{report,expected,period}' is not null
