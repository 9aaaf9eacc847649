-- Two-stage designs and panels; calibrated weights; waves that wait; breaks; trend.
alter table landing.survey_response
    add ssu_code text,                   -- second-stage unit, read within its PSU; none: the respondent
    add panel_key text;                  -- HMAC of source and the source's own id, in panels only: who was asked again

-- ------------------------------------------------------------------ weights
alter table analysis.survey_weighting
    add input_digest text not null default '',  -- of file, margins and method: equal = not weighed again
    add iteration_count int,
    add weight_cap double precision,     -- in multiples of the median weight; null: not trimmed
    add margin_error double precision;   -- largest relative error of a margin; null: no margins

-- Calibrated weights of the file that speaks for a wave. A person erased from landing is erased here by the key.
create table analysis.survey_weight (
    file_id bigint not null,
    respondent_key text not null,
    weight double precision not null check (weight > 0 and weight < 'infinity'),
    primary key (respondent_key, file_id),
    foreign key (respondent_key, file_id) references landing.survey_response on delete cascade
);
create index on analysis.survey_weight (file_id);

-- What each margin was before and after.
create table analysis.survey_margin (
    source_id text not null,
    wave_id text not null,
    dimension text not null,
    code text not null,
    target_total double precision not null,
    design_total double precision not null,      -- with the design weight
    achieved_total double precision not null,    -- with the calibrated weight
    respondent_count bigint not null,
    primary key (source_id, wave_id, dimension, code)
);

-- ------------------------------------------------------------------ waves that wait
-- Delivered, and not published in this release. With a file_id, an older file of the wave may still speak for it.
create table release_ctl.held_wave (
    release_id bigint not null references release_ctl.release,
    source_id text not null,
    wave_id text not null,
    file_id bigint,
    reason_code text not null,
    detail text not null,                -- says which item, margin or category; never a respondent's value
    unique nulls not distinct (release_id, source_id, wave_id, file_id)
);

create function release_ctl.hold_wave(
    n bigint, of_source text, of_wave text, of_file bigint, with_reason text, with_detail text
) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform release_ctl.take_lock();
    if release_ctl.state_of(n) <> 'building' then
        raise exception 'release % is %, not building: no wave is held any more', n, release_ctl.state_of(n)
            using errcode = '55000';
    end if;
    insert into release_ctl.held_wave (release_id, source_id, wave_id, file_id, reason_code, detail)
    values (n, of_source, of_wave, of_file, with_reason, with_detail)
    on conflict do nothing;
    if not found then  -- a repeated task
        return;
    end if;
    update release_ctl.release as r set is_partial = true where r.release_id = n;
    update release_ctl.release_source as s
    set
        source_status = case s.source_status when 'fresh' then 'carried_forward' else s.source_status end,
        detail = concat_ws('; ', s.detail, format('wave %s is held: %s', of_wave, with_detail))
    where s.release_id = n and s.source_id = of_source;
end
$$;

-- ------------------------------------------------------------------ change
alter table analysis.survey_change
    alter difference drop not null,
    add previous_estimate_key text,      -- what it is the difference to; null: a break
    add is_panel boolean not null default false,
    add break_reason text,               -- wording, options, mode, sampling or boundary: there is no difference
    add check ((difference is null) = (break_reason is not null));

-- ------------------------------------------------------------------ trend
create table analysis.opinion_trend (
    series_key text not null,
    series_id text not null,             -- the survey's series
    input_digest text not null,
    estimate_key text not null,          -- the estimate at this date; of a forecast: the last one it builds on
    level_date date not null,
    is_forecast boolean not null,
    level double precision not null,
    ci80_low double precision not null,
    ci80_high double precision not null,
    ci95_low double precision not null,
    ci95_high double precision not null,
    vintage date not null,               -- end of fieldwork of the last wave it builds on
    backtest_count int not null,         -- forecasts of the survey's series that could be compared with what came
    backtest_coverage_80 double precision,
    backtest_coverage_95 double precision,
    primary key (series_key, level_date)
);
create index on analysis.opinion_trend (series_id);
create index on analysis.opinion_trend (estimate_key);
