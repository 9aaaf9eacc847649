"""The gate from end to end: what passes, what blocks, and that everything that goes wrong blocks."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from made_release import NIGHT, make_core, seal_release

from opinion_warehouse import checks, gate, validation
from opinion_warehouse.checks import EXPECTATIONS, load_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.gate import audit
from opinion_warehouse.settings import Settings

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def ready(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[Settings]:
    with new_warehouse() as settings:
        make_core(settings)
        yield settings


@pytest.fixture
def expectations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the suites that a test may break."""
    folder = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, folder)
    monkeypatch.setattr(audit, "EXPECTATIONS", folder)
    return folder


def state(settings: Settings, release_id: int) -> str:
    with connect(settings, "gate") as connection:
        row = connection.execute(
            "select state from release_ctl.release where release_id = %s", [release_id]
        ).fetchone()
    assert row is not None
    return str(row[0])


def results(settings: Settings, release_id: int) -> list[tuple[Any, ...]]:
    with connect(settings, "gate") as connection:
        return connection.execute(
            "select suite, check_id, severity, outcome, observed from quality.check_result"
            " where release_id = %s",
            [release_id],
        ).fetchall()


def poison(settings: Settings, release_id: int, statement: str) -> None:
    with connect(settings, "admin") as connection:
        connection.execute(statement.format(r=f"rel_{release_id}"))


def blocked(settings: Settings, release_id: int) -> gate.Verdict:
    verdict = gate.run(settings, release_id, NIGHT, "run")
    assert (verdict.state, verdict.passed, state(settings, release_id)) == ("blocked", False, "blocked")
    with (
        pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState),
        connect(settings, "publisher") as connection,
    ):
        connection.execute("select release_ctl.attach(%s)", [release_id])
    return verdict


def test_gate_clean_release_is_audited_and_every_check_recorded(ready: Settings) -> None:
    release_id = seal_release(ready)
    verdict = gate.run(ready, release_id, NIGHT, "run")
    assert (verdict.state, verdict.reasons, verdict.warnings) == ("audited", (), ())
    assert state(ready, release_id) == "audited"
    recorded = results(ready, release_id)
    expected = [check.id for file in EXPECTATIONS.glob("release/*.yml") for check in load_suite(file).checks]
    assert sorted(check_id for _, check_id, *_ in recorded) == sorted(expected)
    assert {tuple(observed) for *_, observed in recorded} == {("rows",)}
    assert all(isinstance(value, int) for *_, observed in recorded for value in observed.values())


@pytest.mark.parametrize(
    ("check_id", "statement"),
    [
        ("REL-003", "insert into {r}.fct_survey_estimate select * from {r}.fct_survey_estimate limit 1"),
        ("REL-101", "update {r}.fct_survey_estimate set base_unweighted_count = 5 where conf_status = 'A'"),
        ("REL-202", "delete from {r}.fct_report_opinion"),
    ],
)
def test_gate_poisoned_release_is_blocked_by_the_check(
    ready: Settings, check_id: str, statement: str
) -> None:
    release_id = seal_release(ready)
    poison(ready, release_id, statement)
    verdict = blocked(ready, release_id)
    assert any(reason.startswith(check_id) for reason in verdict.reasons)


def test_gate_warning_is_told_and_blocks_nothing(ready: Settings) -> None:
    release_id = seal_release(ready)
    poison(ready, release_id, "update release_ctl.release_source set source_status = 'late'")
    verdict = gate.run(ready, release_id, NIGHT, "run")
    assert verdict.passed
    assert [warning.split()[0] for warning in verdict.warnings] == ["REL-213"]


def drop_suite(folder: Path) -> None:
    (folder / "release" / "disclosure.yml").unlink()


def empty_suite(folder: Path) -> None:
    (folder / "release" / "disclosure.yml").write_text("name: disclosure\nchecks: []\n")


def break_query(folder: Path) -> None:
    file = folder / "release" / "coverage.yml"
    file.write_text(file.read_text().replace("release_ctl.release_source", "release_ctl.nowhere"))


def unknown_placeholder(folder: Path) -> None:
    file = folder / "release" / "coverage.yml"
    file.write_text(file.read_text().replace("{visible_schema}", "{nothing}"))


