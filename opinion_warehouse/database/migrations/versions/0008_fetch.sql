-- One row a fetch of a source; one without an end was killed.
create table intake.fetch (
    fetch_id bigint generated always as identity primary key,
    source_id text not null references intake.source,
    night date not null,
    run_id text not null,
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    outcome text check (outcome in ('fetched', 'nothing_new', 'failed')),
    reason_code text,
    detail text,                         -- never credentials, never a server's own words
    file_count bigint not null default 0,
    check ((ended_at is null) = (outcome is null)),
    check ((outcome = 'failed') = (reason_code is not null))
);
create index on intake.fetch (source_id, night);

-- How far a source is fetched. Written after the file is in the inbox, so it never says more than was written.
create table intake.fetch_mark (
    source_id text not null references intake.source,
    item text not null,                  -- what is fetched by itself: a survey, a query, an object's key
    mark text not null,                  -- the connector's own: a moment, a day, an object's etag and size
    file_name text not null,             -- the file that brought it there
    marked_at timestamptz not null default clock_timestamp(),
    primary key (source_id, item)
);
