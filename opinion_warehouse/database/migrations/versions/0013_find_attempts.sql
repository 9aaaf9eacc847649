-- Asked at each load and each look at the inbox, and attempts are kept: none may take longer with every night.
create index on intake.attempt (source_id, file_name, attempt_id);
create index on intake.attempt (source_id, sha256) where reason_code = 'parser_killed';
create index on intake.attempt (attempt_id) where ended_at is null;
