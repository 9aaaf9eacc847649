"""XLSX → Table: the one sheet the spec declares, by calamine. Values only; nothing is computed."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.container import check_container
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.table import (
    BATCH_ROWS,
    MAX_CELL,
    MAX_COLUMNS,
    BadRow,
    Batch,
    Table,
    is_total,
    match_header,
)
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Files


def open_workbook(path: Path) -> Any:
    """The workbook, after its container was found sound."""
    from python_calamine import CalamineWorkbook

    check_container(path)
    try:
        return CalamineWorkbook.from_path(str(path))
    except Exception as error:  # calamine's errors have no common base
        raise FileRejected("bad_archive", f"the workbook cannot be opened ({type(error).__name__})") from None


def has_sheet(workbook: Any, sheet: str) -> bool:
    """Whether the workbook has a sheet of this name."""
    return sheet in workbook.sheet_names


def read_sheet(
    workbook: Any, sheet: str, files: Files, wanted: Sequence[str], ignored: Sequence[str]
) -> Table:
    """Open a sheet; raises FileRejected for a fault of its structure."""
    if not has_sheet(workbook, sheet):
        raise FileRejected("missing_sheet", f"the workbook has no sheet {sheet}", sheet)
    try:
        content = workbook.get_sheet_by_name(sheet)
    except Exception as error:  # calamine's errors have no common base
        raise FileRejected("bad_archive", f"the sheet cannot be read ({type(error).__name__})") from None
    if content.start is None:
        raise FileRejected("empty", "the sheet has no cell")
    if content.total_width > MAX_COLUMNS:
        raise FileRejected("too_many_columns", f"the sheet has more than {MAX_COLUMNS} columns")
    rows = enumerate(content.iter_rows(), 1)  # from the sheet's first row, whatever stands there
    return _table(rows, files, wanted, ignored)


def _table(
    rows: Iterator[tuple[int, list[Any]]], files: Files, wanted: Sequence[str], ignored: Sequence[str]
) -> Table:
    header: list[str] | None = None
    width = 0
    kept: list[tuple[int, list[str | None]]] = []
    bad_rows: list[BadRow] = []
    for number, values in rows:
        if number < files.header_row:
            continue
        cells = [_text(value, files.decimal) for value in values]
        if header is None:
            while cells and not cells[-1]:
                cells.pop()
            header = match_header(cells, wanted, ignored)
            width = len(header)
            continue
        if not any(cells) or is_total(cells, header, wanted):
            continue
        long = any(cells[width:])
        if long or any(cell and len(cell) > MAX_CELL for cell in cells):
            code, detail = (
                ("row_too_long", "cells beyond the last heading")
                if long
                else ("cell_too_large", f"a cell of more than {MAX_CELL} characters")
            )
            bad_rows.append((number, [{"code": code, "column": None, "detail": detail}]))
            continue
        kept.append((number, cells[:width] + [None] * (width - len(cells))))
    if header is None:
        raise FileRejected("empty", f"the sheet ends before its header row ({files.header_row})")
    positions = {name: position for position, name in enumerate(header)}

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        for start in range(0, len(kept), BATCH_ROWS):
            part = kept[start : start + BATCH_ROWS]
            yield Batch(
                [number for number, _ in part],
                {name: [cells[positions[name]] for _, cells in part] for name in columns or wanted},
            )

    return Table(batches, bad_rows)


def _text(value: Any, decimal: str) -> str | None:
    """A cell as text in the spec's own manner, so that the readers know one kind of cell."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return clean(value) or None
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        whole = float(value).is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(float(value)).replace(".", decimal)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return clean(str(value)) or None
