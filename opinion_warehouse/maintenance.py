"""Retention and erasure: what the warehouse forgets, when, and how it remembers that it forgot.

Both are idempotent and work on what is stored, not on what the specs folder says today: a source whose spec
has gone keeps its own time limits. Published releases hold no row of a person or item, and stay as they are.
"""

import json
import logging
import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.settings import Settings

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
KEY_LENGTH = 64
"""Hexadecimal digits of a keyed pseudonym."""

# Raw files by content. One that no load brought into the ledger is known by its attempts alone.
STORED = """
with stored as (
    select source_id, sha256, night, file_id, status, rows_read from intake.file
    union all
    select a.source_id, a.sha256, max(a.night), null, null, null
    from intake.attempt as a
    where a.sha256 is not null and not exists (
        select from intake.file as f where f.source_id = a.source_id and f.sha256 = a.sha256
    )
    group by a.source_id, a.sha256
),
kept as (
    select stored.*, night + coalesce((s.spec -> 'keep' ->> 'raw_days')::int, 90) as last_day
    from stored inner join intake.source as s using (source_id)
)
"""
# The same bytes may have come from two sources: they go when neither keeps them any longer.
EXPIRED = f"""{STORED}
select sha256, min(source_id) from kept group by sha256 having max(last_day) < %s order by sha256
"""  # noqa: S608
# A person may stand in rows that never reached landing (refused), or no longer stand there (past item_days).
NOT_SEARCHED = f"""{STORED}
select sha256, last_day from kept
where source_id = %s and (
    file_id is null or status = 'rejected' or rows_read > (
        select count(*) from landing.survey_response as r
        where r.source_id = kept.source_id and r.file_id = kept.file_id
    ) + (select count(*) from landing.social_item as i where i.file_id = kept.file_id)
    + (select count(*) from landing.social_count as c where c.file_id = kept.file_id)
)
"""  # noqa: S608
ITEM_LIMITS = """
select source_id, %s::date - coalesce((spec -> 'keep' ->> 'item_days')::int, 90)
from intake.source where family = 'social' order by source_id
"""
PERSONS = (
    ("survey_answer", "respondent_key"),
    ("survey_response", "respondent_key"),
    ("social_item", "item_key"),
)
"""Landing tables with a row a person or item, and its key."""

WORKING = (
    ("int_survey_respondents__weighted", "respondent_key", "landing.survey_response"),
    ("int_survey_answers__coded", "respondent_number", "intermediate.int_survey_respondents__weighted"),
    ("int_survey_numbers__scored", "respondent_number", "intermediate.int_survey_respondents__weighted"),
    ("int_social_items__deduplicated", "item_key", "landing.social_item"),
)
"""dbt's working tables of persons and items: they stand until the next build. Each with what it came from."""


