"""Retention and erasure: what the warehouse forgets, when, and how it remembers that it forgot.

Both are idempotent and work on what is stored, not on what the specs folder says today: a source whose spec
has gone keeps its own time limits.
"""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from opinion_warehouse.settings import Settings

KEY_LENGTH = 64
"""Hexadecimal digits of a keyed pseudonym."""

LIMITS = """
select source_id, family, coalesce((spec -> 'keep' ->> 'raw_days')::int, 90),
       coalesce((spec -> 'keep' ->> 'item_days')::int, 90)
from intake.source order by source_id
"""


def apply_retention(settings: Settings, night: date) -> dict[str, Any]:
    """Forget social items and stored raw files past their source's limit, counted from the night."""
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.intake import store

    items: dict[str, int] = {}
    files: dict[str, int] = {}
    with connect(settings, "loader") as loader:
        limits = loader.execute(LIMITS).fetchall()
        for source_id, _, raw_days, _ in limits:
            # received_at is the delivery; a file handed in late is kept from the night that took it.
            expired = loader.execute(
                "select sha256 from intake.file where source_id = %s and night < %s order by sha256",
                (source_id, night - timedelta(days=raw_days)),
            ).fetchall()
            files[source_id] = sum(store.remove(settings, sha256) for (sha256,) in expired)
    with connect(settings, "erasure") as erasure:
        for source_id, family, _, item_days in limits:
            if family == "social":
                done = erasure.execute(
                    "delete from landing.social_item where source_id = %s and published_date < %s",
                    (source_id, night - timedelta(days=item_days)),
                )
                items[source_id] = done.rowcount
    return {"night": night.isoformat(), "raw_files_removed": files, "social_items_removed": items}


def erasure_log(settings: Settings) -> Path:
    """Erasures, a JSON object a line; outside the database, so a restored backup can be made to forget."""
    return settings.home_dir / "erasures.jsonl"


def subject_keys(settings: Settings, source_id: str, own_id: str) -> list[str]:
    """The keys a person or item has in a source: one a wave of a survey, one of a social item."""
    from opinion_warehouse.database.secrets import hmac_key
    from opinion_warehouse.readers.keys import Keyed
    from opinion_warehouse.readers.values import text_of
    from opinion_warehouse.sources import read_sources

    source = next((each for each in read_sources(settings.sources_dir)[0] if each.id == source_id), None)
    if source is None:
        raise ValueError(
            f"no source {source_id!r} in {settings.sources_dir}; `opinion sources list` shows them"
        )
    keyed, own = Keyed(hmac_key(settings)), text_of(own_id)  # in the form the parser gives a cell
    if own is None:
        raise ValueError("no id was given")
    if source.survey:
        return [keyed("respondent", source_id, wave.id, own) for wave in source.survey.waves]
    if source.social:
        return [keyed("item", source_id, own)]
    raise ValueError(f"{source_id} is a report source: its rows belong to units, not to persons")


def erase_subject(settings: Settings, source_id: str, keys: list[str], reference: str) -> dict[str, Any]:
    """Remove a person's rows from landing, and the stored files they came in, and log that it was done.

    `keys` are the keyed hashes (`opinion subject-key`), never the ids themselves: the request must not
    leave a second trace of the person in a form, a log or a run's configuration. Published numbers of a
    closed wave do not follow one by one: the next revision of the wave carries it.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.intake import store

    if not keys or any(len(key) != KEY_LENGTH or set(key) - set("0123456789abcdef") for key in keys):
        raise ValueError(
            "the subject's keys: hexadecimal keys are needed, as `opinion subject-key` prints them"
        )
    removed: dict[str, int] = {}
    with connect(settings, "erasure") as erasure:
        file_ids: set[int] = set()
        for table, key in (
            ("survey_answer", "respondent_key"),
            ("survey_response", "respondent_key"),
            ("social_item", "item_key"),
        ):
            rows = erasure.execute(
                # Both names are this function's own.
                f"delete from landing.{table} where source_id = %s and {key} = any(%s) returning file_id",  # noqa: S608
                (source_id, keys),
            ).fetchall()
            removed[table] = len(rows)
            file_ids |= {row[0] for row in rows}
        # Logged before the commit: a crash in between leaves an entry too many, never one too few.
        _append(
            erasure_log(settings),
            {
                "at": datetime.now(UTC).isoformat(),
                "source_id": source_id,
                "subject_keys": keys,
                "reference": reference,
                "rows": removed,
            },
        )
    with connect(settings, "loader") as loader:
        hashes = loader.execute(
            "select sha256 from intake.file where file_id = any(%s) order by 1", (sorted(file_ids),)
        ).fetchall()
    files = sum(store.remove(settings, sha256) for (sha256,) in hashes)
    return {"rows_removed": removed, "raw_files_removed": files}


def _append(path: Path, entry: dict[str, Any]) -> None:
    """One line, on disk before we go on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, (json.dumps(entry, ensure_ascii=False) + "\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
