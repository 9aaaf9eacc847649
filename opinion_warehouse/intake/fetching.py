"""What connectors fetch → the inbox, where deliveries come too; and how far each source is fetched."""

import contextlib
import logging
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse import connectors
from opinion_warehouse.connectors import FetchFailed, Job, Piece
from opinion_warehouse.intake import ledger
from opinion_warehouse.intake.discover import sync_source
from opinion_warehouse.intake.load import find_source
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Source, read_sources, spec_sha256

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
_FETCH_LOCK = 20_260_102
"""First half of the advisory lock a living fetch holds; the second is a hash of its source's id."""


def reached(step: str) -> None:
    """A step of the fetch is done. Fault tests replace it to kill the process there."""


def fetchable(settings: Settings, family: str | None = None) -> list[str]:
    """Ids of the sources (of one family) whose files the night gets itself."""
    sources, _ = read_sources(settings.sources_dir, settings.reference_dir)
    return [source.id for source in sources if source.fetch and family in (None, source.family)]


def fetch_source(settings: Settings, source_id: str, night: date, run_id: str) -> dict[str, Any]:
    """Fetch what is new at a source into its inbox folder; says what came of it.

    Raises FetchFailed where something is missing; what was whole before that is in the inbox and marked.
    Killed anywhere, it may be run again: a file that comes twice is a duplicate to the ledger.
    """
    from opinion_warehouse.database.connect import connect

    source = find_source(settings, source_id)
    with connect(
        settings, "loader", autocommit=True, application_name=f"opinion fetch {source_id}"
    ) as connection:
        sync_source(connection, source, night)
        _lock(connection, source_id)
        with _attempt(settings, connection, source_id, night, run_id) as names:
            job = Job(source, _folder(settings, source), datetime.now(UTC), _marks(connection, source_id))
            _clean(job.folder)
            reached("begun")
            for piece in connectors.fetch(job):
                reached("written")
                if _deliver(connection, job, piece):
                    names.append(piece.name)
    return {"source_id": source_id, "outcome": "fetched" if names else "nothing_new", "files": names}


def _lock(connection: "psycopg.Connection[Any]", source_id: str) -> None:
    row = connection.execute(
        "select pg_try_advisory_lock(%s, hashtext(%s))", (_FETCH_LOCK, source_id)
    ).fetchone()
    if row != (True,):
        raise FetchFailed(
            "fetch_running", f"{source_id} is being fetched by another process", is_passing=True
        )
    # Whoever holds the lock is the only one: a row without an end is a killed one's.
    connection.execute(
        "update intake.fetch set ended_at = clock_timestamp(), outcome = 'failed', reason_code = 'killed'"
        " where source_id = %s and ended_at is null",
        (source_id,),
    )


@contextlib.contextmanager
def _attempt(
    settings: Settings, connection: "psycopg.Connection[Any]", source_id: str, night: date, run_id: str
) -> Iterator[list[str]]:
    """A fetch's row around it; it takes the names of the files that were written."""
    names: list[str] = []
    row = connection.execute(
        "insert into intake.fetch (source_id, night, run_id) values (%s, %s, %s) returning fetch_id",
        (source_id, night, run_id),
    ).fetchone()
    assert row is not None  # noqa: S101
    reason: str | None = "killed"
    detail = None
    try:
        yield names
        reason = None
    except FetchFailed as error:
        reason, detail = error.reason_code, error.detail
        raise
    except Exception as error:
        reason = type(error).__name__
        raise
    finally:
        outcome = "failed" if reason else "fetched" if names else "nothing_new"
        _end_elsewhere(settings, (outcome, reason, detail, len(names), row[0]))


def _end_elsewhere(settings: Settings, end: tuple[Any, ...]) -> None:
    """By a connection of its own: the fetch's may be broken. If this fails, the next fetch closes the row."""
    from opinion_warehouse.database.connect import connect

    with contextlib.suppress(Exception), connect(settings, "loader", autocommit=True) as connection:
        connection.execute(
            "update intake.fetch set ended_at = clock_timestamp(), outcome = %s, reason_code = %s,"
            " detail = %s, file_count = %s where fetch_id = %s and ended_at is null",
            end,
        )


def _marks(connection: "psycopg.Connection[Any]", source_id: str) -> dict[str, str]:
    rows = connection.execute("select item, mark from intake.fetch_mark where source_id = %s", (source_id,))
    return {str(item): str(mark) for item, mark in rows.fetchall()}


def _folder(settings: Settings, source: Source) -> Path:
    folder = settings.inbox_dir / source.id
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _clean(folder: Path) -> None:
    for path in folder.glob(f"{connectors.PASSING_PREFIX}*.part"):
        path.unlink(missing_ok=True)


def _deliver(connection: "psycopg.Connection[Any]", job: Job, piece: Piece) -> bool:
    """Give the whole file its name, then write the mark; False where the ledger has these bytes already."""
    source_id = job.source.id
    known = ledger.known_file(connection, source_id, piece.sha256)
    is_new = known is None or ledger.is_worth_another_try(known, spec_sha256(job.source))
    if not is_new:
        piece.part.unlink()
    elif (job.folder / piece.name).exists():
        piece.part.unlink()
        log.warning("%s waits in the inbox of %s; its successor is fetched after it", piece.name, source_id)
        return False
    else:
        piece.part.rename(job.folder / piece.name)
        _sync_folder(job.folder)
    reached("delivered")
    connection.execute(
        "insert into intake.fetch_mark (source_id, item, mark, file_name) values (%s, %s, %s, %s)"
        " on conflict (source_id, item) do update"
        " set mark = excluded.mark, file_name = excluded.file_name, marked_at = clock_timestamp()",
        (source_id, piece.item, piece.mark, piece.name),
    )
    reached("marked")
    return is_new


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
