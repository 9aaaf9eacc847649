-- Reporting organisations that sources declare because the reference data do not have them.
select
    source.source_id,
    unit.value ->> 'code' as unit_code,
    unit.value ->> 'level' as unit_level,
    unit.value ->> 'place' as place_code,
    unit.value #>> '{name,vi}' as name_vi,
    unit.value #>> '{name,en}' as name_en
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{report,units}') as unit
where source.family = 'report'
