-- What the spec said of a survey file when it was read: a later spec may name other parts of the design, or more
-- questions, and the file's rows know nothing of them. Null: not a survey, or read before this was noted.
alter table intake.file add reading jsonb;

create or replace view intake.input_file as
select f.*
from intake.file as f
inner join release_ctl.release_file as rf using (file_id)
where rf.release_id = (select max(r.release_id) from release_ctl.release_file as r);
