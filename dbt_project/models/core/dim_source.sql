select
    {{ key(['source_id']) }} as source_key,
    source_id,
    source_family,
    title_vi,
    title_en,
    owner_desk,
    licence,
    provenance,
    time_zone,
    coverage_place_code,
    due_every,
    is_of_counts,
    is_made,
    is_active
from {{ ref('stg_spec__sources') }}
