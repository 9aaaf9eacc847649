"""The analysis step's tables: what is out of date in them, reading what it needs, and replacing it whole.

Rows come and go as CSV through COPY and Polars; both write a float in its shortest exact form.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
from polars import selectors
from psycopg import sql

if TYPE_CHECKING:
    from psycopg import Connection

_BLOCK = 100_000


def digest(*parts: str) -> str:
    """Of all a result depends on: equal, it is not computed again."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def outdated(connection: "Connection[Any]", table: str, column: str, wanted: Mapping[str, str]) -> list[str]:
    """Keys of `column` to be analysed again; results of keys that are no longer analysed go."""
    results, key = sql.Identifier("analysis", table), sql.Identifier(column)
    connection.execute(sql.SQL("delete from {} where {} <> all(%s)").format(results, key), (list(wanted),))
    known = sql.SQL("select {key}, max(input_digest) from {} group by {key}").format(results, key=key)
    done = dict(connection.execute(known).fetchall())
    return [name for name, value in wanted.items() if done.get(name) != value]


def read(
    connection: "Connection[Any]", query: str, parameters: Sequence[Any], schema: Mapping[str, Any]
) -> pl.DataFrame:
    """A query's rows; `schema` gives its columns' names and types, in order."""
    with connection.cursor().copy(f"copy ({query}) to stdout (format csv)".encode(), parameters) as copy:
        rows = b"".join(copy)
    if not rows:  # which Polars takes for a fault
        return pl.DataFrame(schema=schema)
    return pl.read_csv(io.BytesIO(rows), has_header=False, schema=schema)


def replace(connection: "Connection[Any]", table: str, column: str, key: str, rows: pl.DataFrame) -> int:
    """Replace a key's results in one transaction, so that a killed run leaves whole results only.

    The frame's columns are the table's; NaN has no place in a table.
    """
    results = sql.Identifier("analysis", table)
    rows = rows.with_columns(selectors.float().fill_nan(None))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("delete from {} where {} = %s").format(results, sql.Identifier(column)), (key,)
        )
        names = sql.SQL(", ").join(map(sql.Identifier, rows.columns))
        with cursor.copy(sql.SQL("copy {} ({}) from stdin (format csv)").format(results, names)) as copy:
            for block in rows.iter_slices(_BLOCK):
                copy.write(block.write_csv(include_header=False))
    connection.commit()
    return rows.height
