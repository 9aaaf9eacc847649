-- Each place with itself and what it rolls up to. A country only stands for itself: a figure of one city is no figure
-- of its country.
with unfolded as (
    select
        place.place_code,
        ancestor.place_code as ancestor_place_code
    from {{ ref('dim_place') }} as place
    left join {{ ref('dim_place') }} as parent on place.parent_place_code = parent.place_code
    cross join lateral (
        values (place.place_code), (place.parent_place_code), (parent.parent_place_code)
    ) as ancestor (place_code)
    where ancestor.place_code is not null
)

-- a place with several versions is one place
select distinct
    unfolded.place_code,
    unfolded.ancestor_place_code
from unfolded
inner join {{ ref('dim_place') }} as ancestor on unfolded.ancestor_place_code = ancestor.place_code
where ancestor.place_level <> 'country' or unfolded.ancestor_place_code = unfolded.place_code
