select
    source_id,
    spec #>> '{survey,series}' as series_id,
    spec #>> '{survey,design,sampling}' as sampling,
    spec #>> '{survey,design,weight}' is not null as has_weight,
    coalesce(spec #>> '{survey,coverage_place}', '_unknown') as coverage_place_code,
    'dont_know' in (select value from jsonb_each_text(spec #> '{survey,missing}')) as has_dont_know_cell
from {{ source('intake', 'source') }}
where family = 'survey'
