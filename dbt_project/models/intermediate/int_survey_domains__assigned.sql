{{ config(indexes=[{'columns': ['wave_number']}]) }}
-- Profile × domain: everyone, each group, each declared crossing of groups; each of these in the whole of the place the
-- survey speaks for, and (crossings not) in each place below it.
with category as (
    select
        profile_number,
        'all' as group_dimension,
        'all' as group_code,
        true as is_by_place
    from {{ ref('int_survey_profiles__listed') }}

    union all

    select
        profile.profile_number,
        category.key as group_dimension,
        category.value as group_code,
        true as is_by_place
    from {{ ref('int_survey_profiles__listed') }} as profile
    cross join lateral jsonb_each_text(profile.group_codes) as category

    union all

    select
        profile.profile_number,
        string_agg(crossing.group_dimension, '*' order by crossing.dimension_position) as group_dimension,
        string_agg(profile.group_codes ->> crossing.group_dimension, '|' order by crossing.dimension_position)
            as group_code,
        false as is_by_place
    from {{ ref('int_survey_profiles__listed') }} as profile
    inner join {{ ref('stg_spec__crossings') }} as crossing on profile.source_id = crossing.source_id
    group by profile.profile_number, crossing.crossing_number
    having bool_and(profile.group_codes ? crossing.group_dimension)
),

place as (
    select
        profile_number,
        coverage_place_code as place_code,
        true as is_whole
    from {{ ref('int_survey_profiles__listed') }}

    union all

    select
        profile.profile_number,
        place.ancestor_place_code as place_code,
        false as is_whole
    from {{ ref('int_survey_profiles__listed') }} as profile
    inner join {{ ref('int_places__unfolded') }} as place on profile.place_code = place.place_code
    where
        not exists (
            select 1 from {{ ref('int_places__unfolded') }} as coverage
            where
                coverage.place_code = profile.coverage_place_code
                and coverage.ancestor_place_code = place.ancestor_place_code
        )
),

assigned as (
    select
        profile.profile_number,
        profile.wave_number,
        profile.wave_key,
        category.group_dimension,
        category.group_code,
        place.place_code
    from {{ ref('int_survey_profiles__listed') }} as profile
    inner join category on profile.profile_number = category.profile_number
    inner join place on profile.profile_number = place.profile_number
    where category.is_by_place or place.is_whole
)

select
    profile_number,
    wave_number,
    dense_rank() over (order by wave_number, group_dimension, group_code, place_code)::int as domain_number,
    wave_key,
    group_dimension,
    group_code,
    place_code
from assigned
