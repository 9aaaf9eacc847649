"""Numbers and dates as they are written: by the declared form, and nothing is guessed."""

import unicodedata
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import reader_jobs
import report_files
import table_formats
from hypothesis import given
from hypothesis import strategies as st
from reader_jobs import answers_by_row, read

from opinion_warehouse.readers.cells.values import day, instant, number, number_in_words, percentage
from opinion_warehouse.readers.cells.written import moment_in_words
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import clean

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")


def tried(read_cell: Any, *arguments: Any) -> Any:
    """The value, or the reason there is none."""
    try:
        return read_cell(*arguments)
    except BadCell as problem:
        return problem.code


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1.234,5", ",", 1234.5),
        ("1,234.5", ".", 1234.5),
        ("1 234,5", ",", 1234.5),
        ("1\u00a0234\u00a0567", ",", 1234567),
        ("1\u2009234,5", ",", 1234.5),
        ("1\u202f234", ".", 1234),
        ("−5", ".", -5),
        ("１２３", ",", 123),
        ("1.23,4", ",", "not_a_number"),
        ("1.2345", ",", "not_a_number"),
        ("12.34", ",", "not_a_number"),
        ("1,23.4", ".", "not_a_number"),
        ("1.234 567", ",", "not_a_number"),
        ("1 2", ",", "not_a_number"),
        ("12 34", ".", "not_a_number"),
        ("1.234.56", ",", "not_a_number"),
        ("0.850", ",", "not_a_number"),
        ("1.234,5", ".", "not_a_number"),
        ("1,2,3", ",", "not_a_number"),
        ("1,5 triệu", ",", "not_a_number"),
        ("20%", ",", "not_a_number"),
        ("NaN", ".", "not_a_number"),
        ("infinity", ".", "not_a_number"),
        ("1e400", ".", "not_a_number"),
        ("0x10", ".", "not_a_number"),
        ("1_000", ".", "not_a_number"),
        ("", ".", "not_a_number"),
    ],
)
def test_numbers_by_the_declared_mark(cell: str, decimal: str, value: Any) -> None:
    assert tried(number, clean(cell), decimal) == value


@given(
    st.integers(-(10**12), 10**12),
    st.integers(0, 99),
    st.sampled_from(".,"),
    st.sampled_from(["mark", " ", ""]),
)
def test_a_number_reads_as_it_was_written(whole: int, cents: int, decimal: str, parted: str) -> None:
    mark = ("." if decimal == "," else ",") if parted == "mark" else parted
    text = f"{whole:,}".replace(",", mark) + f"{decimal}{cents:02d}"
    assert number(text, decimal) == float(f"{whole}.{cents:02d}")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,5 triệu", 1_500_000),
        ("1,1 nghìn", 1_100),
        ("12 ngàn", 12_000),
        ("3k", 3_000),
        ("2Tr", 2_000_000),
        ("1,2 tỷ", 1_200_000_000),
        ("1,2 TỈ", 1_200_000_000),
        ("1.250", 1_250),
        ("1.250 triệu", 1_250_000_000),
        ("triệu", "not_a_number"),
        ("vài triệu", "not_a_number"),
        ("1,5 m", "not_a_number"),
        ("1 triệu 2", "not_a_number"),
    ],
)
def test_words_of_size_where_declared(cell: str, value: Any) -> None:
    assert tried(number_in_words, cell, ",") == value
    assert tried(number_in_words, unicodedata.normalize("NFD", cell), ",") == value


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("20%", 20),
        ("20 %", 20),
        ("20", 20),
        ("0", 0),
        ("1", 1),
        ("12,5", 12.5),
        ("0,5%", 0.5),
        ("0,2", "ambiguous_share"),
        ("0,999", "ambiguous_share"),
        ("%", "not_a_number"),
        ("20%%", "not_a_number"),
    ],
)
def test_percentages_where_declared(cell: str, value: Any) -> None:
    assert tried(percentage, cell, ",") == value


def test_shares_of_one_in_a_column_of_percentages_are_set_aside(tmp_path: Path) -> None:
    survey = reader_jobs.survey(files={"decimal": ",", "delimiter": ";"})
    question = next(each for each in survey["survey"]["questions"] if each["id"] == "n")
    question |= {"percent": True, "high": 100}
    rows = [
        f"{at};1;1;1;30;1;Y;N;{cell}\n" for at, cell in enumerate(["20%", "35,5", "0,35", "120", "0,35%"])
    ]
    result = read(survey, "id;done;w;sex;age;q1;m1;m2;n\n" + "".join(rows), tmp_path)
    assert result.bad == {4: ["ambiguous_share"], 5: ["out_of_range"]}
    values = [row["numeric_value"] for row in result.rows["survey_answer"] if row["question_id"] == "n"]
    assert [float(value) for value in values] == [20, 35.5, 0.35]


def test_engagement_in_words_where_declared(tmp_path: Path) -> None:
    data = 'id,at,mood,likes,url,words,author\n1,2026-06-01T00:00:00Z,,"1,2 nghìn",,x,\n'
    spec = reader_jobs.social(files={"decimal": ","})
    assert read(spec, data, tmp_path).bad == {2: ["not_a_number"]}
    spec["social"]["number_words"] = True
    assert read(spec, data, tmp_path).rows["social_item"][0]["engagement_count"] == "1200"


