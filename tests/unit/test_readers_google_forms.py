"""Google Forms: labels, check boxes in one cell, equal headings, a timestamp whose order is declared."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

from reader_jobs import FIXTURES, answers_by_row, example, read, read_example, spilled, workbook

FILE = next((FIXTURES / "google_form_responses").glob("*.csv"))
ANSWERS = {
    # direction, four needs, trips
    2: ["1", "1", "1", "0", "0", "7"],  # an option that holds the separator
    3: ["2", "0", "1", "1", "0", "0"],
    4: ["other", "0", "0", "1", "1", "no_answer"],
    5: ["1", "0", "0", "0", "1", "3"],
    7: ["no_answer"] * 6,
}
BAD = {
    6: ["unknown_code"],  # an option after text of one's own: is it ticked, or said?
    8: ["bad_date"],
    9: ["unknown_wave"],
    10: ["missing_value"],
    11: ["not_a_number"],
}
WAVES = ["2026-06", "2026-05", "2026-05", "2026-05", "2026-05"]


def rows() -> list[list[str]]:
    return list(csv.reader(io.StringIO(FILE.read_text(encoding="utf-8"), newline="")))


def text(table: list[list[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    return out.getvalue()


def test_google_form_sheet_is_read_by_the_declared_options(tmp_path: Path) -> None:
    result = read_example("google_form_responses", FILE.name, tmp_path)
    assert result.rejected is None
    assert answers_by_row(result) == ANSWERS
    assert result.bad == BAD
    assert [row["wave_id"] for row in result.rows["survey_response"]] == WAVES
    assert spilled(tmp_path, result) == []


def test_google_form_workbook_with_real_dates_reads_the_same(tmp_path: Path) -> None:
    table: list[list[Any]] = [list(row) for row in rows()]
    for row in table[1:6]:
        row[0] = datetime.strptime(row[0], "%d/%m/%Y %H:%M:%S")  # noqa: DTZ007
    spec = example("google_form_responses", format="xlsx", sheet="Sheet")
    result = read(spec, workbook(table), tmp_path)
    assert (result.rejected, answers_by_row(result), result.bad) == (None, ANSWERS, BAD)
    assert [row["wave_id"] for row in result.rows["survey_response"]] == WAVES


def test_google_form_csv_of_the_form_itself_reads_the_same(tmp_path: Path) -> None:
    """It joins by `;` and writes the year first, with the half of the day in words."""
    table = rows()
    for row in table[1:]:
        row[3] = (
            row[3].replace("cây xanh, Ghế", "cây xanh;Ghế").replace("i, Đ", "i;Đ").replace("Đèn, q", "Đèn;q")
        )
        row[3] = row[3].replace("quạt, G", "quạt;G")
        day, month, year = (row[0].split(" ")[0] or "//").split("/")
        row[0] = f"{year}/{month}/{day} 9:12:33 SA GMT+7" if year else ""
    spec = example("google_form_responses")
    spec["survey"]["wave_from"]["date_format"] = "%Y/%m/%d"
    spec["survey"]["questions"][1]["separator"] = ";"
    result = read(spec, text(table), tmp_path)
    assert (result.rejected, answers_by_row(result), result.bad) == (None, ANSWERS, BAD)


def test_google_form_with_the_month_first_is_another_wave(tmp_path: Path) -> None:
    spec = example("google_form_responses")
    spec["survey"]["wave_from"]["date_format"] = "%m/%d/%Y"
    result = read(spec, text(rows()[:3]), tmp_path)
    assert [row["wave_id"] for row in result.rows["survey_response"]] == ["2026-05", "2026-06"]


def test_google_form_whose_equal_headings_moved_is_refused(tmp_path: Path) -> None:
    """What goes by its position must not be taken for another column."""
    moved = [[*row[:5], "", *row[5:]] for row in rows()]
    moved[0][5] = "Tuổi"
    assert read(example("google_form_responses"), text(moved), tmp_path).rejected == "duplicate_header"


def test_google_form_with_equal_headings_nobody_declared_is_refused(tmp_path: Path) -> None:
    spec = example("google_form_responses")
    spec["ignore_columns"] = ["Địa chỉ email", "Họ và tên", "Vì sao?"]
    result = read(spec, text(rows()), tmp_path)
    assert result.rejected == "duplicate_header"
    assert result.detail == "the heading Vì sao? stands twice, in columns 6 and 8"


def test_google_form_reads_an_equal_heading_by_its_position(tmp_path: Path) -> None:
    table = rows()
    for row, words in zip(table, ["Số chuyến xe buýt mỗi tuần", "4", "5"], strict=False):
        row[5] = words
    spec = example("google_form_responses")
    spec["ignore_columns"] = ["Địa chỉ email", "Họ và tên", "Vì sao?"]
    spec["survey"]["questions"][2]["column"] = "(column 6)"
    spec["ignore_columns"].append("(column 7)")
    result = read(spec, text(table[:3]), tmp_path)
    assert {row: said[-1] for row, said in answers_by_row(result).items()} == {2: "4", 3: "5"}
