"""A table as the readers see it: batches of text columns, with each row's number in the file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from opinion_warehouse.readers.problems import FileRejected, Reason, safe_heading
from opinion_warehouse.readers.text import clean, fold

MAX_CELL = 65_536
MAX_COLUMNS = 5_000
BATCH_ROWS = 5_000
_TOTALS = frozenset({"tổng cộng", "tổng số", "tổng", "cộng", "total", "grand total"})
Column = list[str | None]
BadRow = tuple[int, list[Reason]]


@dataclass
class Batch:
    """Some rows. A cell is None for nothing, "" for an empty string that was written."""

    row_numbers: list[int]
    columns: dict[str, Column]

    def column(self, name: str | None) -> Column:
        """The cells of a column; of one the source does not have, nothing."""
        return self.columns[name] if name else [None] * len(self.row_numbers)


@dataclass
class Table:
    """A table that can be read again and again, and the rows that do not even have its shape."""

    batches: Callable[[Sequence[str] | None], Iterator[Batch]]
    bad_rows: list[BadRow] = field(default_factory=list)


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
