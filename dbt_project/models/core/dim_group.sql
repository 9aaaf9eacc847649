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
),

crossing as (
    select
        source_id,
        crossing_number,
        max(group_dimension) filter (where dimension_position = 1) as first_dimension,
        max(group_dimension) filter (where dimension_position = 2) as second_dimension,
        max(group_dimension) filter (where dimension_position = 3) as third_dimension
    from {{ ref('stg_spec__crossings') }}
    group by source_id, crossing_number
),

-- each combination of a declared crossing, whether or not anybody is in it
crossed as (
    select
        crossing.source_id,
        concat_ws('*', one.group_dimension, two.group_dimension, three.group_dimension) as group_dimension,
        concat_ws('|', one.group_code, two.group_code, three.group_code) as group_code,
        row_number() over (
            partition by crossing.source_id, crossing.crossing_number
            order by one.group_position, two.group_position, three.group_position
        ) as group_position,
        concat_ws(' × ', one.dimension_label_vi, two.dimension_label_vi, three.dimension_label_vi)
            as dimension_label_vi,
        concat_ws(' × ', one.dimension_label_en, two.dimension_label_en, three.dimension_label_en)
            as dimension_label_en,
        concat_ws(' × ', one.label_vi, two.label_vi, three.label_vi) as label_vi,
        concat_ws(' × ', one.label_en, two.label_en, three.label_en) as label_en
    from crossing
    inner join category as one
        on crossing.source_id = one.source_id and crossing.first_dimension = one.group_dimension
    inner join category as two
        on crossing.source_id = two.source_id and crossing.second_dimension = two.group_dimension
    left join category as three
        on crossing.source_id = three.source_id and crossing.third_dimension = three.group_dimension
),

everyone as (
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
from (
    select * from category
    union all
    select * from crossed
    union all
    select * from everyone
) as every_category
