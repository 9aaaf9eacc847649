"""XLSX: hostile containers are refused by name; sheets are read as a person sees them."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from limited_child import parse_in_child
from reader_jobs import read, report, social

from opinion_warehouse.sources import Source

HEADER = [
    "ma_don_vi",
    "loai_bao_cao",
    "ky_bao_cao",
    "tu_ngay",
    "den_ngay",
    "ma_dia_ban",
    "linh_vuc",
    "ma_chu_de",
    "noi_dung",
    "pham_vi",
    "khuynh_huong",
    "cuong_do",
    "nguon",
    "so_y_kien",
    "kien_nghi",
    "co_quan_de_xuat",
    "muc_do_khan",
]
ROW: list[Any] = [
    "CT-MTTQ",
    "DK",
    "2026-W20",
    date(2026, 5, 11),
    "2026-05-17",
    "92",
    "x",
    "F1",
    "y",
    "Đa số",
    "Băn khoăn",
    3,
    "Hội nghị",
    "1.234",
    "sửa",
    "CT-SXD",
    "Khẩn",
]
FILES = {"format": "xlsx", "sheet": "bao_cao", "decimal": ","}


def spec(**more: Any) -> dict[str, Any]:
    return report(files=FILES | more)


def workbook(rows: list[list[Any]], sheet: str = "bao_cao") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    book.create_sheet("hidden").append(["secret"])
    book["hidden"].sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_text(data: bytes, name: str, old: str, new: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    assert old in parts[name].decode()
    parts[name] = parts[name].decode().replace(old, new).encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return stream.getvalue()


def edited(old: str, new: str, rows: list[list[Any]] | None = None) -> bytes:
    """A workbook with a text of its first sheet's XML replaced."""
    return with_text(workbook(rows or [HEADER, ROW]), "xl/worksheets/sheet1.xml", old, new)


def test_read_sheet_with_errors_and_formulas_never_computed_names_them(tmp_path: Path) -> None:
    count, field = HEADER.index("so_y_kien"), HEADER.index("linh_vuc")
    rows = [["STT", *HEADER], *([1, *ROW] for _ in range(5))]
    rows[1][1 + count] = "#N/A"  # openpyxl makes it an error cell
    rows[2][1 + count] = "=1+1"
    rows[3][0] = "=ROW()"  # in a column that is not read
    rows[4][1 + field] = "=A1"
    rows[5][1 + field] = '=""'
    # a formula that came to an empty text has its value: nothing
    data = with_text(workbook(rows), "xl/worksheets/sheet1.xml", 'r="H6"', 'r="H6" t="str"')
    result = read(spec(), data, tmp_path)
    assert result.bad == {
        2: ["error_cell"],
        3: ["formula_without_value"],
        5: ["formula_without_value"],
    }
    assert [item["row_number"] for item in result.rows["report_item"]] == ["4", "6"]


def test_read_sheet_cells_merged_over_rows_stand_in_each_and_numbers_count_once(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "bao_cao"
    for row in (["Biểu 1"], HEADER, ROW, ROW, ROW, ROW):
        page.append(row)
    page.merge_cells("A1:Q1")
    for name in ("ma_don_vi", "tu_ngay", "so_y_kien", "kien_nghi"):
        column = HEADER.index(name) + 1
        page.merge_cells(start_row=3, end_row=5, start_column=column, end_column=column)
    stream = io.BytesIO()
    book.save(stream)
    result = read(spec(header_row=2), stream.getvalue(), tmp_path)
    assert result.bad == {}
    read_off = ("unit_code", "opinion_count", "recommendation_id")
    assert [tuple(item[name] for name in read_off) for item in result.rows["report_item"]] == [
        ("CT-MTTQ", "1234", "CT-MTTQ/2026-W20/1"),
        ("CT-MTTQ", None, None),
        ("CT-MTTQ", None, None),
        ("CT-MTTQ", "1234", "CT-MTTQ/2026-W20/4"),
    ]
    assert len(result.rows["report"]) == 1


def test_read_sheet_that_is_hidden_is_read_only_when_declared(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADER, ROW])))
    page = book.create_sheet("an")
    page.sheet_state = "veryHidden"
    for row in (HEADER, ROW, ROW):
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    assert len(read(spec(), stream.getvalue(), tmp_path).rows["report_item"]) == 1
    assert len(read(spec(sheet="an"), stream.getvalue(), tmp_path).rows["report_item"]) == 2


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('<row r="2"', '<row r="1048576"', None),  # its cells say where they stand
        ('r="A2"', 'r="A1048576"', "sparse_sheet"),
        ('r="Q2"', 'r="XFD1048576"', "sparse_sheet"),
        (
            "</sheetData>",
            '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>',
            None,
        ),  # only formatted
        ("</sheetData>", "</sheetDat>", "bad_archive"),
        ('<row r="2"', '<row r="x"', "bad_archive"),
    ],
)
def test_read_sheet_is_measured_by_the_cells_it_holds(
    tmp_path: Path, old: str, new: str, reason: str | None
) -> None:
    assert read(spec(), edited(old, new), tmp_path).rejected == reason


