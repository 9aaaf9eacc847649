"""One file: store → parse in a child, landing rows as they come, in one transaction with the ledger's row.

Exactly once by content.
"""

import errno
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.intake import ledger, store
from opinion_warehouse.intake.discover import is_being_written, sync_source
from opinion_warehouse.intake.parsing import Parse, Parsed, Part, ScratchFull
from opinion_warehouse.intake.scratch import own_scratch
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Source, SpecError, SpecInvalid, load_source, spec_paths, spec_sha256

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
MAX_BAD_SHARE = 0.02
SIGN_OF_LIFE_SECONDS = 1
_COPY_CHUNK = 1 << 20


def reached(step: str) -> None:
    """A step of the load is done. Fault tests replace it to kill the process there."""


class RowsLost(RuntimeError):
    """Not as many rows came out of COPY as were read: something took a file of them away."""

    reason_code = "rows_lost"


class StillWritten(RuntimeError):
    """The file changed while it was copied, or is open for writing: what was copied may be half of it."""

    reason_code = "still_written"


@dataclass(frozen=True)
class Delivery:
    """A file as it was delivered."""

    source: Source
    file_name: str
    sha256: str
    byte_count: int
    received_at: datetime
    night: date
    run_id: str


def find_source(settings: Settings, source_id: str) -> Source:
    """The spec of a source by its id."""
    for path in spec_paths(settings.sources_dir):
        if path.stem == source_id:
            return load_source(path, settings.reference_dir)
    mend = f"write {settings.sources_dir}/<family>/{source_id}.yml, or use an id that is there"
    raise SpecInvalid([SpecError(settings.sources_dir, 1, source_id, "no source has this id", mend)])


