-- The file that speaks for a wave: the newest delivery that is not held, by a total order. The others stay in landing,
-- superseded. input_digest: of all an estimate depends on; unchanged, the wave is not computed again.
with delivered as (
    select
        wave.source_id,
        wave.wave_id,
        wave.wave_position,
        wave.fieldwork_start_date,
        file.file_id,
        file.question_ids,
        -- of what was landed: the bytes, and what they were read by
        file.sha256 || file.parser_version || file.spec_sha256 as landed,
        row_number() over (
            partition by wave.source_id, wave.wave_id
            order by file.received_at desc, file.file_name desc, file.sha256 desc
        ) as recency
    from {{ ref('stg_spec__waves') }} as wave
    inner join {{ ref('stg_intake__files') }} as file on wave.source_id = file.source_id
    -- one respondent of each is looked for: the planner would rather read them all
    cross join lateral (
        select 1 from {{ ref('stg_survey__responses') }} as response
        where
            response.source_id = wave.source_id
            and response.wave_id = wave.wave_id
            and response.file_id = file.file_id
        order by response.file_id
        limit 1
    ) as delivery
    where
        not exists (
            select 1 from {{ ref('stg_release__held_waves') }} as held
            where
                held.source_id = wave.source_id
                and held.wave_id = wave.wave_id
                and coalesce(held.file_id, file.file_id) = file.file_id
        )
),

-- the questions that the wave asked, and their wordings
asked as (
    select
        delivered.source_id,
        delivered.wave_id,
        md5(string_agg(
            question.question_id || ' ' || asked.version_code || ' ' || question.estimate_digest, ','
            order by question.question_id collate "C"
        )) as question_digest
    from delivered
    inner join {{ ref('int_survey_questions__asked') }} as asked
        on delivered.source_id = asked.source_id and delivered.wave_id = asked.wave_id
    inner join {{ ref('stg_spec__questions') }} as question
        on asked.source_id = question.source_id and asked.question_id = question.question_id
    where
        delivered.recency = 1
        and (delivered.question_ids is null or delivered.question_ids ? question.question_id)
    group by delivered.source_id, delivered.wave_id
),

digested as (
    select
        delivered.*,
        {{ key(['delivered.source_id', 'delivered.wave_id']) }} as wave_key,
        survey.series_id,
        survey.is_panel,
        delivered.landed || survey.estimate_digest || coalesce(asked.question_digest, '')
        || coalesce(weighting.input_digest, '') as input
    from delivered
    inner join {{ ref('stg_spec__surveys') }} as survey on delivered.source_id = survey.source_id
    left join asked on delivered.source_id = asked.source_id and delivered.wave_id = asked.wave_id
    left join {{ ref('stg_analysis__survey_weighting') }} as weighting
        on
            delivered.source_id = weighting.source_id
            and delivered.wave_id = weighting.wave_id
            and delivered.file_id = weighting.file_id
    where delivered.recency = 1
),

ordered as (
    select
        *,
        lag(wave_key) over series as previous_wave_key,
        lag(source_id) over series as previous_source_id,
        lag(input) over series as previous_input,
        row_number() over series as series_position
    from digested
    window series as (
        partition by series_id
        order by fieldwork_start_date, source_id, wave_position
    )
)

select
    wave_key,
    source_id,
    wave_id,
    wave_position,
    file_id,
    question_ids,
    series_id,
    previous_wave_key,
    series_position,
    is_panel and source_id = previous_source_id as has_panel_wave,
    md5(
        -- a panel's change is of two waves: another one before it is another input
        input || case when is_panel and source_id = previous_source_id then previous_input else '' end
        || {{ code_digest([
        'place', 'stg_spec__surveys', 'stg_spec__questions', 'stg_spec__versions', 'stg_spec__options', 'stg_spec__groups',
        'stg_spec__crossings', 'stg_survey__responses', 'stg_survey__answers', 'dim_place', 'int_places__unfolded',
        'int_survey_waves__changed', 'int_survey_options__listed', 'int_survey_codes__mapped',
        'int_survey_respondents__weighted', 'int_survey_profiles__listed',
        'int_survey_domains__assigned', 'int_survey_domains__listed', 'int_survey_items__doubted', 'int_survey_outcomes__listed',
        'int_survey_answers__tallied', 'int_survey_answers__coded', 'int_survey_numbers__scored', 'int_survey_answers__scored',
        'int_survey_questions__asked', 'int_survey_concepts__answered',
        'int_survey_totals__linearised', 'int_survey_panels__linearised', 'fct_survey_estimate', 'fct_survey_panel_difference',
    ]) }}
    ) as input_digest
from ordered
