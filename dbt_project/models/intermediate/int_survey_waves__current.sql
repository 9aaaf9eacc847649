-- The file that speaks for a wave: the newest delivery, by a total order. The others stay in landing, superseded.
-- input_digest: of all an estimate depends on; unchanged, the wave is not computed again.
with delivered as (
    select
        wave.source_id,
        wave.wave_id,
        file.file_id,
        file.sha256,
        row_number() over (
            partition by wave.source_id, wave.wave_id
            order by file.received_at desc, file.file_name desc, file.sha256 desc
        ) as recency
    from {{ ref('stg_spec__waves') }} as wave
    inner join {{ ref('stg_intake__files') }} as file on wave.source_id = file.source_id
    where
        exists (
            select 1 from {{ ref('stg_survey__responses') }} as response
            where
                response.source_id = wave.source_id
                and response.wave_id = wave.wave_id
                and response.file_id = file.file_id
        )
)

select
    {{ key(['delivered.source_id', 'delivered.wave_id']) }} as wave_key,
    delivered.source_id,
    delivered.wave_id,
    delivered.file_id,
    md5(delivered.sha256 || source.spec_sha256 || {{ code_digest([
        'place', 'stg_spec__surveys', 'stg_spec__questions', 'dim_question', 'int_survey_waves__changed', 'stg_spec__options', 'stg_spec__groups',
        'stg_survey__responses', 'stg_survey__answers', 'dim_place', 'int_places__unfolded',
        'int_survey_options__listed', 'int_survey_respondents__weighted', 'int_survey_domains__assigned',
        'int_survey_answers__scored', 'int_survey_totals__linearised', 'fct_survey_estimate',
    ]) }}) as input_digest
from delivered
inner join {{ ref('stg_spec__sources') }} as source on delivered.source_id = source.source_id
where delivered.recency = 1
