-- A question as each wave asked it: which wording, and what it is the same as. A new wording is another concept unless
-- the harmonisation says, from that wave on or later, that it asks the same.
with statement as (
    select
        source_id,
        question_id,
        from_wave_id,
        concept_code,
        0 as precedence
    from {{ ref('stg_spec__harmonisation') }}
    where answer_code is null

    union all

    select
        source_id,
        question_id,
        from_wave_id,
        concept_code,
        1 as precedence
    from {{ ref('harmonisation') }}
    where answer_code is null
),

asked as (
    select
        wave.source_id,
        wave.wave_id,
        wave.wave_position,
        question.question_id,
        coalesce(version.from_wave_id, '') as version_code,
        coalesce(version.wave_position, 1) as version_position
    from {{ ref('stg_spec__waves') }} as wave
    inner join {{ ref('stg_spec__questions') }} as question on wave.source_id = question.source_id
    left join lateral (
        select
            version.from_wave_id,
            begun.wave_position
        from {{ ref('stg_spec__versions') }} as version
        inner join {{ ref('stg_spec__waves') }} as begun
            on version.source_id = begun.source_id and version.from_wave_id = begun.wave_id
        where
            version.source_id = wave.source_id
            and version.question_id = question.question_id
            and begun.wave_position <= wave.wave_position
        order by begun.wave_position desc
        limit 1
    ) as version on true
)

select
    {{ key(['asked.source_id', 'asked.wave_id']) }} as wave_key,
    {{ key(['asked.source_id', 'asked.question_id', 'asked.version_code']) }} as question_key,
    asked.source_id,
    asked.wave_id,
    asked.question_id,
    asked.version_code,
    coalesce(
        statement.concept_code,
        asked.question_id || case when asked.version_code = '' then '' else '@' || asked.version_code end
    ) as concept_code
from asked
left join lateral (
    select statement.concept_code
    from statement
    left join {{ ref('stg_spec__waves') }} as begun
        on statement.source_id = begun.source_id and statement.from_wave_id = begun.wave_id
    where
        statement.source_id = asked.source_id
        and statement.question_id = asked.question_id
        and (statement.from_wave_id is null or begun.wave_position is not null)
        and coalesce(begun.wave_position, 1) between asked.version_position and asked.wave_position
    order by coalesce(begun.wave_position, 1) desc, statement.precedence
    limit 1
) as statement on true
