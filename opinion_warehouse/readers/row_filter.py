"""Rows that are no records by the spec's own rule (previews, tests, spam): left out, and counted."""

from collections.abc import Iterator, Sequence

from opinion_warehouse.readers.output import Output
from opinion_warehouse.readers.problems import Reason
from opinion_warehouse.readers.table import BadRow, Batch, Table
from opinion_warehouse.readers.values import plain_code, text_of
from opinion_warehouse.sources import RowFilter


def filtered(table: Table, rule: RowFilter, output: Output) -> Table:
    """The table without the rows the rule leaves out.

    They go to quarantine in the pass that reads all columns (`batches(None)`, which every reader makes once).
    """
    keep, leave_out = set(rule.keep), set(rule.leave_out)
    left_out: Reason = {
        "code": "left_out",
        "column": rule.column,
        "detail": "the spec leaves out rows with such a cell",
    }
    unknown: Reason = {
        "code": "unknown_code",
        "column": rule.column,
        "detail": "expected a cell that files.rows keeps or leaves out",
    }

    def judge(cell: str | None) -> Reason | None:
        text = text_of(cell) or ""
        cells = {text, plain_code(text)}
        return None if cells & keep else left_out if cells & leave_out else unknown

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        for batch in table.batches([*columns, rule.column] if columns else None):
            reasons = [judge(cell) for cell in batch.column(rule.column)]
            if columns is None:
                bad: list[BadRow] = [
                    (row, [reason]) for row, reason in zip(batch.row_numbers, reasons, strict=True) if reason
                ]
                output.quarantine(bad)
            stay = [at for at, reason in enumerate(reasons) if reason is None]
            if stay:
                yield Batch([batch.row_numbers[at] for at in stay], batch.frame[stay])

    return Table(batches, table.bad_rows)
