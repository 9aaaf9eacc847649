"""A table as the readers see it: batches of text columns, with each row's number in the file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opinion_warehouse.readers.problems import BadRow, FileRejected, Reason
from opinion_warehouse.readers.tables.columns import match_header
from opinion_warehouse.readers.tables.header import pass_over
from opinion_warehouse.readers.tables.labels import Labels
from opinion_warehouse.readers.tables.layout import LAYOUTS, HeaderRow
from opinion_warehouse.readers.text import clean, clean_column, fold
from opinion_warehouse.sources import Files

if TYPE_CHECKING:
    import polars as pl

MAX_CELL = 65_536
BATCH_ROWS = 20_000
_TOTALS = frozenset({"tổng cộng", "tổng số", "tổng", "cộng", "total", "grand total"})
_LONGEST_TOTAL = 24  # characters, spaces and a colon behind it too
Column = list[str | None]


@dataclass
class Batch:
    """Some rows, all columns text. A cell is null for nothing, "" for an empty string that was written."""

    row_numbers: list[int]
    frame: "pl.DataFrame"
    _lists: dict[str | None, Column] = field(default_factory=dict)

    def columns(self, names: Sequence[str]) -> "list[pl.Series]":
        """Several columns."""
        return [self.frame.get_column(name) for name in names]

    def column(self, name: str | None) -> Column:
        """The cells of a column; of one the source does not have, nothing."""
        if name not in self._lists:
            count = len(self.row_numbers)
            self._lists[name] = self.frame.get_column(name).to_list() if name else [None] * count
        return self._lists[name]


Frames = Callable[[Sequence[str]], Iterator["pl.DataFrame"]]
"""Column names → these columns, as text, in frames of any height."""


@dataclass
class Table:
    """A table that can be read again and again, and the rows that do not even have its shape.

    `batches(None)` gives the columns the spec wants; `bad_rows` is complete once it was read to its end.
    `batches(columns)` is a glance ahead at some: rows that are none may still be among them.
    """

    batches: Callable[[Sequence[str] | None], Iterator[Batch]]
    bad_rows: list[BadRow] = field(default_factory=list)
    labels: Labels = field(default_factory=Labels)
    header: list[str] = field(default_factory=list)
    """Every column, of a format that names its columns itself."""


class Marks:
    """What a format knows of cells beside their text. Rows are numbered as the table's, columns from 0."""

    def __init__(self) -> None:
        self.bad: dict[int, dict[int, str]] = {}
        self.merged: dict[int, list[tuple[int, int]]] = {}

    def add(self, row: int, column: int, code: str) -> None:
        """A cell that cannot be read as it stands, with its reason code."""
        self.bad.setdefault(row, {}).setdefault(column, code)

    def merge(self, row: int, last: int, column: int) -> None:
        """A cell merged over the rows down to `last`."""
        if last > row:
            self.merged.setdefault(row, []).append((column, last))


MARKED = {
    "error_cell": "the cell holds a formula's error",
    "formula_without_value": "the cell holds a formula whose value was not saved",
    "tracked_change": "the cell holds a change that is neither accepted nor rejected",
    "hidden_text": "the cell holds hidden text, or its row is hidden",
    "struck_text": "the cell holds text that is struck through",
    "raised_text": "the cell holds raised or lowered digits, or a formula, that run into a number",
    "text_box": "the cell holds a text box, which is no part of its text",
    "nested_table": "the cell holds another table",
    "split_cell": "the cell is split where its heading is not",
    "merged_across": "the cell is merged over several headings",
}
"""Reason code of a marked cell → what it says."""


def table_of_rows(
    rows: Iterable[tuple[int, Sequence[str | None]]],
    files: Files,
    wanted: Sequence[str],
    ignored: Sequence[str],
    marks: Marks | None = None,
    once: Sequence[str] = (),
    *,
    drop_totals: bool = False,
) -> Table:
    """A table of a small file that is read row by row; `rows`: row number in the file → its cells as text.

    What stands before the header is passed over, and so are blank rows and, of reports, totals: an answer
    may be called "Total". Trailing cells may be left out, and nothing may stand beyond the last heading. A
    cell merged over rows stands in each of them, but in the columns `once`, whose cells are counted, in the
    first alone.
    """
    layout = LAYOUTS[files.layout]
    marks = marks or Marks()
    repeated = _Repeated(marks)
    header: list[str] | None = list(files.column_names) or None
    header_rows: list[HeaderRow] = []
    width = len(files.column_names)
    numbers: list[int] = []
    kept: list[Sequence[str | None]] = []
    bad_rows: list[BadRow] = []
    for number, values in pass_over(rows, files):
        cells = [clean(cell) or None if cell else None for cell in values]
        if header is None:
            header_rows.append(cells)
            if len(header_rows) == layout.header_rows:
                headings = layout.headings(header_rows)
                while headings and not headings[-1]:
                    headings.pop()
                header = match_header(headings, wanted, ignored)
                width = len(header)
                repeated.columns = {at for at, name in enumerate(header) if name not in once}
            continue
        marked = _marked(marks.bad.get(number), header, wanted)
        fill = repeated.at(number, cells)
        if cells in header_rows:
            detail = "the header stands here again"
            bad_rows.append((number, [{"code": "duplicate_header_row", "column": None, "detail": detail}]))
            continue
        if not (any(cells) or marked) or (drop_totals and _is_total(cells, header, wanted)):
            continue
        if marked:
            bad_rows.append((number, marked))
            continue
        cells += [None] * (width - len(cells))
        for column, text in fill.items():
            cells[column] = cells[column] or text
        if reason := _misfit(cells, width):
            bad_rows.append((number, [reason]))
            continue
        numbers.append(number)
        kept.append(cells[:width])
    if header is None:
        raise FileRejected("empty", f"the table ends before its header row ({files.header_row})")
    return table_of_cells(numbers, kept, header, wanted, bad_rows)


