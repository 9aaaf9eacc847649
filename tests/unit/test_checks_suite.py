"""Suite files: what is read, what is refused, what may be put into a query, what is kept of an error."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from opinion_warehouse.checks import (
    EXPECTATIONS,
    Check,
    CheckResult,
    SuiteError,
    _with_exception,
    fill,
    load_suite,
    suite_name,
)
from opinion_warehouse.validation import _errors, _for_sqlalchemy, _tame

NIGHT = date(2026, 11, 22)
CHECK = "{id: LND-001, description: something, severity: block, query: select 1}"


def write(folder: Path, text: str) -> Path:
    file = folder / "landing" / "made.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_load_suite_good_file_gives_its_checks(tmp_path: Path) -> None:
    file = write(tmp_path, f"name: made\nchecks: [{CHECK}]")
    assert [check.id for check in load_suite(file).checks] == ["LND-001"]
    assert suite_name(file) == "landing/made"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "suite"),
        ("name: made\nchecks: []", "checks"),
        ("name: made", "checks: Field required"),
        (f"name: made\nchecks: [{CHECK}, {CHECK}]", "LND-001"),
        ("name: made\nchecks: [" + CHECK.replace("LND-001", "first") + "]", "checks.0.id"),
        ("name: made\nchecks: [" + CHECK.replace("block", "info") + "]", "checks.0.severity"),
        ("name: made\nchecks: [" + CHECK.replace("}", ", enabled: false}") + "]", "checks.0.enabled"),
        ("name: made\nchecks: [" + CHECK.replace("}", ", kwargs: {column: a}}") + "]", "kwargs"),
        ("name: [made", "YAML"),
    ],
)
def test_load_suite_bad_file_is_refused_with_its_name_and_key(tmp_path: Path, text: str, says: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(SuiteError, match=r"made\.yml") as refused:
        load_suite(file)
    assert says in str(refused.value)


def test_load_suite_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="missing; restore it"):
        load_suite(tmp_path / "gone.yml")


def test_load_suite_every_suite_of_the_project_is_valid_and_ids_are_unique() -> None:
    files = [file for file in EXPECTATIONS.glob("*/*.yml") if not file.name.startswith("_")]
    assert {"shape", "disclosure", "coverage"} <= {file.stem for file in files}
    release = [check.id for f in files if f.parent.name == "release" for check in load_suite(f).checks]
    assert len(release) == len(set(release))


def test_fill_known_parameters_are_put_in() -> None:
    query = "select * from {release_schema}.t where f in ({file_ids}) and d < '{night}' and n = {release_id};"
    given = {"release_schema": "rel_7", "file_ids": [3, 4], "night": NIGHT, "release_id": 7}
    assert fill(query, given) == "select * from rel_7.t where f in (3, 4) and d < '2026-11-22' and n = 7"


def test_fill_no_files_gives_null_which_matches_nothing() -> None:
    assert fill("f in ({file_ids})", {"file_ids": []}) == "f in (null)"


@pytest.mark.parametrize("given", ["x; drop table y", "a.b", "it's", ""])
def test_fill_text_that_is_no_plain_word_is_refused(given: str) -> None:
    with pytest.raises(SuiteError, match="letters, digits"):
        fill("select {name}", {"name": given})


def test_fill_unknown_placeholder_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"\{nothing\}"):
        fill("select {nothing}", {"release_id": 1})


def test_fill_braces_that_are_no_placeholder_stay() -> None:
    assert fill("select x ~ '[0-9]{9,12}'", {}) == "select x ~ '[0-9]{9,12}'"


def test_for_sqlalchemy_colons_survive_text() -> None:
    query = "select 'a:b', '[[:digit:]]', x::text"
    assert text(_for_sqlalchemy(query)).compile().params == {}
    assert str(text(_for_sqlalchemy(query)).compile()) == query


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (
            '(psycopg2.errors.InvalidTextRepresentation) invalid input syntax: "Nguyen Van A"',
            "InvalidTextRepresentation",
        ),
        (
            '(psycopg2.errors.UndefinedTable) relation "nope" does not exist\nLINE 1: select',
            'UndefinedTable: relation "nope" does not exist',
        ),
        ("KeyError: 'Nguyen Van A'", "check failed to run"),
    ],
)
def test_tame_error_keeps_names_never_values(message: str, kept: str) -> None:
    assert _tame(message) == kept


def test_errors_no_exception_gives_nothing() -> None:
    assert _errors({"raised_exception": False, "exception_message": None}) == ""
    raised = {"raised_exception": True, "exception_message": "x"}
    assert _errors({"('metric',)": raised}) == "check failed to run"


EXCEPTION = {"reason": "the desk knows", "owner": "survey desk", "expires": "2026-12-31"}


def result(outcome: str) -> CheckResult:
    check = Check.model_validate(
        {"id": "REL-001", "description": "d", "severity": "block", "query": "select 1"}
    )
    return CheckResult(check.id, check.description, check.severity, outcome, {"rows": 2})  # type: ignore[arg-type]


def test_with_exception_failing_check_warns_and_shows_the_exception() -> None:
    found = _with_exception(result("fail"), EXCEPTION, NIGHT)
    assert (found.severity, found.outcome, found.blocks) == ("warn", "fail", False)
    assert found.observed == {"rows": 2, "exception": EXCEPTION}


def test_with_exception_no_longer_needed_blocks() -> None:
    found = _with_exception(result("pass"), EXCEPTION, NIGHT)
    assert found.blocks and found.observed["exception_not_needed"] == 1


def test_with_exception_expired_blocks() -> None:
    found = _with_exception(result("fail"), EXCEPTION, date(2027, 1, 1))
    assert found.blocks and found.observed["exception_expired"] == 1


def test_with_exception_error_stays_an_error() -> None:
    assert _with_exception(result("error"), EXCEPTION, NIGHT).blocks


def test_every_landing_check_has_its_mend() -> None:
    suites = sorted((EXPECTATIONS / "landing").glob("*.yml"))
    assert len(suites) >= 3
    assert [check.id for file in suites for check in load_suite(file).checks if not check.mend] == []


def test_expectation_that_shows_columns_is_refused() -> None:
    given = {"id": "LND-001", "description": "x", "severity": "warn", "query": "select 1", "shows": ["a"]}
    assert Check.model_validate(given).shows == ["a"]
    with pytest.raises(ValueError, match="an expectation gives no rows"):
        Check.model_validate(given | {"type": "expect_column_max_to_be_between"})
