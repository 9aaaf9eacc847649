with declared as (
    select distinct on (place_code)
        place_code,
        place_level,
        parent_place_code,
        name_vi,
        name_en
    from {{ ref('stg_spec__places') }}
    where place_code not in (select place_code from {{ ref('place') }})
    order by place_code, source_id
),

place as (
    select
        place_code,
        place_level,
        parent_place_code,
        valid_from,
        valid_to,
        name_vi,
        name_en
    from {{ ref('place') }}

    union all

    select
        place_code,
        place_level,
        parent_place_code,
        date '1900-01-01' as valid_from,
        null::date as valid_to,
        name_vi,
        name_en
    from declared

    union all

    select
        '_unknown' as place_code,
        'other' as place_level,
        null as parent_place_code,
        date '1900-01-01' as valid_from,
        null::date as valid_to,
        'Không rõ' as name_vi,
        'Not known' as name_en
)

select
    {{ key(['place_code', 'valid_from']) }} as place_key,
    place_code,
    place_level,
    parent_place_code,
    valid_from,
    valid_to,
    name_vi,
    name_en
from place
