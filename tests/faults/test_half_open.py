"""F16: every packet is lost and neither side is told: the loader is in a network name space cut off."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from house import (
    NIGHT,
    ROWS,
    assert_whole,
    deliver,
    furnish,
    limits,
    loader,
    noticed,
    outcomes,
    run,
    visible,
)
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from opinion_warehouse import intake
from opinion_warehouse.database import server
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.settings import Settings

SPACE = f"opinion-{os.getpid()}"
HERE, THERE = f"opa{os.getpid()}"[:15], f"opb{os.getpid()}"[:15]
SERVER, CLIENT = "198.18.77.1", "198.18.77.2"  # of the block for tests between networks


def ip(*words: str, check: bool = True) -> bool:
    return subprocess.run(["ip", *words], check=check, capture_output=True).returncode == 0


def may_cut() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"):
        return False
    made = ip("netns", "add", SPACE, check=False)
    return made and ip("netns", "del", SPACE, check=False)


pytestmark = pytest.mark.skipif(not may_cut(), reason="makes network name spaces: needs root and `ip`")


@pytest.fixture
def cable() -> Iterator[None]:
    """A network name space joined to this one."""
    ip("netns", "add", SPACE)
    try:
        ip("link", "add", HERE, "type", "veth", "peer", "name", THERE)
        ip("link", "set", THERE, "netns", SPACE)
        ip("addr", "add", f"{SERVER}/30", "dev", HERE)
        ip("link", "set", HERE, "up")
        ip("-n", SPACE, "addr", "add", f"{CLIENT}/30", "dev", THERE)
        ip("-n", SPACE, "link", "set", THERE, "up")
        yield
    finally:
        ip("link", "del", HERE, check=False)
        ip("netns", "del", SPACE, check=False)


@pytest.fixture
def own(open_home: Callable[[], Path], cable: None) -> Iterator[Settings]:
    """A server that the other name space reaches too."""
    folder = open_home()
    settings = furnish(Settings(home=folder / "home", dsn=None), folder)
    running = server.start(settings)
    migrate(settings)
    with (running.data_dir / "pg_hba.conf").open("a") as file:
        file.write(f"host all all {CLIENT}/32 scram-sha-256\n")
    run(settings, f"alter system set listen_addresses = '127.0.0.1,{SERVER}'")
    server.stop(settings)
    server.start(settings)
    yield settings
    server.stop(settings)


def move() -> None:
    """This process into the name space."""
    with Path(f"/run/netns/{SPACE}").open() as file:
        assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) == 0


@pytest.mark.parametrize("step", ["copying", pytest.param("before commit", marks=pytest.mark.long)])
def test_connection_whose_packets_are_lost_is_given_up_by_both_sides(own: Settings, step: str) -> None:
    intake.discover(own, "social", NIGHT)
    given = conninfo_to_dict(server.start(own).admin_dsn)
    quick = {"tcp_user_timeout": 2000, "connect_timeout": 2}
    there = Settings(
        home=own.home_dir,
        sources=own.sources_dir,
        dsn=SecretStr(make_conninfo(**given | {"host": SERVER} | quick)),
    )
    keepalive = {f"tcp_keepalives_{name}": "1" for name in ("idle", "interval", "count")}
    with limits(own, lock_timeout="500ms", tcp_user_timeout="2000", **keepalive):
        cut = loader(there, deliver(own), step, signal.SIGSTOP, before=move)
        cut.wait_stopped()
        ip("-n", SPACE, "link", "set", THERE, "down")
        cut.go_on()
        noticed(own)
        assert visible(own) == 0
        assert cut.end(40) == 0
        assert cut.said()["error"] == "OperationalError"
    assert outcomes(own) == ["loaded"]
    assert_whole(own, ROWS)
