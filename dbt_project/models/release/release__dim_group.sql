{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    group_key,
    source_id,
    group_dimension,
    group_code,
    group_position,
    dimension_label_vi,
    dimension_label_en,
    label_vi,
    label_en
from {{ ref('dim_group') }}
