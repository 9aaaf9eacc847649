-- Dimensions that are published together.
select
    source.source_id,
    crossing.ordinality as crossing_number,
    dimension.ordinality as dimension_position,
    dimension.value as group_dimension
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,crossings}') with ordinality as crossing
cross join lateral jsonb_array_elements_text(crossing.value) with ordinality as dimension
where source.family = 'survey'
