-- Categories of the groups: coded ones and numeric bands alike.
select
    source.source_id,
    dimension.value ->> 'dimension' as group_dimension,
    category.value ->> 'code' as group_code,
    category.ordinality as group_position,
    dimension.value #>> '{label,vi}' as dimension_label_vi,
    dimension.value #>> '{label,en}' as dimension_label_en,
    category.value #>> '{label,vi}' as label_vi,
    category.value #>> '{label,en}' as label_en
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,groups}') as dimension
cross join lateral jsonb_array_elements(
    (dimension.value -> 'codes') || (dimension.value -> 'bands')
) with ordinality as category
where source.family = 'survey'
