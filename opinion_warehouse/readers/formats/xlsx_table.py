"""XLSX and ODS → Table: the one sheet the spec declares, by calamine. Values only; nothing is computed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

from opinion_warehouse.readers.cells.values import inexact
from opinion_warehouse.readers.containers.zip_container import check_container
from opinion_warehouse.readers.formats.sheet_marks import ods_marks, xlsx_marks
from opinion_warehouse.readers.problems import BadRow, FileRejected, Reason
from opinion_warehouse.readers.tables.columns import MAX_COLUMNS
from opinion_warehouse.readers.tables.header import pass_over
from opinion_warehouse.readers.tables.table import Marks, Table, table_of_rows
from opinion_warehouse.sources import Files

_EXACT = 1e15
"""Spreadsheets keep 15 digits of a number."""


@dataclass(frozen=True)
class Workbook:
    """An open workbook. `marks`: sheet → what is to be known of its cells beside their values."""

    sheet_names: list[str]
    marks: Callable[[str], Marks]
    content: Any


def open_workbook(path: Path, kind: Literal["xlsx", "ods"] = "xlsx") -> Workbook:
    """The workbook, after its container was found sound."""
    from python_calamine import CalamineWorkbook

    check_container(path, kind)
    of_sheets = ods_marks(path) if kind == "ods" else {}
    try:
        content = CalamineWorkbook.from_path(str(path))
    except MemoryError:
        raise
    except Exception as error:  # calamine's errors have no common base
        raise FileRejected("bad_archive", f"the workbook cannot be opened ({type(error).__name__})") from None

    @cache
    def marks(sheet: str) -> Marks:
        return of_sheets.get(sheet, Marks()) if kind == "ods" else xlsx_marks(path, sheet)

    return Workbook(content.sheet_names, marks, content)


def has_sheet(workbook: Workbook, sheet: str) -> bool:
    """Whether the workbook has a sheet of this name."""
    return sheet in workbook.sheet_names


def sheet_rows(workbook: Workbook, sheet: str, files: Files) -> Iterator[tuple[int, list[str | None]]]:
    """A sheet's rows as text, by number; raises FileRejected for a fault of its structure."""
    if not has_sheet(workbook, sheet):
        raise FileRejected("missing_sheet", f"the workbook has no sheet {sheet}", sheet)
    if workbook.sheet_names.count(sheet) > 1:
        raise FileRejected("bad_archive", f"the workbook has two sheets {sheet}", sheet)
    workbook.marks(sheet)  # refuses what calamine would abort the process at
    try:
        content = workbook.content.get_sheet_by_name(sheet)
    except MemoryError:
        raise
    except Exception as error:  # calamine's errors have no common base
        raise FileRejected("bad_archive", f"the sheet cannot be read ({type(error).__name__})") from None
    if content.start is None:
        raise FileRejected("empty", "the sheet has no cell")
    if content.total_width > MAX_COLUMNS:
        raise FileRejected("too_many_columns", f"the sheet has more than {MAX_COLUMNS} columns")
    # from the sheet's first row, whatever stands there
    return (
        (number, [cell_text(value, files.decimal) for value in row])
        for number, row in enumerate(content.iter_rows(), 1)
    )


def sheet_header(workbook: Workbook, sheet: str, files: Files) -> list[str | None] | None:
    """The header's cells, without blank ones at its end."""
    cells = next((list(cells) for _, cells in pass_over(sheet_rows(workbook, sheet, files), files)), None)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def read_sheet(
    workbook: Workbook,
    sheet: str,
    files: Files,
    wanted: Sequence[str],
    ignored: Sequence[str],
    once: Sequence[str] = (),
    *,
    drop_totals: bool = False,
) -> Table:
    """Open a sheet; raises FileRejected for a fault of its structure. The rest as in `table_of_rows`."""
    rows = sheet_rows(workbook, sheet, files)
    marks = workbook.marks(sheet)
    return table_of_rows(rows, files, wanted, ignored, marks, once, drop_totals=drop_totals)


def read_repeat(workbook: Workbook, files: Files, wanted: Sequence[str], ignored: Sequence[str]) -> Table:
    """The rows of a repeated group's sheet, each with its row of the main sheet in columns `parent.…`."""
    assert files.repeat is not None  # noqa: S101  (the caller saw it)
    repeat = files.repeat
    parent_header, parent_rows = _headed(sheet_rows(workbook, files.sheet or "", files), files)
    header, rows = _headed(sheet_rows(workbook, repeat.sheet or "", files), files)
    for name, heading, sheet in (
        (repeat.index, parent_header, files.sheet),
        (repeat.parent_index, header, repeat.sheet),
    ):
        if name not in heading:
            raise FileRejected("missing_column", f"not in the sheet {sheet}: {name}", name)
    at, own_at = parent_header.index(repeat.index), header.index(repeat.parent_index)
    parents: dict[str | None, list[str | None]] = {}
    twice: set[str | None] = {None}
    for _, cells in parent_rows:
        if cells[at] in parents:
            twice.add(cells[at])
        parents[cells[at]] = cells[: len(parent_header)]
    orphans: list[BadRow] = []

    def joined() -> Iterator[tuple[int, list[str | None]]]:
        yield files.header_row, [*header, *(f"parent.{name or ''}" for name in parent_header)]
        for number, cells in rows:
            index = cells[own_at]
            if any(cells[len(header) :]):
                orphans.append((number, [_bad("row_too_long", "cells beyond the last heading")]))
            elif not any(cells):
                continue
            elif index in twice or index not in parents:
                orphans.append(
                    (number, [_bad("no_parent", f"expected one row of {files.sheet} with this index")])
                )
            else:
                yield number, [*cells[: len(header)], *parents[index]]

    table = table_of_rows(joined(), files, wanted, ignored)
    table.bad_rows.extend(orphans)
    table.bad_rows.sort(key=lambda row: row[0])
    return table


def _bad(code: str, detail: str) -> Reason:
    return {"code": code, "column": None, "detail": detail}


def _headed(
    rows: Iterator[tuple[int, list[str | None]]], files: Files
) -> tuple[list[str | None], Iterator[tuple[int, list[str | None]]]]:
    """The headings of a sheet, and its rows below, none shorter than they are."""
    header = next((cells for number, cells in rows if number >= files.header_row), [])
    while header and not header[-1]:
        header.pop()
    width = len(header)
    return header, ((number, cells + [None] * (width - len(cells))) for number, cells in rows)


def cell_text(value: Any, decimal: str) -> str | None:
    """A cell as text in the spec's own manner, so that the readers know one kind of cell."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT:
            return inexact(value).replace(".", decimal)
        return str(int(value)) if float(value).is_integer() else repr(float(value)).replace(".", decimal)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)
