-- Periods to aggregate tonight: those whose current reports are not what core.fct_report_opinion was built from.
{%- set built = previous_build('fct_report_opinion') %}
with period as (
    select
        report.source_id,
        report.report_kind,
        report.period_code,
        min(report.period_start) as period_start,
        max(report.period_end) as period_end,
        -- the spec declares units and places
        md5(string_agg(
            report.unit_code || report.sha256, ',' order by report.unit_code
        ) || source.spec_sha256 || {{ code_digest([
            'unit', 'place', 'topic', 'dim_unit', 'dim_place', 'dim_topic', 'stg_report__items',
            'int_places__unfolded', 'int_topics__unfolded', 'fct_report_opinion',
        ]) }}) as input_digest
    from {{ ref('int_reports__current') }} as report
    inner join {{ ref('stg_spec__sources') }} as source on report.source_id = source.source_id
    group by report.source_id, report.report_kind, report.period_code, source.spec_sha256
)

select
    {{ key(['source_id', 'report_kind', 'period_code']) }} as period_key,
    source_id,
    report_kind,
    period_code,
    period_start,
    period_end,
    input_digest
from period
{% if built -%}
where
    not exists (
        select 1 from {{ built }} as built
        where
            built.period_key = {{ key(['period.source_id', 'period.report_kind', 'period.period_code']) }}
            and built.input_digest = period.input_digest
    )
{%- endif %}
