"""The analysis step's tables: what is out of date in them, and replacing it whole."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql

if TYPE_CHECKING:
    from psycopg import Connection


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


def replace(
    connection: "Connection[Any]",
    table: str,
    column: str,
    key: str,
    columns: str,
    rows: Iterable[Sequence[Any]],
) -> int:
    """Replace a key's results in one transaction, so that a killed run leaves whole results only."""
    results = sql.Identifier("analysis", table)
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("delete from {} where {} = %s").format(results, sql.Identifier(column)), (key,)
        )
        names = sql.SQL(", ").join(map(sql.Identifier, columns.split()))
        with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(results, names)) as copy:
            for count, row in enumerate(rows, start=1):  # noqa: B007 (the last number is the count)
                copy.write_row(row)
    connection.commit()
    return count


def columns_of(rows: list[Any], width: int) -> list[list[Any]]:
    """Rows → columns, also where there are none."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def null(value: float) -> float | None:
    """NaN has no place in a table."""
    return None if np.isnan(value) else float(value)
