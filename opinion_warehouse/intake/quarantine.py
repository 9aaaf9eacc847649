"""What was set aside: list it, and look at a file, its rows, and one row of it.

Read by the role `gate`, which may look at the ledger and at the checks' results and change neither.
"""

from datetime import date
from typing import Any

from opinion_warehouse.checks import load_suite
from opinion_warehouse.intake import store
from opinion_warehouse.intake.held import checks_not_passed
from opinion_warehouse.intake.landing import SUITES
from opinion_warehouse.intake.load import find_source
from opinion_warehouse.intake.scratch import own_scratch
from opinion_warehouse.readers.meanings import MEANINGS
from opinion_warehouse.readers.problems import MENDS
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import spec_paths

# A held file's reasons are the checks of the first run after it landed that came to a verdict (see held.py).
_LINES = """
with file as (
    select f.*
    from intake.file as f
    where (f.rows_quarantined > 0 or f.status = 'rejected' or f.landing_verdict = 'held')
        and (%(source)s::text is null or f.source_id = %(source)s)
        and (%(night)s::date is null or f.night = %(night)s)
        and (%(file_ids)s::bigint[] is null or f.file_id = any(%(file_ids)s))
),
line as (
    select file_id, reason_code, sum(row_count)::bigint as row_count
    from (
        select distinct file_id, q.quarantine_id, q.reason_code, q.row_count
        from file inner join intake.quarantine_reason as q using (file_id)
    ) as entry
    group by 1, 2
    union all
    select file.file_id, coalesce(c.check_id, 'not_checked'), null
    from file
    left join quality.check_result as c
        on c.source_id = file.source_id and c.release_id is null and c.night >= file.night
        and c.severity = 'block' and c.outcome = 'fail' and c.run_id = (
            select r.run_id from quality.check_result as r
            where r.source_id = file.source_id and r.release_id is null and r.night >= file.night
                and r.checked_at >= file.landed_at and r.severity = 'block' and r.outcome = 'fail'
            order by r.check_result_id limit 1
        )
    where file.landing_verdict = 'held'
)
select
    file.file_id, file.source_id, file.night, file.file_name,
    case
        when file.status = 'loaded' and file.landing_verdict <> 'held' then 'rows'
        when u.file_id is null then 'mended' when file.status = 'rejected' then 'refused' else 'held'
    end as came_to,
    line.reason_code, line.row_count, file.rows_read
from file
inner join line using (file_id)
left join intake.unresolved_file as u using (file_id)
where %(reason)s::text is null or line.reason_code = %(reason)s or file.reason_code = %(reason)s
order by file.night desc, file.file_id desc, line.row_count desc nulls first, line.reason_code
"""
_FILE = """
select f.file_id, f.source_id, f.file_name, f.sha256, f.night, f.received_at, f.landed_at, f.status,
    f.reason_code, f.landing_verdict, f.rows_read, f.rows_loaded, f.rows_quarantined, f.parser_version,
    f.status = 'rejected' or f.landing_verdict = 'held' as was_refused, u.file_id is not null as is_unresolved
from intake.file as f left join intake.unresolved_file as u using (file_id)
where f.file_id = %s
"""
_REASONS = """
select code, "column", sum(row_count)::bigint as row_count, min(detail) as detail
from (
    select distinct on (q.quarantine_id, r.code, r."column")
        r.code, r."column", q.row_count, r.detail
    from intake.quarantine as q
    cross join lateral jsonb_to_recordset(q.reasons) as r (code text, "column" text, detail text)
    where q.file_id = %s
) as reason
group by 1, 2 order by 3 desc, 1, 2
"""
_ROWS = """
select row_number, row_count, reasons from intake.quarantine
where file_id = %s order by row_number nulls first, quarantine_id limit %s
"""


class NotThere(LookupError):
    """No such file in the ledger, or no raw copy of it any more."""


def quarantine_list(
    settings: Settings,
    source_id: str | None = None,
    reason: str | None = None,
    night: date | None = None,
    file_ids: list[int] | None = None,
) -> list[dict[str, Any]]:
    """One line a file and reason, newest first: what was refused, held back, or left rows behind.

    `came_to`: refused, held, rows (the others were loaded), or mended: a later file of the name was accepted.
    `row_count` is None where a check holds the file as a whole.
    """
    from psycopg.rows import dict_row

    from opinion_warehouse.database.connect import connect

    given = {"source": source_id, "reason": reason, "night": night, "file_ids": file_ids}
    with connect(settings, "gate") as connection, connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(_LINES, given).fetchall())


