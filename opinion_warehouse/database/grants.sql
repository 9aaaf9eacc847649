-- Who may do what. Applied after the migrations, at every migrate; each statement may run again.
-- The matrix in tests/integration/role_matrix.csv is what comes out.
grant usage on schema intake, landing to loader;
grant select, insert, update, delete on all tables in schema intake to loader;
grant select, insert, delete on all tables in schema landing to loader;  -- what has landed is not changed
revoke update on all tables in schema landing from loader;
revoke all on intake.input_file, intake.key_check, intake.unresolved_file, intake.quarantine_reason from loader;
grant select on intake.unresolved_file to loader;
grant usage on all sequences in schema intake to loader;  -- a file's id is drawn before it is parsed
grant execute on function intake.source_state(date), intake.lock_holders() to loader;

grant usage on schema intake, landing, release_ctl, quality, analysis to transformer;
grant usage, create on schema staging, intermediate, core to transformer;
grant select on intake.source, intake.file, intake.source_night, intake.input_file, intake.quarantine_reason
to transformer;
grant execute on function intake.source_state(date) to transformer;
grant select on all tables in schema landing to transformer;
grant select on release_ctl.release, release_ctl.release_file, release_ctl.release_source, release_ctl.held_wave
to transformer;
grant execute on function release_ctl.hold_wave(bigint, text, text, bigint, text, text) to transformer;
grant select, insert, update, delete, truncate on all tables in schema analysis to transformer;
grant select, insert on quality.model_result to transformer;

grant usage on schema intake, landing, staging, intermediate, core, analysis, serve, quality, release_ctl to gate;
grant select on intake.file, intake.source, intake.source_night, intake.quarantine, intake.input_file,
    intake.unresolved_file, intake.quarantine_reason to gate;
grant execute on function intake.source_state(date) to gate;
grant select on all tables in schema landing, staging, intermediate, core, analysis, serve, release_ctl to gate;
grant select, insert on quality.check_result, quality.suite_run to gate;
grant update (ended_at) on quality.suite_run to gate;
grant execute on function release_ctl.record_verdict(bigint) to gate;
alter default privileges for role transformer in schema staging, intermediate, core grant select on tables to gate;

grant usage on schema release_ctl, quality, serve to publisher;
grant usage on schema intake to publisher;
grant select on all tables in schema release_ctl, quality, serve to publisher;
grant execute on function intake.source_state(date) to publisher;
grant execute on function
    release_ctl.open_release(date, text, text, text), release_ctl.seal(bigint), release_ctl.attach(bigint),
    release_ctl.publish(bigint, bigint, text), release_ctl.roll_back(bigint, bigint, text),
    release_ctl.withdraw(bigint, text), release_ctl.prunable(), release_ctl.retire(bigint),
    release_ctl.drop_release(bigint)
to publisher;

grant usage, create on schema serve to serve_owner;

grant usage on schema landing, intake to erasure;
grant select, delete on all tables in schema landing to erasure;
grant select, delete on intake.quarantine to erasure;

-- The functions of a view run with the reader's right to execute, hence visible(); no schema beneath is open.
grant usage on schema opinion to bi_reader;
grant select on all tables in schema opinion to bi_reader;
grant execute on function release_ctl.visible() to bi_reader, gate, publisher;
