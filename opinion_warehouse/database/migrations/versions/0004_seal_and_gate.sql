-- Seal, verdict: from here on nobody changes the tables.

-- What could make a sealed table answer differently later, or run somebody else's code as its new owner.
create function release_ctl.unfit_for_sealing(n bigint) returns setof text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select format('%I.%I is no plain table', release_ctl.schema_of(n), c.relname)
    from pg_class as c
    where c.relnamespace = to_regnamespace(release_ctl.schema_of(n))
        and c.relkind not in ('r', 'i', 't') or (
            c.relnamespace = to_regnamespace(release_ctl.schema_of(n)) and c.relkind = 'r' and (
                c.relhasrules or c.relrowsecurity or c.relpersistence <> 'p' or c.relname like '%\_\_dbt\_%'
                or exists (select from pg_inherits as h where c.oid in (h.inhrelid, h.inhparent))
                or exists (select from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal)
                or exists (
                    select from pg_index as i
                    where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null)
                )
            )
        )
    union all
    select format('%I.%I: column %I is generated or of a type of its own', release_ctl.schema_of(n), t.table_name, a.attname)
    from release_ctl.tables_of(n) as t
    inner join pg_attribute as a on a.attrelid = t.table_oid and a.attnum > 0 and not a.attisdropped
    inner join pg_type as y on y.oid = a.atttypid
    where a.attgenerated <> '' or a.attidentity <> '' or y.typnamespace <> 'pg_catalog'::regnamespace
    union all
    select format('%I.%I: constraint %I calls a function of its own', release_ctl.schema_of(n), t.table_name, k.conname)
    from release_ctl.tables_of(n) as t
    inner join pg_constraint as k on k.conrelid = t.table_oid
    inner join pg_depend as d on d.classid = 'pg_constraint'::regclass and d.objid = k.oid
        and d.refclassid = 'pg_proc'::regclass
    union all
    select format('%I.%I has no column release_id', release_ctl.schema_of(n), t.table_name)
    from release_ctl.tables_of(n) as t
    where not exists (
        select from release_ctl.columns_of(t.table_oid) as c
        where c.column_name = 'release_id' and c.column_type in ('integer', 'bigint')
    )
$$;

-- A table's content as one digest: the order of its rows and columns and the release's number do not matter.
create function release_ctl.table_digest(of_table oid, out row_count bigint, out digest text)
language plpgsql
set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1
as $$
declare
    names text;
    shape text;
begin
    select
        string_agg(quote_ident(c.column_name), ', ' order by c.column_name collate "C"),
        string_agg(format('%I %s', c.column_name, c.column_type), ', ' order by c.column_name collate "C")
    into names, shape
    from release_ctl.columns_of(of_table) as c where c.column_name <> 'release_id';
    -- In 256 parts, so that no row hash list outgrows a value's limit.
    execute format(
        $query$
        select coalesce(sum(rows), 0), encode(sha256(
            convert_to(%L, 'UTF8') || coalesce(string_agg(part_digest, ''::bytea order by part), ''::bytea)
        ), 'hex')
        from (
            select get_byte(row_hash, 0) as part, count(*) as rows,
                sha256(string_agg(row_hash, ''::bytea order by row_hash)) as part_digest
            from (select sha256(convert_to(row(%s)::text, 'UTF8')) as row_hash from %s) as hashed
            group by 1
        ) as parts
        $query$, shape, names, of_table::regclass
    ) into row_count, digest;
end
$$;

create function release_ctl.seal(n bigint) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    home text := release_ctl.schema_of(n);
    everyone constant text := 'public, transformer, loader, gate, publisher, bi_reader, erasure';
    faults text;
    member record;
    digests jsonb := '{}';
    whole text;
