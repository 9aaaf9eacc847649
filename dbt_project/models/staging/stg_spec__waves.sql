select
    source.source_id,
    wave.value ->> 'id' as wave_id,
    wave.ordinality as wave_position,
    (wave.value ->> 'fieldwork_start')::date as fieldwork_start_date,
    (wave.value ->> 'fieldwork_end')::date as fieldwork_end_date,
    wave.value ->> 'mode' as mode,
    wave.value #>> '{strategy,vi}' as strategy_vi,
    wave.value #>> '{strategy,en}' as strategy_en,
    wave.value #>> '{sponsor,vi}' as sponsor_vi,
    wave.value #>> '{sponsor,en}' as sponsor_en,
    wave.value #>> '{population,vi}' as population_vi,
    wave.value #>> '{population,en}' as population_en,
    wave.value #>> '{sample_generation,vi}' as sample_generation_vi,
    wave.value #>> '{sample_generation,en}' as sample_generation_en,
    wave.value #>> '{mode_detail,vi}' as mode_detail_vi,
    wave.value #>> '{mode_detail,en}' as mode_detail_en,
    wave.value #>> '{precision,vi}' as precision_vi,
    wave.value #>> '{precision,en}' as precision_en,
    wave.value #>> '{weighting,vi}' as weighting_vi,
    wave.value #>> '{weighting,en}' as weighting_en,
    wave.value #>> '{processing,vi}' as processing_vi,
    wave.value #>> '{processing,en}' as processing_en,
    wave.value #>> '{limitations,vi}' as limitations_vi,
    wave.value #>> '{limitations,en}' as limitations_en,
    (wave.value ->> 'invited_count')::bigint as invited_count
from {{ source('intake', 'source') }} as source
cross join lateral jsonb_array_elements(source.spec #> '{survey,waves}') with ordinality as wave
where source.family = 'survey'
