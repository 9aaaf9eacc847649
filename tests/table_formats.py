"""One table, written in every format of rows: what is read of each must be the same.

Cells are None, text, whole numbers, fractions and moments, of one kind a column.
"""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pyarrow as pa
import pyreadstat
from pyarrow import parquet
from reader_jobs import workbook
from report_files import mail, ods, ods_row

SHEET = "Sheet"
Rows = Sequence[Sequence[Any]]
Write = Callable[[Sequence[str], Rows], bytes]


def as_text(cell: Any) -> str | None:
    """As people and programs write a cell where there is nothing but text."""
    return None if cell is None else str(cell)


def delimited(header: Sequence[str], rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """CSV; nothing is nothing, and an empty text is quoted."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerow(header)
    for row in rows:
        cells = [as_text(cell) for cell in row]
        quoted = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in cells)
        stream.write(delimiter.join(quoted) + "\n")
    return stream.getvalue().encode(encoding)


def xlsx(header: Sequence[str], rows: Rows) -> bytes:
    """A workbook of one sheet."""
    return workbook([header, *rows], SHEET)


def spreadsheet(header: Sequence[str], rows: Rows) -> bytes:
    """ODS; a moment is a date cell."""

    def cell(value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        kind = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        return f"<table:table-cell {kind}><text:p>{value:%d/%m/%Y %H:%M}</text:p></table:table-cell>"

    written = [ods_row(header), *(ods_row([cell(value) for value in row]) for row in rows)]
    return ods({SHEET: "".join(written)})


def json_lines(header: Sequence[str], rows: Rows) -> bytes:
    """An object a row, with null for nothing."""
    records = (dict(zip(header, row, strict=True)) for row in rows)
    lines = (json.dumps(record, ensure_ascii=False, default=str) for record in records)
    return "".join(line + "\n" for line in lines).encode()


def json_array(header: Sequence[str], rows: Rows) -> bytes:
    """An array of objects."""
    return b"[" + b",".join(json_lines(header, rows).splitlines()) + b"]"


def parquet_file(header: Sequence[str], rows: Rows) -> bytes:
    """Typed columns."""
    stream = io.BytesIO()
    columns = [pa.array(column) for column in _columns(header, rows)]
    parquet.write_table(pa.table(columns, names=list(header)), stream)
    return stream.getvalue()


def statistics_file(write: Callable[..., None], suffix: str) -> Write:
    """SPSS or Stata, by pyreadstat; numbers are doubles there, and nothing is a blank in a text variable."""

    def file(header: Sequence[str], rows: Rows) -> bytes:
        frame = pd.DataFrame(
            {
                name: pd.to_datetime(pd.Series(cells))
                if any(isinstance(cell, datetime) for cell in cells)
                else pd.Series(cells, dtype=float)
                if all(cell is None or isinstance(cell, int | float) for cell in cells)
                else pd.Series([cell or "" for cell in cells], dtype=object)
                for name, cells in zip(header, _columns(header, rows), strict=True)
            }
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"file{suffix}"
            write(frame, str(path))
            return path.read_bytes()

    return file


def document(header: Sequence[str], rows: Rows) -> bytes:
    """A table in a Word document."""
    made = docx.Document()
    table = made.add_table(0, len(header))
    for row in (header, *rows):
        for cell, value in zip(table.add_row().cells, row, strict=True):
            cell.text = as_text(value) or ""
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def attached(header: Sequence[str], rows: Rows) -> bytes:
    """CSV in a mail."""
    return mail([("bang.csv", delimited(header, rows))]).as_bytes()


def _columns(header: Sequence[str], rows: Rows) -> list[list[Any]]:
    return [[row[at] for row in rows] for at in range(len(header))]


FORMATS: dict[str, tuple[dict[str, Any], Write, int]] = {
    "csv": ({"format": "csv"}, delimited, 2),
    "tsv in utf-16": (
        {"format": "csv", "delimiter": "\t", "encoding": "utf-16"},
        lambda header, rows: delimited(header, rows, "\t", "utf-16"),
        2,
    ),
    "xlsx": ({"format": "xlsx", "sheet": SHEET}, xlsx, 2),
    "ods": ({"format": "ods", "sheet": SHEET}, spreadsheet, 2),
    "docx": ({"format": "docx"}, document, 2),
    "eml": ({"format": "eml", "attachment": {"pattern": "*.csv", "format": "csv"}}, attached, 2),
    "jsonl": ({"format": "jsonl"}, json_lines, 1),
    "json": ({"format": "json"}, json_array, 1),
    "parquet": ({"format": "parquet"}, parquet_file, 1),
    "sav": ({"format": "sav"}, statistics_file(pyreadstat.write_sav, ".sav"), 1),
    "dta": ({"format": "dta"}, statistics_file(pyreadstat.write_dta, ".dta"), 1),
}
"""The spec's `files` · how it is written · the number of the first row."""
