"""F1, F2, F13, F14: the loading process is killed, told to end, overtaken, or wakes too late."""

import os
import signal
import time

import pytest
from house import (
    CONTENT,
    HEADER,
    OLD,
    ROWS,
    STEPS,
    assert_whole,
    attempts,
    deliver,
    digest,
    gone,
    load,
    loader,
    noticed,
    outcomes,
    rows,
    scalar,
    visible,
)

from opinion_warehouse.intake import ledger
from opinion_warehouse.settings import Settings

COMMITTED = ("committed", "recorded")
REFUSED = ("IdleInTransactionSessionTimeout", "AdminShutdown", "OperationalError")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_is_all_or_nothing_and_whole_after_the_retry(
    clean: str, house: Settings, step: str
) -> None:
    path = deliver(house)
    killed = loader(house, path, step)
    assert killed.end() == -signal.SIGKILL
    noticed(house)
    assert visible(house) == (ROWS if step in COMMITTED else 0)
    assert path.exists(), "the inbox file goes last of all"
    assert outcomes(house) == (["duplicate"] if step in COMMITTED else ["loaded"])
    assert digest(house) == clean
    assert_whole(house)
    assert not path.exists()
    # What was recorded before the kill stays as it was; else the next run found the attempt without an end.
    assert attempts(house)[0] == (("loaded", None) if step == "recorded" else ("aborted", "killed"))


def test_killed_while_the_child_parses_leaves_no_process_and_no_plain_copy(
    clean: str, house: Settings
) -> None:
    path = deliver(house, content=CONTENT.replace("x,no date,w,a\n", rows(ROWS, 200_000)))
    killed = loader(house, path, "stored", signal.SIGSTOP)
    killed.wait_stopped()
    killed.go_on()
    until = time.monotonic() + 30
    while len(family := killed.family()) < 2 and time.monotonic() < until:
        time.sleep(0.001)
    assert len(family) == 2, "the parsers' server and the child that parses"
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.end() == -signal.SIGKILL
    noticed(house)
    assert gone(family)
    assert visible(house) == 0
    assert any((house.home_dir / "scratch").iterdir())
    deliver(house)
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert list((house.home_dir / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    "step",
    [
        pytest.param("stored", marks=pytest.mark.long),
        "copying",
        pytest.param("before commit", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_at_a_step_is_aborted_and_whole_after_the_retry(
    clean: str, house: Settings, step: str, by: signal.Signals
) -> None:
    told = loader(house, deliver(house), step, by)
    status = told.end()
    assert visible(house) == 0
    if by == signal.SIGINT:  # by which Airflow asks first: the load can still say so itself
        assert told.said()["error"] == "KeyboardInterrupt"
        assert attempts(house) == [("aborted", "KeyboardInterrupt")]
    else:
        assert status == -signal.SIGTERM
        noticed(house)
    assert outcomes(house) == ["loaded"]
    assert attempts(house)[0][0] == "aborted"
    assert digest(house) == clean
    assert_whole(house)


def test_task_that_takes_too_long_is_aborted_and_whole_after_the_retry(clean: str, house: Settings) -> None:
    from airflow.sdk.execution_time.timeout import TimeoutPosix

    def limited() -> None:
        # Airflow's own time limit, and a load that hangs in the middle of COPY.
        from house import loading

        TimeoutPosix(seconds=3).__enter__()
        loading.reached = lambda at: time.sleep(60) if at == "copying" else None

    late = loader(house, deliver(house), before=limited)
    assert late.end() == 0
    assert late.said()["error"] == "AirflowTaskTimeout"
    assert attempts(house) == [("aborted", "AirflowTaskTimeout")]
    assert visible(house) == 0
    assert outcomes(house) == ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


def test_two_runs_that_overlap_load_each_file_once(house: Settings) -> None:
    for number in range(3):
        deliver(house, f"{number}.csv", HEADER + rows(number * 100, 100), OLD + number)
    started = os.pipe()
    pids = []
    for run_id in ("scheduled", "by hand"):
        pid = os.fork()
        if pid == 0:
            try:
                os.close(started[1])
                os.read(started[0], 1)  # both begin at once
                load(house, run_id=run_id)
                os._exit(0)
            finally:
                os._exit(1)
        pids.append(pid)
    os.close(started[0])
    os.close(started[1])
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0, 0]
    assert scalar(house, "select count(*) from intake.attempt where outcome = 'loaded'") == 3
    assert {outcome for outcome, _ in attempts(house)} <= {"loaded", "duplicate"}
    assert_whole(house, 300)


def test_zombie_that_held_nothing_finds_its_retry_has_loaded(clean: str, house: Settings) -> None:
    zombie = loader(house, path := deliver(house), "rows ready", signal.SIGSTOP)
    zombie.wait_stopped()
    assert outcomes(house) == ["loaded"]
    assert not path.exists()
    zombie.go_on()
    assert zombie.end() == 0
    assert zombie.said()["outcome"] == "duplicate"
    assert digest(house) == clean
    assert_whole(house)


@pytest.mark.parametrize("step", ["copying", "before commit"])
def test_zombie_in_its_transaction_loses_it_and_its_commit_is_refused(
    clean: str, house: Settings, step: str, quick_limits: None
) -> None:
    zombie = loader(house, path := deliver(house), step, signal.SIGSTOP)
    zombie.wait_stopped()
    until = time.monotonic() + 60
    came_to: list[str] = []
    while "loaded" not in came_to and time.monotonic() < until:  # as the retries of the task
        retry = loader(house, path, before=lambda: setattr(ledger, "STALLED_SECONDS", 0.5))
        assert retry.end() == 0
        came_to.append(retry.said().get("error") or retry.said()["outcome"])
    assert set(came_to) <= {"LockHeld", "loaded"}
    zombie.go_on()
    assert zombie.end() == 0
    assert zombie.said()["error"] in REFUSED
    assert digest(house) == clean
    assert outcomes(house) == []
    assert_whole(house)


def test_zombie_that_wakes_after_its_commit_takes_no_later_file_of_that_name(house: Settings) -> None:
    zombie = loader(house, path := deliver(house), "recorded", signal.SIGSTOP)
    zombie.wait_stopped()
    assert outcomes(house) == ["duplicate"]
    later = deliver(house, path.name, HEADER + rows(ROWS, 50), OLD + 86_400)
    zombie.go_on()
    assert zombie.end() == 0
    assert later.exists()
    assert outcomes(house) == ["loaded"]
    assert_whole(house, ROWS + 50)
