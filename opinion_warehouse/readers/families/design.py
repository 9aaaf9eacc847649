"""A respondent's place in the sample: weight, stratum, primary and secondary unit, population sizes."""

from typing import TYPE_CHECKING

from opinion_warehouse.readers.cells.column import CellReader, Cells, constant
from opinion_warehouse.readers.cells.values import number, plain_code, text_of
from opinion_warehouse.readers.problems import BadCell, RowCheck
from opinion_warehouse.readers.tables.table import Batch
from opinion_warehouse.sources import Design

if TYPE_CHECKING:
    import polars as pl

MAX_CODE = 64
MIN_SIZE, MAX_SIZE = 1e-12, 1e12
"""Of weights and populations: far beyond any that is meant, and squares of their sums stay in range."""


class DesignReader:
    """Reads what a spec's `design` names; a column it does not name is null."""

    def __init__(self, design: Design, decimal: str) -> None:
        self._design = design
        self._decimal = decimal
        self._read_weight = CellReader(self._weight, None)
        self._read_size = CellReader(self._size, None)
        self._read_code = CellReader(_code, None)

    def columns(self, batch: Batch, complete: "pl.Series", check: RowCheck) -> "dict[str, pl.Series]":
        """Columns of `survey_response`; problems of complete interviews are noted in `check`."""
        import polars as pl

        design = self._design
        columns: dict[str, pl.Series] = {}
        for name, column, reader, dtype in (
            ("weight", design.weight, self._read_weight, pl.Float64),
            ("stratum_code", design.stratum, self._read_code, pl.String),
            ("psu_code", design.psu, self._read_code, pl.String),
            ("ssu_code", design.ssu, self._read_code, pl.String),
            ("stratum_psu_total", design.stratum_psu_total, self._read_size, pl.Float64),
            ("psu_size", design.psu_size, self._read_size, pl.Float64),
        ):
            if column is None:
                columns[name] = constant(None, dtype, len(batch.row_numbers))
                continue
            found = RowCheck()
            cells = Cells(batch.frame.get_column(column), batch.row_numbers, column, found)
            columns[name] = reader.values(cells, dtype)
            if found.reasons:  # who broke off has no weight yet, and counts nowhere
                done = {row for row, is_done in zip(batch.row_numbers, complete, strict=True) if is_done}
                check.take(found, done)
        return columns

    def _size(self, cell: str | None) -> float:
        value = number(text_of(cell) or "", self._decimal)
        if not MIN_SIZE <= value <= MAX_SIZE:
            raise BadCell("out_of_range", f"expected a number from {MIN_SIZE:g} to {MAX_SIZE:g}")
        return value

    def _weight(self, cell: str | None) -> float:
        try:
            return self._size(cell)
        except BadCell:
            limits = f"from {MIN_SIZE:g} to {MAX_SIZE:g}, with the decimal mark {self._decimal}"
            raise BadCell("bad_weight", f"expected a number {limits}") from None


def _code(cell: str | None) -> str:
    value = text_of(cell)
    if value is None:
        raise BadCell("missing_value", "expected the respondent's place in the design")
    if len(value) > MAX_CODE:
        raise BadCell("code_too_long", f"expected a code of at most {MAX_CODE} characters")
    return plain_code(value)
