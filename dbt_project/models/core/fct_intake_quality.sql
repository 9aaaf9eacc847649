{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key=['source_id', 'night'],
    on_schema_change='sync_all_columns', indexes=[{'columns': ['source_id', 'night']}],
    pre_hook="{{ forget(['source_id', 'night'], ref('int_intake_nights__changed')) }}",
    meta={'distribute_by': 'source_id'},
) }}
-- A row may have several reasons, and one reason in several columns, so each margin is counted by itself.
with delivered as (
    select
        changed.source_id,
        changed.night,
        changed.input_digest,
        count(*) as delivered_file_count,
        count(*) filter (where file.is_rejected) as rejected_file_count,
        count(*) filter (where file.is_held) as held_file_count,
        sum(file.read_row_count)::bigint as read_row_count
    from {{ ref('int_intake_nights__changed') }} as changed
    inner join {{ ref('stg_intake__deliveries') }} as file
        on changed.source_id = file.source_id and changed.night = file.night
    group by changed.source_id, changed.night, changed.input_digest
),

reason as (
    select
        file.source_id,
        file.night,
        file.file_id,
        reason.quarantine_id,
        reason.row_count,
        reason.reason_code,
        reason.column_name,
        reason.is_harmless
    from {{ ref('int_intake_nights__changed') }} as changed
    inner join {{ ref('stg_intake__deliveries') }} as file
        on changed.source_id = file.source_id and changed.night = file.night
    inner join {{ ref('stg_intake__reasons') }} as reason on file.file_id = reason.file_id
),

entry as (
    select
        reason.source_id,
        reason.night,
        reason.file_id,
        reason.quarantine_id,
        reason.row_count,
        margin.reason_code,
        margin.column_name,
        bool_and(reason.is_harmless) as is_harmless
    from reason
    cross join lateral (
        values ('_all', '_all'), (reason.reason_code, '_all'), (reason.reason_code, reason.column_name)
    ) as margin (reason_code, column_name)
    where margin.column_name is not null
    group by 1, 2, 3, 4, 5, 6, 7
),

counted as (
    select
        source_id,
        night,
        reason_code,
        column_name,
        sum(row_count)::bigint as row_count,
        coalesce(sum(row_count) filter (where not is_harmless), 0)::bigint as bad_row_count,
        count(distinct file_id) as file_count
    from entry
    group by source_id, night, reason_code, column_name
),

-- a night on which everything was good has its margin too
cell as (
    select
        source_id,
        night,
        '_all' as reason_code,
        '_all' as column_name
    from delivered

    union

    select
        source_id,
        night,
        reason_code,
        column_name
    from counted
)

select
    cell.source_id,
    cell.night,
    cell.reason_code,
    cell.column_name,
    delivered.input_digest,
    coalesce(counted.row_count, 0) as row_count,
    coalesce(counted.bad_row_count, 0) as bad_row_count,
    coalesce(counted.row_count, 0)::double precision / nullif(delivered.read_row_count, 0) as row_share,
    coalesce(counted.bad_row_count, 0)::double precision / nullif(delivered.read_row_count, 0) as bad_row_share,
    coalesce(counted.file_count, 0) as file_count,
    delivered.read_row_count,
    delivered.delivered_file_count,
    delivered.rejected_file_count,
    delivered.held_file_count
from cell
inner join delivered on cell.source_id = delivered.source_id and cell.night = delivered.night
left join counted
    on
        cell.source_id = counted.source_id
        and cell.night = counted.night
        and cell.reason_code = counted.reason_code
        and cell.column_name = counted.column_name