def apply_retention(settings: Settings, night: date) -> dict[str, Any]:
    """Forget social items and stored raw files past their source's limit, counted from the night.

    A raw file counts from the night that took it, an item from the day it was published.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.intake import store

    items: dict[str, int] = {}
    with connect(settings, "loader") as loader:
        sources = loader.execute("select source_id from intake.source order by source_id").fetchall()
        limits = loader.execute(ITEM_LIMITS, (night,)).fetchall()
        expired = loader.execute(EXPIRED, (night,)).fetchall()
    files = {source_id: 0 for (source_id,) in sources}
    for sha256, source_id in expired:
        files[source_id] += store.remove(settings, sha256)
    with connect(settings, "erasure", autocommit=True) as erasure:  # each source for itself
        for source_id, first_day in limits:
            items[source_id] = erasure.execute(
                "delete from landing.social_item where source_id = %s and published_date < %s",
                (source_id, first_day),
            ).rowcount
    return {
        "night": night.isoformat(),
        "raw_files_removed": files,
        "social_items_removed": items,
        "working_rows_removed": forget_working_rows(settings),
    }


def forget_working_rows(settings: Settings) -> int:
    """Remove from dbt's working tables who is not in landing any more; the tables are the transformer's."""
    from psycopg import sql

    from opinion_warehouse.database.connect import connect

    removed = 0
    with connect(settings, "transformer") as transformer:
        for table, key, origin in WORKING:
            found = transformer.execute("select to_regclass(%s)", (f"intermediate.{table}",)).fetchone()
            if found == (None,):
                continue  # nothing was built yet
            removed += transformer.execute(
                sql.SQL(
                    "delete from {table} as w"
                    " where not exists (select from {origin} as o where o.{key} = w.{key})"
                ).format(
                    table=sql.Identifier("intermediate", table),
                    origin=sql.Identifier(*origin.split(".")),
                    key=sql.Identifier(key),
                )
            ).rowcount
    return removed


def erasure_log(settings: Settings) -> Path:
    """Erasures, a JSON object a line; outside the database, so a restored backup can be made to forget."""
    return settings.home_dir / "erasures.jsonl"


def subject_keys(settings: Settings, source_id: str, own_id: str | Sequence[str]) -> list[str]:
    """The keys a person or item has in a source: one a wave of a survey, one of a social item.

    Where the spec's `item_id` is several columns, `own_id` is the cell of each.
    """
    import polars as pl

    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.database.secrets import hmac_key
    from opinion_warehouse.readers.cells.bulk import composed_ids
    from opinion_warehouse.readers.cells.values import DAMAGED
    from opinion_warehouse.readers.privacy.keys import Keyed
    from opinion_warehouse.readers.text import clean

    with connect(settings, "loader") as loader:
        row = loader.execute(
            "select family, spec -> 'survey', spec #> '{social,columns}'"
            " from intake.source where source_id = %s",
            (source_id,),
        ).fetchone()
        landed = loader.execute(
            "select distinct wave_id from landing.survey_response where source_id = %s", (source_id,)
        ).fetchall()
    if row is None:
        raise ValueError(
            f"nothing was ever taken in of a source {source_id!r}; `opinion sources list` shows what there is"
        )
    family, survey, social = row
    if social and social["item_count"]:
        raise ValueError(f"{source_id} is a source of counts: nobody stands in its rows")
    parts = [clean(part) for part in ([own_id] if isinstance(own_id, str) else own_id)]
    columns = social["item_id"] if social else ["respondent_id"]
    if len(parts) != len(columns):
        raise ValueError(f"an id of {source_id} has {len(columns)} parts: {', '.join(columns)}")
    if not parts[0]:
        raise ValueError("no id was given")
    [own] = composed_ids([pl.Series([part]) for part in parts])  # in the form the parser gives it
    if own is None:
        raise ValueError(f"the id given cannot be looked for: {DAMAGED}")
    keyed = Keyed(hmac_key(settings))
    if family == "social":
        return [keyed("item", source_id, own)]
    if family != "survey":
        raise ValueError(f"{source_id} is a report source: its rows belong to units, not to persons")
    if not survey["respondent_id"]:
        raise ValueError(f"{source_id} has no respondent ids (`survey.respondent_id`): nobody can be found")
    # A wave the spec no longer names may still have its rows.
    waves = dict.fromkeys([wave["id"] for wave in survey["waves"]] + sorted(wave for (wave,) in landed))
    return [keyed("respondent", source_id, wave, own) for wave in waves]


def erase_subject(settings: Settings, source_id: str, keys: list[str], reference: str) -> dict[str, Any]:
    """Remove a person's rows, and the stored files they came in, and log that it was done.

    `keys` are the keyed hashes (`opinion subject-key`), never the ids themselves: the request must not
    leave a second trace of the person in a form, a log or a run's configuration. Published numbers of a
    closed wave do not follow one by one: the next revision of the wave carries it.
    """
    if not keys or any(len(key) != KEY_LENGTH or set(key) - set("0123456789abcdef") for key in keys):
        raise ValueError(
            "the subject's keys: hexadecimal keys are needed, as `opinion subject-key` prints them"
        )
    removed, files = _erase(settings, source_id, keys, reference)
    if not any(removed.values()):
        log.warning("erasure %s: 0 rows of %s hold these keys", reference, source_id)
    kept = _not_searched(settings, source_id)
    return {
        "rows_removed": removed,
        "working_rows_removed": forget_working_rows(settings),
        "raw_files_removed": files,
        "raw_files_not_searched": len(kept),
        "raw_files_not_searched_kept_until": max(kept).isoformat() if kept else None,
    }


def reapply(settings: Settings) -> dict[str, Any]:
    """Erase again whoever the log names: a restored backup, or a later delivery, may bring them back."""
    path, keys, damaged = erasure_log(settings), dict[str, set[str]](), list[int]()
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            keys.setdefault(entry["source_id"], set()).update(entry["subject_keys"])
        except (ValueError, KeyError, TypeError):
            damaged.append(number)
    rows = files = 0
    for source_id, those in sorted(keys.items()):
        removed, count = _erase(settings, source_id, sorted(those), None)
        rows, files = rows + sum(removed.values()), files + count
    done = {
        "log_entries": len(lines),
        "rows_removed": rows,
        "working_rows_removed": forget_working_rows(settings),
        "raw_files_removed": files,
    }
    if damaged:
        # What could be read was done; a line cut short by a crash names an erasure that did not happen.
        raise ValueError(f"{path}: lines that cannot be read: {', '.join(map(str, damaged))}")
    return done


def _erase(
    settings: Settings, source_id: str, keys: list[str], reference: str | None
) -> tuple[dict[str, int], int]:
    """Rows by table and how many stored files went; logged where there is a reference.

    The rows are gone for good only when their files are: killed anywhere before, all is found again.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.intake import store

    removed: dict[str, int] = {}
    file_ids: set[int] = set()
    with connect(settings, "erasure") as erasure, connect(settings, "loader") as loader:
        for table, key in PERSONS:
            rows = erasure.execute(
                # Both names are this module's own.
                f"delete from landing.{table} where source_id = %s and {key} = any(%s) returning file_id",  # noqa: S608
                (source_id, keys),
            ).fetchall()
            removed[table] = len(rows)
            file_ids |= {row[0] for row in rows}
        files = sum(store.remove(settings, sha256) for sha256 in _hashes(loader, file_ids))
        if reference is not None:
            # Before the commit: a crash in between leaves an entry too many, never one too few.
            entry = {
                "at": datetime.now(UTC).isoformat(),
                "source_id": source_id,
                "subject_keys": keys,
                "reference": reference,
                "rows": removed,
            }
            _append(erasure_log(settings), entry)
    return removed, files


def _hashes(loader: "psycopg.Connection[Any]", file_ids: set[int]) -> list[str]:
    query = "select sha256 from intake.file where file_id = any(%s) order by sha256"
    return [sha256 for (sha256,) in loader.execute(query, (sorted(file_ids),)).fetchall()]


def _not_searched(settings: Settings, source_id: str) -> list[date]:
    """Last days of the source's raw files that no key can be looked up in: they go by retention alone."""
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.intake import store

    with connect(settings, "loader") as loader:
        found = loader.execute(NOT_SEARCHED, (source_id,)).fetchall()
    return [last_day for sha256, last_day in found if store.exists(settings, sha256)]


def _append(path: Path, entry: dict[str, Any]) -> None:
    """One line, on disk before we go on; what a crash cut short before it stays a line of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = (json.dumps(entry, ensure_ascii=False) + "\n").encode()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        if os.write(descriptor, data) != len(data):
            raise OSError(f"{path}: the disk is full; nothing was erased")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
