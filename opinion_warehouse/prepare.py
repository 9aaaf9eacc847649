"""Set-up: server, roles, migrations, keys, Airflow's database, and on the first run the sample's files."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from opinion_warehouse.settings import PROJECT, Settings

Say = Callable[[str], None]
"""Where progress goes: one short line a step."""


class Busy(RuntimeError):
    """Somebody else is running nights on this home."""


@contextmanager
def only_one(settings: Settings, who: str) -> Iterator[None]:
    """One runner of nights a home; the lock dies with its process, so kill -9 leaves none."""
    settings.home_dir.mkdir(parents=True, exist_ok=True)
    path = settings.home_dir / "running.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip() or "another process"
            raise Busy(
                f"{holder} is running on {settings.home_dir}; let it end, or stop it (`opinion down`)"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{who} (process {os.getpid()})".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def prepare(settings: Settings, say: Say = lambda _: None, *, airflow: bool = True) -> None:
    """Bring everything to where a night can run; seconds the first time, a moment after."""
    from opinion_warehouse import airflow_home
    from opinion_warehouse.database import server
    from opinion_warehouse.database.migrate import migrate

    if settings.dsn is None:
        say("database server")
        server.start(settings)
    say("roles, migrations, keys")
    migrate(settings)
    settings.inbox_dir.mkdir(parents=True, exist_ok=True)
    if airflow:
        say("Airflow's database")
        airflow_home.prepare(settings)


def fill_inbox(settings: Settings) -> int:
    """Put the sample's files into the inbox of a warehouse that never saw a file; returns how many.

    Only where the shipped specs are used: somebody's own sources are never mixed with made data.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.sample import make_sample

    if settings.sources_dir.resolve() != (PROJECT / "sources").resolve():
        return 0
    mark, draft = settings.home_dir / "sample.made", settings.home_dir / "sample.making"
    if mark.exists():
        return 0
    # A run killed while it wrote left the draft mark: the same bytes are simply written again.
    if not draft.exists() and any(path.is_file() for path in settings.inbox_dir.rglob("*")):
        return 0
    with connect(settings, "loader") as connection:
        if connection.execute("select exists (select from intake.file)").fetchone() == (True,):
            return 0
    draft.touch()
    count = len(make_sample(settings.inbox_dir))
    draft.replace(mark)
    return count
