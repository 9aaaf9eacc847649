"""A release's life: open, seal, attach, publish, roll back, prune.

The rules are in the database's functions (a refusal is an error with SQLSTATE 55000, an outrun task 40001);
here they are called in the right order and transactions. The gate stands between seal and attach.
"""

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import PROJECT, Settings

if TYPE_CHECKING:
    import psycopg

KEPT = 3
"""Releases that stay attached, so that a roll-back is a pointer's move."""

_GAP_SECONDS = 1.0
_ATTACH_ATTEMPTS = 6
_CODE = ("dbt_project", "expectations", "opinion_warehouse/analysis")
_NOT_CODE = {"target", "logs", "dbt_packages", "__pycache__"}


class NoRelease(RuntimeError):
    """The release asked for does not exist."""


def open_release(settings: Settings, night: date, run_id: str) -> int | None:
    """Open a release for the accepted files; None when nothing is new since the published one."""
    with connect(settings, "publisher") as connection:
        row = connection.execute(
            "select release_id from release_ctl.open_release(%s, %s, %s, %s)",
            [night, run_id, git_revision(), code_digest()],
        ).fetchone()
    return None if row is None else row[0]


def seal(settings: Settings, release_id: int) -> str:
    """Take the tables from the builder and digest them; returns the release's digest."""
    return str(_call(settings, "seal", release_id))


def attach(settings: Settings, release_id: int) -> None:
    """Put the audited tables under the views' parents, committed on its own; readers notice nothing."""
    import psycopg

    for attempt in range(1, _ATTACH_ATTEMPTS + 1):
        try:
            _call(settings, "attach", release_id)
            return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            # Only a changed shape (a view replaced, a column added) waits for readers: stand back, try again.
            if attempt == _ATTACH_ATTEMPTS:
                raise
            time.sleep(attempt)


def publish(settings: Settings, release_id: int, why: str) -> str:
    """Attach if need be, then move the pointer: `published` or `already`.

    The pointer must stand where it stood when the release was opened; otherwise somebody has published or
    rolled back meanwhile, and this task has been outrun.
    """
    attach(settings, release_id)
    with connect(settings, "publisher", autocommit=True) as connection:
        row = connection.execute(
            "select l.from_release_id, extract(epoch from clock_timestamp() - r.attached_at)::float8"
            " from release_ctl.release as r inner join release_ctl.log as l using (release_id)"
            " where r.release_id = %s and l.action = 'open'",
            [release_id],
        ).fetchone()
        if row is None:
            raise NoRelease(
                f"release {release_id} does not exist; `opinion release list` shows what there is"
            )
        time.sleep(max(0.0, _GAP_SECONDS + 0.05 - row[1]))
        moved = connection.execute(
            "select release_ctl.publish(%s, %s, %s)", [release_id, row[0], why]
        ).fetchone()
    return str(moved and moved[0])


def roll_back(settings: Settings, release_id: int, why: str) -> str:
    """Show an earlier release that is still attached."""
    with connect(settings, "publisher", autocommit=True) as connection:
        moved = connection.execute(
            "select release_ctl.roll_back(%s, (select release_id from release_ctl.pointer), %s)",
            [release_id, why],
        ).fetchone()
    return str(moved and moved[0])


def withdraw(settings: Settings, release_id: int, why: str) -> None:
    """Never show this release again; not the visible one."""
    with connect(settings, "publisher") as connection:
        connection.execute("select release_ctl.withdraw(%s, %s)", [release_id, why])


def visible(settings: Settings) -> int | None:
    """The release BI sees."""
    with connect(settings, "publisher", autocommit=True) as connection:
        row = connection.execute("select release_id from release_ctl.pointer").fetchone()
    return None if row is None else row[0]


def list_releases(settings: Settings) -> list[dict[str, Any]]:
    """All releases, newest first."""
    return _rows(
        settings,
        "select r.release_id, r.state, r.night, r.run_id, r.is_partial, r.data_start, r.data_end,"
        " r.git_revision, r.digest, r.opened_at, r.published_at, r.release_id = p.release_id as is_visible"
        " from release_ctl.release as r cross join release_ctl.pointer as p order by r.release_id desc",
    )


def show_release(settings: Settings, release_id: int) -> dict[str, Any]:
    """Everything known of one release: itself, `tables`, `sources`, `log`, `checks`, `models`."""
    found = _rows(
        settings,
        "select r.*, coalesce(r.release_id = p.release_id, false) as is_visible"
        " from release_ctl.release as r cross join release_ctl.pointer as p where r.release_id = %s",
        release_id,
    )
    if not found:
        raise NoRelease(f"release {release_id} does not exist; `opinion release list` shows what there is")
    release = found[0]
    release["tables"] = release.pop("table_digests") or {}
    for part, query in (
        ("sources", "select * from release_ctl.release_source where release_id = %s order by source_id"),
        ("log", "select * from release_ctl.log where release_id = %s order by log_id"),
        ("checks", "select * from quality.check_result where release_id = %s order by check_result_id"),
        ("models", "select * from quality.model_result where release_id = %s order by model_result_id"),
    ):
        release[part] = _rows(settings, query, release_id)
    return release


