with category as (
    select
        source_id,
        group_dimension,
        group_code,
        group_position,
        dimension_label_vi,
        dimension_label_en,
        label_vi,
        label_en
    from {{ ref('stg_spec__groups') }}

    union all

    select
        source_id,
        'all' as group_dimension,
        'all' as group_code,
        0 as group_position,
        'Mọi người' as dimension_label_vi,
        'Everyone' as dimension_label_en,
        'Mọi người' as label_vi,
        'Everyone' as label_en
    from {{ ref('stg_spec__surveys') }}
)

select
    {{ key(['source_id', 'group_dimension', 'group_code']) }} as group_key,
    *
from category
