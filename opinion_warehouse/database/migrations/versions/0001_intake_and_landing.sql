-- What the loader writes. No author, no text, no contact: a column that could hold one does not exist.
create table intake.source (
    source_id text primary key,
    family text not null check (family in ('survey', 'report', 'social')),
    spec jsonb not null,                 -- the validated spec, defaults filled in
    spec_sha256 text not null,
    is_active boolean not null,          -- false: its spec has gone; its data stay
    first_night date not null            -- the night it was first seen: lateness counts from here
);

create table intake.file (
    file_id bigint generated always as identity primary key,
    source_id text not null references intake.source,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    file_name text not null,
    byte_count bigint not null,
    received_at timestamptz not null,    -- when it was delivered (its modification time)
    night date not null,
    run_id text not null,
    parser_version text not null,
    spec_sha256 text not null,
    status text not null check (status in ('loaded', 'rejected')),
    reason_code text,                    -- of a rejected file
    rows_read bigint not null,
    rows_loaded bigint not null,
    rows_quarantined bigint not null,
    landing_verdict text not null default 'pending' check (landing_verdict in ('pending', 'accepted', 'held')),
    landed_at timestamptz not null default now(),
    unique (source_id, sha256),
    check (rows_read = rows_loaded + rows_quarantined),
    check ((status = 'rejected') = (reason_code is not null)),
    check (status = 'loaded' or rows_loaded = 0),
    check (status = 'loaded' or landing_verdict = 'pending')
);
create index on intake.file (night);

-- Written outside the load's transaction: an attempt without an end is a crash.
create table intake.attempt (
    attempt_id bigint generated always as identity primary key,
    source_id text not null,
    file_name text not null,
    sha256 text,
    night date not null,
    run_id text not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    outcome text check (outcome in ('loaded', 'duplicate', 'rejected', 'failed', 'aborted')),
    reason_code text
);
create index on intake.attempt (night);

-- One entry a bad row (row_number, row_count = 1), or one for rows refused together (row_number null).
-- Values are not kept: the stored file has them.
create table intake.quarantine (
    quarantine_id bigint generated always as identity primary key,
    file_id bigint not null references intake.file on delete cascade,
    row_number bigint,
    row_count bigint not null check (row_count >= 0),
    reasons jsonb not null,              -- [{"code", "column", "detail"}], detail never quotes the cell
    check (row_number is null or row_count = 1)
);
create index on intake.quarantine (file_id);

-- What each source's night came to; one row a source and night, replaced by a rerun.
create table intake.source_night (
    source_id text not null references intake.source,
    night date not null,
    run_id text not null,
    status text not null check (status in ('accepted', 'held', 'rejected', 'nothing_new')),
    detail text,
    primary key (source_id, night)
);

create table landing.survey_response (
    file_id bigint not null references intake.file on delete cascade,
    respondent_key text not null,        -- HMAC of source, wave and the source's own id
    source_id text not null,
    wave_id text not null,
    row_number bigint not null,
    is_complete boolean not null,
    weight double precision check (weight > 0 and weight < 'infinity'),
    stratum_code text,
    psu_code text,
    stratum_psu_total double precision,  -- PSUs in the population of the stratum (fpc, stage 1)
    psu_size double precision,           -- elements in the population of the PSU (fpc, stage 2)
    place_code text,
    groups jsonb not null,               -- {"gender": "f", …}; a group not known is absent
    primary key (respondent_key, file_id)
);
create index on landing.survey_response (source_id, wave_id, file_id);

create table landing.survey_answer (
    file_id bigint not null references intake.file on delete cascade,
    respondent_key text not null,
    source_id text not null,
    wave_id text not null,
    question_id text not null,
    item_code text not null default '',  -- multiple choice: the option ticked or not; else ''
    answer_code text,                    -- single: the option; multiple: '1' ticked, '0' not
    numeric_value double precision check (numeric_value > '-infinity' and numeric_value < 'infinity'),
    missing_code smallint not null check (missing_code between 0 and 7),
    primary key (respondent_key, file_id, question_id, item_code)
);
create index on landing.survey_answer (source_id, wave_id, file_id);

create table landing.report (
    file_id bigint not null references intake.file on delete cascade,
    source_id text not null,
    unit_code text not null,
    report_kind text not null check (report_kind in ('periodic', 'thematic', 'ad_hoc')),
    period_code text not null,           -- 2026-W47, 2026-11, 2026-Q4, 2026-H2, 2026
    period_start date not null,
    period_end date not null check (period_end >= period_start),
    submitted_at timestamptz not null,
    item_count bigint not null,
    primary key (file_id, unit_code, report_kind, period_code)
);

create table landing.report_item (
    file_id bigint not null references intake.file on delete cascade,
    row_number bigint not null,
    source_id text not null,
    unit_code text not null,
    report_kind text not null,
    period_code text not null,
    place_code text,
    topic_code text not null,
    scope_rank smallint check (scope_rank between 1 and 4),   -- 4 tuyệt đại đa số … 1 một số ý kiến
    tendency text not null check (tendency in ('support', 'oppose', 'concerned', 'unclear')),
    intensity smallint check (intensity between 1 and 5),
    source_channel text,
    opinion_count bigint check (opinion_count >= 0),
    recommendation_id text,              -- present where the row asks an agency for something
    agency_code text,
    urgency text,
    primary key (file_id, row_number)
);

create table landing.report_followup (
    file_id bigint not null references intake.file on delete cascade,
    row_number bigint not null,
    source_id text not null,
    recommendation_id text not null,
    status text not null check (status in ('received', 'referred', 'in_progress', 'resolved', 'explained', 'unresolved', 'out_of_remit')),
    status_date date not null,
    agency_code text,
    primary key (file_id, row_number)
);

create table landing.social_item (
    file_id bigint not null references intake.file on delete cascade,
    item_key text not null,              -- HMAC of source and the vendor's item id
    source_id text not null,
    row_number bigint not null,
    published_at timestamptz not null,
    published_date date not null,        -- in the source's time zone
    platform text not null,
    query_code text not null,
    topic_codes text[] not null,         -- never empty: Z9 where no rule matched
    place_code text,
    sentiment text not null check (sentiment in ('positive', 'negative', 'neutral', 'unknown')),
    sentiment_method text not null,
    engagement_count bigint check (engagement_count >= 0),
    domain_key text,                     -- HMAC of the site's domain: counted, never shown
    primary key (item_key, file_id)
);
create index on landing.social_item (source_id, published_date);
create index on landing.social_item (file_id);
