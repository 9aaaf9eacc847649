"""A column of cells → values: each distinct cell is read once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from opinion_warehouse.readers.problems import BadCell, RowCheck

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
MAX_KNOWN = 50_000
"""Distinct cells remembered from batch to batch."""


@dataclass
class Cells:
    """A column of a batch, the numbers of its rows, and where its problems are noted under its heading."""

    cells: "pl.Series"
    rows: list[int]
    heading: str
    check: RowCheck

    def at(self, positions: "pl.Series") -> "Cells":
        """Some of its rows."""
        return Cells(
            self.cells.gather(positions), [self.rows[at] for at in positions], self.heading, self.check
        )

    def note(self, is_bad: "pl.Series", problem: Callable[[str | None], BadCell]) -> None:
        """Rows with a bad cell, and what is wrong with it."""
        for at in is_bad.arg_true():
            self.check.add(self.rows[at], self.heading, problem(self.cells[at]))


class CellReader(Generic[T]):
    """Reads the cells of a column by a function of one cell, and remembers what came of each.

    `instead` is the value of a cell that cannot be read; its row goes to quarantine.
    """

    def __init__(self, read: Callable[[str | None], T], instead: T) -> None:
        self._read = read
        self._instead = instead
        self._known: dict[str | None, T | BadCell] = {}

    def look_up(self, column: Cells) -> "tuple[list[T], pl.Series]":
        """The distinct values, and which of them each row has."""
        import polars as pl

        cells = column.cells
        distinct = cells.unique()
        if len(self._known) > MAX_KNOWN:
            self._known.clear()
        values: list[T] = []
        bad: dict[str | None, BadCell] = {}
        for cell in distinct.to_list():
            if cell not in self._known:
                try:
                    self._known[cell] = self._read(cell)
                except BadCell as problem:
                    self._known[cell] = problem
            value = self._known[cell]
            if isinstance(value, BadCell):
                bad[cell] = value
                value = self._instead
            values.append(value)
        if bad:
            is_bad = cells.is_in(pl.Series(list(bad), dtype=pl.String).implode(), nulls_equal=True)
            column.note(is_bad, bad.__getitem__)
        if len(values) == 1:
            return values, constant(0, pl.UInt32, cells.len())
        which = pl.int_range(distinct.len(), dtype=pl.UInt32, eager=True)
        return values, cells.replace_strict(distinct, which, return_dtype=pl.UInt32)

    def values(self, column: Cells, dtype: "pl.DataType | type[pl.DataType]") -> "pl.Series":
        """The column's values as a series of one type."""
        import polars as pl

        values, which = self.look_up(column)
        return pl.Series(values, dtype=dtype).gather(which)


def constant(value: Any, dtype: "pl.DataType | type[pl.DataType]", count: int) -> "pl.Series":
    """A column of one value."""
    import polars as pl

    return pl.Series([value], dtype=dtype).new_from_index(0, count)


def required(read: Callable[[str], T]) -> Callable[[str | None], T]:
    """Nothing is missing."""

    def of_cell(cell: str | None) -> T:
        if not cell:
            raise BadCell("missing_value", "expected a value")
        return read(cell)

    return of_cell


def optional(read: Callable[[str], T]) -> Callable[[str | None], T | None]:
    """Nothing is nothing."""
    return lambda cell: read(cell) if cell else None
