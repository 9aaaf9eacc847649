"""A table as the readers see it: batches of text columns, with each row's number in the file."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opinion_warehouse.readers.problems import FileRejected, Reason, safe_heading
from opinion_warehouse.readers.text import clean, clean_column, fold
from opinion_warehouse.sources import Files

if TYPE_CHECKING:
    import polars as pl

MAX_CELL = 65_536
MAX_COLUMNS = 5_000
BATCH_ROWS = 5_000
_TOTALS = frozenset({"tổng cộng", "tổng số", "tổng", "cộng", "total", "grand total"})
_LONGEST_TOTAL = 24  # characters, spaces and a colon behind it too
Column = list[str | None]
BadRow = tuple[int, list[Reason]]


@dataclass
class Batch:
    """Some rows, all columns text. A cell is null for nothing, "" for an empty string that was written."""

    row_numbers: list[int]
    frame: "pl.DataFrame"
    _lists: dict[str | None, Column] = field(default_factory=dict)

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

    `bad_rows` is complete once `batches` was read to its end.
    """

    batches: Callable[[Sequence[str] | None], Iterator[Batch]]
    bad_rows: list[BadRow] = field(default_factory=list)


def table_of_rows(
    rows: Iterable[tuple[int, Sequence[str | None]]],
    files: Files,
    wanted: Sequence[str],
    ignored: Sequence[str],
) -> Table:
    """A table of a small file that is read row by row; `rows`: row number in the file → its cells as text.

    Rows before `files.header_row` are passed over, and so are blank rows and totals. Trailing cells may be
    left out, and nothing may stand beyond the last heading.
    """
    header: list[str] | None = None
    width = 0
    numbers: list[int] = []
    kept: list[Sequence[str | None]] = []
    bad_rows: list[BadRow] = []
    for number, values in rows:
        if number < files.header_row:
            continue
        cells = [clean(cell) or None if cell else None for cell in values]
        if header is None:
            while cells and not cells[-1]:
                cells.pop()
            header = match_header(cells, wanted, ignored)
            width = len(header)
            continue
        if not any(cells) or is_total(cells, header, wanted):
            continue
        if reason := _misfit(cells, width):
            bad_rows.append((number, [reason]))
            continue
        numbers.append(number)
        kept.append(cells[:width] + [None] * (width - len(cells)))
    if header is None:
        raise FileRejected("empty", f"the table ends before its header row ({files.header_row})")
    positions = {name: position for position, name in enumerate(header)}

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        import polars as pl

        for start in range(0, len(kept), BATCH_ROWS):
            part = kept[start : start + BATCH_ROWS]
            cells = {name: [row[positions[name]] for row in part] for name in columns or wanted}
            schema = dict.fromkeys(cells, pl.String)
            yield Batch(numbers[start : start + BATCH_ROWS], pl.DataFrame(cells, schema))

    return Table(batches, bad_rows)


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

    return Table(batches)


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


def match_header(found: Sequence[str | None], wanted: Sequence[str], ignored: Sequence[str]) -> list[str]:
    """The file's headings in the spec's spelling, or FileRejected with what differs."""
    if len(found) > MAX_COLUMNS:
        raise FileRejected("too_many_columns", f"the header has more than {MAX_COLUMNS} columns")
    spelling = {clean(name): name for name in [*wanted, *ignored]}
    names = [clean(name or "") for name in found]
    absent = [name for name in wanted if clean(name) not in names]
    if wanted and len(absent) == len(wanted):
        detail = "none of the spec's columns stands in the header row; check delimiter, sheet and header_row"
        raise FileRejected("no_header", detail)
    blank = [number for number, name in enumerate(names, 1) if not name]
    if blank:
        raise FileRejected("blank_header", f"column {blank[0]} has no heading")
    twice = [number for number, name in enumerate(names, 1) if name in names[: number - 1]]
    if twice:
        shown = safe_heading(names[twice[0] - 1], twice[0])
        raise FileRejected("duplicate_header", f"the heading {shown} stands twice", shown)
    extra = [safe_heading(name, number) for number, name in enumerate(names, 1) if name not in spelling]
    difference = "; ".join(
        f"{what}: {', '.join(columns[:20])}" + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
        for what, columns in (("not in the spec", extra), ("not in the file", absent))
        if columns
    )
    if extra:
        raise FileRejected("unknown_column", f"{difference}. Map it or add it to ignore_columns", extra[0])
    if absent:
        raise FileRejected("missing_column", difference, absent[0])
    return [spelling[name] for name in names]


def is_total(cells: Sequence[str | None], header: Sequence[str], wanted: Sequence[str]) -> bool:
    """A totals row: its first word says so, and the first column that is read holds nothing else."""
    first = next((cell for cell in cells if cell), None)
    if not first or fold(first).rstrip(" :") not in _TOTALS:
        return False
    position = header.index(wanted[0])
    key = cells[position] if position < len(cells) else None
    return not key or key == first


def blank_or_total(frame: "pl.DataFrame", header: Sequence[str], key: str) -> "pl.DataFrame":
    """The rows of a frame with nothing in them, and the totals rows (as `is_total` has it).

    LimeSurvey leaves an empty line at the end, spreadsheets leave rows of delimiters. `key` is the first
    column that is read; rows that have an id there are none of these, and are looked at no further.
    """
    import polars as pl

    own = pl.col(key).str.strip_chars()
    is_blank = own.fill_null("") == ""
    doubtful = frame.filter(is_blank | ((own.str.len_chars() <= _LONGEST_TOTAL) & ~own.str.contains(r"\d")))
    if not doubtful.height:
        return doubtful
    first = pl.coalesce(pl.when(pl.col(name).str.strip_chars() != "").then(pl.col(name)) for name in header)
    words = doubtful.select(first.unique().alias(key)).get_column(key).to_list()
    totals = [word for word in words if word and fold(word).rstrip(" :") in _TOTALS]
    return doubtful.filter(first.is_null() | (first.is_in(totals) & (is_blank | (pl.col(key) == first))))
