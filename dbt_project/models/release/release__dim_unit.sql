{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    unit_code,
    unit_level,
    place_code,
    name_vi,
    name_en
from {{ ref('dim_unit') }}
