{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
select
    {{ release_id() }} as release_id,
    platform_code,
    name
from {{ ref('platform') }}

union all

select
    {{ release_id() }} as release_id,
    '_all' as platform_code,
    'Mọi nền tảng (all platforms)' as name
