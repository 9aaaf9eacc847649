-- Sessions that can keep a load waiting: those that hold a whole table; where there are none, those whose transaction has
-- written to intake or landing for longer than a lock is waited for.
-- A reader of pg_stat_activity sees `since` of its own role's sessions only; this one sees no statement and no data.
create function intake.lock_holders()
returns table (process_id integer, role_name text, application text, since timestamptz)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    with holder as (
        select
            l.pid,
            bool_or(l.mode in (
                'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
            )) as is_whole
        from pg_locks as l
        where l.granted and l.pid <> pg_backend_pid() and l.locktype = 'relation'
            and l.database = (select d.oid from pg_database as d where d.datname = current_database())
            and l.mode not in ('AccessShareLock', 'ShareUpdateExclusiveLock')
            and l.relation in (
                select c.oid from pg_class as c
                where c.relnamespace in (select n.oid from pg_namespace as n where n.nspname in ('intake', 'landing'))
            )
        group by l.pid
    )
    select a.pid, a.usename::text, a.application_name, coalesce(a.xact_start, a.backend_start)
    from holder as h
    inner join pg_stat_activity as a on a.pid = h.pid
    where h.is_whole or (
        not exists (select from holder as o where o.is_whole)
        and a.xact_start < clock_timestamp() - current_setting('lock_timeout')::interval
    )
    order by a.xact_start
$$;
