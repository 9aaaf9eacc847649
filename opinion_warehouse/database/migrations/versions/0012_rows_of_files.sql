-- A foreign key is checked row by row: a third of what it takes to land a row. Rows come many to a statement and nearly
-- all of one file, so that the same is checked once a statement; and with its file, a row goes as by `on delete cascade`.
create function landing.rows_have_their_file() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if exists (
        select from (select distinct n.file_id from new_rows as n) as d
        where not exists (select from intake.file as f where f.file_id = d.file_id)
    ) then
        raise foreign_key_violation using
            message = format('rows of %I.%I belong to no file of intake.file', tg_table_schema, tg_table_name);
    end if;
    return null;
end
$$;

-- By source too: that is what the rows of survey tables are found by.
create function landing.go_with_their_file() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    delete from landing.survey_answer as r where r.source_id = old.source_id and r.file_id = old.file_id;
    delete from landing.survey_response as r where r.source_id = old.source_id and r.file_id = old.file_id;
    delete from landing.social_item as r where r.file_id = old.file_id;
    return null;
end
$$;
create trigger rows_go_with_their_file after delete on intake.file
    for each row execute function landing.go_with_their_file();

do $$
declare
    name text;
begin
    foreach name in array array['survey_answer', 'survey_response', 'social_item'] loop
        execute format('alter table landing.%I drop constraint %I', name, name || '_file_id_fkey');
        execute format(
            'create trigger rows_have_their_file after insert on landing.%I referencing new table as new_rows'
            ' for each statement execute function landing.rows_have_their_file()', name
        );
    end loop;
end
$$;
