"""Every hostile or damaged file of `bad_files`: its reason code, its rows accounted for, nothing let out."""

import json
from pathlib import Path

import pytest
from bad_files import CASES
from limited_child import parse_in_child
from reader_jobs import Read, read

from opinion_warehouse.readers import parts
from opinion_warehouse.readers.problems import MENDS
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.sources import Source

OWN = ("file_id", "row_number")
in_process = pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.is_native])


def rows(result: Read) -> dict[str, list[dict[str, object]]]:
    """What landed, but for the numbers of rows."""
    return {
        table: [{name: cell for name, cell in row.items() if name not in OWN} for row in found]
        for table, found in result.rows.items()
    }


@in_process
def test_bad_input_is_refused_set_aside_or_mended(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    result = read(case.source, case.data, tmp_path, case.name)
    assert result.rejected == case.refused, result.detail
    summary = json.loads((tmp_path / "summary.json").read_text())
    for output in (*(path for _, path in parts.finished(tmp_path)), tmp_path / "summary.json"):
        assert find_canaries(output.read_bytes()) == [], output
    if case.refused:
        assert case.refused in MENDS
        return
    assert result.bad == case.bad
    assert (summary["rows_good"], summary["rows_bad"]) == (case.good, len(case.bad))
    if case.sound:
        other = tmp_path / "sound"
        other.mkdir()
        assert rows(result) == rows(read(case.source, case.sound, other, case.name))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_native])
def test_bad_input_that_kills_its_reader_is_refused_by_the_server(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    parsed = parse_in_child(Source.model_validate(case.source), case.data, tmp_path / "hostile", case.name)
    assert parsed.rejected is not None
    assert parsed.rejected["code"] == case.refused
