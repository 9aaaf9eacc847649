-- A question as each wave asked it: which wording, and what it is the same as. A new wording is another concept unless
-- the harmonisation says, from that wave on or later, that it asks the same.
with asked as (
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
    select stated.concept_code
    from {{ ref('int_survey_concepts__stated') }} as stated
    where
        stated.source_id = asked.source_id
        and stated.question_id = asked.question_id
        and stated.answer_code is null
        and stated.wave_position between asked.version_position and asked.wave_position
    order by stated.wave_position desc, stated.precedence asc
    limit 1
) as statement on true
