-- An answer as each wave offered it: what it is the same as. The newest line up to the wave counts.
with statement as (
    select
        source_id,
        question_id,
        from_wave_id,
        answer_code,
        concept_code,
        0 as precedence
    from {{ ref('stg_spec__harmonisation') }}
    where answer_code is not null

    union all

    select
        source_id,
        question_id,
        from_wave_id,
        answer_code,
        concept_code,
        1 as precedence
    from {{ ref('harmonisation') }}
    where answer_code is not null
)

select
    asked.wave_key,
    asked.question_key,
    {{ key(['asked.source_id', 'asked.question_id', 'asked.version_code', 'option.answer_code']) }} as answer_key,
    asked.source_id,
    asked.question_id,
    asked.concept_code as question_concept,
    option.answer_code,
    option.measure,
    coalesce(statement.concept_code, option.answer_code) as answer_concept
from {{ ref('int_survey_questions__asked') }} as asked
inner join {{ ref('int_survey_options__listed') }} as option
    on asked.source_id = option.source_id and asked.question_id = option.question_id
inner join {{ ref('stg_spec__waves') }} as wave
    on asked.source_id = wave.source_id and asked.wave_id = wave.wave_id
left join lateral (
    select statement.concept_code
    from statement
    left join {{ ref('stg_spec__waves') }} as begun
        on statement.source_id = begun.source_id and statement.from_wave_id = begun.wave_id
    where
        statement.source_id = asked.source_id
        and statement.question_id = asked.question_id
        and statement.answer_code = option.answer_code
        and (statement.from_wave_id is null or begun.wave_position is not null)
        and coalesce(begun.wave_position, 1) <= wave.wave_position
    order by coalesce(begun.wave_position, 1) desc, statement.precedence
    limit 1
) as statement on true
