"""F6, F8: no room for the data, the store or the parser's files. Small file systems of the test's own."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from house import (
    HEADER,
    NIGHT,
    SOURCE,
    assert_whole,
    attempts,
    clear,
    deliver,
    furnish,
    load,
    outcomes,
    query,
    rows,
    run,
    visible,
)

from opinion_warehouse import intake
from opinion_warehouse.database import server
from opinion_warehouse.database.connect import connect
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.intake.parsing import ScratchFull
from opinion_warehouse.intake.store import StoreFull
from opinion_warehouse.settings import Settings

LARGE = 60_000


def may_mount() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "none", folder]
        is_mounted = subprocess.run(mount, check=False, capture_output=True).returncode == 0
        return is_mounted and subprocess.run(["umount", folder], check=False).returncode == 0


pytestmark = pytest.mark.skipif(not may_mount(), reason="mounts small file systems: needs root")


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "none", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def enlarge(folder: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", folder], check=True)


def test_store_full_keeps_no_cut_copy_and_loads_once_there_is_room(house: Settings, tmp_path: Path) -> None:
    with disk(tmp_path / "store", "1m") as small:
        crowded = furnish(house, house.home_dir.parent, store=str(small))
        path = deliver(crowded, content=HEADER + rows(0, LARGE))
        with pytest.raises(StoreFull, match="make room"):
            load(crowded)
        assert attempts(crowded) == [("failed", "store_full")], "tried once, not in a storm"
        assert [each for each in small.rglob("*") if each.is_file()] == []
        assert path.exists()
        enlarge(small, "50m")
        assert outcomes(crowded) == ["loaded"]
        assert_whole(crowded, LARGE)
        (kept,) = [each for each in small.rglob("*") if each.is_file()]
        assert kept.stat().st_size > len(HEADER + rows(0, LARGE))


@pytest.mark.parametrize("size", ["1m", "5m"])
def test_scratch_full_loads_nothing_until_there_is_room(house: Settings, tmp_path: Path, size: str) -> None:
    # 1m: no room for the copy that is parsed; 5m: none for the parser's rows.
    with disk(tmp_path / "home", size) as small:
        crowded = furnish(
            house,
            house.home_dir.parent,
            home=small,
            store=str(house.home_dir / "store"),
            inbox=house.inbox_dir,
        )
        path = deliver(crowded, content=HEADER + rows(0, LARGE))
        with pytest.raises(ScratchFull, match="make room"):
            load(crowded)
        assert attempts(crowded) == [("failed", "scratch_full")]
        assert visible(crowded) == 0
        assert query(crowded, "select * from intake.file") == [], "a full disk is no fault of the file's"
        assert path.exists()
        enlarge(small, "200m")
        assert outcomes(crowded) == ["loaded"]
        assert_whole(crowded, LARGE)


@pytest.fixture(scope="module")
def own(open_home: Callable[[], Path]) -> Iterator[Settings]:
    """A server whose data stand on a file system of 200 MB."""
    folder = open_home()
    with disk(folder / "home", "200m"):
        settings = furnish(
            Settings(home=folder / "home", dsn=None),
            folder,
            store=str(folder / "store"),
            inbox=folder / "inbox",
        )
        (folder / "scratch").mkdir()
        (settings.home_dir / "scratch").symlink_to(folder / "scratch")  # the server's disk alone is full
        server.start(settings)
        migrate(settings)
        yield settings
        server.stop(settings)


@contextmanager
def crowded(settings: Settings, left: int) -> Iterator[None]:
    """Only so many bytes are left on the server's disk."""
    ballast = settings.home_dir / "ballast"
    room = os.statvfs(settings.home_dir)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_bsize - left)
    try:
        yield
    finally:
        ballast.unlink()


def wait_for(settings: Settings) -> None:
    """The server, which may have had to recover."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(psycopg.OperationalError, server.ServerFailed):
            server.start(settings)
            with connect(settings, "admin"):
                return
        time.sleep(0.2)
    raise AssertionError("the server did not come back")


@pytest.mark.parametrize("megabytes", [2, 20])
def test_data_disk_full_rolls_back_and_loads_once_there_is_room(own: Settings, megabytes: int) -> None:
    # Full while the log is written, by which the server ends itself; or while a table grows.
    clear(own)
    deliver(own, "before.csv", HEADER + rows(500_000, 5))
    assert outcomes(own) == ["loaded"]
    run(own, "checkpoint")
    path = deliver(own, content=HEADER + rows(0, LARGE))
    (waiting,) = intake.discover(own, "social", NIGHT)
    with crowded(own, megabytes << 20):
        with pytest.raises(psycopg.Error) as caught:
            intake.load_file(own, SOURCE, waiting["path"], NIGHT, "first")
        assert isinstance(caught.value, psycopg.errors.DiskFull | psycopg.OperationalError)
    wait_for(own)
    assert visible(own) == 5
    assert path.exists()
    assert outcomes(own) == ["loaded"]
    assert_whole(own, LARGE + 5)
    assert attempts(own)[1][0] in ("failed", "aborted")