@pytest.mark.parametrize(
    ("cell", "form", "value"),
    [
        ("05/6/2026", "%d/%m/%Y", date(2026, 6, 5)),
        ("5-6-26", "%d-%m-%y", date(2026, 6, 5)),
        ("05/06/2026", "%m/%d/%Y", date(2026, 5, 6)),
        ("2026-06-05", "%d/%m/%Y", date(2026, 6, 5)),
        ("2026-05-06", "%Y-%d-%m", date(2026, 6, 5)),
        ("ngày 5 tháng 6 năm 2026", "vi_words", date(2026, 6, 5)),
        ("Ngày 05 tháng 06 năm 2026", "vi_words", date(2026, 6, 5)),
        ("Thứ Sáu, ngày 5 tháng Sáu năm 2026", "vi_words", date(2026, 6, 5)),
        ("5 Tháng 6, 2026", "vi_words", date(2026, 6, 5)),
        ("ngày 4 tháng mười hai năm 2026", "vi_words", date(2026, 12, 4)),
        ("ngày 4 tháng năm năm 2026", "vi_words", date(2026, 5, 4)),
        ("ngày 4 tháng năm 2026", "vi_words", "bad_date"),
        ("2026-06-05", "vi_words", date(2026, 6, 5)),
        ("05/06/2026", "vi_words", "bad_date"),
        ("ngày 5 tháng 13 năm 2026", "vi_words", "bad_date"),
        ("ngày 30 tháng 2 năm 2026", "vi_words", "bad_date"),
        ("ngày 5 tháng giêng năm 2026", "vi_words", "bad_date"),  # the lunar calendar's
        ("tháng 6 năm 2026", "vi_words", "bad_date"),
        ("05/06/26", "%d/%m/%Y", "bad_date"),
        ("13/13/2026", "%d/%m/%Y", "bad_date"),
        ("30/02/2026", "%d/%m/%Y", "bad_date"),
        ("2026-02-30", "%d/%m/%Y", "bad_date"),
        ("now", "%d/%m/%Y", "bad_date"),
        ("infinity", "%d/%m/%Y", "bad_date"),
        ("today", "vi_words", "bad_date"),
        ("01/01/99999", "%d/%m/%Y", "bad_date"),
        ("01/01/0001", "%d/%m/%Y", "bad_date"),
        ("99999-01-01", "%Y-%m-%d", "bad_date"),
        ("45813", "%d/%m/%Y", "bad_date"),
        ("1/6/2026", "%d/%m/%Y", date(2026, 6, 1)),
        ("01112025", "%d%m%Y", date(2025, 11, 1)),
        ("1112025", "%d%m%Y", "bad_date"),
        ("20260101", "%Y%m%d", date(2026, 1, 1)),
        ("202611", "%Y%m%d", "bad_date"),
        ("2026111", "%Y%m%d", "bad_date"),
        ("2026 111", "%Y %m%d", "bad_date"),
        ("2026 0111", "%Y %m%d", date(2026, 1, 11)),
        ("260111", "%y%m%d", date(2026, 1, 11)),
        ("26111", "%y%m%d", "bad_date"),
        ("20261-1", "%Y%m-%d", "bad_date"),
        ("202601-1", "%Y%m-%d", date(2026, 1, 1)),
        ("1Jun2026", "%d%b%Y", date(2026, 6, 1)),  # the month parts them
        ("11 1%", "%d%m%y%%", "bad_date"),
        ("2026-W11", "iso", "bad_date"),
        ("2026W11", "iso", "bad_date"),
        ("2026-W11-2", "iso", date(2026, 3, 10)),
    ],
)
def test_dates_by_the_declared_form(cell: str, form: str, value: Any) -> None:
    assert tried(day, cell, form) == value