def load_file(
    settings: Settings, source_id: str, path: str | Path, night: date, run_id: str, take: bool = True
) -> dict[str, Any]:
    """Load one file, and say what came of it: loaded, duplicate or rejected, with the reason and the rows.

    Whatever stops it midway leaves the file in the inbox and nothing in the database but an attempt without a
    good end. With `take`, the inbox file goes once it is safe in the store and in the ledger.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.database.secrets import hmac_key

    source = find_source(settings, source_id)
    path = Path(path)
    with connect(
        settings, "loader", autocommit=True, application_name=f"opinion load {source_id}"
    ) as connection:
        with ledger.attempt(settings, connection, source_id, path.name, night, run_id) as attempt:
            sync_source(connection, source, night)
            key = hmac_key(settings)  # without it, nothing is parsed
            if not path.exists() and (came_to := ledger.taken_before(connection, source_id, path.name)):
                # The run that took it had come to its end but for saying so.
                return attempt.end("duplicate", path.name, detail=f"it was taken before, and {came_to}")
            before = path.stat()
            sha256, byte_count = store.put(settings, path)
            attempt.stored(sha256)
            if _has_changed(path, before) or is_being_written(path):
                raise StillWritten(f"{path} is still being written; it is loaded when it has come to rest")
            reached("stored")
            received_at = datetime.fromtimestamp(before.st_mtime, UTC)
            delivery = Delivery(source, path.name, sha256, byte_count, received_at, night, run_id)
            outcome = load_stored(settings, connection, delivery, key)
            result = attempt.end(**outcome, name=path.name)
        reached("recorded")
        if take:
            _take(settings, source, path, before)
    return result


def load_stored(
    settings: Settings,
    connection: "psycopg.Connection[Any]",
    delivery: Delivery,
    key: bytes,
    again: bool = False,
) -> dict[str, Any]:
    """Parse and land the stored copy; `again` replaces what the ledger has of it."""
    source = delivery.source
    known = ledger.known_file(connection, source.id, delivery.sha256)
    if known and not again and not ledger.is_worth_another_try(known, spec_sha256(source)):
        return _duplicate(known)
    file_id = ledger.next_file_id(connection)
    with own_scratch(settings) as scratch:
        plain = scratch / "file"
        try:
            store.fetch(settings, delivery.sha256, plain)
        except store.StoreCorrupt:
            if not again:
                store.remove(settings, delivery.sha256)  # the file still lies in the inbox: it is stored anew
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise ScratchFull(scratch.parent) from None
            raise
        parse = Parse(
            settings,
            source,
            path=plain,
            file_name=delivery.file_name,
            file_id=file_id,
            received_at=delivery.received_at,
            night=delivery.night,
            key=key,
            scratch=scratch / "parse",
            # Twice on one file is no accident: the system has no memory for it.
            again_if_killed=not ledger.was_killed(connection, source.id, delivery.sha256),
        )
        with closing(parse.parts()) as parts:
            return _land(connection, delivery, file_id, parse, parts, again)


def _judged(parsed: Parsed) -> Parsed:
    """A file with too many bad rows is refused whole: a wrong mapping would otherwise pass by halves."""
    read = parsed.rows_good + parsed.rows_bad
    bad = parsed.rows_bad - parsed.rows_harmless
    if parsed.rejected or bad <= MAX_BAD_SHARE * read:
        return parsed
    detail = (
        f"{bad} of {read} rows are bad, more than {MAX_BAD_SHARE:.0%};"
        f" the {parsed.rows_good} others wait with them"
    )
    reason = {"code": "bad_row_share", "column": None, "detail": detail}
    return replace(parsed, rejected=reason)


def _land(
    connection: "psycopg.Connection[Any]",
    delivery: Delivery,
    file_id: int,
    parse: Parse,
    parts: Iterator[Part | None],
    again: bool,
) -> dict[str, Any]:
    """Rows are copied while more are read; what the file comes to is known last, and then decides on all."""
    from psycopg import Rollback

    source = delivery.source
    first = next(filter(None, parts), None)  # a small file is read to its end before anything is locked
    reached("rows ready")
    with connection.transaction():
        if known := _opened(connection, delivery, file_id, again):
            return _duplicate(known)
        reached("ledger written")
        with connection.transaction() as landing:
            landed: Counter[str] = Counter()
            for table, path in _kept_awake(connection, chain([first], parts)):
                landed[table] += _copy(connection, f"landing.{table}", path)
                reached(f"copied {table}")
            parsed = _judged(parse.parsed)
            if parsed.rejected:
                raise Rollback(landing)
            if landed != parsed.landed:
                raise RowsLost(f"{source.id}: {parsed.landed} rows were read, {dict(landed)} landed")
        reached("parsed")
        set_aside = 0
        if parsed.quarantine:
            columns = "(file_id, row_number, row_count, reasons)"
            set_aside = _copy(connection, "intake.quarantine", parsed.quarantine, columns)
        if set_aside != parsed.rows_bad:
            raise RowsLost(f"{source.id}: of {parsed.rows_bad} bad rows, {set_aside} came to quarantine")
        rejected = parsed.rejected
        counts = {
            "rows_read": parsed.rows_good + parsed.rows_bad,
            "rows_loaded": 0 if rejected else parsed.rows_good,
            "rows_quarantined": parsed.rows_good + parsed.rows_bad if rejected else parsed.rows_bad,
        }
        if rejected:
            ledger.quarantine_rest(connection, file_id, parsed.rows_good, rejected)
        ledger.close_file(connection, source, file_id, rejected, counts, parsed.topic_rules)
        reached("before commit")
    reached("committed")
    return {
        "outcome": "rejected" if rejected else "loaded",
        "reason_code": rejected["code"] if rejected else None,
        "detail": rejected["detail"] if rejected else None,
        **counts,
    }


def _opened(
    connection: "psycopg.Connection[Any]", delivery: Delivery, file_id: int, again: bool
) -> ledger.KnownFile | None:
    """Open the ledger's row; where the content has one already, and it stands, that.

    Another load of the same content is waited for while it gets on: of two, one is the duplicate.
    """
    from psycopg.errors import LockNotAvailable

    spec = spec_sha256(delivery.source)
    while True:
        known = ledger.known_file(connection, delivery.source.id, delivery.sha256)
        if known:
            if not again and not ledger.is_worth_another_try(known, spec):
                return known
            ledger.forget_file(connection, known.file_id)
        try:
            with connection.transaction():
                if ledger.open_file(connection, delivery, file_id, spec):
                    return None
        except LockNotAvailable:
            if not ledger.holders_get_on(connection):
                raise


def _kept_awake(connection: "psycopg.Connection[Any]", parts: Iterable[Part | None]) -> Iterator[Part]:
    """The parts; while there are none the server hears of us, or it would take the session for lost."""
    heard = time.monotonic()
    for part in parts:
        if part:
            yield part
        elif time.monotonic() > heard + SIGN_OF_LIFE_SECONDS:
            connection.execute("select")
        else:
            continue
        heard = time.monotonic()


def _copy(connection: "psycopg.Connection[Any]", table: str, path: Path, columns: str = "") -> int:
    """Copy a file of rows, and remove it; how many there were."""
    from psycopg import sql

    name, rest = sql.Identifier(*table.split(".")), sql.SQL(columns)
    statement = sql.SQL("copy {} {} from stdin (format csv)").format(name, rest)
    with connection.cursor() as cursor, path.open("rb") as stream:
        with cursor.copy(statement) as copy:
            read: Callable[[], bytes] = lambda: stream.read(_COPY_CHUNK)  # noqa: E731
            for chunk in iter(read, b""):
                copy.write(chunk)
                reached("copying")
        path.unlink()
        return cursor.rowcount


def _duplicate(known: ledger.KnownFile) -> dict[str, Any]:
    return {"outcome": "duplicate", "detail": f"the same bytes came before, as {known.file_name}"}


def _take(settings: Settings, source: Source, path: Path, before: os.stat_result) -> None:
    """Remove the inbox file, if it is still the one that was stored."""
    if path.parent.resolve() != (settings.inbox_dir / source.id).resolve() or not path.exists():
        return
    if _has_changed(path, before) or is_being_written(path):
        log.warning("%s changed while it was loaded; it stays for the next night", path)
    else:
        path.unlink(missing_ok=True)


def _has_changed(path: Path, before: os.stat_result) -> bool:
    """One that has gone was taken by another load: what was copied of it is whole."""
    try:
        now = path.stat()
    except FileNotFoundError:
        return False
    return (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns)
