-- Deliveries to count tonight: a source's files of a night, where they are not what core.fct_intake_quality was counted
-- from. A file that is read again moves to the night of the reading; a night all of whose files moved has no digest.
{%- set built = previous_build('fct_intake_quality') %}
with delivery as (
    select
        source_id,
        night,
        md5(string_agg(
            file_id::text || case when is_held then ' held' else '' end, ',' order by file_id
        ) || {{ code_digest(['stg_intake__deliveries', 'stg_intake__reasons', 'fct_intake_quality']) }}
        || '{{ var("harmless_reasons") | join(",") }}') as input_digest
    from {{ ref('stg_intake__deliveries') }}
    group by source_id, night
)

select
    source_id,
    night,
    input_digest
from delivery
{% if built -%}
where
    not exists (
        select 1 from {{ built }} as built
        where
            built.source_id = delivery.source_id
            and built.night = delivery.night
            and built.input_digest = delivery.input_digest
    )

union all

select distinct
    built.source_id,
    built.night,
    null::text as input_digest
from {{ built }} as built
where
    not exists (
        select 1 from delivery where delivery.source_id = built.source_id and delivery.night = built.night
    )
{%- endif %}
