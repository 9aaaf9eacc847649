-- What the harmonisation says of questions and (answer_code) answers, with the wave it begins to say it. A source's own
-- line comes before the reference data (precedence).
with statement as (
    select
        source_id,
        question_id,
        from_wave_id,
        answer_code,
        concept_code,
        0 as precedence
    from {{ ref('stg_spec__harmonisation') }}

    union all

    select
        source_id,
        question_id,
        from_wave_id,
        answer_code,
        concept_code,
        1 as precedence
    from {{ ref('harmonisation') }}
)

select
    statement.source_id,
    statement.question_id,
    statement.answer_code,
    statement.concept_code,
    statement.precedence,
    coalesce(begun.wave_position, 1) as wave_position
from statement
left join {{ ref('stg_spec__waves') }} as begun
    on statement.source_id = begun.source_id and statement.from_wave_id = begun.wave_id
-- a line that begins with a wave the survey does not have says nothing
where statement.from_wave_id is null or begun.wave_position is not null
