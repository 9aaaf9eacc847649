with declared as (
    select distinct on (unit_code)
        unit_code,
        unit_level,
        place_code,
        name_vi,
        name_en
    from {{ ref('stg_spec__units') }}
    where unit_code not in (select unit_code from {{ ref('unit') }})
    order by unit_code, source_id
)

select
    unit_code,
    unit_level,
    coalesce(place_code, '_unknown') as place_code,
    name_vi,
    name_en
from {{ ref('unit') }}

union all

select
    unit_code,
    unit_level,
    coalesce(place_code, '_unknown') as place_code,
    name_vi,
    name_en
from declared
