"""Rows are copied while more are read: what is killed, frozen, lost or overtaken between the two."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from house import (
    HEADER,
    NIGHT,
    OLD,
    ROWS,
    SOURCE,
    assert_whole,
    attempts,
    deliver,
    limits,
    load,
    loader,
    noticed,
    outcomes,
    query,
    rows,
    visible,
)

from opinion_warehouse import intake
from opinion_warehouse.intake import ledger, parsing, scratch
from opinion_warehouse.intake import load as loading
from opinion_warehouse.settings import Settings

MANY = 150_000
LARGE = HEADER + rows(0, MANY)


def parts(settings: Settings) -> list[Path]:
    return sorted((settings.home_dir / "scratch").rglob("social_item.*.csv"))


def children() -> tuple[psutil.Process, psutil.Process]:
    """The server of the parsers and the child that parses."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = []
        for each in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # one may end meanwhile
                found += [each] if "zygote" in " ".join(each.cmdline()) else []
        if len(found) == 2:
            return (found[0], found[1]) if found[0].pid == found[1].ppid() else (found[1], found[0])
        time.sleep(0.002)
    raise AssertionError("nothing is being parsed")


@pytest.fixture
def at_first_part(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """What is in the list is called once, when the first part is copied."""
    todo: list[object] = []

    def reached(step: str) -> None:
        if step == "copied social_item" and todo:
            todo.pop()()  # type: ignore[operator]

    monkeypatch.setattr(loading, "reached", reached)
    yield todo
    assert not todo, "no part was copied"


def test_part_of_the_rows_that_is_lost_fails_the_load(house: Settings, at_first_part: list[object]) -> None:
    def lose() -> None:
        while not (found := parts(house)):
            time.sleep(0.01)
        found[-1].write_bytes(found[-1].read_bytes().partition(b"\n")[0] + b"\n")

    deliver(house, content=LARGE)
    at_first_part.append(lose)
    with pytest.raises(loading.RowsLost):
        load(house)
    assert attempts(house) == [("failed", "rows_lost")]
    assert visible(house) == 0
    assert outcomes(house) == ["loaded"]
    assert_whole(house, MANY)


def test_bad_rows_that_are_lost_fail_the_load(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(step: str) -> None:
        if step == "parsed":
            (bad,) = (house.home_dir / "scratch").rglob("quarantine.*.csv")
            bad.write_bytes(b"")

    deliver(house)
    monkeypatch.setattr(loading, "reached", lose)
    with pytest.raises(loading.RowsLost, match="of 1 bad rows, 0 came"):
        load(house)
    monkeypatch.undo()
    assert visible(house) == 0
    assert outcomes(house) == ["loaded"]
    assert_whole(house)


def test_child_that_is_killed_is_tried_again_and_refused_the_second_time(house: Settings) -> None:
    def killed(settings: Settings) -> str | None:
        path = next((settings.inbox_dir / SOURCE).iterdir())
        pid = os.fork()
        if pid == 0:
            try:
                try:
                    said = intake.load_file(settings, SOURCE, path, NIGHT, "r")["reason_code"]
                except parsing.ParserKilled:
                    said = "killed"
                Path(settings.home_dir / "said").write_text(str(said))
            finally:
                os._exit(0)
        family: list[psutil.Process] = []
        while len(family) < 2:
            family = psutil.Process(pid).children(recursive=True)
            time.sleep(0.002)
        child = next(each for each in family if each.ppid() != pid)
        os.kill(child.pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return Path(settings.home_dir / "said").read_text()

    deliver(house, content=LARGE)
    assert killed(house) == "killed"
    assert attempts(house) == [("failed", "parser_killed")]
    assert visible(house) == 0
    assert killed(house) == "parser_oom", "twice is no accident"
    deliver(house, content=LARGE)
    assert outcomes(house) == ["loaded"]
    assert_whole(house, MANY)


def test_server_of_the_parsers_that_stands_still_is_given_up(
    house: Settings, monkeypatch: pytest.MonkeyPatch, at_first_part: list[object]
) -> None:
    monkeypatch.setattr(parsing, "GRACE_SECONDS", 1)
    monkeypatch.setitem(parsing.LIMITS, "wall_seconds", 8)
    frozen: list[psutil.Process] = []

    def freeze() -> None:
        frozen.extend(children())
        for each in frozen:
            each.suspend()

    deliver(house, content=HEADER + rows(0, 500_000))  # much is left when the first part is copied
    at_first_part.append(freeze)
    assert [each["reason_code"] for each in load(house)] == ["parser_timeout"]
    assert not psutil.wait_procs(frozen, timeout=10)[1]
    assert visible(house) == 0
    monkeypatch.undo()
    deliver(house, content=LARGE)
    assert outcomes(house) == ["loaded"]
    assert_whole(house, MANY)


def test_server_killed_before_the_first_part_starts_anew_in_an_empty_folder(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    ask = parsing._server.ask

    def killed_once(order: dict[str, object]) -> object:
        folder = Path(str(order["scratch"]))
        assert list(folder.iterdir()) == []
        asked.append(folder)
        answers = ask(order)
        if len(asked) == 1:
            (folder / "ids").mkdir()
            (folder / "ids" / "0").write_bytes(b"torn")
            parsing._server._running().kill()
        return answers

    monkeypatch.setattr(parsing._server, "ask", killed_once)
    deliver(house)
    assert outcomes(house) == ["loaded"]
    assert len(asked) == 2
    assert_whole(house)


def test_other_file_of_the_source_does_not_wait_for_one_in_the_middle(house: Settings) -> None:
    large = loader(house, deliver(house, content=LARGE), "copied social_item", signal.SIGSTOP)
    large.wait_stopped()
    small = deliver(house, "b.csv", HEADER + rows(MANY, 10), OLD + 1)
    with limits(house, lock_timeout="300ms"):
        assert intake.load_file(house, SOURCE, small, NIGHT, "r")["outcome"] == "loaded"
    large.go_on()
    assert large.end() == 0
    assert large.said()["outcome"] == "loaded"
    assert_whole(house, MANY + 10)


def test_same_content_waits_while_the_first_gets_on_and_is_its_duplicate(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly() -> None:
        loading.reached = lambda at: time.sleep(0.4) if at == "copying" else None

    monkeypatch.setattr(ledger, "STALLED_SECONDS", 1.0)
    path = deliver(house, content=HEADER + rows(0, 60_000))
    with limits(house, lock_timeout="500ms"):
        first = loader(house, path, before=slowly, take=False)
        while not query(house, "select from pg_stat_progress_copy"):
            time.sleep(0.02)
        assert intake.load_file(house, SOURCE, path, NIGHT, "second")["outcome"] == "duplicate"
    assert first.end() == 0
    assert first.said()["outcome"] == "loaded"
    assert_whole(house, 60_000)


def test_file_taken_as_a_duplicate_or_refused_is_no_failure_when_it_is_asked_for_again(
    house: Settings,
) -> None:
    deliver(house)
    again = deliver(house, "again.csv", modified=OLD + 1)
    bad = deliver(house, "bad.csv", "a,b\n1,2\n", OLD + 2)
    assert [each["outcome"] for each in load(house)] == ["loaded", "duplicate", "rejected"]
    for path, words in ((again, "known by its content"), (bad, "refused: ")):
        assert not path.exists()
        result = intake.load_file(house, SOURCE, path, NIGHT, "retry")
        assert (result["outcome"], words in result["detail"]) == ("duplicate", True)
    assert visible(house) == ROWS


def test_folder_at_work_is_left_by_who_cannot_see_its_process(house: Settings) -> None:
    at_work = loader(house, deliver(house, content=LARGE), "copied social_item", signal.SIGSTOP)
    at_work.wait_stopped()
    (folder,) = (house.home_dir / "scratch").iterdir()
    other = folder.with_name(f"{os.getpid()}-left")  # of a process that lives, by its number
    other.mkdir()
    scratch.clean_scratch(house)
    assert folder.exists()
    assert not other.exists()
    os.kill(at_work.pid, signal.SIGKILL)
    at_work.end()
    noticed(house)
    scratch.clean_scratch(house)
    assert not folder.exists()
