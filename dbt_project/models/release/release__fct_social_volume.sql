{{ config(schema=env_var('OPINION_RELEASE_SCHEMA', 'rel_0')) }}
-- A cell needs ten items from three sites; a vendor's count, of whose sites nothing is known, ten items.
with judged as (
    select
        volume.*,
        place.place_key,
        coalesce(query.label_vi, 'Mọi truy vấn') as query_label_vi,
        coalesce(query.label_en, 'All queries') as query_label_en,
        volume.item_count >= {{ var('disclosure_min_items') }}
        and {{ has_enough_sites('volume.domain_count') }} as is_shown
    from {{ ref('fct_social_volume') }} as volume
    inner join {{ ref('dim_place') }} as place on volume.place_code = place.place_code and place.valid_to is null
    left join {{ ref('stg_spec__queries') }} as query
        on volume.source_id = query.source_id and volume.query_code = query.query_code
)

select
    {{ release_id() }} as release_id,
    {{ key(['source_id', 'published_date', 'platform_code', 'query_code', 'topic_code', 'place_code', 'sentiment']) }}
        as social_volume_key,
    {{ key(['source_id']) }} as source_key,
    published_date,
    platform_code,
    query_code,
    query_label_vi,
    query_label_en,
    topic_code,
    place_key,
    place_code,
    sentiment,
    case when is_shown then item_count end as item_count,
    case when is_shown then engagement_count end as engagement_count,
    case when is_shown then domain_count end as domain_count,
    vintage,
    case when is_shown then 'A' else 'M' end as obs_status,
    case when is_shown then 'F' else 'A' end as conf_status
from judged
