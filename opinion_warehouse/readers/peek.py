"""One row of a file as an operator may see it: columns the spec reads, without what is personal in them.

It is read and redacted in the child, as a parse is: what was not redacted never leaves it.
"""

import re
from typing import Any

from opinion_warehouse.readers.privacy.personal import personal_kind
from opinion_warehouse.readers.privacy.redact import redact
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.table import Table
from opinion_warehouse.sources import Source

MAX_SHOWN = 300
Cells = dict[str, str | None]


def peek(source: Source, tables: list[Table], row_number: int) -> dict[str, Any]:
    """`rows`: the row in each table that has it (a report's follow-up counts its own); `misshapen`: no cells.

    A cell is None for nothing; "" was written as an empty string.
    """
    found = [_find(table, row_number) for table in tables]
    ids = id_columns(source)
    rows = [{name: _shown(name, cell, ids) for name, cell in row.items()} for row in found if row is not None]
    misshapen = any(number == row_number for table in tables for number, _ in table.bad_rows)
    return {"rows": rows, "misshapen": misshapen and not rows}


def id_columns(source: Source) -> set[str]:
    """Columns of ids: whose row it is, in the source's own words."""
    if source.survey:
        return {source.survey.respondent_id or ""} - {""}
    return set(source.social.columns.item_id or ()) if source.social else set()


def shape(text: str) -> str:
    """What an id looks like and not what it is: 9 for a digit, a and A for letters.

    >>> shape("R-0412b")
    'A-9999a'
    """
    text = re.sub(r"\d", "9", text)
    return "".join(("A" if char.isupper() else "a") if char.isalpha() else char for char in text)


def _find(table: Table, row_number: int) -> Cells | None:
    row: Cells | None = None
    for batch in table.batches(None):  # to the end: only then is it known which rows have no shape
        if row_number in batch.row_numbers:
            at = batch.row_numbers.index(row_number)
            row = {name: batch.frame.get_column(name)[at] for name in batch.frame.columns}
    return row


def _shown(column: str, cell: str | None, ids: set[str]) -> str | None:
    if not cell:
        return cell
    kind = personal_kind(column)
    if column in ids:
        kind = "id"
    if kind:
        return f"[{kind.replace('_', ' ')}: {shape(cell)[:40]}]"
    text = redact(cell).text
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def refused(rejected: FileRejected) -> dict[str, Any]:
    """What there is to say of a row of a file that cannot be read at all."""
    return {"rows": [], "misshapen": False, "rejected": rejected.reason}
