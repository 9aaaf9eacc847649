-- Places that sources declare because the reference data do not have them.
select
    source.source_id,
    place.value ->> 'code' as place_code,
    place.value ->> 'level' as place_level,
    place.value ->> 'parent' as parent_place_code,
    place.value #>> '{name,vi}' as name_vi,
    place.value #>> '{name,en}' as name_en
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec -> 'places') as place
