-- An answer as each wave offered it: what it is the same as. The newest line up to the wave counts. Of a question that
-- the spec did not have when the wave's file was read, nothing was offered.
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
inner join {{ ref('int_survey_waves__current') }} as current on asked.wave_key = current.wave_key
left join {{ ref('stg_spec__waves') }} as begun
    on option.source_id = begun.source_id and option.from_wave_id = begun.wave_id
left join {{ ref('stg_spec__waves') }} as ended
    on option.source_id = ended.source_id and option.to_wave_id = ended.wave_id
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
where
    (current.question_ids is null or current.question_ids ? asked.question_id)
    and wave.wave_position >= coalesce(begun.wave_position, 1)
    and wave.wave_position <= coalesce(ended.wave_position, wave.wave_position)
