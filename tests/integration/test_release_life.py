"""open → seal → verdict → attach → publish → roll back: each step's rule, and what is refused."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from release_steps import (
    NIGHT,
    SUITES,
    audited,
    backdate_attaching,
    build,
    deliver,
    leave_results,
    open_new,
    published,
    state,
    verdict,
)

from opinion_warehouse import release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

Refused = psycopg.errors.ObjectNotInPrerequisiteState  # 55000
Outrun = psycopg.errors.SerializationFailure  # 40001
Denied = psycopg.errors.InsufficientPrivilege  # 42501


def seen(settings: Settings) -> list[tuple[int, int]]:
    """What BI sees: (release, rows)."""
    with connect(settings, "bi_reader") as connection:
        return connection.execute(
            "select build_number, count(*) from fct_volume group by 1 order by 1"
        ).fetchall()


def schemas(settings: Settings) -> set[str]:
    with connect(settings, "admin") as connection:
        return {
            row[0]
            for row in connection.execute("select nspname from pg_namespace where nspname like 'rel\\_%'")
        }


# ---------------------------------------------------------------- open
def test_open_release_without_accepted_files_opens_nothing(fresh_warehouse: Settings) -> None:
    assert release.open_release(fresh_warehouse, NIGHT, "run") is None
    deliver(fresh_warehouse, "held one", verdict="held")
    assert release.open_release(fresh_warehouse, NIGHT, "run") is None
    assert release.list_releases(fresh_warehouse) == []


def test_open_release_with_nothing_new_since_the_published_opens_nothing(fresh_warehouse: Settings) -> None:
    first = published(fresh_warehouse, "a")
    assert release.open_release(fresh_warehouse, NIGHT, "again") is None
    assert release.open_release(fresh_warehouse, NIGHT + timedelta(days=1), "next night") is None
    second = published(fresh_warehouse, "b")
    assert release.roll_back(fresh_warehouse, first, "wrong") == "published"
    # What was rolled back does not return by itself, only with something new.
    assert release.open_release(fresh_warehouse, NIGHT, "again") is None
    assert open_new(fresh_warehouse, "c") > second


@pytest.mark.parametrize("left", ["building", "sealed", "audited", "attached"])
def test_open_release_after_a_killed_run_starts_afresh(fresh_warehouse: Settings, left: str) -> None:
    killed = open_new(fresh_warehouse, "a")
    if left != "building":
        build(fresh_warehouse, killed)
        release.seal(fresh_warehouse, killed)
    if left in ("audited", "attached"):
        leave_results(fresh_warehouse, killed)
        verdict(fresh_warehouse, killed)
    if left == "attached":
        release.attach(fresh_warehouse, killed)
    assert state(fresh_warehouse, killed) == left
    again = release.open_release(fresh_warehouse, NIGHT, "again")
    assert again == killed + 1
    assert state(fresh_warehouse, killed) == "abandoned"
    with pytest.raises(Refused):
        release.publish(fresh_warehouse, killed, "zombie")
    # Attached tables are let go by pruning; the others went at once.
    assert (f"rel_{killed}" in schemas(fresh_warehouse)) is (left == "attached")
    release.prune(fresh_warehouse)
    assert schemas(fresh_warehouse) == {f"rel_{again}"}


def test_open_release_after_a_blocked_one_tries_again_and_keeps_the_verdict(
    fresh_warehouse: Settings,
) -> None:
    blocked = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, blocked)
    release.seal(fresh_warehouse, blocked)
    assert verdict(fresh_warehouse, blocked)[0] == "blocked"
    assert schemas(fresh_warehouse) == {f"rel_{blocked}"}  # for looking at
    again = release.open_release(fresh_warehouse, NIGHT, "next")
    assert again is not None
    assert state(fresh_warehouse, blocked) == "blocked"
    assert schemas(fresh_warehouse) == {f"rel_{again}"}


def test_open_release_gives_dbt_the_accepted_files_only(fresh_warehouse: Settings) -> None:
    deliver(fresh_warehouse, "refused", verdict="rejected")
    deliver(fresh_warehouse, "held", verdict="held")
    number = open_new(fresh_warehouse, "good")
    with connect(fresh_warehouse, "transformer") as connection:
        assert connection.execute("select file_name from intake.input_file").fetchall() == [("good",)]
    assert release.show_release(fresh_warehouse, number)["is_partial"] is True


# ---------------------------------------------------------------- sources
@pytest.mark.parametrize(
    ("deliveries", "nights_later", "expected"),
    [
        ([("a", "accepted")], 400, "fresh"),
        ([("a", "accepted"), ("b", "rejected")], 0, "carried_forward"),
        ([("b", "held"), ("a", "accepted")], 0, "carried_forward"),
        ([("same", "rejected"), ("same", "accepted")], 0, "fresh"),
        ([("a", "rejected")], 0, "missing"),
    ],
)
def test_source_state_says_how_the_newest_delivery_went(
    fresh_warehouse: Settings, deliveries: list[tuple[str, str]], nights_later: int, expected: str
) -> None:
    for number, (name, outcome) in enumerate(deliveries):
        # Digests grow with the order here, so that of two of one name the second is the later.
        mark = {0: "d", 1: "a"}[number] if name == "same" else f"{number} {name}"
        deliver(fresh_warehouse, mark, verdict=outcome, file_name=name)
    with connect(fresh_warehouse, "publisher") as connection:
        rows = connection.execute(
            "select source_status from intake.source_state(%s)", [NIGHT + timedelta(days=nights_later)]
        ).fetchall()
    assert rows == [(expected,)]


@pytest.mark.parametrize(("days", "expected"), [(10, "fresh"), (11, "late")])
def test_source_state_past_due_and_grace_is_late(fresh_warehouse: Settings, days: int, expected: str) -> None:
    deliver(fresh_warehouse, "a", every="week")
    with connect(fresh_warehouse, "publisher") as connection:
        rows = connection.execute(
            "select source_status, detail from intake.source_state(%s)", [NIGHT + timedelta(days=days)]
        ).fetchall()
    assert rows == [(expected, f"was due by {NIGHT + timedelta(days=10)}" if expected == "late" else None)]


# ---------------------------------------------------------------- seal
def test_seal_twice_gives_the_same_digest_and_a_rebuild_too(fresh_warehouse: Settings) -> None:
    one = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, one, value=7)
    digest = release.seal(fresh_warehouse, one)
    assert release.seal(fresh_warehouse, one) == digest
    two = release.open_release(fresh_warehouse, NIGHT, "again")
    assert two is not None
    build(fresh_warehouse, two, value=7)
    assert release.seal(fresh_warehouse, two) == digest
    three = open_new(fresh_warehouse, "b")
    build(fresh_warehouse, three, value=8)
    assert release.seal(fresh_warehouse, three) != digest
    assert release.show_release(fresh_warehouse, three)["tables"]["fct_volume"]["rows"] == 50


def test_seal_takes_every_right_from_the_builder(fresh_warehouse: Settings) -> None:
    number = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, number)
    release.seal(fresh_warehouse, number)
    with connect(fresh_warehouse, "transformer", autocommit=True) as connection:
        for attempt in (
            f"update rel_{number}.fct_volume set build_number = 0",
            f"insert into rel_{number}.fct_volume select * from rel_{number}.fct_volume",
            f"delete from rel_{number}.dim_topic",
            f"drop table rel_{number}.dim_topic",
            f"create table rel_{number}.more (release_id int)",
            f"alter table rel_{number}.dim_topic rename to other",
        ):
            with pytest.raises(Denied):
                connection.execute(attempt)


def test_seal_of_an_empty_release_is_refused(fresh_warehouse: Settings) -> None:
    number = open_new(fresh_warehouse, "a")
    with pytest.raises(Refused, match="no tables"):
        release.seal(fresh_warehouse, number)
    with pytest.raises(Refused, match="does not exist"):
        release.seal(fresh_warehouse, 999)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("create view rel_1.extra as select 1 as release_id", "no plain table"),
        ("create table rel_1.fct_volume__dbt_tmp (release_id int)", "no plain table"),
        ("create table rel_1.extra (n int)", "no column release_id"),
        ("create table rel_1.extra (release_id int, n int generated always as (1) stored)", "generated"),
        (
            "create type staging.mood as enum ('x');"
            "create table rel_1.extra (release_id int, mood staging.mood)",
            "type of its own",
        ),
        ("alter table rel_1.fct_volume enable row level security", "no plain table"),
        ("create rule r as on delete to rel_1.fct_volume do instead nothing", "no plain table"),
        ("create index on rel_1.fct_volume (lower(row_key))", "no plain table"),
        (
            "create function staging.f(int) returns boolean immutable language sql as 'select true';"
            "alter table rel_1.fct_volume add check (staging.f(build_number))",
            "calls a function",
        ),
        (
            "create function staging.t() returns trigger language plpgsql as 'begin return null; end';"
            "create trigger t before update on rel_1.fct_volume execute function staging.t()",
            "no plain table",
        ),
    ],
)
def test_seal_of_what_could_change_later_is_refused(
    fresh_warehouse: Settings, statement: str, message: str
) -> None:
    assert open_new(fresh_warehouse, "a") == 1
    build(fresh_warehouse, 1)
    with connect(fresh_warehouse, "transformer") as connection:
        connection.execute(statement)
    with pytest.raises(Refused, match=message):
        release.seal(fresh_warehouse, 1)
    assert state(fresh_warehouse, 1) == "building"


def test_seal_of_rows_of_another_release_is_refused(fresh_warehouse: Settings) -> None:
    number = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, number)
    with connect(fresh_warehouse, "transformer") as connection:
        connection.execute(f"update rel_{number}.fct_volume set release_id = 99 where row_key = 'k1'")
    with pytest.raises(psycopg.errors.CheckViolation):
        release.seal(fresh_warehouse, number)


# ---------------------------------------------------------------- verdict
def crashed(settings: Settings, number: int) -> None:
    leave_results(settings, number, ended=False)


def never_ran(settings: Settings, number: int) -> None:
    leave_results(settings, number, suites=SUITES[:2])


def left_nothing(settings: Settings, number: int) -> None:
    leave_results(settings, number, left=0)


def left_too_little(settings: Settings, number: int) -> None:
    leave_results(settings, number, expected=3, left=2)


def failed(settings: Settings, number: int) -> None:
    leave_results(settings, number, outcome="fail")


def in_error(settings: Settings, number: int) -> None:
    leave_results(settings, number, outcome="error")


def crashed_the_second_time(settings: Settings, number: int) -> None:
    leave_results(settings, number)
    leave_results(settings, number, left=0, ended=False)


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (lambda *_: None, "has not run"),
        (never_ran, "release/coverage has not run"),
        (crashed, "has not ended"),
        (left_nothing, "left 0 results of 1"),
        (left_too_little, "left 2 results of 3"),
        (failed, "fail: a check"),
        (in_error, "error: a check"),
        (crashed_the_second_time, "has not ended"),
    ],
)
def test_verdict_on_anything_but_a_whole_clean_pass_is_blocked(
    fresh_warehouse: Settings, left: Callable[[Settings, int], None], reason: str
) -> None:
    number = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, number)
    release.seal(fresh_warehouse, number)
    left(fresh_warehouse, number)
    word, reasons = verdict(fresh_warehouse, number)
    assert word == "blocked"
    assert any(reason in line for line in reasons), reasons
    with pytest.raises(Refused, match="not audited"):
        release.attach(fresh_warehouse, number)
    leave_results(fresh_warehouse, number)  # too late: a verdict is final
    assert verdict(fresh_warehouse, number)[0] == "blocked"


def test_verdict_counts_only_results_of_this_release(fresh_warehouse: Settings) -> None:
    old = audited(fresh_warehouse, "a")
    new = open_new(fresh_warehouse, "b")
    build(fresh_warehouse, new)
    release.seal(fresh_warehouse, new)
    assert old != new
    assert verdict(fresh_warehouse, new)[0] == "blocked"


def test_verdict_after_a_repeated_gate_and_with_warnings_is_audited(fresh_warehouse: Settings) -> None:
    number = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, number)
    with pytest.raises(Refused, match="not sealed"):
        verdict(fresh_warehouse, number)
    release.seal(fresh_warehouse, number)
    leave_results(fresh_warehouse, number, left=0, ended=False)
    leave_results(fresh_warehouse, number, severity="warn", outcome="fail")
    assert verdict(fresh_warehouse, number) == ("audited", [])
    assert verdict(fresh_warehouse, number) == ("audited", [])
    release.publish(fresh_warehouse, number, "test")
    with connect(fresh_warehouse, "bi_reader") as connection:
        row = connection.execute(
            "select coverage, warned_check_count, warned_checks -> 0 ->> 'outcome' from release_notes"
        ).fetchone()
    assert row == ("full", 3, "fail")


# ---------------------------------------------------------------- publish
@pytest.mark.parametrize("left", ["building", "sealed"])
def test_attach_of_what_is_not_audited_is_refused(fresh_warehouse: Settings, left: str) -> None:
    number = open_new(fresh_warehouse, "a")
    build(fresh_warehouse, number)
    if left == "sealed":
        release.seal(fresh_warehouse, number)
    with pytest.raises(Refused, match=f"is {left}, not audited"):
        release.attach(fresh_warehouse, number)
    with (
        connect(fresh_warehouse, "publisher") as connection,
        pytest.raises(Refused, match="not audited and attached"),
    ):
        connection.execute("select release_ctl.publish(%s, null, 'x')", [number])


def test_publish_is_repeatable_and_shows_the_release(fresh_warehouse: Settings) -> None:
    number = published(fresh_warehouse, "a")
    assert release.publish(fresh_warehouse, number, "again") == "already"
    assert release.visible(fresh_warehouse) == number
    assert seen(fresh_warehouse) == [(number, 50)]


def test_publish_within_the_gap_or_the_same_transaction_is_refused(fresh_warehouse: Settings) -> None:
    number = audited(fresh_warehouse, "a")
    with connect(fresh_warehouse, "publisher") as connection:
        connection.execute("select release_ctl.attach(%s)", [number])
        with pytest.raises(Refused, match="less than a second ago"):
            connection.execute("select release_ctl.publish(%s, null, 'x')", [number])


def test_publish_by_a_zombie_is_outrun(fresh_warehouse: Settings) -> None:
    one, two = published(fresh_warehouse, "a"), published(fresh_warehouse, "b")
    slow = audited(fresh_warehouse, "c")
    release.roll_back(fresh_warehouse, one, "somebody was faster")
    with pytest.raises(Outrun):
        release.publish(fresh_warehouse, slow, "late")
    assert release.visible(fresh_warehouse) == one
    assert seen(fresh_warehouse) == [(one, 50)]
    assert state(fresh_warehouse, two) == "attached"


def test_attach_of_a_release_that_breaks_the_contract_names_the_column(fresh_warehouse: Settings) -> None:
    published(fresh_warehouse, "a", extra=", 1 as gone, 2 as changed")
    number = audited(fresh_warehouse, "b", extra=", '2'::text as changed")
    with pytest.raises(Refused, match=r"dim_topic\.gone: has gone; dim_topic\.changed: was integer, is text"):
        release.attach(fresh_warehouse, number)


def test_attach_of_a_release_that_lacks_a_table_names_it(fresh_warehouse: Settings) -> None:
    published(fresh_warehouse, "a")
    number = open_new(fresh_warehouse, "b")
    build(fresh_warehouse, number)
    with connect(fresh_warehouse, "transformer") as connection:
        connection.execute(f"drop table rel_{number}.dim_topic")
    release.seal(fresh_warehouse, number)
    leave_results(fresh_warehouse, number)
    verdict(fresh_warehouse, number)
    with pytest.raises(Refused, match="lacks tables that BI reads: dim_topic"):
        release.attach(fresh_warehouse, number)


def test_attach_of_a_release_with_a_new_column_adds_it_and_its_comment(fresh_warehouse: Settings) -> None:
    one = published(fresh_warehouse, "a")
    published(fresh_warehouse, "b", extra=", 5 as fresh")
    with connect(fresh_warehouse, "bi_reader", autocommit=True) as connection:
        assert connection.execute("select distinct fresh from dim_topic").fetchall() == [(5,)]
        assert connection.execute(
            "select obj_description('dim_topic'::regclass), col_description('dim_topic'::regclass, 2)"
        ).fetchone() == ("Grain: row_key.", "Key")
        release.roll_back(fresh_warehouse, one, "test")
        assert connection.execute("select distinct fresh from dim_topic").fetchall() == [(None,)]


# ---------------------------------------------------------------- roll back
def test_roll_back_shows_the_earlier_and_refuses_what_is_not_to_be_had(fresh_warehouse: Settings) -> None:
    numbers = []
    for mark in "abcde":
        numbers.append(audited(fresh_warehouse, mark))
        release.attach(fresh_warehouse, numbers[-1])
        backdate_attaching(fresh_warehouse, numbers[-1])
        release.publish(fresh_warehouse, numbers[-1], "test")
    assert release.prune(fresh_warehouse) == numbers[:2]
    with pytest.raises(Refused, match="dropped"):
        release.roll_back(fresh_warehouse, numbers[0], "pruned")
    assert release.roll_back(fresh_warehouse, numbers[3], "wrong") == "published"
    assert seen(fresh_warehouse) == [(numbers[3], 50)]
    release.withdraw(fresh_warehouse, numbers[2], "bad source")
    with pytest.raises(Refused, match="withdrawn"):
        release.roll_back(fresh_warehouse, numbers[2], "withdrawn")
    with pytest.raises(Refused, match="only an attached one"):
        release.withdraw(fresh_warehouse, numbers[3], "visible")
    with pytest.raises(Refused, match="no earlier published"):
        release.roll_back(fresh_warehouse, numbers[4], "forward")
    assert [line["action"] for line in release.show_release(fresh_warehouse, numbers[3])["log"]][-2:] == [
        "publish",
        "roll_back",
    ]


def test_session_that_pins_a_release_keeps_it_until_it_is_gone(fresh_warehouse: Settings) -> None:
    one, two = published(fresh_warehouse, "a"), published(fresh_warehouse, "b")
    with connect(fresh_warehouse, "bi_reader", autocommit=True) as connection:
        query = "select distinct build_number from fct_volume"
        connection.execute(f"set opinion.release = '{one}'")
        assert connection.execute(query).fetchall() == [(one,)]
        connection.execute("set opinion.release = '99'")
        with pytest.raises(Refused, match="not to be had"):
            connection.execute(query)
        connection.execute("set opinion.release = 'x'")
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            connection.execute(query)
        connection.execute("reset opinion.release")
        assert connection.execute(query).fetchall() == [(two,)]
