"""Where the row of column names stands."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Files

SEARCHED = 100
"""Rows among which `files.header_has` is looked for."""
_HEAD = 4_000_000
Row = tuple[int, Sequence[str | None]]


def find_header(rows: Iterable[Row], headings: Sequence[str]) -> int:
    """The number of the first row in which all the headings stand; FileRejected for none or for two kinds.

    `rows`: row number → its cells. The same header once more further down is no doubt: it is a bad row there.
    """
    found: dict[tuple[str | None, ...], int] = {}
    for number, cells in rows:
        if _has_all(cells, headings):
            found.setdefault(tuple(cells), number)
    if len(found) == 1:
        return next(iter(found.values()))
    how = (
        f"{len(found)} different rows of the first {SEARCHED} have"
        if found
        else f"no row of the first {SEARCHED} has"
    )
    raise FileRejected("no_header", f"{how} all of files.header_has: {', '.join(headings)}")


def pass_over(rows: Iterable[Row], files: Files) -> Iterator[Row]:
    """A sheet's rows from its header on; of one without a header, all."""
    if files.column_names:
        return iter(rows)
    first = files.header_row
    if files.header_has:
        rows = iter(rows)
        head = list(islice(rows, SEARCHED))
        first = find_header(head, files.header_has)
        rows = chain(head, rows)
    return (row for row in rows if row[0] >= first)


def lines_before_header(path: Path, encoding: str, files: Files) -> int:
    """Lines of a CSV file to pass over so that its first record is the header `files.header_has` finds.

    What stands before a header is no CSV, so each line is tried as a record's beginning. Without
    `header_has`, 0, and of a file that is no text. Raises UnicodeError, and FileRejected for a header that
    is not there.
    """
    head = _head(path, encoding) if files.header_has else []
    if not head or any("\0" in line for line in head):
        return 0
    return find_header(_records_by_line(head, files), files.header_has) - 1


def header_record(path: Path, encoding: str, files: Files) -> Sequence[str] | None:
    """The cells of a CSV file's header; None where the strict reader has to say what is wrong."""
    try:
        lines = _head(path, encoding)[lines_before_header(path, encoding, files) :]
        if any("\0" in line for line in lines):
            return None
        place = 0 if files.header_has else files.header_row - 1
        return next(islice(records(lines, files), place, None), None)
    except (UnicodeError, csv.Error):
        return None


def _head(path: Path, encoding: str) -> list[str]:
    with path.open(encoding=encoding, newline="") as stream:
        return list(io.StringIO(stream.read(_HEAD), newline=""))


def records(lines: Iterable[str], files: Files) -> Any:
    """The records of lines, strictly as CSV has them (a `csv.reader`)."""
    if files.quoting == "none":
        return csv.reader(lines, delimiter=files.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=files.delimiter, strict=True)


def _records_by_line(lines: Sequence[str], files: Files) -> Iterator[Row]:
    """The record that begins in each line, where one does; numbered by line, from 1."""
    at = 0
    while at < min(SEARCHED, len(lines)):
        reader = records(lines[at:], files)
        try:
            record = next(reader)
        except (csv.Error, StopIteration):
            at += 1
            continue
        yield at + 1, record
        at += reader.line_num if _has_all(record, files.header_has) else 1


def _has_all(cells: Sequence[str | None], headings: Sequence[str]) -> bool:
    return {clean(heading) for heading in headings} <= {clean(cell or "") for cell in cells}
