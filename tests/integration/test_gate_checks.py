"""run_suite on a real database: plain queries, typed expectations, errors, and no line to the outside."""

import socket
from datetime import date
from pathlib import Path

import pytest

from opinion_warehouse.checks import CheckResult, SuiteError, run_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 11, 22)
ROWS = "select * from (values (1, 'p'), (null, 'Nguyen Van A')) as t (a, b) where 1 in ({file_ids})"
SUITE = rf"""
name: made
checks:
  - {{id: LND-001, description: no row, severity: block, query: "select 1 where false"}}
  - {{id: LND-002, description: two rows, severity: block, query: "{ROWS}"}}
  - id: LND-003
    description: colons, braces and per cents reach the database
    severity: block
    query: |
      select x from (values ('a:b 12%')) as t (x)
      where x ~ '[[:digit:]]{{2}}%' and x like 'a:b%' and x::text <> ''
  - {{id: LND-004, description: unknown column, severity: warn, query: "select nope from landing.report"}}
  - id: LND-005
    description: a value in the error
    severity: warn
    query: select 1 where 'Nguyen Van A'::text::int = 1
  - {{id: LND-006, description: may not look, severity: block, query: "select 1 from intake.attempt"}}
  - {{id: LND-007, description: too slow, severity: block, query: "select pg_sleep(9)"}}
  - {{id: LND-008, description: writes, severity: block, query: "select nextval('nowhere')"}}
  - id: LND-011
    description: typed, not null
    severity: warn
    query: "{ROWS}"
    type: expect_column_values_to_not_be_null
    kwargs: {{column: a}}
  - id: LND-012
    description: typed, in set
    severity: block
    query: "{ROWS}"
    type: expect_column_values_to_be_in_set
    kwargs: {{column: b, value_set: [p]}}
  - id: LND-013
    description: typed, row count
    severity: block
    query: "{ROWS}"
    type: expect_table_row_count_to_be_between
    kwargs: {{min_value: 1}}
"""


def run(settings: Settings, folder: Path, text: str = SUITE) -> dict[str, CheckResult]:
    file = folder / "landing" / "made.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    found = run_suite(
        settings, suite_file=file, night=NIGHT, run_id="run", source_id="made",
        parameters={"file_ids": [1, 2]}, statement_seconds=0.5,
    )  # fmt: skip
    return {result.check_id: result for result in found}


def test_run_suite_each_kind_of_check_gives_its_outcome(
    fresh_warehouse: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("Great Expectations looked outside")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    # psycopg and psycopg2 connect in C; Great Expectations would go through these.
    found = run(fresh_warehouse, tmp_path)
    assert {check_id: result.outcome for check_id, result in found.items()} == {
        "LND-001": "pass", "LND-002": "fail", "LND-003": "fail", "LND-004": "error", "LND-005": "error",
        "LND-006": "error", "LND-007": "error", "LND-008": "error", "LND-011": "fail", "LND-012": "fail",
        "LND-013": "pass",
    }  # fmt: skip
    assert found["LND-002"].observed == {"rows": 2}
    assert found["LND-004"].observed["error"].startswith("UndefinedColumn")
    assert found["LND-006"].observed["error"].startswith("InsufficientPrivilege")
    assert found["LND-007"].observed["error"].startswith("QueryCanceled")
    assert found["LND-012"].observed == {"element_count": 2, "unexpected_count": 1, "missing_count": 0}
    assert found["LND-013"].observed == {"rows": 2}
    assert [found[name].blocks for name in ("LND-001", "LND-002", "LND-004", "LND-006")] == [
        False,
        True,
        False,
        True,
    ]
    with connect(fresh_warehouse, "gate") as connection:
        recorded = connection.execute(
            "select check_id, outcome, observed, source_id, release_id, suite"
            " from quality.check_result order by 1"
        ).fetchall()
        runs = connection.execute(
            "select expected_checks, ended_at is not null from quality.suite_run"
        ).fetchall()
    assert [row[:3] for row in recorded] == [(r.check_id, r.outcome, r.observed) for r in found.values()]
    assert {row[3:] for row in recorded} == {("made", None, "landing/made")}
    assert runs == [(11, True)]
    assert "Nguyen" not in str(recorded)


def test_run_suite_missing_file_records_nothing(fresh_warehouse: Settings, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="missing"):
        run_suite(fresh_warehouse, suite_file=tmp_path / "gone.yml", night=NIGHT, run_id="run")
    with connect(fresh_warehouse, "gate") as connection:
        assert connection.execute("select * from quality.suite_run").fetchall() == []


def test_run_suite_unknown_expectation_is_an_error_everywhere(
    fresh_warehouse: Settings, tmp_path: Path
) -> None:
    text = SUITE.replace("expect_column_values_to_be_in_set", "expect_the_best")
    found = run(fresh_warehouse, tmp_path, text)
    assert {result.outcome for result in found.values()} == {"error"}
