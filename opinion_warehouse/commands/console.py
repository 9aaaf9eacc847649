"""What the commands share: the two consoles, tables, a failure as one line, the night's option."""

import sys
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
Night = Annotated[str | None, typer.Option(help="the night, YYYY-MM-DD; default: today", metavar="DATE")]


def fail(message: str, code: int = 1) -> NoReturn:
    """End with one clear line."""
    err.print(f"[red]opinion:[/red] {escape(message.strip())}", markup=True, soft_wrap=True)
    sys.exit(code)


def night_of(text: str | None) -> date | None:
    """The night an option names."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write it as 2026-11-23") from None


def print_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None, empty: str = "") -> None:
    """A table of rows, or what to say where there is none."""
    if not rows:
        if empty:
            out.print(empty)
        return
    columns = columns or tuple(rows[0])
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if row[column] is None else cell(row[column]) for column in columns))
    out.print(table)


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, float):
        return f"{value:g}"
    return escape(f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else str(value))
