"""What is there to load: specs into the database, attempts of killed runs closed, whole files listed."""

import errno
import fcntl
import fnmatch
import logging
import os
import signal
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from opinion_warehouse.intake.scratch import clean_scratch
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Source, SpecError, read_sources, spec_sha256
from opinion_warehouse.sources.load import FAMILIES

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
SETTLE_SECONDS = 1.0
"""A file changed less than this ago may still be being written."""
_LOOK_APART_SECONDS = 0.3
_LONG_SETTLED_SECONDS = 60.0
ABANDONED_SECONDS = 3600.0
"""Open for writing but not written to for so long, it is taken: its writer hangs, or a share misinforms."""
_PASSING_NAMES = (".*", "~$*", "*.part", "*.partial", "*.tmp", "*.crdownload", "*.filepart")
ATTEMPT_LOCK = 20_260_101
"""First half of the advisory lock a living attempt holds; the second is its id."""


def discover(settings: Settings, family: str, night: date) -> list[dict[str, Any]]:
    """The family's files that are whole, in the order they are loaded; `source_id`, `path`, `name` each."""
    from opinion_warehouse.database.connect import connect

    sources, errors = read_sources(settings.sources_dir, settings.reference_dir)
    for error in errors:
        if error.file.parent.name not in FAMILIES or error.file.parent.name == family:
            log.error("%s", error)
    own = [source for source in sources if source.family == family]
    with connect(settings, "loader", autocommit=True) as connection:
        sync_sources(connection, own, family, errors, night)
        close_crashed_attempts(connection)
    clean_scratch(settings)
    return [
        {"source_id": source.id, "path": str(path), "name": path.name}
        for source in own
        for path in whole_files(settings, source)
    ]


def sync_sources(
    connection: "psycopg.Connection[Any]",
    sources: list[Source],
    family: str,
    errors: list[SpecError],
    night: date,
) -> None:
    """Specs → intake.source. One whose spec has gone is inactive; one whose spec is wrong keeps its last."""
    with connection.transaction():
        for source in sources:
            sync_source(connection, source, night)
        kept = [source.id for source in sources] + [error.file.stem for error in errors]
        if any(not error.file.is_file() for error in errors):
            return  # the folder of specs is missing: that is no word on any source
        connection.execute(
            "update intake.source set is_active = false"
            " where family = %s and is_active and source_id <> all(%s)",
            (family, kept),
        )


def sync_source(connection: "psycopg.Connection[Any]", source: Source, night: date) -> None:
    """One spec → intake.source."""
    connection.execute(
        "insert into intake.source as s (source_id, family, spec, spec_sha256, is_active, first_night)"
        " values (%s, %s, %s, %s, true, %s) on conflict (source_id) do update"
        " set family = excluded.family, spec = excluded.spec, spec_sha256 = excluded.spec_sha256,"
        " is_active = true"
        " where s.spec_sha256 <> excluded.spec_sha256 or not s.is_active",
        (source.id, source.family, source.model_dump_json(), spec_sha256(source), night),
    )


def close_crashed_attempts(connection: "psycopg.Connection[Any]") -> None:
    """An attempt without an end whose process holds its lock no more was killed."""
    connection.execute(
        "update intake.attempt as a"
        " set ended_at = clock_timestamp(), outcome = 'aborted', reason_code = 'killed'"
        " where a.ended_at is null and not exists (select from pg_locks as l where l.locktype = 'advisory'"
        "   and l.classid = %s and l.objid = a.attempt_id::oid and l.objsubid = 2)",
        (ATTEMPT_LOCK,),
    )


def whole_files(settings: Settings, source: Source) -> list[Path]:
    """Files of the source's inbox folder that match its pattern and have stopped changing, oldest first."""
    folder = settings.inbox_dir / source.id
    if folder.exists() and not folder.is_dir():
        log.error("%s is a file where the inbox folder of the source should be; move it away", folder)
        return []
    folder.mkdir(parents=True, exist_ok=True)
    first = _look(folder, source.files.pattern)
    if not first:
        return []
    if any(time.time() - modified / 1e9 < _LONG_SETTLED_SECONDS for _, modified in first.values()):
        time.sleep(_LOOK_APART_SECONDS)
    second = _look(folder, source.files.pattern)
    settled = time.time() - SETTLE_SECONDS
    whole = [
        (look[1], path)
        for path, look in second.items()
        # A time in the future says nothing about age; the two equal looks must do.
        if first.get(path) == look
        and not settled < look[1] / 1e9 <= time.time()
        and not is_being_written(path)
    ]
    return [path for _, path in sorted(whole, key=lambda pair: (pair[0], pair[1].name))]


def is_being_written(path: Path) -> bool:
    """Whether a process of this machine has the file open for writing, be its upload stalled for minutes.

    Asked by a lease, which the kernel gives on a file that nobody writes to. Where there are none (another
    system, a share, another's file) the file's age must do.
    """
    if sys.platform != "linux":
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # Who opens it in this very moment has us sent a signal: one that does nothing.
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        is_recent = time.time() - os.fstat(handle).st_mtime < ABANDONED_SECONDS
        return error.errno == errno.EAGAIN and is_recent
    finally:
        os.close(handle)
    return False


class Untaken(NamedTuple):
    """A thing in a source's inbox folder that is never taken."""

    name: str
    """As it is on disk: whoever shows it spells out what is no text, and nothing that BI reads has it."""
    why: str


def untaken_files(settings: Settings, source: Source) -> list[Untaken]:
    """What lies in the source's inbox folder and is never taken, by name."""
    folder = settings.inbox_dir / source.id
    if not folder.is_dir():
        return [Untaken(folder.name, "a file in the place of the folder")] if folder.exists() else []
    pattern = source.files.pattern
    found = ((path.name, _why_never(path.name, of.st_mode, pattern)) for path, of in _things(folder))
    return sorted(Untaken(name, why) for name, why in found if why)


def unclaimed_folders(settings: Settings, known: Iterable[str]) -> list[str]:
    """Inbox folders with something in them that are no source's: a misspelt id, a spec that has gone."""
    if not settings.inbox_dir.is_dir():
        return []
    ids = set(known)
    others = sorted(path for path in settings.inbox_dir.iterdir() if path.name not in ids)
    return [
        path.name
        for path in others
        if not _is_passing(path.name) and (not path.is_dir() or any(path.iterdir()))
    ]


def _is_passing(name: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in _PASSING_NAMES)


def _why_never(name: str, mode: int, pattern: str) -> str | None:
    """Why a thing in an inbox folder is never taken; None where it is, once it has come to rest."""
    if not is_text(name):
        return "with control characters or undecodable bytes in its name"
    if not fnmatch.fnmatch(name, pattern):
        return "not of its `files.pattern`"
    # A link could point at any file this account can read.
    return None if stat.S_ISREG(mode) else "no plain file"


def is_text(name: str) -> bool:
    """A name in an old code page is no text; neither the ledger nor a log can hold it."""
    try:
        name.encode()
    except UnicodeError:
        return False
    return all(char >= " " for char in name)


def _things(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """What lies in a folder by other than passing names; of a link, the link itself."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if _is_passing(entry.name):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            yield Path(entry.path), found


def _look(folder: Path, pattern: str) -> dict[Path, tuple[int, int]]:
    return {
        path: (found.st_size, found.st_mtime_ns)
        for path, found in _things(folder)
        if _why_never(path.name, found.st_mode, pattern) is None
    }
