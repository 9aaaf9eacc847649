"""F3–F5: the server ends the load's session, loses a process and recovers, is stopped amid COPY."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from house import (
    HEADER,
    NIGHT,
    Loader,
    assert_whole,
    attempts,
    clear,
    deliver,
    digest,
    furnish,
    loader,
    outcomes,
    query,
    rows,
    run,
)

from opinion_warehouse import intake
from opinion_warehouse.database import account as accounts
from opinion_warehouse.database import process, server
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.settings import Settings


@pytest.fixture(scope="module")
def own(open_home: Callable[[], Path]) -> Iterator[Settings]:
    """A server of this module's, for it is killed; it keeps what it commits, as a night's does."""
    folder = open_home()
    settings = furnish(Settings(home=folder / "home", dsn=None), folder)
    server.start(settings)
    migrate(settings)
    yield settings
    server.stop(settings)


@pytest.fixture
def house(own: Settings) -> Settings:
    server.start(own)
    clear(own)
    intake.discover(own, "social", NIGHT)
    return own


@pytest.fixture(scope="module")
def clean(own: Settings) -> str:
    deliver(own)
    assert outcomes(own) == ["loaded"]
    return digest(own)


def backend(settings: Settings) -> int:
    """The process that serves the load."""
    return int(
        query(settings, "select pid from pg_stat_activity where application_name like 'opinion load%%'")[0][0]
    )


def recovered(settings: Settings) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            query(settings, "select 1")
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server did not come back")


def stopped_at(settings: Settings, step: str) -> Loader:
    held = loader(settings, deliver(settings), step, signal.SIGSTOP)
    held.wait_stopped()
    return held


STEPS = (
    pytest.param("parsed", marks=pytest.mark.long),
    "copying",
    pytest.param("before commit", marks=pytest.mark.long),
)


@pytest.mark.parametrize("step", STEPS)
def test_session_ended_by_the_server_rolls_back_and_the_retry_loads(
    clean: str, house: Settings, step: str
) -> None:
    held = stopped_at(house, step)
    run(house, f"select pg_terminate_backend({backend(house)})")
    held.go_on()
    assert held.end() == 0
    assert held.said()["error"] in ("AdminShutdown", "OperationalError")
    assert attempts(house)[0][0] == "failed", "said by a connection of its own: the load's is broken"
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


@pytest.mark.parametrize("step", STEPS)
def test_server_process_killed_and_the_cluster_recovers_and_the_retry_loads(
    clean: str, house: Settings, step: str
) -> None:
    deliver(house, "before.csv", HEADER + rows(100_000, 5))
    assert outcomes(house) == ["loaded"]
    held = stopped_at(house, step)
    os.kill(backend(house), signal.SIGKILL)
    held.go_on()
    assert held.end() == 0
    assert "error" in held.said()
    recovered(house)
    assert outcomes(house) == ["loaded"]
    assert_whole(house, 8_005)
    run(house, "delete from intake.file where file_name = 'before.csv'")
    assert digest(house) == clean


@pytest.mark.parametrize("step", ["copying", "committed"])
def test_server_stopped_at_once_and_started_again_has_what_was_committed(
    clean: str, house: Settings, step: str
) -> None:
    held = stopped_at(house, step)
    running = server.start(house)
    account = accounts.choose(house.home_dir, running.data_dir)
    words = ("stop", "-D", "data", "-m", "immediate", "-w")
    assert process.run(account, running.data_dir.parent, "pg_ctl", *words, elsewhere=server.ELSEWHERE) == 0
    held.go_on()
    assert held.end() == 0
    assert "error" in held.said(), "a commit whose answer was lost is no loss: the ledger has it"
    server.start(house)
    assert outcomes(house) == (["duplicate"] if step == "committed" else ["loaded"])
    assert digest(house) == clean
    assert_whole(house)