def drop_exceptions(folder: Path) -> None:
    (folder / "exceptions.yml").unlink()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (drop_suite, "missing"),
        (empty_suite, "disclosure.yml"),
        (break_query, "UndefinedTable"),
        (unknown_placeholder, "{nothing}"),
        (drop_exceptions, "exceptions.yml"),
    ],
)
def test_gate_broken_suite_is_blocked(ready: Settings, expectations: Path, change: Change, says: str) -> None:
    change(expectations)
    verdict = blocked(ready, seal_release(ready))
    assert says in "; ".join(verdict.reasons)


def test_gate_check_that_hangs_is_blocked(
    ready: Settings, expectations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = expectations / "release" / "coverage.yml"
    suite = yaml.safe_load(file.read_text())
    suite["checks"][0]["query"] = "select pg_sleep(30)"
    file.write_text(yaml.safe_dump(suite))
    monkeypatch.setattr(audit, "STATEMENT_SECONDS", 0.3)
    assert any("QueryCanceled" in reason for reason in blocked(ready, seal_release(ready)).reasons)


def test_gate_suite_past_its_deadline_is_blocked(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "SUITE_SECONDS", -1)
    release_id = seal_release(ready)
    blocked(ready, release_id)
    assert {outcome for _, _, _, outcome, _ in results(ready, release_id)} == {"error"}


def test_gate_checker_crash_is_blocked(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("Nguyen Van A")

    monkeypatch.setattr(validation, "validate", crash)
    release_id = seal_release(ready)
    verdict = blocked(ready, release_id)
    recorded = results(ready, release_id)
    assert {outcome for _, _, _, outcome, _ in recorded} == {"error"}
    assert "Nguyen" not in str(recorded) + str(verdict)


def test_gate_no_results_is_blocked(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "validate", lambda *_: {})
    blocked(ready, seal_release(ready))


def test_gate_results_that_cannot_be_recorded_block(ready: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "evaluate", lambda *_: [])
    assert any("0 results" in reason for reason in blocked(ready, seal_release(ready)).reasons)


def test_gate_release_not_sealed_is_refused(ready: Settings) -> None:
    release_id = seal_release(ready)
    gate.run(ready, release_id, NIGHT, "run")
    with pytest.raises(gate.GateError, match="audited; only a sealed"):
        gate.run(ready, release_id, NIGHT, "run")
    with pytest.raises(gate.GateError, match="unknown"):
        gate.run(ready, 999_999, NIGHT, "run")


def except_check(folder: Path, check_id: str, expires: date = date(2026, 12, 31)) -> None:
    entry = {"check": check_id, "reason": "known since the move", "owner": "survey desk", "expires": expires}
    (folder / "exceptions.yml").write_text(yaml.safe_dump({"exceptions": [entry]}))


NO_UNITS = "update {r}.fct_recommendation set days_open = -1"


def test_gate_excepted_failure_is_audited_and_shown(ready: Settings, expectations: Path) -> None:
    except_check(expectations, "REL-028")
    release_id = seal_release(ready)
    poison(ready, release_id, NO_UNITS)
    verdict = gate.run(ready, release_id, NIGHT, "run")
    assert verdict.passed and verdict.warnings[0].startswith("REL-028")
    [observed] = [row[4] for row in results(ready, release_id) if row[1] == "REL-028"]
    assert observed["rows"] == 1 and observed["exception"]["owner"] == "survey desk"


def test_gate_exception_expired_is_blocked(ready: Settings, expectations: Path) -> None:
    except_check(expectations, "REL-028", expires=date(2026, 11, 1))
    release_id = seal_release(ready)
    poison(ready, release_id, NO_UNITS)
    assert "exception_expired" in str(blocked(ready, release_id).reasons)


def test_gate_exception_not_needed_is_blocked(ready: Settings, expectations: Path) -> None:
    except_check(expectations, "REL-028")
    assert "exception_not_needed" in str(blocked(ready, seal_release(ready)).reasons)


def test_gate_exception_of_a_disclosure_check_is_blocked(ready: Settings, expectations: Path) -> None:
    except_check(expectations, "REL-101")
    release_id = seal_release(ready)
    poison(
        ready,
        release_id,
        "update {r}.fct_survey_estimate set base_unweighted_count = 5 where conf_status = 'A'",
    )
    assert "no exception is allowed" in str(blocked(ready, release_id).reasons)
