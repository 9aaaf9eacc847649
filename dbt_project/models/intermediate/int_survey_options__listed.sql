-- Every answer a question can have, whether or not anyone gave it: the list that estimates are zero-filled from.
-- An item is what has a base of its own: a question; each option of a multiple-choice question; a mean.
with dont_know_cell as (
    select
        question.source_id,
        question.question_id
    from {{ ref('stg_spec__questions') }} as question
    inner join {{ ref('stg_spec__surveys') }} as survey on question.source_id = survey.source_id
    where
        question.kind = 'single'
        and (question.has_dont_know_cell or survey.has_dont_know_cell)
        and not exists (
            select 1 from {{ ref('stg_spec__options') }} as option
            where
                option.source_id = question.source_id
                and option.question_id = question.question_id
                and option.missing_name = 'dont_know'
        )
),

listed as (
    select
        option.source_id,
        option.question_id,
        option.answer_code,
        'proportion' as measure,
        case when question.kind = 'multiple' then option.answer_code else '' end as item_code,
        option.answer_position,
        option.label_vi,
        option.label_en,
        option.tendency,
        option.from_wave_id,
        option.to_wave_id,
        option.score,
        option.missing_name is null as is_substantive
    from {{ ref('stg_spec__options') }} as option
    inner join {{ ref('stg_spec__questions') }} as question
        on option.source_id = question.source_id and option.question_id = question.question_id
    where question.kind <> 'numeric' and (option.missing_name is null or option.missing_name = 'dont_know')

    union all

    select
        source_id,
        question_id,
        '_dont_know' as answer_code,
        'proportion' as measure,
        '' as item_code,
        9998 as answer_position,
        'Khó trả lời' as label_vi,
        'Don''t know' as label_en,
        null as tendency,
        null as from_wave_id,
        null as to_wave_id,
        null as score,
        false as is_substantive
    from dont_know_cell

    union all

    select
        question.source_id,
        question.question_id,
        '_mean' as answer_code,
        'mean' as measure,
        '_mean' as item_code,
        9999 as answer_position,
        'Trung bình' as label_vi,
        'Mean' as label_en,
        null as tendency,
        null as from_wave_id,
        null as to_wave_id,
        null as score,
        true as is_substantive
    from {{ ref('stg_spec__questions') }} as question
    where
        question.kind = 'numeric'
        or (
            question.kind = 'single'
            and exists (
                select 1 from {{ ref('stg_spec__options') }} as option
                where
                    option.source_id = question.source_id
                    and option.question_id = question.question_id
                    and option.score is not null
            )
        )

    union all

    select
        source_id,
        question_id,
        '_ratio' as answer_code,
        'ratio' as measure,
        '_ratio' as item_code,
        9999 as answer_position,
        'Tỷ số' as label_vi,
        'Ratio' as label_en,
        null as tendency,
        null as from_wave_id,
        null as to_wave_id,
        null as score,
        true as is_substantive
    from {{ ref('stg_spec__questions') }}
    where kind = 'ratio'
)

select
    source_id,
    question_id,
    answer_code,
    measure,
    item_code,
    answer_position,
    label_vi,
    label_en,
    tendency,
    from_wave_id,
    to_wave_id,
    score,
    is_substantive,
    dense_rank() over (order by source_id, question_id, item_code)::int as item_number,
    row_number() over (order by source_id, question_id, item_code, answer_code)::int as option_number
from listed
