-- Counts of items by day and whatever the file breaks them down by: '_all' is what it does not break down.
-- Nobody stands in them. The day leads the key: rows are spread by it.
create table landing.social_count (
    file_id bigint not null references intake.file on delete cascade,
    row_number bigint not null,
    source_id text not null,
    published_date date not null,        -- in the source's time zone
    platform text not null,
    query_code text not null,
    topic_code text not null,
    place_code text not null,            -- '_unknown' where the cell is blank
    sentiment text not null check (sentiment in ('positive', 'negative', 'neutral', 'unknown', '_all')),
    sentiment_method text not null,
    overlap text[] not null check (overlap <@ array['query', 'topic', 'place']),  -- what must not be summed over
    item_count bigint not null check (item_count >= 0),
    engagement_count bigint check (engagement_count >= 0),
    domain_count bigint check (domain_count between 0 and item_count),  -- null: the vendor counts no sites
    primary key (published_date, file_id, row_number)
);
create index on landing.social_count (source_id, published_date);
create index on landing.social_count (file_id);

-- First and last day the data speak of. Each part is found by an index, whatever the history's length.
create or replace function release_ctl.data_interval(out first_day date, out last_day date)
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
        union all
        select
            (select min(c.published_date) from landing.social_count as c where c.source_id = s.source_id),
            (select max(c.published_date) from landing.social_count as c where c.source_id = s.source_id)
        where s.family = 'social'
    ) as d
$$;
