-- The release's life as functions. Each runs as opinion_owner with a fixed search_path; grants.sql says who may call it.
-- building → sealed → audited | blocked → attached → published ⇄ attached → dropped; abandoned and withdrawn end early.

-- Marks by which a wrong key is told from the right one; a mark gives nothing of the key away.
create table intake.key_check (
    name text primary key,
    mark text not null
);

-- A release is blocked unless each of these suites has run to its end on it.
create table release_ctl.required_suite (suite text primary key);
insert into release_ctl.required_suite values ('release/shape'), ('release/disclosure'), ('release/coverage');

-- ------------------------------------------------------------------ what the release is built from
create view intake.input_file as
select f.*
from intake.file as f
inner join release_ctl.release_file as rf using (file_id)
where rf.release_id = (select max(r.release_id) from release_ctl.release_file as r);
comment on view intake.input_file is 'Accepted files of the newest release opened: what dbt builds from.';

-- How each source stands on a night. Its newest delivery is all files of the last night on which it delivered.
create function intake.source_state(on_night date)
returns table (
    source_id text, family text, source_status text, last_accepted_night date, accepted_file_count bigint, detail text
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    with accepted as (
        select f.source_id, max(f.night) as last_night, count(*) as file_count
        from intake.file as f where f.landing_verdict = 'accepted' group by f.source_id
    ),
    newest as (
        select f.*, count(*) over (partition by f.source_id) as delivered_count
        from intake.file as f
        where f.night = (select max(n.night) from intake.file as n where n.source_id = f.source_id)
    ),
    -- Not taken in, and no later file of the same name was.
    unresolved as (
        select
            n.source_id,
            format('%s of %s files of the newest delivery not taken in (%s)', count(*), max(n.delivered_count),
                string_agg(distinct coalesce(n.reason_code, n.landing_verdict), ', ')) as detail
        from newest as n
        where n.landing_verdict <> 'accepted' and not exists (
            select from intake.file as l
            where l.source_id = n.source_id and l.file_name = n.file_name and l.landing_verdict = 'accepted'
                and (l.received_at, l.sha256) > (n.received_at, n.sha256)
        )
        group by n.source_id
    ),
    dated as (
        select
            s.source_id, s.family, s.is_active, a.last_night, coalesce(a.file_count, 0) as file_count, u.detail,
            (coalesce(a.last_night, s.first_night) + case s.spec #>> '{due,every}'
                when 'day' then interval '1 day'
                when 'week' then interval '7 days'
                when 'month' then interval '1 month'
                when 'quarter' then interval '3 months'
                when 'year' then interval '1 year'
            end)::date + coalesce((s.spec #>> '{due,grace_days}')::int, 0) as late_after   -- null: never due
        from intake.source as s
        left join accepted as a using (source_id)
        left join unresolved as u using (source_id)
        where s.is_active or a.file_count > 0
    )
    select
        d.source_id, d.family,
        case
            when d.file_count = 0 then 'missing'
            when not d.is_active or d.detail is not null then 'carried_forward'
            when on_night > d.late_after then 'late'
            else 'fresh'
        end,
        d.last_night, d.file_count,
        case
            when not d.is_active then 'no longer delivered'
            when d.detail is not null then d.detail
            when on_night > d.late_after then format('was due by %s', d.late_after)
            when d.file_count = 0 then 'nothing accepted yet'
        end
    from dated as d
$$;

-- ------------------------------------------------------------------ small tools, for the functions below only
create function release_ctl.take_lock() returns void
language sql as $$ select pg_advisory_xact_lock(7310002) $$;

create function release_ctl.note(of_release bigint, what text, came_from bigint, reason text) returns void
language sql set search_path = pg_catalog, pg_temp as $$
    insert into release_ctl.log (release_id, action, from_release_id, why) values (of_release, what, came_from, reason)
$$;

create function release_ctl.schema_of(n bigint) returns text
language sql immutable as $$ select 'rel_' || n $$;

create function release_ctl.tables_of(n bigint) returns table (table_oid oid, table_name text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select c.oid, c.relname::text from pg_class as c
    where c.relnamespace = to_regnamespace(release_ctl.schema_of(n)) and c.relkind = 'r' order by c.relname
$$;

create function release_ctl.columns_of(of_table oid) returns table (place int, column_name text, column_type text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select a.attnum::int, a.attname::text, format_type(a.atttypid, a.atttypmod) from pg_attribute as a
    where a.attrelid = of_table and a.attnum > 0 and not a.attisdropped order by a.attnum
$$;

create function release_ctl.state_of(n bigint) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    found_state text := (select r.state from release_ctl.release as r where r.release_id = n);
begin
    if found_state is null then
        raise exception 'release % does not exist', n using errcode = '55000';
    end if;
    return found_state;
end
$$;

-- ------------------------------------------------------------------ what readers see
-- The pointer, or the release a session has pinned. A pinned release that is gone is an error: quietly
-- showing another one would mix two releases on a dashboard.
create function release_ctl.visible() returns bigint
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
    pinned text := nullif(current_setting('opinion.release', true), '');
begin
    if pinned is null then
        return (select p.release_id from release_ctl.pointer as p);
    end if;
    if pinned !~ '^[0-9]{1,18}$' then
        raise exception 'opinion.release = ''%'' is no release number', pinned using errcode = '22023';
    end if;
    if not exists (
        select from release_ctl.release as r
        where r.release_id = pinned::bigint and r.state in ('attached', 'published')
    ) then
        raise exception 'release % is not to be had (any more)', pinned
            using errcode = '55000', hint = 'RESET opinion.release shows the present one.';
    end if;
    return pinned::bigint;
end
$$;

-- ------------------------------------------------------------------ open
create function release_ctl.open_release(for_night date, by_run text, at_revision text, with_code text)
returns table (release_id bigint, is_new boolean)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    fingerprint text;
    pointed bigint;
    n bigint;
    leftover record;
begin
    perform release_ctl.take_lock();
    if not exists (select from intake.file where landing_verdict = 'accepted') then
        return query select null::bigint, false;
        return;
    end if;
    select encode(sha256(convert_to(string_agg(line, e'\n' order by line collate "C"), 'UTF8')), 'hex') into fingerprint
    from (
        select 'file ' || f.source_id || ' ' || f.sha256 from intake.file as f where f.landing_verdict = 'accepted'
        union all select 'spec ' || s.source_id || ' ' || s.spec_sha256 || ' ' || s.is_active from intake.source as s
        union all select 'state ' || t.source_id || ' ' || t.source_status from intake.source_state(for_night) as t
        union all select 'code ' || with_code
    ) as lines (line);

    select p.release_id into pointed from release_ctl.pointer as p;
    -- Published once is enough, also after a roll-back: the same content does not come back by itself.
    if pointed is not null and exists (
        select from release_ctl.release as r
        where r.input_fingerprint = fingerprint and r.published_at is not null
            and (r.release_id >= pointed) and r.state in ('attached', 'published', 'withdrawn')
    ) then
        return query select null::bigint, false;
        return;
    end if;

    -- What a killed or failed run left. A blocked one keeps its state; only its tables go, when the next is opened.
    for leftover in
        select r.release_id, r.state from release_ctl.release as r
        where r.state in ('building', 'sealed', 'audited')
            or (r.state = 'attached' and r.published_at is null)
            or (r.state = 'blocked' and to_regnamespace(release_ctl.schema_of(r.release_id)) is not null)
    loop
        if leftover.state <> 'attached' then  -- attached tables are let go by pruning, without disturbing readers
            execute format('drop schema if exists %I cascade', release_ctl.schema_of(leftover.release_id));
            delete from release_ctl.release_file as rf where rf.release_id = leftover.release_id;
        end if;
        if leftover.state <> 'blocked' then
            update release_ctl.release as r set state = 'abandoned' where r.release_id = leftover.release_id;
            perform release_ctl.note(leftover.release_id, 'abandon', null, 'left ' || leftover.state);
        end if;
    end loop;

    insert into release_ctl.release
        (night, run_id, git_revision, code_digest, input_fingerprint, is_partial, data_start, data_end)
    select
        for_night, by_run, at_revision, with_code, fingerprint,
        exists (
            select from intake.source_state(for_night) as t inner join intake.source as s using (source_id)
            where s.is_active and t.source_status <> 'fresh'
        ),
        d.first_day, d.last_day
    from release_ctl.data_interval() as d
    returning release_id into n;
    insert into release_ctl.release_file (release_id, file_id)
    select n, f.file_id from intake.file as f where f.landing_verdict = 'accepted';
    insert into release_ctl.release_source
        (release_id, source_id, family, source_status, last_accepted_night, accepted_file_count, detail)
    select n, t.source_id, t.family, t.source_status, t.last_accepted_night, t.accepted_file_count, t.detail
    from intake.source_state(for_night) as t;
    execute format('create schema %I', release_ctl.schema_of(n));
    execute format('grant usage, create on schema %I to transformer', release_ctl.schema_of(n));
    perform release_ctl.note(n, 'open', pointed, by_run);
    return query select n, true;
end
$$;

-- First and last day the data speak of. Each part is found by an index, whatever the history's length.
create function release_ctl.data_interval(out first_day date, out last_day date)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select min(d.first_day), max(d.last_day)
    from intake.source as s
    cross join lateral (
        select min((w ->> 'fieldwork_start')::date) as first_day, max((w ->> 'fieldwork_end')::date) as last_day
        from jsonb_array_elements(case when s.family = 'survey' then s.spec #> '{survey,waves}' end) as w
        where exists (
            select from landing.survey_response as r where r.source_id = s.source_id and r.wave_id = w ->> 'id'
        )
        union all
        select min(r.period_start), max(r.period_end) from landing.report as r
        where s.family = 'report' and r.source_id = s.source_id
        union all
        select
            (select min(i.published_date) from landing.social_item as i where i.source_id = s.source_id),
            (select max(i.published_date) from landing.social_item as i where i.source_id = s.source_id)
        where s.family = 'social'
    ) as d
$$;
