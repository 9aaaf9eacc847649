"""What spreadsheets and documents hold beside plain values."""

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from report_files import ods, ods_cell, ods_row, with_part

from bad_files.made import COUNT, Case, report_table, reported, with_cells, written

_SOUND = written(report_table(), "xlsx")
_SHEET = "xl/worksheets/sheet1.xml"
_AT = {name: at for at, name in enumerate(report_table()[0], 1)}


def _book(change: Callable[[Any, Any], None]) -> bytes:
    """The report's workbook, changed: the book and its sheet."""
    book = openpyxl.load_workbook(io.BytesIO(_SOUND))
    change(book, book.active)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _cell(row: int, name: str, value: Any) -> bytes:
    def change(_: Any, sheet: Any) -> None:
        sheet.cell(row, _AT[name]).value = value

    return _book(change)


def _hide(book: Any, _: Any) -> None:
    other = book.create_sheet("Hidden", 0)
    other.sheet_state = "veryHidden"
    for row in report_table()[:9]:
        other.append(row)


def _only_hidden(_: Any, sheet: Any) -> None:
    sheet.title = "Other"


def _merge(_: Any, sheet: Any) -> None:
    for name in ("ma_don_vi", "tu_ngay"):
        sheet.merge_cells(start_row=2, end_row=5, start_column=_AT[name], end_column=_AT[name])


def _date_cells(_: Any, sheet: Any) -> None:
    for row in range(2, COUNT + 2):
        sheet.cell(row, _AT["tu_ngay"]).value = date(2026, 5, 11)


def _epoch(book: Any, sheet: Any) -> None:
    book.epoch = CALENDAR_MAC_1904
    _date_cells(book, sheet)


def _bad(data: bytes, reason: str, form: str = "xlsx") -> Case:
    return Case(reported(form), data, bad={4: [reason]}, good=COUNT - 1)


def _same(change: Callable[[Any, Any], None]) -> Case:
    return Case(reported(), _book(change), sound=_SOUND)


def _ods(name: str, cell: str) -> bytes:
    rows = with_cells(report_table(), **{name: cell})
    return ods({"Sheet": "".join(ods_row(row) for row in rows)})


OFFICE: dict[str, Case] = {
    "hidden sheet beside the declared one": _same(_hide),
    "declared sheet is not there": Case(reported(), _book(_only_hidden), refused="missing_sheet"),
    "merged cells": _same(_merge),
    "formula without cached value": _bad(_cell(4, "so_y_kien", "=1+1"), "formula_without_value"),
    "formula without cached value in ods": _bad(_ods("so_y_kien", "=1+1"), "formula_without_value", "ods"),
    "formula in a column that is not read": Case(reported(), _cell(4, "STT", "=ROW()"), sound=_SOUND),
    "#N/A": _bad(_cell(4, "so_y_kien", "#N/A"), "error_cell"),
    "#N/A in ods": _bad(_ods("so_y_kien", ods_cell("#N/A")), "error_cell", "ods"),
    "#N/A as text": _bad(written(with_cells(report_table(), so_y_kien="#N/A")), "error_cell", "csv"),
    "a row number twice": Case(
        reported(), with_part(_SOUND, _SHEET, '<row r="5"', '<row r="4"'), refused="bad_archive"
    ),
    "a cell twice": Case(
        reported(), with_part(_SOUND, _SHEET, '<c r="B5"', '<c r="A5"'), refused="bad_archive"
    ),
    "date cells": _same(_date_cells),
    "serial date against date": _bad(_cell(4, "tu_ngay", 46153), "bad_date"),
    "serial date against date in ods": _bad(
        written(with_cells(report_table(), tu_ngay=46153), "ods"), "bad_date", "ods"
    ),
    "1904 epoch": _same(_epoch),
    "number with a fraction for a count": _bad(_cell(4, "so_y_kien", 1.234), "not_a_whole_number"),
}
