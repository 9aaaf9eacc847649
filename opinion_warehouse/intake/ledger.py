"""The file ledger, attempts and quarantine, as SQL."""

import contextlib
import json
import time
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from opinion_warehouse.intake.discover import ATTEMPT_LOCK
from opinion_warehouse.readers.job import PARSER_VERSION
from opinion_warehouse.settings import Settings

if TYPE_CHECKING:
    import psycopg

    from opinion_warehouse.intake.load import Delivery
    from opinion_warehouse.sources import Source


STALLED_SECONDS = 10.0
_COPIES_WAITING_FOR_THEIR_CLIENT = """
select p.pid, p.bytes_processed from pg_stat_progress_copy as p join pg_stat_activity as a using (pid)
where a.usename = current_user and a.wait_event = 'ClientRead'
    and p.pid in (select process_id from intake.lock_holders())
"""


_HOLDERS_AT_WORK = """
select a.pid, a.query_start, p.bytes_processed
from pg_stat_activity as a left join pg_stat_progress_copy as p using (pid)
where a.usename = current_user and a.pid in (select process_id from intake.lock_holders())
"""


class LockHeld(RuntimeError):
    """Another session holds what the load needs; the message names it."""

    reason_code = "lock_held"


class KnownFile(NamedTuple):
    """What the ledger has of a file."""

    file_id: int
    file_name: str
    status: str
    reason_code: str | None
    spec_sha256: str
    parser_version: str


class Attempt:
    """A load at work. Its row stands outside the load's transaction: a row without an end is a crash."""

    def __init__(self, connection: "psycopg.Connection[Any]", attempt_id: int, source_id: str) -> None:
        self._connection = connection
        self.attempt_id = attempt_id
        self.source_id = source_id
        self.ended = False

    def stored(self, sha256: str) -> None:
        """Note what the file's content is."""
        self._connection.execute(
            "update intake.attempt set sha256 = %s where attempt_id = %s", (sha256, self.attempt_id)
        )

    def end(
        self,
        outcome: str,
        name: str,
        reason_code: str | None = None,
        detail: str | None = None,
        **counts: int,
    ) -> dict[str, Any]:
        """Note how it ended; returns the outcome as callers see it."""
        end_attempt(self._connection, self.attempt_id, outcome, reason_code)
        self.ended = True
        rows = {count: counts.get(count, 0) for count in ("rows_read", "rows_loaded", "rows_quarantined")}
        return {
            "source_id": self.source_id,
            "name": name,
            "outcome": outcome,
            "reason_code": reason_code,
            "detail": detail,
            **rows,
        }


def end_attempt(
    connection: "psycopg.Connection[Any]", attempt_id: int, outcome: str, reason_code: str | None
) -> None:
    """Close an attempt's row."""
    connection.execute(
        "update intake.attempt set ended_at = clock_timestamp(), outcome = %s, reason_code = %s"
        " where attempt_id = %s and ended_at is null",
        (outcome, reason_code, attempt_id),
    )


@contextlib.contextmanager
def attempt(
    settings: Settings,
    connection: "psycopg.Connection[Any]",
    source_id: str,
    file_name: str,
    night: date,
    run_id: str,
) -> Iterator[Attempt]:
    """An attempt's row around a load: `failed` or `aborted` where the load ends by an exception."""
    row = connection.execute(
        "insert into intake.attempt (source_id, file_name, night, run_id) values (%s, %s, %s, %s)"
        " returning attempt_id",
        (source_id, file_name, night, run_id),
    ).fetchone()
    assert row is not None  # noqa: S101
    connection.execute("select pg_advisory_lock(%s, %s)", (ATTEMPT_LOCK, row[0] % 2**31))
    own = Attempt(connection, row[0], source_id)
    try:
        with _naming_lock_holders(connection, source_id):
            yield own
    except BaseException as error:
        outcome = "failed" if isinstance(error, Exception) else "aborted"
        reason = getattr(error, "reason_code", type(error).__name__)
        _end_elsewhere(settings, own.attempt_id, outcome, reason)
        raise


@contextlib.contextmanager
def _naming_lock_holders(connection: "psycopg.Connection[Any]", source_id: str) -> Iterator[None]:
    from psycopg.errors import LockNotAvailable

    try:
        yield
    except LockNotAvailable:
        rows = connection.execute("select * from intake.lock_holders()").fetchall()
        ended = _end_stalled_copies(connection)
        said = [f"pid {pid} ({role}, {name!r}) since {since}" for pid, role, name, since in rows]
        holders = "; ".join(said) or "a session that has let go meanwhile"
        mend = f"{ended} stood still and was ended" if ended else "end it with pg_terminate_backend(pid)"
        raise LockHeld(f"{source_id} cannot be written to: held by {holders}; {mend}") from None


def _end_stalled_copies(connection: "psycopg.Connection[Any]") -> list[int]:
    """End loads that stand still in the middle of COPY: their process is stopped.

    No time limit of the server's ends those: while it waits for data it heeds nothing else.
    """
    looks = []
    for pause in (STALLED_SECONDS, 0):
        looks.append(set(connection.execute(_COPIES_WAITING_FOR_THEIR_CLIENT).fetchall()))
        time.sleep(pause if looks[0] else 0)
    stalled = sorted(pid for pid, _ in looks[0] & looks[1])
    for pid in stalled:
        connection.execute("select pg_terminate_backend(%s)", (pid,))
    return stalled


