-- Check results, releases, the pointer. Functions are in 0003.
create table quality.check_result (
    check_result_id bigint generated always as identity primary key,
    release_id bigint,                   -- null for landing checks
    source_id text,                      -- null for release checks
    night date not null,
    run_id text not null,
    suite text not null,                 -- landing/<name> or release/<name>
    check_id text not null,              -- REL-004
    description text not null,
    severity text not null check (severity in ('block', 'warn')),
    outcome text not null check (outcome in ('pass', 'fail', 'error')),
    observed jsonb not null,             -- counts only, never row values
    checked_at timestamptz not null default clock_timestamp()
);
create index on quality.check_result (release_id);
create index on quality.check_result (night);

-- How many results a suite must leave; written before it runs. Fewer = blocked.
create table quality.suite_run (
    suite_run_id bigint generated always as identity primary key,
    release_id bigint,
    source_id text,
    night date not null,
    run_id text not null,
    suite text not null,
    expected_checks int not null check (expected_checks > 0),
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz
);

create table quality.model_result (
    model_result_id bigint generated always as identity primary key,
    release_id bigint not null,
    night date not null,
    run_id text not null,
    node_id text not null,
    status text not null,
    seconds double precision not null,
    rows_affected bigint
);

create table release_ctl.release (
    release_id bigint generated always as identity primary key,
    state text not null default 'building' check (state in
        ('building', 'sealed', 'blocked', 'audited', 'attached', 'published', 'abandoned', 'withdrawn', 'dropped')),
    night date not null,
    run_id text not null,
    git_revision text not null,
    code_digest text not null,           -- of dbt_project/ and expectations/ as built
    input_fingerprint text not null,     -- of accepted files, specs and code: equal = nothing new
    is_partial boolean not null,
    data_start date,
    data_end date,
    digest text,                         -- of the sealed tables' content, release_id left out
    table_digests jsonb,                 -- {table: {"rows": n, "digest": sha256}}
    opened_at timestamptz not null default clock_timestamp(),
    sealed_at timestamptz,
    attached_at timestamptz,
    published_at timestamptz             -- first time
);

-- What the release was built from: accepted files at the moment it was opened.
create table release_ctl.release_file (
    release_id bigint not null references release_ctl.release,
    file_id bigint not null,
    primary key (release_id, file_id)
);

create table release_ctl.release_source (
    release_id bigint not null references release_ctl.release,
    source_id text not null,
    family text not null,
    source_status text not null check (source_status in ('fresh', 'carried_forward', 'late', 'missing')),
    last_accepted_night date,
    accepted_file_count bigint not null,
    detail text,
    primary key (release_id, source_id)
);

create table release_ctl.pointer (
    only_row boolean primary key default true check (only_row),
    release_id bigint references release_ctl.release
);
insert into release_ctl.pointer (release_id) values (null);

create table release_ctl.log (
    log_id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    release_id bigint not null,
    action text not null,                -- open, seal, verdict, attach, publish, roll_back, abandon, detach, drop
    from_release_id bigint,
    why text,
    by_role text not null default session_user
);

-- Written by the analysis step, read by dbt as sources.
create table analysis.survey_weighting (
    source_id text not null,
    wave_id text not null,
    file_id bigint not null,
    respondent_count bigint not null,
    weight_total double precision,
    weight_max_to_median double precision,
    kish_design_effect double precision,
    weighting_method text not null,
    primary key (source_id, wave_id)
);
create table analysis.t_quantile (
    degrees_of_freedom int primary key,
    t_975 double precision not null
);
create table analysis.survey_reliability (
    estimate_key text primary key,
    wave_key text not null,
    input_digest text not null,          -- of the wave's estimates: equal = not analysed again
    effective_sample_size_nchs double precision,
    kg_ci_low double precision,
    kg_ci_high double precision,
    reliability_code text not null       -- present, review, suppress_*
);
create index on analysis.survey_reliability (wave_key);
create table analysis.survey_change (
    estimate_key text primary key,
    wave_key text not null,
    previous_wave_key text not null,
    input_digest text not null,
    difference double precision not null,
    standard_error double precision,
    p_value double precision,
    adjusted_p_value double precision,
    is_changed boolean
);
create index on analysis.survey_change (wave_key);
