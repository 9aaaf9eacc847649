"""F9–F12: one content many times, one name for several contents, files that are not at rest."""

import os
import subprocess
import sys
import time
from pathlib import Path

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
    digest,
    load,
    loader,
    outcomes,
    query,
    rows,
    visible,
)

from opinion_warehouse import intake
from opinion_warehouse.intake import load as loading
from opinion_warehouse.intake.discover import ABANDONED_SECONDS, SETTLE_SECONDS
from opinion_warehouse.settings import Settings


def test_six_loaders_of_one_file_at_once_load_it_once(clean: str, house: Settings) -> None:
    path = deliver(house)
    loaders = [loader(house, path, take=False) for _ in range(6)]
    assert [each.end(120) for each in loaders] == [0] * 6
    assert sorted(each.said()["outcome"] for each in loaders) == ["duplicate"] * 5 + ["loaded"]
    assert digest(house) == clean
    assert_whole(house)


def test_same_bytes_again_and_under_another_name_are_duplicates(clean: str, house: Settings) -> None:
    deliver(house)
    deliver(house, "copy of a.csv", modified=OLD + 1)
    assert outcomes(house) == ["loaded", "duplicate"]
    deliver(house, "a.csv", modified=OLD + 2)
    assert outcomes(house) == ["duplicate"]
    assert digest(house) == clean
    assert_whole(house)


def test_same_name_with_other_bytes_is_a_revision_beside_the_first(house: Settings) -> None:
    deliver(house, content=HEADER + rows(0, 100))
    assert outcomes(house) == ["loaded"]
    deliver(house, content=HEADER + rows(0, 120), modified=OLD + 86_400)
    assert outcomes(house) == ["loaded"]
    # Both stay; which counts is decided by delivery, later (tests/contracts/test_survey_revisions.py).
    assert query(house, "select file_name, rows_loaded from intake.file order by received_at") == [
        ("a.csv", 100),
        ("a.csv", 120),
    ]


def test_file_still_being_written_is_not_listed_until_it_is_at_rest(house: Settings) -> None:
    path = house.inbox_dir / SOURCE / "slow.csv"
    listed = []
    with path.open("w") as file:
        for number in range(4):
            file.write(HEADER + rows(0, 50) if number == 0 else rows(number * 50, 50))
            file.flush()
            listed += intake.discover(house, "social", NIGHT)
    assert listed == []
    time.sleep(SETTLE_SECONDS + 0.1)
    assert outcomes(house) == ["loaded"]
    assert_whole(house, 200)


STALLED = """
import sys
with open(sys.argv[1], "a") as file:
    print("open", flush=True)
    file.write(sys.stdin.readline())
"""
linux = pytest.mark.skipif(sys.platform != "linux", reason="leases are Linux's")


@linux
def test_file_whose_upload_stalls_is_left_while_its_writer_has_it_open(house: Settings) -> None:
    path = deliver(house, content=HEADER + rows(0, 50))
    with subprocess.Popen(
        [sys.executable, "-c", STALLED, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout and writer.stdin
        writer.stdout.readline()
        now = time.time()
        os.utime(path, (now - 600, now - 600))  # no byte came for ten minutes
        assert intake.discover(house, "social", NIGHT) == []
        with pytest.raises(loading.StillWritten, match="still being written"):
            intake.load_file(house, SOURCE, path, NIGHT, "by name")
        assert attempts(house) == [("failed", "still_written")]
        hours_ago = now - ABANDONED_SECONDS - 60
        os.utime(path, (hours_ago, hours_ago))
        assert len(intake.discover(house, "social", NIGHT)) == 1, "one that hangs for ever keeps no file"
        writer.stdin.write(rows(50, 1))
        writer.stdin.close()
    os.utime(path, (OLD, OLD))
    assert outcomes(house) == ["loaded"]
    assert_whole(house, 51)


def test_file_that_changes_while_it_is_copied_is_not_read(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver(house)
    put = loading.store.put

    def copied(settings: Settings, of: Path) -> tuple[str, int]:
        came_to = put(settings, of)
        with of.open("a") as file:
            file.write(rows(ROWS, 1))
        return came_to

    monkeypatch.setattr(loading.store, "put", copied)
    with pytest.raises(loading.StillWritten):
        intake.load_file(house, SOURCE, path, NIGHT, "first")
    monkeypatch.undo()
    assert visible(house) == 0
    os.utime(path, (OLD, OLD))
    assert outcomes(house) == ["loaded"]
    assert visible(house) == ROWS + 1


def test_file_that_changes_after_hashing_is_read_as_it_was_stored_and_stays(
    clean: str, house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = deliver(house)

    def rewritten(step: str) -> None:
        if step == "stored":
            path.write_text(HEADER + rows(ROWS, 10))

    monkeypatch.setattr(loading, "reached", rewritten)
    assert [each["outcome"] for each in load(house)] == ["loaded"]
    monkeypatch.undo()
    assert digest(house) == clean, "the stored copy is what was read"
    assert path.exists()
    os.utime(path, (OLD + 1, OLD + 1))
    assert outcomes(house) == ["loaded"]
    assert_whole(house, ROWS + 10)