def test_read_sheet_with_dates_numbers_counters_and_totals_reads_the_rows(tmp_path: Path) -> None:
    rows = [
        ["Báo cáo tuần"],
        [],
        ["STT", *HEADER],
        [1, *ROW],
        [],
        [2.0, *ROW],
        ["Tổng cộng", *[None] * 13, 2],
    ]
    result = read(spec(header_row=3), workbook(rows), tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    assert [row["row_number"] for row in result.rows["report_item"]] == ["4", "6"]
    assert [row["opinion_count"] for row in result.rows["report_item"]] == ["1234", "1234"]
    assert result.rows["report"][0]["period_start"] == "2026-05-11"


def twice(text: str) -> str:
    """Sheet XML in which row 3 says so."""
    return {
        "row": '<row r="3"><c r="A3"><v>1</v></c></row>',
        "cell": '<row r="4"><c r="A4"><v>1</v></c><c r="A4"><v>2</v></c></row>',
        "cell without reference": '<row r="4"><c r="B4"/><c r="A4"/><c/></row>',
        "cell of another row": '<row r="4"><c r="A3"><v>1</v></c></row>',
        "row without number": '<row r="2"/><row/>',
        "list of rows": '</sheetData><sheetData><row r="4"/>',
    }[text]


@pytest.mark.parametrize(
    ("what", "detail"),
    [
        ("row", "two rows of the number 3"),
        ("cell", "row 4 has two cells in column 1"),
        ("cell without reference", "row 4 has two cells in column 2"),
        ("cell of another row", "two rows of the number 3"),
        ("row without number", "two rows of the number 2"),
        ("list of rows", "two lists of rows"),
    ],
)
def test_read_sheet_with_two_cells_in_one_place_refuses_it(tmp_path: Path, what: str, detail: str) -> None:
    data = edited("</sheetData>", f"{twice(what)}</sheetData>", [HEADER, ROW, ROW])
    result = read(spec(), data, tmp_path)
    assert result.rejected == "bad_archive"
    assert detail in result.detail


def test_read_sheet_with_one_row_written_over_another_refuses_it(tmp_path: Path) -> None:
    data = edited('<row r="3"', '<row r="2"', [HEADER, ROW, ROW, ROW])
    assert read(spec(), data, tmp_path).rejected == "bad_archive"


def test_read_sheet_whose_rows_stand_in_another_order_is_read_by_their_numbers(tmp_path: Path) -> None:
    book = workbook([HEADER, ROW, ROW])
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()
    before, second, third = xml.partition("</sheetData>")[0].split("<row")[-3:]
    button = "<controls><from><row>1</row></from><to><row>3</row></to></controls>"
    rows = f"<row{before}<row{second}<row{third}</sheetData>"
    other = f"<row{before}<row{third}<row{second}</sheetData>{button}"
    result = read(spec(), with_text(book, "xl/worksheets/sheet1.xml", rows, other), tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    assert [row["row_number"] for row in result.rows["report_item"]] == ["2", "3"]


def test_read_sheet_of_a_name_that_two_have_refuses_the_workbook(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADER, ROW])))
    book.create_sheet("other").append(HEADER)
    stream = io.BytesIO()
    book.save(stream)
    data = with_text(stream.getvalue(), "xl/workbook.xml", 'name="other"', 'name="bao_cao"')
    assert read(spec(), data, tmp_path).rejected == "bad_archive"


def test_read_sheet_without_a_cell_is_empty(tmp_path: Path) -> None:
    assert read(spec(), workbook([]), tmp_path).rejected == "empty"


def limited(
    tmp_path: Path, data: bytes, name: str, source: dict[str, Any] | None = None, **limits: int
) -> Any:
    model = Source.model_validate(source or spec())
    return parse_in_child(model, data, tmp_path / f"{name} job", name, {"stall_seconds": 1} | limits)


def test_parse_of_a_good_file_after_children_died_still_works(tmp_path: Path) -> None:
    good = workbook([HEADER, ROW])
    big = workbook([HEADER, *([ROW] * 20_000)])
    assert limited(tmp_path, good, "first").rows_good == 1
    assert limited(tmp_path, big, "time", wall_seconds=0).rejected["code"] == "parser_timeout"
    for position in range(0, len(good), 97):  # a flipped bit anywhere: refused or read, never the end of us
        flipped = bytearray(good)
        flipped[position] ^= 0x10
        limited(tmp_path, bytes(flipped), f"flip{position}")
    assert limited(tmp_path, good, "last").rows_good == 1


def test_parse_of_a_sheet_with_a_far_cell_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "bao_cao"
    page.append(HEADER)
    page["XFD1048576"] = 1
    stream = io.BytesIO()
    book.save(stream)
    assert limited(tmp_path, stream.getvalue(), "far").rejected["code"] == "sparse_sheet"


@pytest.mark.parametrize("megabytes", [150, 342, 345])  # of these some end in a wait that has no end
def test_parse_that_takes_too_much_memory_is_refused_by_name(tmp_path: Path, megabytes: int) -> None:
    row = "1,2026-06-01T10:00:00Z,,1,u," + "x" * 60_000 + ",a\n"
    data = ("id,at,mood,likes,url,words,author\n" + row * 1_500).encode()
    small = limited(tmp_path, data, "large", social(), memory_bytes=megabytes << 20)
    assert small.rejected["code"] == "parser_oom"
    assert limited(tmp_path, data, "enough", social()).rejected is None
