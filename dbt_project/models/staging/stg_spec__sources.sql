select
    source_id,
    family as source_family,
    spec_sha256,
    spec ->> 'owner' as owner_desk,
    spec ->> 'licence' as licence,
    spec ->> 'provenance' as provenance,
    spec #>> '{title,vi}' as title_vi,
    spec #>> '{title,en}' as title_en,
    spec ->> 'time_zone' as time_zone,
    spec #>> '{due,every}' as due_every,
    coalesce(
        spec #>> '{survey,coverage_place}', spec #>> '{social,coverage_place}', '_unknown'
    ) as coverage_place_code,
    spec #>> '{social,columns,item_count}' is not null as is_of_counts,
    (spec ->> 'is_made')::boolean as is_made,
    is_active
from {{ source('intake', 'source') }}
