"""A warehouse with one social source, and loaders in processes of their own that stop where a test says.

A loader is forked, as Airflow's are, and does what `load_file` does. At a step it may be sent a signal; a
SIGSTOP holds it there while the test makes its fault.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psutil

from opinion_warehouse import intake
from opinion_warehouse.database.connect import connect
from opinion_warehouse.intake import load as loading
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 7, 20)
OLD = 1_780_000_000
SOURCE = "a_social"
SPEC = """\
id: a_social
family: social
title: {vi: A, en: A}
owner: desk
licence: none
provenance: here
files: {format: csv, pattern: "*.csv"}
ignore_columns: [author]
social:
  columns: {item_id: id, published_at: at, text: [words]}
  date_format: iso
  platform: facebook
  query: q
  queries:
    - {code: q, label: {vi: Q, en: Q}, topic: C1}
"""
HEADER = "id,at,words,author\n"
ROWS = 8_000  # more than one chunk of COPY
STEPS = (
    "stored",
    "rows ready",
    "ledger written",
    "copying",
    "copied social_item",
    "parsed",
    "before commit",
    "committed",
    "recorded",
)


def rows(first: int, count: int) -> str:
    return "".join(
        f"{number},2026-06-{1 + number % 28:02}T10:00:00Z,w,Ẩn Danh 0901234567\n"
        for number in range(first, first + count)
    )


CONTENT = HEADER + rows(0, ROWS) + "x,no date,w,a\n"


def furnish(base: Settings, folder: Path, **more: Any) -> Settings:
    """A home in the folder, with the source's spec, on the warehouse of `base`."""
    spec = folder / "specs" / "social" / f"{SOURCE}.yml"
    spec.parent.mkdir(parents=True, exist_ok=True)
    spec.write_text(SPEC, encoding="utf-8")
    given = {"home": folder / "home", "dsn": base.dsn, "secrets": base.secrets_dir} | more
    return Settings(sources=folder / "specs", **given)


def clear(settings: Settings) -> None:
    """Everything taken in is gone, from the database and from the disk."""
    with connect(settings, "admin", autocommit=True) as connection:
        connection.execute("truncate intake.attempt, intake.source_night, intake.fetch")
        connection.execute("delete from intake.file")
    for path in [*settings.inbox_dir.rglob("*"), *Path(settings.store_url).rglob("*")]:
        if path.is_file():
            path.unlink()


def deliver(
    settings: Settings, name: str = "a.csv", content: str | bytes = CONTENT, modified: float = OLD
) -> Path:
    path = settings.inbox_dir / SOURCE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (modified, modified))
    return path


def load(settings: Settings, night: date = NIGHT, run_id: str = "retry") -> list[dict[str, Any]]:
    """What the next run comes to: discover, then load what is there."""
    return [
        intake.load_file(settings, file["source_id"], file["path"], night, run_id)
        for file in intake.discover(settings, "social", night)
    ]


def outcomes(settings: Settings) -> list[str]:
    return [each["outcome"] for each in load(settings)]


def query(settings: Settings, text: str, *values: Any) -> list[tuple[Any, ...]]:
    with connect(settings, "admin", autocommit=True) as connection:
        return connection.execute(text, values).fetchall()  # type: ignore[arg-type]


def run(settings: Settings, text: str) -> None:
    with connect(settings, "admin", autocommit=True) as connection:
        connection.execute(text)  # type: ignore[arg-type]


@contextmanager
def limits(settings: Settings, **values: str) -> Iterator[None]:
    """What takes minutes, in seconds: the loader's own limits, changed in this one database."""
    database = scalar(settings, "select current_database()")
    before = query(
        settings,
        "select split_part(line, '=', 1), split_part(line, '=', 2)"
        " from pg_db_role_setting as s, unnest(s.setconfig) as line"
        " where s.setrole = 'loader'::regrole"
        "   and s.setdatabase = (select oid from pg_database where datname = current_database())",
    )
    for name, value in values.items():
        assert name in dict(before), f"{name} is no limit of the loader's"
        run(settings, f"alter role loader in database {database} set {name} = '{value}'")
    try:
        yield
    finally:
        for name, value in before:
            run(settings, f"alter role loader in database {database} set {name} = '{value}'")


def scalar(settings: Settings, text: str, *values: Any) -> Any:
    return query(settings, text, *values)[0][0]


