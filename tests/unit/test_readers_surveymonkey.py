"""SurveyMonkey: a row of questions over a row of options, labels as cells, an old encoding, rounded ids."""

import csv
import io
from pathlib import Path

from reader_jobs import FIXTURES, answers_by_row, example, read, read_example, spilled, workbook

FILE = FIXTURES / "surveymonkey_responses" / "Riverside_May.csv"
ANSWERS = {
    # direction, three needs, trips
    3: ["1", "1", "0", "0", "7"],
    4: ["2", "0", "1", "1", "0"],  # text of one's own ticks the option, and is not kept
    5: ["1", "no_answer", "no_answer", "no_answer", "3"],
    10: ["no_answer"] * 5,
}
BAD = {
    6: ["damaged_id"],
    7: ["bad_date"],  # 13/05 where the month comes first
    8: ["unknown_wave"],  # between two waves
    9: ["unknown_code", "unknown_code", "unknown_code", "not_a_number"],
}


def rows() -> list[list[str]]:
    return list(csv.reader(io.StringIO(FILE.read_text(encoding="cp1252"), newline="")))


def test_surveymonkey_csv_reads_options_under_questions(tmp_path: Path) -> None:
    result = read_example("surveymonkey_responses", FILE.name, tmp_path)
    assert result.rejected is None
    assert answers_by_row(result) == ANSWERS
    assert result.bad == BAD
    assert [row["wave_id"] for row in result.rows["survey_response"]] == [
        "2026-05",
        "2026-05",
        "2026-06",
        "2026-05",
    ]
    assert spilled(tmp_path, result) == []


def test_surveymonkey_workbook_reads_the_same(tmp_path: Path) -> None:
    header, body = rows()[:2], rows()[2:]
    numbers = [[int(row[0]) if row[0].isdigit() else row[0], *row[1:]] for row in body]
    result = read(
        example("surveymonkey_responses", format="xlsx", sheet="Sheet", encoding="utf-8"),
        workbook([*header, *numbers]),
        tmp_path,
    )
    assert (result.rejected, answers_by_row(result), result.bad) == (None, ANSWERS, BAD)
    assert spilled(tmp_path, result) == []


def test_surveymonkey_in_another_encoding_than_declared_is_refused(tmp_path: Path) -> None:
    spec = example("surveymonkey_responses")
    assert read(spec, FILE.read_text(encoding="cp1252"), tmp_path).rejected == "encoding"
    spec["files"]["encoding"] = "utf-8"
    assert read(spec, FILE.read_bytes(), tmp_path).rejected == "encoding"


def test_surveymonkey_option_nobody_declared_refuses_the_file(tmp_path: Path) -> None:
    changed = rows()
    changed[1][13] = "Seats"
    out = io.StringIO(newline="")
    csv.writer(out).writerows(changed)
    result = read(example("surveymonkey_responses"), out.getvalue().encode("cp1252"), tmp_path)
    assert result.rejected == "unknown_column"
