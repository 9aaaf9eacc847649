-- estimate_digest: of all in the spec that an estimate depends on. A new wave, another title, wording or disclosure
-- record leave it as it is, so that the waves that are there already are not computed again.
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
            source.spec - 'title' - 'owner' - 'licence' - 'provenance' - 'is_made' - 'due' - 'keep'
            #- '{survey,waves}' #- '{survey,harmonisation}' #- '{survey,questions}'
        )::text || coalesce(question.digested, '')
    ) as estimate_digest
from {{ source('intake', 'source') }} as source
cross join lateral (
    select string_agg((asked.value - 'wording' - 'versions')::text, ' ' order by asked.ordinality) as digested
    from jsonb_array_elements(source.spec #> '{survey,questions}') with ordinality as asked
) as question
where source.family = 'survey'