def holders_get_on(connection: "psycopg.Connection[Any]") -> bool:
    """Whether the loads that keep this one waiting do something, or have ended meanwhile."""
    looks = []
    for pause in (STALLED_SECONDS, 0):
        connection.execute("select pg_stat_clear_snapshot()")  # else a transaction sees one moment only
        looks.append(connection.execute(_HOLDERS_AT_WORK).fetchall())
        time.sleep(pause)
    return looks[0] != looks[1]


def _end_elsewhere(settings: Settings, attempt_id: int, outcome: str, reason: str) -> None:
    """By a connection of its own: the load's may be broken. If this fails, the next discover closes it."""
    from opinion_warehouse.database.connect import connect

    with contextlib.suppress(Exception), connect(settings, "loader", autocommit=True) as connection:
        end_attempt(connection, attempt_id, outcome, reason)


def taken_before(connection: "psycopg.Connection[Any]", source_id: str, file_name: str) -> str | None:
    """What a file of this name last came to, in words; None where none was ever taken."""
    row = (
        connection.execute(
            "select outcome, reason_code from intake.attempt where source_id = %s and file_name = %s"
            " and outcome in ('loaded', 'rejected', 'duplicate') order by attempt_id desc limit 1",
            (source_id, file_name),
        ).fetchone()
        or connection.execute(  # the attempt that took it may have been killed before it said so
            "select status, reason_code from intake.file where source_id = %s and file_name = %s"
            " order by file_id desc limit 1",
            (source_id, file_name),
        ).fetchone()
    )
    if row is None:
        return None
    outcome, reason = row
    return {"loaded": "loaded", "duplicate": "known by its content"}.get(outcome, f"refused: {reason}")


def known_file(connection: "psycopg.Connection[Any]", source_id: str, sha256: str) -> KnownFile | None:
    """The ledger's row of a content."""
    row = connection.execute(
        "select file_id, file_name, status, reason_code, spec_sha256, parser_version from intake.file"
        " where source_id = %s and sha256 = %s",
        (source_id, sha256),
    ).fetchone()
    return KnownFile(*row) if row else None


def is_worth_another_try(known: KnownFile, spec: str) -> bool:
    """A refused file that comes again is read again where spec, parser or its limits may differ now."""
    if known.status != "rejected":
        return False
    changed = (known.spec_sha256, known.parser_version) != (spec, PARSER_VERSION)
    return changed or (known.reason_code or "").startswith("parser_")


def was_killed(connection: "psycopg.Connection[Any]", source_id: str, sha256: str) -> bool:
    """Whether a parse of this content was killed from outside before."""
    found = connection.execute(
        "select from intake.attempt where source_id = %s and sha256 = %s and reason_code = 'parser_killed'"
        " limit 1",
        (source_id, sha256),
    ).fetchone()
    return found is not None


def next_file_id(connection: "psycopg.Connection[Any]") -> int:
    """An id drawn before the parse: its rows carry it. A gap where the parse fails does no harm."""
    row = connection.execute("select nextval(pg_get_serial_sequence('intake.file', 'file_id'))").fetchone()
    assert row is not None  # noqa: S101
    return int(row[0])


def forget_file(connection: "psycopg.Connection[Any]", file_id: int) -> None:
    """Remove a file's row and, as the database sees to, everything that was loaded of it."""
    connection.execute("delete from intake.file where file_id = %s", (file_id,))


def open_file(connection: "psycopg.Connection[Any]", delivery: "Delivery", file_id: int, spec: str) -> bool:
    """The ledger's row of a file, to which its rows refer; what it comes to is not known yet.

    False where the content has a row. A load that is writing one is waited for.
    """
    opened = connection.execute(
        "insert into intake.file (file_id, source_id, sha256, file_name, byte_count, received_at, night,"
        " run_id, parser_version, spec_sha256, status, rows_read, rows_loaded, rows_quarantined)"
        " overriding system value values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'loaded', 0, 0, 0)"
        " on conflict (source_id, sha256) do nothing",
        (
            file_id,
            delivery.source.id,
            delivery.sha256,
            delivery.file_name,
            delivery.byte_count,
            delivery.received_at,
            delivery.night,
            delivery.run_id,
            PARSER_VERSION,
            spec,
        ),
    )
    return opened.rowcount == 1


def close_file(
    connection: "psycopg.Connection[Any]",
    source: "Source",
    file_id: int,
    rejected: dict[str, Any] | None,
    counts: dict[str, int],
    topic_rules: str | None,
) -> None:
    """What a file came to, and what it was read by: a survey's questions, the others' topic rules."""
    reading = (
        source.survey.reading if source.survey else {"topic_rules": topic_rules} if topic_rules else None
    )
    connection.execute(
        "update intake.file set status = %s, reason_code = %s, rows_read = %s, rows_loaded = %s,"
        " rows_quarantined = %s, reading = %s where file_id = %s",
        (
            "rejected" if rejected else "loaded",
            rejected["code"] if rejected else None,
            counts["rows_read"],
            counts["rows_loaded"],
            counts["rows_quarantined"],
            json.dumps(reading) if reading else None,
            file_id,
        ),
    )


def quarantine_rest(
    connection: "psycopg.Connection[Any]", file_id: int, row_count: int, reason: dict[str, Any]
) -> None:
    """One entry for the rows refused together with the file."""
    connection.execute(
        "insert into intake.quarantine (file_id, row_number, row_count, reasons) values (%s, null, %s, %s)",
        (file_id, row_count, json.dumps([reason], ensure_ascii=False)),
    )