@pytest.mark.parametrize(
    ("cell", "form", "value"),
    [
        ("14:30 ngày 5 tháng 6 năm 2026", "vi_words", datetime(2026, 6, 5, 7, 30, tzinfo=UTC)),
        ("5 tháng 6, 2026 lúc 14:30", "vi_words", datetime(2026, 6, 5, 7, 30, tzinfo=UTC)),
        ("14 giờ 30 phút, ngày 5 tháng 6 năm 2026", "vi_words", datetime(2026, 6, 5, 7, 30, tzinfo=UTC)),
        ("ngày 5 tháng 6 năm 2026 lúc 14h", "vi_words", datetime(2026, 6, 5, 7, 0, tzinfo=UTC)),
        ("ngày 5 tháng 6 năm 2026", "vi_words", datetime(2026, 6, 4, 17, 0, tzinfo=UTC)),
        ("25:00 ngày 5 tháng 6 năm 2026", "vi_words", "bad_date"),
        ("1:00 ngày 5 tháng 6 năm 2026 lúc 2:00", "vi_words", "bad_date"),
        ("05/06/2026 14:30", "%d/%m/%Y %H:%M", datetime(2026, 6, 5, 7, 30, tzinfo=UTC)),
        ("2026-06-05T14:30:00+09:00", "iso", datetime(2026, 6, 5, 5, 30, tzinfo=UTC)),
        ("now", "iso", "bad_date"),
        ("infinity", "iso", "bad_date"),
        ("99999-01-01T00:00:00", "iso", "bad_date"),
        ("2026-02-30T00:00:00", "iso", "bad_date"),
        ("1.75E+12", "epoch_ms", "bad_date"),
        ("20260601101112", "%Y%m%d%H%M%S", datetime(2026, 6, 1, 3, 11, 12, tzinfo=UTC)),
        ("202606011011", "%Y%m%d%H%M%S", "bad_date"),
        ("20260601T101112+0700", "%Y%m%dT%H%M%S%z", datetime(2026, 6, 1, 3, 11, 12, tzinfo=UTC)),
        ("20260601T10112+0700", "%Y%m%dT%H%M%S%z", "bad_date"),
        ("1/6/2026 9:5", "%d/%m/%Y %H:%M", datetime(2026, 6, 1, 2, 5, tzinfo=UTC)),
        ("1/6/2026 0905", "%d/%m/%Y %H%M", datetime(2026, 6, 1, 2, 5, tzinfo=UTC)),
        ("1/6/2026 905", "%d/%m/%Y %H%M", "bad_date"),
        ("20260601 1011122", "%Y%m%d %H%M%S%f", datetime(2026, 6, 1, 3, 11, 12, 200000, tzinfo=UTC)),
    ],
)
def test_moments_by_the_declared_form(cell: str, form: str, value: Any) -> None:
    assert tried(instant, cell, form, SAIGON) == value


def test_a_future_date_is_set_aside(tmp_path: Path) -> None:
    spec = reader_jobs.social()
    spec["social"]["date_format"] = "vi_words"
    days = ["ngày 1 tháng 6 năm 2026", "ngày 1 tháng 6 năm 2027", "now"]
    data = "id,at,mood,likes,url,words,author\n" + "".join(f"{n},{at},,1,,x,\n" for n, at in enumerate(days))
    result = read(spec, data, tmp_path)
    assert result.bad == {3: ["future_date"], 4: ["bad_date"]}
    assert result.rows["social_item"][0]["published_date"] == "2026-06-01"


def test_a_column_of_dates_without_separators_is_read_as_its_cells_are(tmp_path: Path) -> None:
    spec = reader_jobs.social()
    spec["social"]["date_format"] = "%Y%m%d%H%M%S"
    cells = ["20260601101112", "202606011011", "2026060110111", "20260601101159", "2026-06-01 10:11:12"]
    data = "id,at,mood,likes,url,words,author\n" + "".join(f"{n},{at},,1,,x,\n" for n, at in enumerate(cells))
    result = read(spec, data, tmp_path)
    assert result.bad == {3: ["bad_date"], 4: ["bad_date"]}
    moments = [row["published_at"][:19] for row in result.rows["social_item"]]
    assert moments == [f"{instant(cells[at], '%Y%m%d%H%M%S', SAIGON):%Y-%m-%dT%H:%M:%S}" for at in (0, 3, 4)]


def test_a_wave_and_a_reports_days_without_separators_are_not_guessed(tmp_path: Path) -> None:
    spec = reader_jobs.survey(ignore_columns=[])
    spec["survey"]["wave_from"] = {"date_column": "at", "date_format": "%d%m%Y"}
    rows = "".join(f"r{at},{at},2026,1,1,30,1,N,N,1\n" for at in ("11012026", "1112026", "112026"))
    result = read(spec, "id,at,done,w,sex,age,q1,m1,m2,n\n" + rows, tmp_path)
    assert result.bad == {3: ["bad_date"], 4: ["bad_date"]}
    report = reader_jobs.report(files={"format": "csv"}, section={"date_format": "%d%m%Y"}, ignore_columns=[])
    days = [("11052026", "17052026"), ("1152026", "17052026")]
    lines = [report_files.row(tu_ngay=start, den_ngay=end) for start, end in days]
    result = read(report, table_formats.delimited(report_files.HEADER, lines), tmp_path)
    assert result.bad == {3: ["bad_date"]}


@given(st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001
def test_a_day_in_words_comes_back(moment: datetime) -> None:
    text = f"{moment:%H:%M}, ngày {moment.day} tháng {moment.month} năm {moment.year}"
    assert moment_in_words(text) == moment.replace(second=0, microsecond=0)


def test_a_missing_code_is_known_however_the_number_is_written(tmp_path: Path) -> None:
    spec = reader_jobs.survey(files={"decimal": ",", "delimiter": ";"})
    spec["survey"]["questions"][2]["missing"] = {"7": "refused"}
    cells = ["7", "7,0", "07", "7,5"]
    rows = "".join(f"r{at};2026;1;1;30;1;N;N;{cell}\n" for at, cell in enumerate(cells))
    result = read(spec, "id;done;w;sex;age;q1;m1;m2;n\n" + rows, tmp_path)
    assert [each[-1] for each in answers_by_row(result).values()] == ["refused"] * 3 + ["7.5"]