begin
    perform release_ctl.take_lock();
    if release_ctl.state_of(n) <> 'building' then
        if release_ctl.state_of(n) = 'sealed' then  -- a repeated task
            return (select r.digest from release_ctl.release as r where r.release_id = n);
        end if;
        raise exception 'release % is %, not building', n, release_ctl.state_of(n) using errcode = '55000';
    end if;
    -- From here nothing is added, and whoever is writing has ended before the tables are looked at.
    execute format('revoke all on schema %I from %s', home, everyone);
    for member in select * from release_ctl.tables_of(n) loop
        execute format('lock table %I.%I in access exclusive mode', home, member.table_name);
    end loop;
    select string_agg(fault, e'\n') into faults from release_ctl.unfit_for_sealing(n) as fault;
    if faults is not null then
        raise exception 'release % cannot be sealed: %', n, faults using errcode = '55000';
    end if;
    if not exists (select from release_ctl.tables_of(n)) then
        raise exception 'release % has no tables: nothing was built into %', n, home using errcode = '55000';
    end if;
    for member in select * from release_ctl.tables_of(n) loop
        execute format('alter table %I.%I owner to opinion_owner', home, member.table_name);
        execute format('revoke all on %I.%I from %s', home, member.table_name, everyone);
        -- With it, attaching need not look at a row.
        execute format('alter table %I.%I add constraint of_this_release check (release_id = %s),'
            ' alter column release_id set not null', home, member.table_name, n);
        -- The planner knows the pointer's value only when it runs; of three attached releases one is asked for.
        execute format('alter table %I.%I alter column release_id set (n_distinct = 3)', home, member.table_name);
        execute format('grant select on %I.%I to gate, publisher', home, member.table_name);
        execute format('analyze %I.%I', home, member.table_name);
        select digests || jsonb_build_object(member.table_name, jsonb_build_object('rows', d.row_count, 'digest', d.digest))
        into digests from release_ctl.table_digest(member.table_oid) as d;
    end loop;
    execute format('grant usage on schema %I to gate, publisher', home);
    select encode(sha256(convert_to(
        string_agg(format('%s %s %s', t.key, t.value ->> 'rows', t.value ->> 'digest'), e'\n' order by t.key collate "C"),
        'UTF8')), 'hex')
    into whole from jsonb_each(digests) as t;
    update release_ctl.release as r
    set state = 'sealed', sealed_at = clock_timestamp(), table_digests = digests, digest = whole
    where r.release_id = n;
    perform release_ctl.note(n, 'seal', null, whole);
    return whole;
end
$$;

-- The verdict is a query over what the suites left. Nothing left, too little, not ended: blocked.
create function release_ctl.record_verdict(n bigint, out verdict text, out reasons text[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    state text;
begin
    perform release_ctl.take_lock();
    state := release_ctl.state_of(n);
    if state in ('audited', 'blocked') then  -- a verdict is final; a repeated task hears it again
        verdict := state;
        select case state when 'audited' then '{}'::text[] else array[l.why] end into reasons
        from release_ctl.log as l where l.release_id = n and l.action = 'verdict' order by l.log_id desc limit 1;
        return;
    elsif state <> 'sealed' then
        raise exception 'release % is %, not sealed: no verdict', n, state using errcode = '55000';
    end if;
    with run as (  -- a suite's last run on this release
        select distinct on (s.suite) s.suite, s.expected_checks, s.started_at, s.ended_at
        from quality.suite_run as s where s.release_id = n order by s.suite, s.suite_run_id desc
    ),
    result as (
        select c.* from quality.check_result as c inner join run on run.suite = c.suite
        where c.release_id = n and c.checked_at >= run.started_at
    ),
    fault as (
        select format('suite %s has not run', q.suite) as reason
        from release_ctl.required_suite as q where not exists (select from run where run.suite = q.suite)
        union all
        select format('suite %s has not ended', run.suite) from run where run.ended_at is null
        union all
        select format('suite %s left %s results of %s', run.suite, count(distinct result.check_id), run.expected_checks)
        from run left join result using (suite)
        group by run.suite, run.expected_checks
        having count(distinct result.check_id) <> run.expected_checks or count(result.check_id) <> run.expected_checks
        union all
        select format('%s %s: %s', result.check_id, result.outcome, result.description)
        from result where result.severity = 'block' and result.outcome <> 'pass'
    )
    select coalesce(array_agg(fault.reason order by fault.reason), '{}') into reasons from fault;
    verdict := case when cardinality(reasons) = 0 then 'audited' else 'blocked' end;
    update release_ctl.release as r set state = verdict where r.release_id = n;
    perform release_ctl.note(n, 'verdict', null, array_to_string(verdict || reasons, '; '));
end
$$;
