-- The file that speaks for a wave: the newest delivery that is not held, by a total order. The others stay in landing,
-- superseded. input_digest: of all an estimate depends on; unchanged, the wave is not computed again.
with delivered as (
    select
        wave.source_id,
        wave.wave_id,
        wave.wave_position,
        wave.fieldwork_start_date,
        file.file_id,
        file.sha256,
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

-- the wordings that the wave asked
asked as (
    select
        source_id,
        wave_id,
        md5(string_agg(question_id || ' ' || version_code, ',' order by question_id collate "C")) as version_digest
    from {{ ref('int_survey_questions__asked') }}
    group by source_id, wave_id
)

select
    {{ key(['delivered.source_id', 'delivered.wave_id']) }} as wave_key,
    delivered.source_id,
    delivered.wave_id,
    delivered.wave_position,
    delivered.file_id,
    survey.series_id,
    lag({{ key(['delivered.source_id', 'delivered.wave_id']) }}) over series as previous_wave_key,
    row_number() over series as series_position,
    md5(
        delivered.sha256 || survey.estimate_digest || asked.version_digest || coalesce(weighting.input_digest, '')
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
from delivered
inner join asked on delivered.source_id = asked.source_id and delivered.wave_id = asked.wave_id
inner join {{ ref('stg_spec__surveys') }} as survey on delivered.source_id = survey.source_id
left join {{ ref('stg_analysis__survey_weighting') }} as weighting
    on
        delivered.source_id = weighting.source_id
        and delivered.wave_id = weighting.wave_id
        and delivered.file_id = weighting.file_id
where delivered.recency = 1
window series as (
    partition by survey.series_id
    order by delivered.fieldwork_start_date, delivered.source_id, delivered.wave_position
)
