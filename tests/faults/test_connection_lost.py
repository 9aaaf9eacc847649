"""F15–F18: the network drops or falls silent amid COPY; a stray session holds a lock; a deadlock."""

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from house import (
    NIGHT,
    SOURCE,
    Loader,
    assert_whole,
    attempts,
    deliver,
    digest,
    limits,
    loader,
    outcomes,
    query,
    visible,
)
from proxies import Proxy, proxy
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from opinion_warehouse import intake, notify
from opinion_warehouse.database.connect import connect
from opinion_warehouse.database.watched import WatchedConnection
from opinion_warehouse.intake import ledger
from opinion_warehouse.settings import Settings


@pytest.fixture
def between(house: Settings) -> Iterator[tuple[Proxy, Settings]]:
    """A proxy before the server, and the house as seen through it."""
    assert house.dsn is not None
    given: dict[str, Any] = conninfo_to_dict(house.dsn.get_secret_value())
    with proxy(int(given["port"])) as made:
        seen = house.model_copy(update={"dsn": SecretStr(make_conninfo(**given | {"port": made.port}))})
        yield made, seen


def held(settings: Settings, step: str, **more: Any) -> Loader:
    it = loader(settings, deliver(settings), step, signal.SIGSTOP, **more)
    it.wait_stopped()
    return it


@pytest.mark.parametrize("step", ["copying", pytest.param("before commit", marks=pytest.mark.long)])
def test_network_that_drops_rolls_back_and_the_retry_loads(
    clean: str, house: Settings, between: tuple[Proxy, Settings], step: str
) -> None:
    network, seen = between
    cut = held(seen, step)
    network.drop()
    cut.go_on()
    assert cut.end() == 0
    assert cut.said()["error"] == "OperationalError"
    assert attempts(house) == [("failed", "OperationalError")], "said by a connection of its own"
    assert visible(house) == 0
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


def patient(seconds: float) -> None:
    """As `connect` is, with seconds for minutes."""
    from opinion_warehouse.database import connect as connecting

    connecting._PATIENCE_SECONDS = {"loader": seconds}
    connecting._CONNECT_TIMEOUT = 2


@pytest.mark.parametrize("step", ["copying", pytest.param("before commit", marks=pytest.mark.long)])
def test_network_that_falls_silent_frees_both_sides_and_the_retry_loads(
    clean: str,
    house: Settings,
    between: tuple[Proxy, Settings],
    step: str,
    quick_limits: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network, seen = between
    stuck = held(seen, step, before=lambda: patient(3))
    network.fall_silent()
    stuck.go_on()
    # Its retries, by a network that works: the server's side is freed without the client's help.
    monkeypatch.setattr(ledger, "STALLED_SECONDS", 0.5)
    came_to: list[str] = []
    until = time.monotonic() + 60
    while "loaded" not in came_to and time.monotonic() < until:
        try:
            came_to += outcomes(house)
        except ledger.LockHeld:
            came_to.append("LockHeld")
    assert came_to[-1] == "loaded"
    assert stuck.end(30) == 0
    assert "gave no answer" in stuck.said()["message"]
    assert digest(house) == clean
    intake.discover(house, "social", NIGHT)  # the stuck one could not say how it ended
    assert_whole(house)


def test_connection_to_a_server_that_says_nothing_is_given_up(
    house: Settings, between: tuple[Proxy, Settings]
) -> None:
    network, seen = between
    with connect(seen, "loader", autocommit=True) as connection:
        assert isinstance(connection, WatchedConnection)
        assert connection.patience_seconds > 15 * 60, "longer than statement_timeout"
        connection.patience_seconds = 1
        assert connection.execute("select pg_sleep(0.5), 7").fetchone() == ("", 7)
        network.fall_silent()
        with pytest.raises(psycopg.OperationalError, match="gave no answer for 1 seconds"):
            connection.execute("select 1")
        assert connection.closed


@pytest.mark.parametrize("what", ["a table", "a row"])
def test_lock_held_by_a_stray_session_is_an_error_that_names_it(
    clean: str, house: Settings, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = {
        "a table": "lock table landing.social_item in access exclusive mode",
        "a row": "select * from intake.source for update",
    }[what]
    sent: list[str] = []
    monkeypatch.setattr(notify, "send", lambda settings, title, body: bool(sent.append(body)))
    path = deliver(house)
    with (
        connect(house, "admin", application_name="somebody's psql") as stray,
        limits(house, lock_timeout="1s"),
    ):
        stray.execute(statement)
        pid = stray.info.backend_pid
        ((since,),) = query(house, "select xact_start from pg_stat_activity where pid = %s", pid)
        with pytest.raises(ledger.LockHeld) as caught:
            intake.load_file(house, SOURCE, path, NIGHT, "first")
        for named in (f"pid {pid} ", "somebody's psql", str(since)):
            assert named in str(caught.value)
        assert attempts(house) == [("failed", "lock_held")]
        assert visible_to_others(house, what) == 0
        notify.task_failed(failed_task(caught.value))
        assert f"pid {pid} " in sent[0]
        stray.rollback()
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


def visible_to_others(settings: Settings, what: str) -> int:
    return 0 if what == "a table" else visible(settings)  # locked, nobody sees it


def failed_task(exception: BaseException) -> dict[str, Any]:
    from types import SimpleNamespace

    return {
        "task_instance": SimpleNamespace(dag_id="ingest_social", task_id="load_file"),
        "task": SimpleNamespace(owner="social-desk"),
        "run_id": "r",
        "exception": exception,
    }


def test_deadlock_ends_the_load_and_the_retry_loads(clean: str, house: Settings) -> None:
    path = deliver(house)
    with connect(house, "admin", application_name="the other") as other:
        other.execute("set local deadlock_timeout = '1min'")  # so that the load is the one that finds it
        other.execute("lock table landing.social_item in share mode")
        it = loader(house, path)
        until = time.monotonic() + 30
        while time.monotonic() < until and not query(
            house, "select from pg_locks where not granted and relation = 'landing.social_item'::regclass"
        ):
            time.sleep(0.05)
        crossing = threading.Thread(
            target=other.execute, args=("lock table intake.file in access exclusive mode",)
        )
        crossing.start()
        assert it.end() == 0
        crossing.join(30)
        assert it.said()["error"] == "DeadlockDetected"
        other.rollback()
    assert attempts(house) == [("failed", "DeadlockDetected")]
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)
