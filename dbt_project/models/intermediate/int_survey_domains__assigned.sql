-- Respondent × domain: everyone, each group, each place below the one the survey speaks for.
-- A domain's key holds no source: the same group of the same place is the same domain in every survey.
with respondent as (
    select
        respondent.respondent_number,
        respondent.wave_key,
        response.groups,
        response.place_code,
        wave.coverage_place_code
    from {{ ref('int_survey_respondents__weighted') }} as respondent
    inner join {{ ref('int_survey_waves__changed') }} as wave on respondent.wave_key = wave.wave_key
    inner join {{ ref('stg_survey__responses') }} as response
        on wave.file_id = response.file_id and respondent.respondent_key = response.respondent_key
),

assigned as (
    select
        respondent_number,
        wave_key,
        'all' as group_dimension,
        'all' as group_code,
        coverage_place_code as place_code
    from respondent

    union all

    select
        respondent.respondent_number,
        respondent.wave_key,
        category.key as group_dimension,
        category.value as group_code,
        respondent.coverage_place_code as place_code
    from respondent
    cross join lateral jsonb_each_text(respondent.groups) as category

    union all

    select
        respondent.respondent_number,
        respondent.wave_key,
        'all' as group_dimension,
        'all' as group_code,
        place.ancestor_place_code as place_code
    from respondent
    inner join {{ ref('int_places__unfolded') }} as place on respondent.place_code = place.place_code
    where
        not exists (
            select 1 from {{ ref('int_places__unfolded') }} as coverage
            where
                coverage.place_code = respondent.coverage_place_code
                and coverage.ancestor_place_code = place.ancestor_place_code
        )
)

select
    respondent_number,
    dense_rank() over (order by wave_key, group_dimension, group_code, place_code)::int as domain_number,
    wave_key,
    group_dimension,
    group_code,
    place_code
from assigned
