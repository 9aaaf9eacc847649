select
    release_id,
    night
from {{ source('release_ctl', 'release') }}
where release_id = {{ release_id() }}
