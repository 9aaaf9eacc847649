-- Attach, publish, roll back, prune.

create function release_ctl.attach(n bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    home text := release_ctl.schema_of(n);
    member record;
    gone text;
begin
    perform release_ctl.take_lock();
    if release_ctl.state_of(n) in ('attached', 'published') then
        return;  -- a repeated task
    elsif release_ctl.state_of(n) <> 'audited' then
        raise exception 'release % is %, not audited: it is not attached', n, release_ctl.state_of(n)
            using errcode = '55000';
    end if;
    select string_agg(c.relname, ', ' order by c.relname) into gone
    from pg_class as c
    where c.relnamespace = 'serve'::regnamespace and c.relkind = 'p'
        and not exists (select from release_ctl.tables_of(n) as t where t.table_name = c.relname);
    if gone is not null then
        raise exception 'release % lacks tables that BI reads: %', n, gone using errcode = '55000',
            hint = 'A published table is taken away by a migration, not by leaving out its model.';
    end if;
    execute format('grant usage on schema %I to serve_owner', home);
    for member in select * from release_ctl.tables_of(n) loop
        perform release_ctl.fit_parent(n, member.table_name, member.table_oid);
        execute format('alter table serve.%I attach partition %I.%I for values in (%s)',
            member.table_name, home, member.table_name, n);
        if current_setting('server_version_num')::int >= 180000 then
            execute format('analyze only serve.%I', member.table_name);
        else
            execute format('analyze serve.%I', member.table_name);
        end if;
        perform release_ctl.fit_view(member.table_name, member.table_oid);
    end loop;
    update release_ctl.release as r set state = 'attached', attached_at = clock_timestamp() where r.release_id = n;
    perform release_ctl.note(n, 'attach', null, null);
end
$$;

-- The parent gets what columns are new; one that has gone or changed its type breaks BI's contract and is refused.
create function release_ctl.fit_parent(n bigint, named text, of_table oid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    parent oid := to_regclass(format('serve.%I', named));
    fault text;
    fresh record;
begin
    if parent is null then
        execute format('create table serve.%I (%s) partition by list (release_id)', named, (
            select string_agg(format('%I %s', c.column_name, c.column_type), ', ' order by c.place)
            from release_ctl.columns_of(of_table) as c
        ));
        execute format('alter table serve.%I owner to serve_owner', named);
        -- It attaches and detaches, and writes no row: through a parent a sealed table could be changed.
        execute format('revoke all on serve.%I from serve_owner', named);
        execute format('grant select on serve.%I to opinion_owner, gate, publisher', named);
        if current_setting('server_version_num')::int >= 170000 then
            execute format('grant maintain on serve.%I to opinion_owner', named);  -- attach analyzes it
        end if;
        return;
    end if;
    select string_agg(format('%s.%s: %s', named, p.column_name, case
        when c.column_type is null then 'has gone'
        else format('was %s, is %s', p.column_type, c.column_type)
    end), '; ' order by p.place)
    into fault
    from release_ctl.columns_of(parent) as p
    left join release_ctl.columns_of(of_table) as c using (column_name)
    where c.column_type is distinct from p.column_type;
    if fault is not null then
        raise exception 'release % breaks the contract with BI: %', n, fault using errcode = '55000',
            hint = 'Keep the column, or change it by a migration that tells its readers.';
    end if;
    for fresh in
        select c.* from release_ctl.columns_of(of_table) as c
        where not exists (select from release_ctl.columns_of(parent) as p where p.column_name = c.column_name)
    loop
        execute format('alter table serve.%I add column %I %s', named, fresh.column_name, fresh.column_type);
    end loop;
end
$$;

-- The view and its comments; touched only where they differ, for replacing a view waits for its readers.
create function release_ctl.fit_view(named text, of_table oid) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    parent oid := to_regclass(format('serve.%I', named));
    shown oid := to_regclass(format('opinion.%I', named));
    target oid;
    kind text;
    note record;
begin
    if shown is null or exists (
        select from release_ctl.columns_of(parent) as p
        where not exists (select from release_ctl.columns_of(shown) as v where v.column_name = p.column_name)
    ) then
        execute format(
            'create or replace view opinion.%I with (security_barrier) as select %s from serve.%I'
            ' where release_id = (select release_ctl.visible())', named, (
                select string_agg(quote_ident(c.column_name), ', ' order by c.place)
                from release_ctl.columns_of(parent) as c
            ), named
        );
        execute format('grant select on opinion.%I to bi_reader', named);
        shown := to_regclass(format('opinion.%I', named));
    end if;
    foreach target in array array[parent, shown] loop
        kind := case target when parent then 'table' else 'view' end;
        if obj_description(of_table, 'pg_class') is distinct from obj_description(target, 'pg_class') then
            execute format('comment on %s %s is %L', kind, target::regclass, obj_description(of_table, 'pg_class'));
        end if;
        for note in
            select c.column_name, col_description(of_table, c.place) as words
            from release_ctl.columns_of(of_table) as c
            inner join release_ctl.columns_of(target) as t using (column_name)
            where col_description(of_table, c.place) is distinct from col_description(target, t.place)
        loop
            execute format('comment on column %s.%I is %L', target::regclass, note.column_name, note.words);
        end loop;
    end loop;
end
$$;

create function release_ctl.move_pointer(n bigint, expected_from bigint, why text, action text) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    pointed bigint;
    target release_ctl.release;
begin
    perform release_ctl.take_lock();
    select p.release_id into pointed from release_ctl.pointer as p;
    if pointed = n then
        return 'already';
    end if;
    if pointed is distinct from expected_from then
        raise exception 'the visible release is %, not % as expected: somebody else has published meanwhile',
            coalesce(pointed::text, 'none'), coalesce(expected_from::text, 'none') using errcode = '40001';
    end if;
    perform release_ctl.state_of(n);
    select r.* into target from release_ctl.release as r where r.release_id = n;
    if target.state <> 'attached' then
        raise exception 'release % is %, not audited and attached', n, target.state using errcode = '55000';
    end if;
    if action = 'roll_back' and (target.published_at is null or n > coalesce(pointed, 0)) then
        raise exception 'release % is no earlier published one: nothing to roll back to', n using errcode = '55000';
    end if;
    -- A statement planned before the tables were attached and run after the pointer moved would find nothing.
    if clock_timestamp() < target.attached_at + interval '1 second' then
        raise exception 'release % was attached less than a second ago', n using errcode = '55000',
            hint = 'Commit the attaching, wait a second, publish.';
    end if;
    update release_ctl.pointer set release_id = n;
    update release_ctl.release as r set state = 'attached' where r.release_id = pointed;
    update release_ctl.release as r
    set state = 'published', published_at = coalesce(r.published_at, clock_timestamp()) where r.release_id = n;
    perform release_ctl.note(n, action, pointed, why);
    return 'published';
end
$$;

create function release_ctl.publish(n bigint, expected_from bigint, why text) returns text
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select release_ctl.move_pointer(n, expected_from, why, 'publish')
$$;

create function release_ctl.roll_back(n bigint, expected_from bigint, why text) returns text
language sql security definer set search_path = pg_catalog, pg_temp as $$
    select release_ctl.move_pointer(n, expected_from, why, 'roll_back')
$$;

-- Never to be shown again. It is let go by the next pruning.
create function release_ctl.withdraw(n bigint, why text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform release_ctl.take_lock();
    if release_ctl.state_of(n) <> 'attached' then
        raise exception 'release % is %: only an attached one that is not visible can be withdrawn', n,
            release_ctl.state_of(n) using errcode = '55000', hint = 'Roll back first, then withdraw.';
    end if;
    update release_ctl.release as r set state = 'withdrawn' where r.release_id = n;
    perform release_ctl.note(n, 'withdraw', null, why);
end
$$;

-- ------------------------------------------------------------------ pruning
-- Beyond the three newest attached, and what is withdrawn, abandoned or half dropped; never the visible one.
create function release_ctl.prunable() returns setof bigint
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select r.release_id
    from release_ctl.release as r
    where to_regnamespace(release_ctl.schema_of(r.release_id)) is not null
        and r.release_id is distinct from (select p.release_id from release_ctl.pointer as p)
        and (r.state in ('withdrawn', 'abandoned', 'dropped') or r.state = 'attached' and r.release_id not in (
            select k.release_id from release_ctl.release as k
            where k.state in ('attached', 'published') order by k.release_id desc limit 3
        ))
    order by r.release_id
$$;

-- From now on nobody can choose it; its tables may still be read by what runs.
create function release_ctl.retire(n bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform release_ctl.take_lock();
    if n not in (select release_ctl.prunable()) then
        raise exception 'release % is kept: it is visible or among the newest', n using errcode = '55000';
    end if;
    update release_ctl.release as r set state = 'dropped' where r.release_id = n and r.state <> 'dropped';
    if found then
        perform release_ctl.note(n, 'detach', null, null);
    end if;
end
$$;

create function release_ctl.drop_release(n bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform release_ctl.take_lock();
    if release_ctl.state_of(n) <> 'dropped' then
        raise exception 'release % is %: it is retired first', n, release_ctl.state_of(n) using errcode = '55000';
    end if;
    if exists (select from release_ctl.tables_of(n) as t inner join pg_inherits as h on h.inhrelid = t.table_oid) then
        raise exception 'tables of release % are still attached', n using errcode = '55000';
    end if;
    execute format('drop schema if exists %I cascade', release_ctl.schema_of(n));
    delete from release_ctl.release_file as rf where rf.release_id = n;
    perform release_ctl.note(n, 'drop', null, null);
end
$$;

-- ------------------------------------------------------------------ what came with the visible release
create view opinion.release_notes with (security_barrier) as
with result as (
    select distinct on (c.release_id, c.source_id, c.night, c.suite, c.check_id)
        c.release_id, c.source_id, c.night, c.outcome, c.observed,
        jsonb_build_object(
            'check_id', c.check_id, 'description', c.description, 'outcome', c.outcome, 'observed', c.observed
        ) as line
    from quality.check_result as c
    order by c.release_id, c.source_id, c.night, c.suite, c.check_id, c.check_result_id desc
)
select
    r.release_id, r.published_at, r.night, r.git_revision, r.data_start, r.data_end,
    case when r.is_partial then 'partial' else 'full' end as coverage,
    s.source_id, s.family as source_family, s.source_status, s.last_accepted_night, s.accepted_file_count,
    s.detail as source_detail,
    w.warned_check_count, w.warned_checks, w.exceptions
from release_ctl.release as r
inner join release_ctl.release_source as s using (release_id)
cross join lateral (
    select
        count(*) filter (where q.outcome <> 'pass') as warned_check_count,
        coalesce(jsonb_agg(q.line order by q.line ->> 'check_id') filter (where q.outcome <> 'pass'), '[]') as warned_checks,
        coalesce(jsonb_agg(q.observed -> 'exception' order by q.line ->> 'check_id')
            filter (where q.observed ? 'exception'), '[]') as exceptions
    from result as q
    where q.release_id = r.release_id
        or (q.release_id is null and q.source_id = s.source_id and q.night = s.last_accepted_night)
) as w
where r.release_id = (select release_ctl.visible());
comment on view opinion.release_notes is 'The visible release, one row a source: where it comes from and what to mind.';
comment on column opinion.release_notes.release_id is 'The release';
comment on column opinion.release_notes.published_at is 'When it was first published';
comment on column opinion.release_notes.night is 'The night it was built for';
comment on column opinion.release_notes.git_revision is 'Revision of the code it was built with';
comment on column opinion.release_notes.data_start is 'First day the data speak of';
comment on column opinion.release_notes.data_end is 'Last day the data speak of';
comment on column opinion.release_notes.coverage is 'full, or partial: at least one source is not fresh';
comment on column opinion.release_notes.source_id is 'The source';
comment on column opinion.release_notes.source_family is 'survey, report or social';
comment on column opinion.release_notes.source_status is 'fresh; carried_forward: its newest delivery was not taken in; late; missing';
comment on column opinion.release_notes.last_accepted_night is 'Night of its last accepted file';
comment on column opinion.release_notes.accepted_file_count is 'Files in this release';
comment on column opinion.release_notes.source_detail is 'Why it is not fresh';
comment on column opinion.release_notes.warned_check_count is 'Checks of the release and of this source that passed with notice';
comment on column opinion.release_notes.warned_checks is 'Those checks';
comment on column opinion.release_notes.exceptions is 'Reviewed exceptions that were used';