# ---------------------------------------------------------------- pruning
def prune(settings: Settings, *, patience: float = 10.0) -> list[int]:
    """Let go of what is beyond the newest three; returns the releases dropped.

    A release somebody may still be reading stays for the next night: that is no error.
    """
    import psycopg

    dropped: list[int] = []
    with connect(settings, "publisher", autocommit=True) as connection:
        connection.execute("set lock_timeout = '2s'")
        going = [row[0] for row in connection.execute("select release_ctl.prunable()").fetchall()]
        for release_id in going:
            connection.execute("select release_ctl.retire(%s)", [release_id])
        if not going or not _earlier_readers_ended(connection, patience):
            return dropped
        try:
            for release_id in going:
                _detach(connection, release_id)
                connection.execute("select release_ctl.drop_release(%s)", [release_id])
                dropped.append(release_id)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            pass  # somebody holds on; what is begun is finished the next time
    return dropped


def _detach(connection: "psycopg.Connection[Any]", release_id: int) -> None:
    """Detaching concurrently stops no reader, and cannot stand in a function; serve_owner may do it.

    An interrupted detach, of whatever release, blocks the next on the same table: it is finished first.
    """
    from psycopg import sql

    connection.execute("set role serve_owner")
    connection.execute("set statement_timeout = '60s'")
    try:
        for schema, table, is_pending in connection.execute(
            "select n.nspname, c.relname, h.inhdetachpending from pg_inherits as h"
            " inner join pg_class as c on c.oid = h.inhrelid"
            " inner join pg_namespace as n on n.oid = c.relnamespace"
            " inner join pg_class as p on p.oid = h.inhparent"
            " where p.relnamespace = 'serve'::regnamespace and (h.inhdetachpending or n.nspname = %s)"
            " order by h.inhdetachpending desc, c.relname",
            [f"rel_{release_id}"],
        ).fetchall():
            connection.execute(
                sql.SQL("alter table serve.{} detach partition {}.{} {}").format(
                    sql.Identifier(table),
                    sql.Identifier(schema),
                    sql.Identifier(table),
                    sql.SQL("finalize" if is_pending else "concurrently"),
                )
            )
    finally:
        connection.execute("reset statement_timeout")
        connection.execute("reset role")


def _earlier_readers_ended(connection: "psycopg.Connection[Any]", patience: float) -> bool:
    """Wait for every transaction that is open now: one that begins later sees the present pointer.

    Open transactions show as locks on their own virtual ids, which any role may see.
    """
    query = (
        "select array_agg(virtualxid || '/' || pid) from pg_locks"
        " where locktype = 'virtualxid' and mode = 'ExclusiveLock' and pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + patience
    row = connection.execute(query).fetchone()
    waiting = set(row[0] or ()) if row else set()
    while waiting and time.monotonic() < deadline:
        time.sleep(0.1)
        row = connection.execute(query).fetchone()
        waiting &= set(row[0] or ()) if row else set()
    return not waiting


# ---------------------------------------------------------------- what it was built with
def code_digest() -> str:
    """Digest of what decides a release's content: models, checks and the analysis step."""
    digest = hashlib.sha256()
    for path in _code_files():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(PROJECT).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _code_files() -> Iterator[Path]:
    for root in _CODE:
        for folder, folders, names in sorted(os.walk(PROJECT / root)):
            folders[:] = sorted(
                name for name in folders if name not in _NOT_CODE and not name.startswith(".")
            )
            # Hidden files are tools' leavings (.user.yml of dbt), not code.
            yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def git_revision() -> str:
    """The commit, with `-dirty` when files differ from it; `unknown` outside a checkout of this project."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}

    def ask(*words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if Path(ask("rev-parse", "--show-toplevel") or "/") != PROJECT:
            return "unknown"  # lies in somebody else's checkout, or in none
        return ask("describe", "--always", "--dirty", "--exclude=*", "--abbrev=40") or "unknown"
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"


def _call(settings: Settings, function: str, release_id: int) -> Any:
    from psycopg import sql

    with connect(settings, "publisher") as connection:
        row = connection.execute(
            sql.SQL("select release_ctl.{}(%s)").format(sql.Identifier(function)), [release_id]
        ).fetchone()
    return row and row[0]


def _rows(settings: Settings, query: str, *arguments: Any) -> list[dict[str, Any]]:
    from psycopg.rows import dict_row

    with connect(settings, "publisher", autocommit=True) as connection:
        # Queries are constants of this module.
        return connection.cursor(row_factory=dict_row).execute(query.encode(), arguments).fetchall()
