-- estimate_digest: of all in the spec that every estimate depends on. A new wave or question, another title, wording or
-- disclosure record leave it as it is, so that the waves that are there already are not computed again.
select
    source.source_id,
    source.spec #>> '{survey,series}' as series_id,
    coalesce((source.spec #>> '{survey,is_panel}')::boolean, false) as is_panel,
    source.spec #>> '{survey,design,sampling}' as sampling,
    source.spec #>> '{survey,design,weight}' is not null as has_weight,
    coalesce(source.spec #>> '{survey,coverage_place}', '_unknown') as coverage_place_code,
    'dont_know' in (select value from jsonb_each_text(source.spec #> '{survey,missing}')) as has_dont_know_cell,
    source.spec #>> '{survey,weighting,source,vi}' as margins_source_vi,
    source.spec #>> '{survey,weighting,source,en}' as margins_source_en,
    (source.spec #>> '{survey,weighting,date}')::date as margins_date,
    md5(
        (
            source.spec - 'title' - 'owner' - 'licence' - 'provenance' - 'is_made' - 'due' - 'keep' - 'files'
            - 'ignore_columns' #- '{survey,waves}' #- '{survey,harmonisation}' #- '{survey,questions}'
            #- '{survey,ratios}'
        )::text
    ) as estimate_digest
from {{ source('intake', 'source') }} as source
where source.family = 'survey'
