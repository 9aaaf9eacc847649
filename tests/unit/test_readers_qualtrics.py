"""Qualtrics: three header rows keyed on the third, or two; previews, tests and spam counted, not loaded."""

import csv
import io
import json
from pathlib import Path

import pytest
from reader_jobs import FIXTURES, Read, answers_by_row, example, read, read_example, spilled, workbook

FILE = FIXTURES / "qualtrics_responses" / "Riverside_May.csv"
ANSWERS = {
    # direction, three needs in one cell, two uses in columns of their own, trips
    4: ["1", "1", "0", "1", "1", "0", "7"],
    5: ["3 dont_know", "0", "1", "0", "0", "1", "0"],
    6: ["no_answer"] * 7,
    7: ["not_asked"] * 7,
    12: ["2", *["break_off"] * 6],
    14: ["2", "1", "1", "1", "1", "1", "60"],
}
BAD = {
    8: ["left_out"],
    9: ["left_out"],
    10: ["left_out"],  # spam: what else is wrong with it is nobody's worry
    11: ["unknown_code"],  # a status nobody declared
    13: ["unknown_code"],  # 1,4: one reason, though three answers stand in the cell
}


def rows() -> list[list[str]]:
    return list(csv.reader(io.StringIO(FILE.read_text(encoding="utf-8-sig"), newline="")))


def check(result: Read, folder: Path) -> None:
    assert result.rejected is None, result.detail
    assert answers_by_row(result) == ANSWERS
    assert result.bad == BAD
    assert spilled(folder, result) == []


def test_qualtrics_csv_is_read_by_its_import_ids(tmp_path: Path) -> None:
    check(read_example("qualtrics_responses", FILE.name, tmp_path), tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["rows_good"], summary["rows_bad"], summary["rows_harmless"]) == (6, 5, 3)


def test_qualtrics_tsv_in_utf16_reads_the_same(tmp_path: Path) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t", lineterminator="\n").writerows(rows())
    spec = example("qualtrics_responses", encoding="utf-16", delimiter="\t")
    check(read(spec, out.getvalue().encode("utf-16"), tmp_path), tmp_path)


def test_qualtrics_workbook_reads_the_same(tmp_path: Path) -> None:
    spec = example("qualtrics_responses", format="xlsx", sheet="Sheet0")
    check(read(spec, workbook(rows(), "Sheet0"), tmp_path), tmp_path)


def test_qualtrics_workbook_of_numbers_reads_the_same(tmp_path: Path) -> None:
    header, body = rows()[:3], rows()[3:]
    numbers = [[float(cell) if cell.lstrip("-").isdigit() else cell for cell in row] for row in body]
    spec = example("qualtrics_responses", format="xlsx", sheet="Sheet0")
    check(read(spec, workbook([*header, *numbers], "Sheet0"), tmp_path), tmp_path)


def test_qualtrics_edited_wordings_tags_and_order_change_nothing(tmp_path: Path) -> None:
    turned = [list(reversed(row)) for row in rows()]
    turned[0] = [f"renamed {number}" for number in range(len(turned[0]))]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(turned)
    check(read(example("qualtrics_responses"), out.getvalue(), tmp_path), tmp_path)


@pytest.mark.parametrize("kept", [[0, 1], [0], [2]], ids=["no import ids", "one row", "import ids alone"])
def test_qualtrics_without_its_three_header_rows_is_refused(tmp_path: Path, kept: list[int]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([*(rows()[number] for number in kept), *rows()[3:]])
    result = read(example("qualtrics_responses"), out.getvalue(), tmp_path)
    assert result.rejected == "no_header"
    assert spilled(tmp_path, result) == []


def test_qualtrics_header_that_comes_again_is_set_aside(tmp_path: Path) -> None:
    again = [*rows(), *rows()[:3]]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(again)
    header = {15: ["duplicate_header_row"], 16: ["duplicate_header_row"], 17: ["duplicate_header_row"]}
    assert read(example("qualtrics_responses"), out.getvalue(), tmp_path).bad == BAD | header
    spec = example("qualtrics_responses", format="xlsx", sheet="Sheet")
    assert read(spec, workbook(again), tmp_path).bad == BAD | header


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_qualtrics_below_lines_that_are_no_header_counts_rows_as_the_file_does(
    tmp_path: Path, ending: str
) -> None:
    above = [["Ven Sông", "tháng 5"], []]
    shifted = {row + 2: said for row, said in ANSWERS.items()}
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=ending).writerows([*above, *rows()])
    result = read(example("qualtrics_responses", header_row=3), out.getvalue(), tmp_path)
    assert (result.rejected, answers_by_row(result)) == (None, shifted)
    spec = example("qualtrics_responses", header_row=3, format="xlsx", sheet="Sheet")
    result = read(spec, workbook([*above, *rows()]), tmp_path)
    assert (result.rejected, answers_by_row(result)) == (None, shifted)
    assert result.bad == {row + 2: codes for row, codes in BAD.items()}


def test_qualtrics_legacy_is_read_by_its_tags(tmp_path: Path) -> None:
    result = read_example("qualtrics_legacy_responses", "Riverside_May_legacy.csv", tmp_path)
    assert result.rejected is None
    assert answers_by_row(result) == {
        3: ["1", "1", "0"],
        4: ["2", "no_answer", "no_answer"],  # nothing ticked, and nothing says that it was asked
        6: ["no_answer", "1", "1"],
        7: ["1", "break_off", "break_off"],
    }
    assert result.bad == {5: ["left_out"], 8: ["unknown_code"]}
    assert spilled(tmp_path, result) == []
