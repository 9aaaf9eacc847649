"""XLSX → Table: the one sheet the spec declares, by calamine. Values only; nothing is computed."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.container import check_container
from opinion_warehouse.readers.header import pass_over
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.table import MAX_COLUMNS, Table, table_of_rows
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


def sheet_rows(workbook: Any, sheet: str, files: Files) -> Iterator[tuple[int, list[str | None]]]:
    """A sheet's rows as text, by number; raises FileRejected for a fault of its structure."""
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
    # from the sheet's first row, whatever stands there
    return (
        (number, [cell_text(value, files.decimal) for value in row])
        for number, row in enumerate(content.iter_rows(), 1)
    )


def sheet_header(workbook: Any, sheet: str, files: Files) -> list[str | None] | None:
    """The header's cells, without blank ones at its end."""
    cells = next((list(cells) for _, cells in pass_over(sheet_rows(workbook, sheet, files), files)), None)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def read_sheet(
    workbook: Any, sheet: str, files: Files, wanted: Sequence[str], ignored: Sequence[str]
) -> Table:
    """Open a sheet; raises FileRejected for a fault of its structure."""
    return table_of_rows(sheet_rows(workbook, sheet, files), files, wanted, ignored)


def cell_text(value: Any, decimal: str) -> str | None:
    """A cell as text in the spec's own manner, so that the readers know one kind of cell."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
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
    return str(value)
