{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    source_key,
    source_id,
    source_family,
    title_vi,
    title_en,
    owner_desk,
    licence,
    provenance,
    time_zone,
    due_every,
    is_made,
    is_active
from {{ ref('dim_source') }}
