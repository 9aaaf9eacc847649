"""expectations/exceptions.yml: refused unless each entry has a reason, owner, expiry and a known check."""

from pathlib import Path

import pytest

from opinion_warehouse.checks import SuiteError
from opinion_warehouse.gate.exceptions import load_exceptions

ENTRY = "{check: REL-001, reason: known since the move, owner: survey desk, expires: 2026-12-31}"


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "shape.yml").write_text(
        "name: shape\nchecks: [{id: REL-001, description: d, severity: block, query: select 1}]"
    )
    return tmp_path


def load(suites: Path, text: str) -> dict[str, dict[str, str]]:
    (suites / "exceptions.yml").write_text(text)
    return load_exceptions(suites)


def test_load_exceptions_shipped_file_is_valid() -> None:
    load_exceptions()


def test_load_exceptions_good_entry_is_given_by_check(suites: Path) -> None:
    found = load(suites, f"exceptions: [{ENTRY}]")
    assert found == {
        "REL-001": {"reason": "known since the move", "owner": "survey desk", "expires": "2026-12-31"}
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"exceptions: [{ENTRY.replace('REL-001', 'REL-999')}]", "REL-999"),
        (f"exceptions: [{ENTRY}, {ENTRY}]", "twice"),
        (f"exceptions: [{ENTRY.replace(', expires: 2026-12-31', '')}]", "expires"),
        (f"exceptions: [{ENTRY.replace('known since the move', 'ok')}]", "reason"),
        ("", "exceptions"),
    ],
)
def test_load_exceptions_bad_entry_is_refused(suites: Path, text: str, says: str) -> None:
    with pytest.raises(SuiteError, match=r"exceptions\.yml") as refused:
        load(suites, text)
    assert says in str(refused.value)


def test_load_exceptions_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="cannot be read"):
        load_exceptions(tmp_path)
