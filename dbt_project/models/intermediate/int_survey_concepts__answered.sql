-- An answer as each wave offered it: what it is the same as. The newest line up to the wave counts.
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
    select stated.concept_code
    from {{ ref('int_survey_concepts__stated') }} as stated
    where
        stated.source_id = asked.source_id
        and stated.question_id = asked.question_id
        and stated.answer_code = option.answer_code
        and stated.wave_position <= wave.wave_position
    order by stated.wave_position desc, stated.precedence asc
    limit 1
) as statement on true