def noticed(settings: Settings, seconds: float = 20) -> None:
    """Until the server has noticed that its loaders are gone."""
    until = time.monotonic() + seconds
    name = f"opinion load {SOURCE}"
    while query(settings, "select from pg_stat_activity where application_name = %s", name):
        assert time.monotonic() < until, "the server still holds what the lost client held"
        time.sleep(0.05)


def visible(settings: Settings) -> int:
    """Rows another session sees."""
    return int(scalar(settings, "select count(*) from landing.social_item"))


def digest(settings: Settings) -> str:
    """Of all that was taken in, whichever file it came by and whenever."""
    return str(
        scalar(
            settings,
            "select md5(string_agg(concat_ws(' ', i.item_key, i.published_at, i.row_number, f.sha256), ','"
            "   order by i.item_key, f.sha256))"
            " || (select md5(string_agg(concat_ws(' ', q.row_number, q.row_count, q.reasons), ','"
            "   order by q.row_number)) from intake.quarantine as q)"
            " from landing.social_item as i join intake.file as f using (file_id)",
        )
    )


def attempts(settings: Settings) -> list[tuple[Any, ...]]:
    return query(settings, "select outcome, reason_code from intake.attempt order by attempt_id")


def assert_whole(settings: Settings, loaded: int = ROWS) -> None:
    """Nothing half-done, nothing lost, nothing twice; nothing left lying about."""
    assert visible(settings) == loaded
    assert scalar(settings, "select count(distinct item_key) from landing.social_item") == loaded
    assert scalar(settings, "select sum(rows_loaded) from intake.file") == loaded
    quarantined = "select coalesce(sum(row_count), 0) from intake.quarantine"
    assert scalar(settings, quarantined) == scalar(settings, "select sum(rows_quarantined) from intake.file")
    assert scalar(settings, "select count(*) from intake.attempt where ended_at is null") == 0
    assert list((settings.home_dir / "scratch").iterdir()) == []
    kept = {path.name for path in Path(settings.store_url).rglob("*") if path.is_file()}
    in_ledger = {sha256 for (sha256,) in query(settings, "select sha256 from intake.file")}
    tried = {sha256 for (sha256,) in query(settings, "select sha256 from intake.attempt")}
    assert in_ledger <= kept <= in_ledger | tried, "by its attempt retention finds what was never loaded"


@dataclass
class Loader:
    """A forked loader of one file."""

    pid: int
    answer: Path

    def wait_stopped(self, seconds: float = 60) -> None:
        """Until it stands at its step."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            done, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if done:
                assert os.WIFSTOPPED(status), f"it ended ({status}) before its step: {self.said()}"
                return
            time.sleep(0.005)
        raise AssertionError("it did not come to its step")

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def end(self, seconds: float = 60) -> int:
        """Its exit code, or minus the signal it died of."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"it did not end within {seconds} seconds")

    def said(self) -> dict[str, Any]:
        """Its outcome, or `error` and `message` of what it raised."""
        return json.loads(self.answer.read_text()) if self.answer.exists() else {}

    def family(self) -> list[psutil.Process]:
        """Processes it started."""
        return psutil.Process(self.pid).children(recursive=True)


def loader(
    settings: Settings,
    path: Path,
    step: str | None = None,
    by: int = signal.SIGKILL,
    *,
    before: Callable[[], None] | None = None,
    take: bool = True,
) -> Loader:
    """Start one; at the step it sends itself the signal `by`. `before` runs in it, before anything else."""
    answer = settings.home_dir / f"answer {time.monotonic_ns()}"
    answer.parent.mkdir(parents=True, exist_ok=True)
    pid = os.fork()
    if pid:
        return Loader(pid, answer)
    try:
        done: set[str] = set()

        def reached(at: str) -> None:
            if at == step and at not in done:
                done.add(at)
                os.kill(os.getpid(), by)

        loading.reached = reached
        if before:
            before()
        try:
            said = intake.load_file(settings, SOURCE, path, NIGHT, "first", take=take)
        except BaseException as error:
            said = {"error": type(error).__name__, "message": str(error)}
        answer.write_text(json.dumps(said))
        sys.stdout.flush()
    finally:
        os._exit(0)


def gone(processes: list[psutil.Process], seconds: float = 10) -> bool:
    return not psutil.wait_procs(processes, timeout=seconds)[1]
