select
    source.source_id,
    query.value ->> 'code' as query_code,
    query.value #>> '{label,vi}' as label_vi,
    query.value #>> '{label,en}' as label_en
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{social,queries}') as query
where source.family = 'social'