def table_of_cells(
    numbers: Sequence[int],
    rows: Sequence[Sequence[str | None]],
    header: Sequence[str],
    wanted: Sequence[str],
    bad_rows: list[BadRow],
) -> Table:
    """A table of rows that are all at hand, each as wide as the header."""
    positions = {name: position for position, name in enumerate(header)}

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        import polars as pl

        for start in range(0, len(rows), BATCH_ROWS):
            part = rows[start : start + BATCH_ROWS]
            cells = {name: [row[positions[name]] for row in part] for name in columns or wanted}
            schema = dict.fromkeys(cells, pl.String)
            yield Batch(list(numbers[start : start + BATCH_ROWS]), pl.DataFrame(cells, schema))

    return Table(batches, bad_rows)


class _Repeated:
    """The cells merged over several rows, row by row."""

    def __init__(self, marks: Marks) -> None:
        self.columns: set[int] = set()
        self._merged = marks.merged
        self._open: dict[int, tuple[int, str | None]] = {}

    def at(self, row: int, cells: Sequence[str | None]) -> dict[int, str | None]:
        """Column → the text that stands there from a row above; takes note of what begins in this row."""
        self._open = {column: each for column, each in self._open.items() if each[0] >= row}
        fill = {column: text for column, (_, text) in self._open.items()}
        for column, last in self._merged.get(row, ()):
            if column in self.columns and column < len(cells):
                self._open[column] = (last, cells[column])
        return fill


def _marked(columns: dict[int, str] | None, header: Sequence[str], wanted: Sequence[str]) -> list[Reason]:
    """The reasons of a row's marked cells, of those that are read."""
    return [
        {"code": code, "column": header[column], "detail": MARKED[code]}
        for column, code in sorted((columns or {}).items())
        if column < len(header) and header[column] in wanted
    ]


def table_of_frames(
    names: Sequence[str], frames: Frames, wanted: Sequence[str], ignored: Sequence[str]
) -> Table:
    """A table of a format that names and parts its columns itself; rows are its records, from 1."""
    header = match_header(names, wanted, ignored)
    own_names = dict(zip(header, names, strict=True))

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        chosen = list(columns or wanted)
        done = 0
        for frame in frames([own_names[name] for name in chosen]):
            for part in frame.iter_slices(BATCH_ROWS):
                part.columns = chosen
                yield Batch(list(range(done + 1, done + 1 + part.height)), clean_frame(part))
                done += part.height

    return Table(batches, header=header)


def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The batches, of which the next is read by another thread while one is looked at."""
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = reader.submit(next, batches, None)
            yield batch


def clean_frame(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Every cell as `text.clean` has it."""
    return frame.select(clean_column(column) for column in frame.get_columns())


def _misfit(cells: Sequence[str | None], width: int) -> Reason | None:
    if any(cells[width:]):
        return {"code": "row_too_long", "column": None, "detail": "cells beyond the last heading"}
    if any(cell and len(cell) > MAX_CELL for cell in cells):
        detail = f"a cell of more than {MAX_CELL} characters"
        return {"code": "cell_too_large", "column": None, "detail": detail}
    return None


def _is_total(cells: Sequence[str | None], header: Sequence[str], wanted: Sequence[str]) -> bool:
    """A totals row: its first word says so, and the first column that is read holds nothing else."""
    first = next((cell for cell in cells if cell), None)
    if not first or fold(first).rstrip(" :") not in _TOTALS:
        return False
    position = header.index(wanted[0])
    key = cells[position] if position < len(cells) else None
    return not key or key == first


def no_rows(frame: "pl.DataFrame", header: Sequence[str], key: str, drop_totals: bool) -> "pl.DataFrame":
    """The rows of a frame with nothing in them and, where they are dropped, totals (as `_is_total` has it).

    LimeSurvey leaves an empty line at the end, spreadsheets leave rows of delimiters. `key` is the first
    column that is read; rows that have an id there are none of these, and are looked at no further.
    """
    import polars as pl

    own = pl.col(key).str.strip_chars()
    is_blank = own.fill_null("") == ""
    is_word = (own.str.len_chars() <= _LONGEST_TOTAL) & ~own.str.contains(r"\d")
    doubtful = frame.filter(is_blank | is_word if drop_totals else is_blank)
    if not doubtful.height:
        return doubtful
    first = pl.coalesce(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in header)
    if not drop_totals:
        return doubtful.filter(first.is_null())
    words = doubtful.select(first.unique().alias(key)).get_column(key).to_list()
    totals = [word for word in words if word and fold(word).rstrip(" :") in _TOTALS]
    return doubtful.filter(first.is_null() | (first.is_in(totals) & (is_blank | (pl.col(key) == first))))
