"""The made weekly reports: the template, the reference data they name, and what was made to go wrong."""

import csv
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
import python_calamine

from opinion_warehouse.sample import make_sample
from opinion_warehouse.sample.report import COLUMNS, FOLLOWUP_COLUMNS, UNITS
from opinion_warehouse.sample.workbook import column_name, write_workbook
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_source

TEMPLATE = [
    "ma_don_vi", "loai_bao_cao", "ky_bao_cao", "tu_ngay", "den_ngay", "ma_dia_ban", "linh_vuc", "ma_chu_de",
    "noi_dung", "pham_vi", "khuynh_huong", "cuong_do", "nguon", "so_y_kien", "kien_nghi", "co_quan_de_xuat",
    "muc_do_khan",
]  # fmt: skip
Rows = dict[Path, list[dict[str, object]]]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_sample(tmp_path_factory.mktemp("report"), sources=["cantho_weekly"])


def sheet(path: Path, name: str) -> list[dict[str, object]]:
    rows = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
    return [dict(zip([str(cell) for cell in rows[0]], row, strict=True)) for row in rows[1:]]


@pytest.fixture(scope="module")
def items(books: list[Path]) -> Rows:
    return {path: sheet(path, "bao_cao") for path in books}


def seed_codes(table: str, column: str) -> set[str]:
    with (PROJECT / "dbt_project" / "seeds" / f"{table}.csv").open(encoding="utf-8") as handle:
        return {row[column] for row in csv.DictReader(handle)}


def test_columns_begin_with_the_template(books: list[Path]) -> None:
    assert list(COLUMNS[: len(TEMPLATE)]) == TEMPLATE
    book = openpyxl.load_workbook(books[0])
    assert book.sheetnames == ["bao_cao", "theo_doi", "ghi_chu"]
    assert tuple(cell.value for cell in book["theo_doi"][1]) == FOLLOWUP_COLUMNS
    assert isinstance(book["bao_cao"]["D2"].value, datetime)
    assert "GIẢ LẬP" in str(book["ghi_chu"]["A1"].value)


def test_codes_are_those_of_the_seeds(items: Rows) -> None:
    rows = [row for report in items.values() for row in report]
    units, topics = seed_codes("unit", "unit_code"), seed_codes("topic", "topic_code")
    assert {row["ma_don_vi"] for row in rows} == set(UNITS) <= units
    assert {row["ma_chu_de"] for row in rows} <= topics
    assert {row["co_quan_de_xuat"] for row in rows} - {""} <= units
    assert {row["ma_dia_ban"] for row in rows} <= seed_codes("place", "place_code")


def test_words_are_those_of_the_spec(items: Rows, books: list[Path]) -> None:
    spec = load_source(PROJECT / "sources" / "report" / "cantho_weekly.yml").report
    assert spec is not None
    rows = [row for report in items.values() for row in report]
    assert {row["pham_vi"] for row in rows} <= set(spec.scopes)
    assert {row["khuynh_huong"] for row in rows} == set(spec.tendencies)
    assert {row["loai_bao_cao"] for row in rows} == {"DK", "CD"}
    assert {str(row["nguon"]).lower() for row in rows} <= set(spec.channels)
    assert {str(row["muc_do_khan"]).lower() for row in rows} <= set(spec.urgencies)
    assert {row["trang_thai"] for path in books for row in sheet(path, "theo_doi")} == set(spec.statuses)
    assert all(len(str(row["noi_dung"])) <= 500 for row in rows)


def test_deliveries_hold_a_revision_a_late_one_and_a_gap(items: Rows) -> None:
    weekly = [
        (rows[0]["ma_don_vi"], rows[0]["ky_bao_cao"], path)
        for path, rows in items.items()
        if rows[0]["loai_bao_cao"] == "DK"
    ]
    periods = sorted({str(period) for _, period, _ in weekly})
    assert len(periods) == 7
    handed_in = {(unit, period) for unit, period, _ in weekly}
    assert len(handed_in) == 12 * 7 - 1
    assert len(weekly) == len(handed_in) + 1
    lateness = [submitted(path) - ended(items[path]) for _, _, path in weekly]
    assert sum(days.days > 5 for days in lateness) == 1
    revised = [path for unit, period, path in weekly if (unit, period) == ("CT-UBND-31135", "2026-W23")]
    first, second = (items[path] for path in revised)
    assert len(second) == len(first) + 1
    assert first[0]["so_y_kien"] != second[0]["so_y_kien"]


def submitted(path: Path) -> date:
    return date.fromisoformat(path.stem.rsplit("_", 1)[1])


def ended(rows: list[dict[str, object]]) -> date:
    last = rows[0]["den_ngay"]
    assert isinstance(last, date)
    return last


def test_followup_names_recommendations_made_earlier(items: Rows, books: list[Path]) -> None:
    made: dict[str, date] = {}
    for path, rows in items.items():
        for ordinal, row in enumerate(rows, start=1):
            if row["kien_nghi"]:
                made.setdefault(f"{row['ma_don_vi']}/{row['ky_bao_cao']}/{ordinal}", submitted(path))
    followed = [row for path in books for row in sheet(path, "theo_doi")]
    assert len(followed) > 100
    for row in followed:
        assert isinstance(row["ngay"], date)
        assert row["ngay"] > made[str(row["ma_kien_nghi"])]


def test_some_cells_have_three_units(items: Rows) -> None:
    cells: dict[tuple[object, ...], set[object]] = {}
    for rows in items.values():
        for row in rows:
            key = (row["ky_bao_cao"], row["ma_chu_de"], row["khuynh_huong"])
            cells.setdefault(key, set()).add(row["ma_don_vi"])
    assert sum(len(units) >= 3 for units in cells.values()) >= 30


def test_small_scale_keeps_what_went_wrong(tmp_path: Path) -> None:
    paths = make_sample(tmp_path, scale=0.05, sources=["cantho_weekly"])
    assert len(paths) == 4 * 2 - 1 + 1 + 1


def test_large_scale_gives_longer_reports(tmp_path: Path) -> None:
    paths = make_sample(tmp_path, scale=3, sources=["cantho_weekly"])
    assert len(sheet(paths[0], "bao_cao")) > 30


def test_workbook_is_read_alike_by_both_readers(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    rows = [["a", 'b <&> "c"', None, 7, date(2026, 6, 1)]]
    with path.open("wb") as handle:
        write_workbook(handle, {"một": rows}, title="t & u", author="x")
    seen = [cell.value for cell in openpyxl.load_workbook(path)["một"][1]]
    assert seen[:4] == ["a", 'b <&> "c"', None, 7]
    assert str(seen[4]) == "2026-06-01 00:00:00"
    assert python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name("một").to_python() == [
        ["a", 'b <&> "c"', "", 7.0, date(2026, 6, 1)]
    ]


def test_column_name_past_z_has_two_letters() -> None:
    assert [column_name(at) for at in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]
