"""XLSX: hostile containers are refused by name; sheets are read as a person sees them."""

import io
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from reader_jobs import read, report, social

from opinion_warehouse.intake.parsing import parse
from opinion_warehouse.settings import Settings
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


def with_part(name: str, content: bytes | str, data: bytes | None = None) -> bytes:
    stream = io.BytesIO(data or workbook([HEADER, ROW]))
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


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


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html><table><tr><td>x</td></tr></table></html>", "wrong_format"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "wrong_format"),
        (workbook([HEADER, ROW])[:-300], "wrong_format"),
        (workbook([HEADER, ROW], sheet="khac"), "missing_sheet"),
        (workbook([]), "empty"),
        (workbook([HEADER]), "empty"),
        (workbook([[*HEADER, "luong"], [*ROW, 1]]), "unknown_column"),
        (with_part("xl/vbaProject.bin", b"x"), "macros"),
        (with_part("xl/externalLinks/externalLink1.xml", "<x/>"), "external_link"),
        (with_part("../../etc/passwd", "x"), "unsafe_name"),
        (with_part("C:\\x.xml", "x"), "unsafe_name"),
        (with_part("more.zip", "x"), "unsafe_name"),
        (with_part("xl/bomb.bin", bytes(30_000_000)), "zip_bomb"),
        (
            with_part("xl/x.xml", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
            "xml_dtd",
        ),
    ],
)
def test_read_workbook_that_is_hostile_refuses_it(tmp_path: Path, data: bytes, reason: str) -> None:
    assert read(spec(), data, tmp_path).rejected == reason


def limited(
    tmp_path: Path, data: bytes, name: str, source: dict[str, Any] | None = None, **limits: int
) -> Any:
    path = tmp_path / name
    path.write_bytes(data)
    scratch = tmp_path / f"{name}.scratch"
    scratch.mkdir()
    every = {"memory_bytes": 2 << 30, "cpu_seconds": 20, "wall_seconds": 30, "file_bytes": 1 << 30}
    every |= {"stall_seconds": 1} | limits
    return parse(
        Settings(),
        Source.model_validate(source or spec()),
        path=path,
        file_name=name,
        file_id=1,
        received_at=datetime(2026, 7, 1, tzinfo=UTC),
        night=date(2026, 7, 1),
        key=bytes(32),
        scratch=scratch,
        limits=every,
    )


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
    assert limited(tmp_path, stream.getvalue(), "far").rejected is not None


@pytest.mark.parametrize("megabytes", [150, 342, 345])  # of these some end in a wait that has no end
def test_parse_that_takes_too_much_memory_is_refused_by_name(tmp_path: Path, megabytes: int) -> None:
    row = "1,2026-06-01T10:00:00Z,,1,u," + "x" * 60_000 + ",a\n"
    data = ("id,at,mood,likes,url,words,author\n" + row * 1_500).encode()
    small = limited(tmp_path, data, "large", social(), memory_bytes=megabytes << 20)
    assert small.rejected["code"] == "parser_oom"
    assert limited(tmp_path, data, "enough", social()).rejected is None
