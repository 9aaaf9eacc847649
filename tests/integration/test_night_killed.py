"""A night killed at any moment and run again publishes what an undisturbed night publishes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import PROJECT, Settings

FIXTURES = PROJECT / "tests" / "fixtures"
NIGHT = "2026-07-10"


def fill(home: Path) -> Settings:
    """A home whose inbox holds the fixtures, delivery times kept."""
    shutil.copytree(FIXTURES, home / "inbox", copy_function=shutil.copy2)
    for number, path in enumerate(sorted(path for path in (home / "inbox").rglob("*") if path.is_file())):
        # A clone has no delivery times: give each file its own, the same in every home.
        os.utime(path, (1_780_000_000 + number * 60,) * 2)
    return Settings(home=home, dsn=None)


def nightly(settings: Settings) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OPINION_HOME": str(settings.home_dir)}
    return subprocess.Popen(
        [sys.executable, "-m", "opinion_warehouse", "nightly", "--night", NIGHT],
        cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def digests(settings: Settings) -> dict[str, object]:
    """What is published: table → rows and digest."""
    with connect(settings, "publisher") as connection:
        row = connection.execute(
            "select table_digests from release_ctl.release"
            " where release_id = (select release_id from release_ctl.pointer)"
        ).fetchone()
    assert row is not None, "nothing is published"
    return dict(row[0])


def ledger(settings: Settings) -> list[tuple[object, ...]]:
    with connect(settings, "loader") as connection:
        return connection.execute(
            "select source_id, sha256, status, rows_read, rows_loaded, rows_quarantined"
            " from intake.file order by 1, 2"
        ).fetchall()


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("kills", [1, 4])
def test_night_killed_at_random_moments_publishes_the_same_digests(
    open_home: Callable[[], Path], kills: int
) -> None:
    calm = fill(open_home())
    started = time.monotonic()
    run = nightly(calm)
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said
    length = time.monotonic() - started

    killed = fill(open_home())
    moments = random.Random(20261)
    for _ in range(kills):
        run = nightly(killed)
        time.sleep(length * moments.uniform(0.1, 0.9))
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    run = nightly(killed)
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said

    assert json.dumps(digests(killed), sort_keys=True) == json.dumps(digests(calm), sort_keys=True)
    assert ledger(killed) == ledger(calm)
    with connect(killed, "loader") as connection:
        unended = connection.execute("select count(*) from intake.attempt where ended_at is null").fetchone()
        assert unended == (0,)
