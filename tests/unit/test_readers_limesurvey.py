"""LimeSurvey's CSV and VV exports: what was not shown, not answered, broken off and said stays apart."""

from pathlib import Path

import pytest
from reader_jobs import FIXTURES, answers_by_row, example, read, read_example, spilled

CSV_FILE = "results-survey771120_2026-05.csv"
VV_FILES = ["vvexport_771120.csv", "vvexport_771120_unquoted.csv"]


def test_limesurvey_results_read_as_they_were_meant(tmp_path: Path) -> None:
    result = read_example("limesurvey_results", CSV_FILE, tmp_path)
    assert result.rejected is None
    assert answers_by_row(result) == {
        # direction, three needs, two uses, two of the array, trips
        2: ["A1", "1", "0", "0", "1", "0", "1", "2", "7"],
        3: ["-oth-", "0", "1", "1", "0", "1", "2", "1", "0"],
        4: ["not_asked"] * 9,
        5: ["A2", *["break_off"] * 8],
        10: ["no_answer", *["0"] * 5, *["no_answer"] * 3],
    }
    assert result.bad == {
        6: ["unknown_code"],
        7: ["unknown_code"],  # 0 where yes is 1 and no is 2
        8: ["row_too_short"],
        9: ["duplicate_respondent"],
    }
    complete = [row["is_complete"] for row in result.rows["survey_response"]]
    assert complete == ["true", "true", "true", "false", "true"]
    assert spilled(tmp_path, result) == []


@pytest.mark.parametrize("name", VV_FILES)
def test_limesurvey_vv_of_either_quoting_reads_the_same(tmp_path: Path, name: str) -> None:
    result = read_example("limesurvey_vv", name, tmp_path)
    assert result.rejected is None
    assert answers_by_row(result) == {
        3: ["A1", "1", "0", "0", "on_time"],  # a word that begins with a quote and holds a brace
        4: ["-oth-", "0", "1", "1", "late"],
        5: ["not_asked"] * 5,
        6: ["A2", *["break_off"] * 4],
        7: ["no_answer", "0", "0", "0", "no_answer"],
    }
    assert result.bad == {8: ["unknown_code"]}
    assert spilled(tmp_path, result) == []


def test_limesurvey_vv_without_its_row_of_codes_is_refused(tmp_path: Path) -> None:
    lines = (FIXTURES / "limesurvey_vv" / VV_FILES[0]).read_bytes().splitlines(keepends=True)
    result = read(example("limesurvey_vv"), b"".join([lines[0], *lines[2:]]), tmp_path)
    assert result.rejected == "no_header"
    assert spilled(tmp_path, result) == []


def test_limesurvey_results_with_wordings_as_headings_are_refused(tmp_path: Path) -> None:
    data = (FIXTURES / "limesurvey_results" / CSV_FILE).read_bytes()
    result = read(
        example("limesurvey_results"), data.replace(b'"Q1"', b'"Right direction?"', 1), tmp_path, CSV_FILE
    )
    assert (result.rejected, "Right direction?" in result.detail) == ("unknown_column", True)
