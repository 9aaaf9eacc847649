"""Rows that are no records by the spec's own rule (previews, tests, spam): left out, and counted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from opinion_warehouse.readers.cells.values import any_of
from opinion_warehouse.readers.output import Output
from opinion_warehouse.readers.problems import Reason
from opinion_warehouse.readers.tables.table import Batch, Table
from opinion_warehouse.sources import RowFilter


def filtered(table: Table, rule: RowFilter, output: Output) -> Table:
    """The table without the rows the rule leaves out.

    They go to quarantine in the pass that reads all columns (`batches(None)`, which every reader makes once).
    """
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

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        needed = list(dict.fromkeys([*columns, rule.column])) if columns else None
        for batch in table.batches(needed):
            cells, rows = batch.frame.get_column(rule.column).fill_null(""), batch.row_numbers
            stays = any_of(cells, rule.keep)
            if stays.all():
                yield batch
                continue
            if columns is None:
                declared = any_of(cells, rule.leave_out)
                gone = (~stays).arg_true().to_list()
                output.quarantine([(rows[at], [left_out if declared[at] else unknown]) for at in gone])
            kept = stays.arg_true().to_list()
            if kept:
                yield Batch([rows[at] for at in kept], batch.frame.filter(stays))

    return replace(table, batches=batches)
