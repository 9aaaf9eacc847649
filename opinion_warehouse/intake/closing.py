"""The end of a family's intake: what each source's night came to.

What is written down is read far from the inbox: a delivered file goes by its `file_id`, for people put names
into the names of files.
"""

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from opinion_warehouse.intake.discover import Untaken, unclaimed_folders, untaken_files
from opinion_warehouse.intake.landing import note_night
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import SpecError, read_sources

if TYPE_CHECKING:
    import psycopg

_BEHIND_CHECKS = " · "
_NIGHT = """
select
    s.source_id, n.detail as held_detail,
    coalesce(f.files, 0), coalesce(f.rows_read, 0), coalesce(f.rows_loaded, 0),
    coalesce(f.rows_quarantined, 0),
    coalesce(f.accepted, 0), coalesce(f.held, 0), coalesce(f.waiting, 0), coalesce(f.rejected, 0), f.reasons,
    coalesce(a.duplicates, 0), coalesce(a.failed, 0), e.unfetched
from intake.source as s
left join intake.source_night as n on n.source_id = s.source_id and n.night = %(night)s and n.status = 'held'
left join (
    select
        t.source_id, count(*) as files, sum(t.rows_read)::bigint as rows_read,
        sum(t.rows_loaded)::bigint as rows_loaded,
        sum(t.rows_quarantined)::bigint as rows_quarantined,
        count(*) filter (where t.landing_verdict = 'accepted') as accepted,
        count(*) filter (where u.file_id is not null and t.landing_verdict = 'held') as held,
        count(*) filter (where t.status = 'loaded' and t.landing_verdict = 'pending') as waiting,
        count(*) filter (where u.file_id is not null and t.status = 'rejected') as rejected,
        string_agg(format('file %%s (%%s)', t.file_id, t.reason_code), ', ' order by t.file_id)
            filter (where u.file_id is not null and t.status = 'rejected') as reasons
    from intake.file as t
    left join intake.unresolved_file as u using (file_id)  -- mended on the same day is mended
    where t.night = %(night)s group by t.source_id
) as f on f.source_id = s.source_id
left join (
    select
        t.source_id, count(*) filter (where t.outcome = 'duplicate') as duplicates,
        count(*) filter (where t.outcome in ('failed', 'aborted') and not exists (
            select from intake.attempt as l where l.source_id = t.source_id and l.file_name = t.file_name
                and l.attempt_id > t.attempt_id and l.outcome in ('loaded', 'duplicate', 'rejected')
        )) as failed
    from intake.attempt as t where t.night = %(night)s group by t.source_id
) as a on a.source_id = s.source_id
left join (
    select distinct on (source_id)
        source_id,
        case when outcome is null then 'it was killed'
            when outcome = 'failed' then concat_ws(': ', reason_code, detail) end as unfetched
    from intake.fetch where night = %(night)s order by source_id, fetch_id desc
) as e on e.source_id = s.source_id
where s.family = %(family)s and s.is_active
order by s.source_id
"""


def close_intake(settings: Settings, family: str, night: date, run_id: str) -> dict[str, Any]:
    """Write what each source's night came to; returns it, with the specs that are wrong."""
    from opinion_warehouse.database.connect import connect

    sources, errors = read_sources(settings.sources_dir, settings.reference_dir)
    untaken = {source.id: untaken_files(settings, source) for source in sources if source.family == family}
    with connect(settings, "loader", autocommit=True) as connection:
        rows = connection.execute(_NIGHT, {"night": night, "family": family}).fetchall()
        summaries = [_close(connection, row, night, run_id, untaken.get(row[0], []), errors) for row in rows]
    return {
        "family": family,
        "night": night.isoformat(),
        "sources": summaries,
        "spec_errors": [str(error) for error in errors],
        "unclaimed": unclaimed_folders(
            settings, [source.id for source in sources] + [error.file.stem for error in errors]
        ),
    }


def _close(
    connection: "psycopg.Connection[Any]",
    row: tuple[Any, ...],
    night: date,
    run_id: str,
    untaken: list[Untaken],
    errors: list[SpecError],
) -> dict[str, Any]:
    source_id, held_detail, files, read, loaded, quarantined = row[:6]
    accepted, held, waiting, rejected, reasons, duplicates, failed, unfetched = row[6:]
    wrong = next((error for error in errors if error.file.stem == source_id), None)
    notes: list[str] = []
    if held:
        # What an earlier close of the night wrote behind the checks' own words is written anew.
        checked = (held_detail or "held by its landing checks").partition(_BEHIND_CHECKS)[0]
    if waiting:
        notes.append(f"{waiting} files wait for their checks")
    if unfetched:
        notes.append(f"its fetch failed: {unfetched}")
    if rejected:
        notes.append(f"refused: {reasons}")
    if failed:
        notes.append(f"{failed} files could not be loaded and stay in the inbox")
    if wrong:
        notes.append(f"its spec is wrong: {wrong.file.name}:{wrong.line} {wrong.key} {wrong.message}")
    if untaken:
        kinds = Counter(each.why for each in untaken)
        said = ", ".join(f"{count} {why}" for why, count in sorted(kinds.items()))
        notes.append(f"{len(untaken)} in its inbox folder never taken: {said}")
    if held or waiting:
        status = "held"
    elif rejected or failed or wrong or unfetched:
        status = "rejected"
    else:
        status = "accepted" if accepted else "nothing_new"
    detail = "; ".join(notes) or None
    if held:
        detail = _BEHIND_CHECKS.join(filter(None, (checked, detail)))
    note_night(connection, source_id, night, run_id, status, detail)
    return {
        "source_id": source_id,
        "status": status,
        "detail": detail,
        "file_count": files,
        "duplicate_count": duplicates,
        "untaken_count": len(untaken),
        "rows_read": read,
        "rows_loaded": loaded,
        "rows_quarantined": quarantined,
    }