def known_sources(settings: Settings) -> set[str]:
    """Ids of the sources that have a spec, or had one."""
    from opinion_warehouse.database.connect import connect

    with connect(settings, "gate") as connection:
        rows = connection.execute("select source_id from intake.source").fetchall()
    return {source_id for (source_id,) in rows} | {path.stem for path in spec_paths(settings.sources_dir)}


def known_reasons(settings: Settings) -> set[str]:
    """Reason codes, ids of the landing checks, and what is in quarantine for a check there is no more."""
    checks = {check.id for file in sorted(SUITES.glob("*.yml")) for check in load_suite(file).checks}
    return {*MENDS, *checks, *(line["reason_code"] for line in quarantine_list(settings))}


def find_file(settings: Settings, file_id: int) -> dict[str, Any]:
    """The ledger's row of a file, or NotThere."""
    from psycopg.rows import dict_row

    from opinion_warehouse.database.connect import connect

    with connect(settings, "gate") as connection, connection.cursor(row_factory=dict_row) as cursor:
        file = cursor.execute(_FILE, (file_id,)).fetchone()
    if file is None:
        raise NotThere(f"no file {file_id} in the ledger; `opinion quarantine list` shows those there are")
    return file


def quarantine_show(settings: Settings, file_id: int, limit: int = 100) -> dict[str, Any]:
    """A file: `reasons` (code, column, rows, rule, meaning, mend), its first `rows`, and `checks` not passed.

    Never a cell: the details of reasons say what was expected.
    """
    from psycopg.rows import dict_row

    from opinion_warehouse.database.connect import connect

    file = find_file(settings, file_id)
    with connect(settings, "gate") as connection, connection.cursor(row_factory=dict_row) as cursor:
        reasons = cursor.execute(_REASONS, (file_id,)).fetchall()
        rows = cursor.execute(_ROWS, (file_id, limit)).fetchall()
    return {
        **file,
        "reasons": [
            {
                "code": each["code"],
                "column": each["column"],
                "row_count": each["row_count"],
                "rule": each["detail"],
                "meaning": MEANINGS.get(each["code"], ""),
                "mend": MENDS.get(each["code"], "see the rule"),
            }
            for each in reasons
        ],
        "checks": checks_not_passed(settings, file) if file["status"] == "loaded" else [],
        "rows": [
            {"row": row["row_number"], "row_count": row["row_count"], **reason}
            for row in rows
            for reason in row["reasons"]
        ],
    }


def quarantine_row(settings: Settings, file_id: int, row_number: int) -> dict[str, Any]:
    """One row, read again from the store: for a terminal and for nothing else (readers/peek.py redacts it).

    `rows` has column → cell of each table with such a row; `reasons` what the ledger says of it; `rejected`
    is set where the file cannot be read by the spec as it is now.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.intake.parsing import parse_row

    file = find_file(settings, file_id)
    source = find_source(settings, file["source_id"])
    with connect(settings, "gate") as connection:
        reasons = [
            reason
            for (several,) in connection.execute(
                "select reasons from intake.quarantine where file_id = %s and row_number = %s",
                (file_id, row_number),
            ).fetchall()
            for reason in several
        ]
    check_stored(settings, file)
    with own_scratch(settings) as scratch:
        path = scratch / "file"
        store.fetch(settings, file["sha256"], path)
        found = parse_row(
            settings,
            source,
            row_number,
            path=path,
            file_name=file["file_name"],
            received_at=file["received_at"],
            night=file["night"],
            scratch=scratch,
        )
    return {"reasons": reasons, **found}


def check_stored(settings: Settings, file: dict[str, Any]) -> None:
    """NotThere where the raw copy of a file has gone."""
    if not store.exists(settings, file["sha256"]):
        raise NotThere(
            f"the stored copy of file {file['file_id']} ({file['file_name']}) is gone: raw files are kept for"
            f" `keep.raw_days` of the spec of {file['source_id']}. Have it delivered again"
        )
