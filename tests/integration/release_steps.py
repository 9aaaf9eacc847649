"""Steps of a release on made-up tables, as the roles that take them at night."""

from datetime import date
from typing import Any

import psycopg

from opinion_warehouse import release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 11, 23)
SUITES = ("release/shape", "release/disclosure", "release/coverage")
TABLES = ("fct_volume", "dim_topic")


def deliver(
    settings: Settings,
    mark: str,
    *,
    verdict: str = "accepted",
    file_name: str | None = None,
    every: str = "never",
) -> None:
    """One more file in the ledger, so that there is something new."""
    due = psycopg.types.json.Jsonb({"due": {"every": every, "grace_days": 3}})
    is_rejected = verdict == "rejected"
    with connect(settings, "loader") as connection:
        connection.execute(
            "insert into intake.source values ('city_weekly', 'report', %s, 'x', true, %s)"
            " on conflict do nothing",
            [due, NIGHT],
        )
        connection.execute(
            "insert into intake.file (source_id, sha256, file_name, byte_count, received_at, night, run_id,"
            " parser_version, spec_sha256, status, reason_code, rows_read, rows_loaded, rows_quarantined,"
            " landing_verdict) values ('city_weekly', encode(sha256(%s::bytea), 'hex'), %s, 1, %s, %s, 'run',"
            " '1', 'x', %s, %s, 0, 0, 0, %s)",
            [
                mark,
                file_name or mark,
                NIGHT,
                NIGHT,
                "rejected" if is_rejected else "loaded",
                "bad_row_share" if is_rejected else None,
                "pending" if is_rejected else verdict,
            ],
        )


def build(
    settings: Settings, release_id: int, *, rows: int = 50, value: int | None = None, extra: str = ""
) -> None:
    """What dbt does: tables in rel_<n>, with the release's number (or `value`) in every row."""
    value = release_id if value is None else value
    columns = f"release_id, row_key, {value} as build_number, null::numeric(6,3) as share{extra}"
    made = f"select {release_id}::int as release_id, 'k' || g as row_key from generate_series(1, {rows}) as g"
    with connect(settings, "transformer") as connection:
        for table in (f"rel_{release_id}.{name}" for name in TABLES):
            connection.execute(f"create table {table} as select {columns} from ({made})")
            connection.execute(f"comment on table {table} is 'Grain: row_key.'")
            connection.execute(f"comment on column {table}.row_key is 'Key'")


def leave_results(
    settings: Settings,
    release_id: int,
    *,
    suites: tuple[str, ...] = SUITES,
    expected: int = 1,
    left: int = 1,
    outcome: str = "pass",
    severity: str = "block",
    ended: bool = True,
) -> None:
    """What the gate's suites leave."""
    with connect(settings, "gate") as connection:
        for suite in suites:
            run = connection.execute(
                "insert into quality.suite_run (release_id, night, run_id, suite, expected_checks)"
                " values (%s, %s, 'run', %s, %s) returning suite_run_id",
                [release_id, NIGHT, suite, expected],
            ).fetchone()
            for number in range(left):
                connection.execute(
                    "insert into quality.check_result (release_id, night, run_id, suite, check_id,"
                    " description, severity, outcome, observed)"
                    " values (%s, %s, 'run', %s, %s, 'a check', %s, %s, '{}')",
                    [release_id, NIGHT, suite, f"{suite}-{number}", severity, outcome],
                )
            if ended:
                connection.execute(
                    "update quality.suite_run set ended_at = clock_timestamp() where suite_run_id = %s", run
                )


def verdict(settings: Settings, release_id: int) -> tuple[str, list[str]]:
    with connect(settings, "gate") as connection:
        row = connection.execute("select * from release_ctl.record_verdict(%s)", [release_id]).fetchone()
    assert row is not None
    return row[0], row[1]


def open_new(settings: Settings, mark: str) -> int:
    deliver(settings, mark)
    release_id = release.open_release(settings, NIGHT, "run")
    assert release_id is not None
    return release_id


def audited(settings: Settings, mark: str, **how: Any) -> int:
    release_id = open_new(settings, mark)
    build(settings, release_id, **how)
    release.seal(settings, release_id)
    leave_results(settings, release_id)
    assert verdict(settings, release_id) == ("audited", [])
    return release_id


def published(settings: Settings, mark: str, **how: Any) -> int:
    release_id = audited(settings, mark, **how)
    assert release.publish(settings, release_id, "test") == "published"
    return release_id


def state(settings: Settings, release_id: int) -> str:
    return str(release.show_release(settings, release_id)["state"])


def backdate_attaching(settings: Settings, release_id: int) -> None:
    """Spare the tests the second between attaching and publishing."""
    with connect(settings, "admin") as connection:
        connection.execute(
            "update release_ctl.release set attached_at = attached_at - interval '2 seconds'"
            " where release_id = %s",
            [release_id],
        )
