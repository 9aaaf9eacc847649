"""Sound tables of a social export, a survey and a report, and cases made of them by a change.

Each table has so many rows that one bad row is no 2 %; each plants the made-up person in what is not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import reader_jobs
import report_files
import table_formats
from reader_jobs import survey
from table_formats import FORMATS

from opinion_warehouse.sample.canaries import NAME, PHONE, QUERY_STRING, SENTENCE

COUNT = 60
Table = list[list[Any]]
"""Rows of cells, the header first."""


@dataclass(frozen=True)
class Case:
    """A file of a source, and what must come of it.

    `refused`: the file's reason code; else `bad` are its bad rows with their codes, and `good` its good ones.
    `sound`: the bytes of a file that must land as the very same rows.
    """

    source: dict[str, Any]
    data: bytes
    refused: str | None = None
    bad: dict[int, list[str]] = field(default_factory=dict)
    good: int = COUNT
    sound: bytes | None = None
    name: str = "file"
    is_native: bool = False
    """Kills its process, so that it is read by the server's children alone."""


def social_table() -> Table:
    """Items; author, link and text hold the person."""
    header = ["id", "at", "mood", "likes", "url", "words", "author"]
    link, text = f"https://vidu.example/x{QUERY_STRING}", f"giá điện tăng. {SENTENCE}"
    author = f"{NAME} {PHONE}"
    return [
        header,
        *(
            [f"i{n}", f"2026-06-{1 + n % 28:02}T10:00:{n:02}Z", "Tốt", "5", link, text, author]
            for n in range(COUNT)
        ),
    ]


def survey_table() -> Table:
    """Interviews; the ignored column holds the person."""
    header = ["id", "done", "w", "sex", "age", "q1", "m1", "m2", "n", "phone"]
    return [
        header,
        *(
            [f"r{n:03}", "2026", 1.5, 1 + n % 2, 18 + n, 1 + n % 2, "Y", "N", n % 10, PHONE]
            for n in range(COUNT)
        ),
    ]


def report_table() -> Table:
    """Opinion streams in the structured template; text, recommendation and author hold the person."""
    cells = report_files.row(noi_dung=SENTENCE, kien_nghi=SENTENCE)
    return [
        ["STT", *report_files.HEADER, "nguoi_lap"],
        *([str(n + 1), *cells, NAME] for n in range(COUNT)),
    ]


def social(form: str = "csv", **files: Any) -> dict[str, Any]:
    """The social source's values, for a format."""
    return reader_jobs.social(files=FORMATS[form][0] | files)


def polled(form: str = "csv", section: dict[str, Any] | None = None, **files: Any) -> dict[str, Any]:
    """The survey's values, for a format."""
    return survey(files=FORMATS[form][0] | files, section=section or {}, ignore_columns=["phone"])


def reported(form: str = "xlsx", **files: Any) -> dict[str, Any]:
    """The report source's values, for a format."""
    return reader_jobs.report(files=FORMATS[form][0] | files)


def written(table: Table, form: str = "csv") -> bytes:
    """A table in a format."""
    return FORMATS[form][1](table[0], table[1:])


def with_cells(table: Table, row: int = 3, **cells: Any) -> Table:
    """The table with other cells in a row (the header is 0)."""
    changed = [list(each) for each in table]
    for name, cell in cells.items():
        changed[row][table[0].index(name)] = cell
    return changed


def without(table: Table, name: str) -> Table:
    """The table without a column."""
    at = table[0].index(name)
    return [row[:at] + row[at + 1 :] for row in table]


def beside(table: Table, name: str, cell: Any = "x") -> Table:
    """The table with a column more."""
    return [[*row, cell if number else name] for number, row in enumerate(table)]


def csv_text(table: Table | None = None) -> str:
    """The social table, or another, as CSV text."""
    return table_formats.delimited((table or social_table())[0], (table or social_table())[1:]).decode()


def in_text(change: Callable[[str], str]) -> bytes:
    """The social table as CSV, its text changed."""
    text = csv_text()
    changed = change(text)
    assert changed != text
    return changed.encode()
