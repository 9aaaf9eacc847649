"""Readers while releases flip and are pruned: never a mixed and never an empty statement, never an error."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import psycopg
import pytest
from release_steps import audited, backdate_attaching, published, state

from opinion_warehouse import release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

_JOIN = """
select count(*), count(distinct f.release_id), min(f.release_id) = min(d.release_id), min(f.build_number)
from fct_volume as f full join dim_topic as d using (row_key)
"""


class Readers:
    """Threads that read until told to stop; what they saw that they should not is in `faults`."""

    def __init__(self, settings: Settings, manners: tuple[str, ...]) -> None:
        self.settings = settings
        self.stopping = threading.Event()
        self.counts: dict[str, int] = dict.fromkeys(manners, 0)
        self.faults: list[str] = []
        self.threads = [threading.Thread(target=self._read, args=(manner,)) for manner in manners]

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _read(self, manner: str) -> None:
        try:
            with connect(self.settings, "bi_reader", autocommit=True) as connection:
                if manner == "repeatable":
                    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                while not self.stopping.is_set():
                    if manner == "repeatable":
                        with connection.transaction():
                            self._look(connection, manner, False)
                            self._look(connection, manner, False)
                    else:
                        self._look(connection, manner, manner == "prepared")
        except psycopg.Error as error:
            self.faults.append(f"{manner}: {error}")

    def _look(
        self, connection: "psycopg.Connection[tuple[object, ...]]", manner: str, prepared: bool
    ) -> None:
        row = connection.execute(_JOIN, prepare=prepared).fetchone()
        if row is None or row[:3] != (50, 1, True):
            self.faults.append(f"{manner}: {row}")
        self.counts[manner] += 1


@pytest.fixture
def three_releases(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[Settings]:
    with new_warehouse() as settings:
        for mark in "abc":
            number = audited(settings, mark)
            release.attach(settings, number)
            backdate_attaching(settings, number)
            release.publish(settings, number, "test")
        yield settings


def test_readers_during_flips_see_one_whole_release_a_statement(three_releases: Settings) -> None:
    with (
        Readers(three_releases, ("plain", "prepared", "repeatable", "plain2")) as readers,
        connect(three_releases, "publisher", autocommit=True) as connection,
    ):
        for flip in range(150):
            at, to = (3, 1, 2)[flip % 3], (1, 2, 3)[flip % 3]
            assert connection.execute("select release_ctl.publish(%s, %s, 'flip')", [to, at]).fetchone() == (
                "published",
            )
            time.sleep(0.02)
    assert readers.faults == []
    assert min(readers.counts.values()) > 50, readers.counts


def test_readers_during_whole_releases_and_pruning_are_not_disturbed(three_releases: Settings) -> None:
    """The real thing: build, seal, attach, the gap, publish, prune, with the night's own waiting."""
    with Readers(three_releases, ("plain", "prepared", "repeatable")) as readers:
        for mark in "defg":
            published(three_releases, mark)
            release.prune(three_releases)
    assert readers.faults == []
    assert min(readers.counts.values()) > 50, readers.counts
    kept = [row["release_id"] for row in release.list_releases(three_releases) if row["state"] != "dropped"]
    assert kept == [7, 6, 5]


def test_publish_beside_a_long_reading_transaction_waits_for_nobody(three_releases: Settings) -> None:
    number = audited(three_releases, "d")
    with connect(three_releases, "bi_reader") as long:
        before = long.execute(_JOIN).fetchone()
        started = time.monotonic()
        release.attach(three_releases, number)
        attached = time.monotonic() - started
        backdate_attaching(three_releases, number)
        started = time.monotonic()
        assert release.publish(three_releases, number, "test") == "published"
        assert attached < 2
        assert time.monotonic() - started < 2
        assert before is not None and before[3] == 3
        assert (long.execute(_JOIN).fetchone() or ())[3] == 4  # READ COMMITTED: the next statement sees it


def test_prune_beside_a_transaction_that_may_still_read_leaves_it_for_later(three_releases: Settings) -> None:
    published(three_releases, "d")
    with connect(three_releases, "bi_reader") as long:
        long.execute("set transaction isolation level repeatable read")
        long.execute("select 1 from release_notes")
        assert release.prune(three_releases, patience=0.5) == []
        assert state(three_releases, 1) == "dropped"  # nobody can choose it any more
    assert release.prune(three_releases) == [1]
    assert release.prune(three_releases) == []


def test_prune_after_an_interrupted_detach_finishes_it(three_releases: Settings) -> None:
    published(three_releases, "d")
    with (
        connect(three_releases, "bi_reader") as long,
        connect(three_releases, "publisher", autocommit=True) as connection,
    ):
        long.execute("select count(*) from fct_volume")
        connection.execute("select release_ctl.retire(1)")
        connection.execute("set role serve_owner")
        connection.execute("set statement_timeout = '1s'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("alter table serve.fct_volume detach partition rel_1.fct_volume concurrently")
        connection.execute("reset role")
        pending = "select count(*) from pg_inherits where inhdetachpending"
        assert connection.execute(pending).fetchone() == (1,)
        assert (long.execute(_JOIN).fetchone() or ())[0] == 50
    assert release.prune(three_releases) == [1]
    with connect(three_releases, "bi_reader") as connection:
        assert connection.execute(_JOIN).fetchone() == (50, 1, True, 4)


def test_prune_keeps_the_visible_release_however_old(three_releases: Settings) -> None:
    release.roll_back(three_releases, 1, "stay here")
    for mark in "de":
        published(three_releases, mark)
        release.roll_back(three_releases, 1, "stay here")
    assert release.prune(three_releases) == [2]
    with connect(three_releases, "bi_reader") as connection:
        assert (connection.execute(_JOIN).fetchone() or ())[3] == 1


def test_drop_of_a_release_not_retired_or_still_attached_is_refused(three_releases: Settings) -> None:
    published(three_releases, "d")
    with connect(three_releases, "publisher", autocommit=True) as connection:
        for statement in ("drop_release(1)", "retire(4)", "retire(3)"):
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
                connection.execute(f"select release_ctl.{statement}")
        connection.execute("select release_ctl.retire(1)")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="still attached"):
            connection.execute("select release_ctl.drop_release(1)")
