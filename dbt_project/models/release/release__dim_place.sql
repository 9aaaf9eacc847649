{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    place_key,
    place_code,
    place_level,
    parent_place_code,
    valid_from,
    valid_to,
    name_vi,
    name_en
from {{ ref('dim_place') }}
