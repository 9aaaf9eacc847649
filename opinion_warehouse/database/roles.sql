-- Roles, schemas and their limits. Applied before the migrations, at every migrate; each statement may run again.
-- {database} is the warehouse's database, {airflow} Airflow's.
do $$
declare
    login text;
begin
    -- Owns what migrations make and what is sealed. Nobody can log in as it.
    if not exists (select from pg_roles where rolname = 'opinion_owner') then
        create role opinion_owner nologin;
    end if;
    -- Owns the partitioned parents: detaching one concurrently cannot be done in a function, so publisher may become
    -- this role, and no other, for that.
    if not exists (select from pg_roles where rolname = 'serve_owner') then
        create role serve_owner nologin;
    end if;
    foreach login in array array['loader', 'transformer', 'gate', 'publisher', 'bi_reader', 'erasure', 'airflow'] loop
        if not exists (select from pg_roles where rolname = login) then
            execute format('create role %I login noinherit', login);
        end if;
    end loop;
    -- An administrator who is no superuser needs the membership to act as the owner.
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant opinion_owner, transformer, serve_owner to %I with inherit true, set true', current_user);
    end if;
end
$$;

-- Sealing takes the tables from transformer; attaching works on the parents.
grant transformer, serve_owner to opinion_owner with inherit true, set true;
grant serve_owner to publisher with inherit false, set true;

-- Whose lock it is that keeps a load waiting, and since when: intake.lock_holders says so. Not every administrator may
-- grant this; without it the function names the session but not since when.
do $$
begin
    grant pg_read_all_stats to opinion_owner with inherit true, set false;
exception when insufficient_privilege then
    raise notice 'pg_read_all_stats is not this administrator''s to grant';
end
$$;

revoke all on database {database} from public;
grant create on database {database} to opinion_owner;
grant connect on database {database} to loader, transformer, gate, publisher, bi_reader, erasure;
grant temporary on database {database} to transformer;  -- dbt's incremental models stage in temporary tables
revoke all on schema public from public;

-- What PostgreSQL leaves open to PUBLIC and gives a reader more than reading: large objects and WAL messages fill the
-- disk, an advisory lock of another's holds up the night. An administrator who does not own these functions gets a
-- warning, and they stay as they are.
do $$
declare
    builtin regprocedure;
begin
    for builtin in
        select p.oid from pg_proc as p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and p.proname ~ '^(lo_|loread$|lowrite$|pg_(try_)?advisory_|pg_logical_emit_message$)'
            and has_function_privilege(p.oid, 'EXECUTE')  -- else it is closed, and revoking it is an error
    loop
        execute format('revoke execute on function %s from public', builtin);
        if builtin::text ~ 'advisory' then
            execute format('grant execute on function %s to opinion_owner, loader', builtin);
        end if;
    end loop;
end
$$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'intake', 'landing', 'staging', 'intermediate', 'core', 'analysis', 'serve', 'opinion', 'quality', 'release_ctl'
    ] loop
        if not exists (select from pg_namespace where nspname = name) then
            execute format('create schema %I authorization opinion_owner', name);
        end if;
    end loop;
end
$$;

alter default privileges for role opinion_owner revoke execute on functions from public;
alter default privileges for role transformer revoke execute on functions from public;
alter default privileges for role opinion_owner revoke usage on types from public;
alter default privileges for role transformer revoke usage on types from public;

-- Limits stand with the role, so that every client has them: dbt and Airflow too.
alter role loader in database {database} set statement_timeout = '15min';
alter role loader in database {database} set lock_timeout = '30s';
-- A load goes from statement to statement at once: idle, its process is stopped or gone. Its retries outlast this.
alter role loader in database {database} set idle_in_transaction_session_timeout = '1min';
alter role transformer in database {database} set statement_timeout = '60min';
alter role transformer in database {database} set lock_timeout = '30s';
alter role transformer in database {database} set idle_in_transaction_session_timeout = '10min';
alter role gate in database {database} set statement_timeout = '10min';
alter role gate in database {database} set lock_timeout = '10s';
alter role gate in database {database} set idle_in_transaction_session_timeout = '5min';
alter role publisher in database {database} set statement_timeout = '30min';
alter role publisher in database {database} set lock_timeout = '5s';
alter role publisher in database {database} set idle_in_transaction_session_timeout = '1min';
alter role erasure in database {database} set statement_timeout = '30min';
alter role erasure in database {database} set lock_timeout = '10s';
alter role erasure in database {database} set idle_in_transaction_session_timeout = '5min';
alter role bi_reader in database {database} set default_transaction_read_only = on;
alter role bi_reader in database {database} set statement_timeout = '5min';
alter role bi_reader in database {database} set lock_timeout = '10s';
alter role bi_reader in database {database} set idle_in_transaction_session_timeout = '10min';
alter role bi_reader in database {database} set jit = off;
alter role bi_reader in database {database} set search_path = opinion;

-- A client whose machine has gone says nothing: by itself PostgreSQL would keep its locks for two hours.
do $$
declare
    login text;
    setting text;
begin
    foreach login in array array['loader', 'transformer', 'gate', 'publisher', 'erasure', 'bi_reader'] loop
        foreach setting in array array[
            'tcp_keepalives_idle = 30', 'tcp_keepalives_interval = 10', 'tcp_keepalives_count = 3', 'tcp_user_timeout = 60000'
        ] loop
            execute format('alter role %I in database %I set ', login, current_database()) || setting;
        end loop;
    end loop;
end
$$;
