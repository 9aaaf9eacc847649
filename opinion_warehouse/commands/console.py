"""What the commands share: the two consoles, tables, a failure as one line, the night's option."""

import difflib
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

out, err = Console(highlight=False), Console(stderr=True, highlight=False)
_AS_WIDE_AS_IT_IS = 1_000_000
_SHOWN_NAMES = 5
Night = Annotated[str | None, typer.Option(help="the night, YYYY-MM-DD; default: today", metavar="DATE")]


def fail(message: str, code: int = 1) -> NoReturn:
    """End with one clear line; of several errors, one each."""
    said = "\n".join(map(plain, message.strip().split("\n")))
    err.print(f"[red]opinion:[/red] {said}", markup=True, soft_wrap=True)
    sys.exit(code)


def check_word(what: str, given: str, known: Iterable[str], shown_by: str) -> None:
    """End, with the nearest one named, where a word on the command line is none of those there are."""
    by_letters = {each.casefold(): each for each in known}
    if given in by_letters.values():
        return
    close = difflib.get_close_matches(given.casefold(), by_letters, 1, cutoff=0.75)
    hint = f"did you mean {by_letters[close[0]]}? " if close else ""
    fail(f"there is no {what} {given!r}; {hint}`{shown_by}` shows those there are", 2)


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
        table.add_row(*(cell(row[column]) for column in columns))
    print_table(table)


def print_table(table: Table, console: Console = out) -> None:
    """A table, fitted to the terminal; into a file or a pipe as wide as it is, nothing cut or wrapped."""
    if not console.file.isatty():
        console = Console(file=console.file, width=_AS_WIDE_AS_IT_IS, highlight=False)
    console.print(table)


def cell(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:g}"
    return plain(f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else str(value))


def plain(text: str) -> str:
    """Text of others for a console: no markup, and what steers a terminal or is unseen is spelt out."""
    return escape(visible(text))


def untaken_line(source_id: str, untaken: Sequence[tuple[str, str]]) -> str:
    """What is never taken from a source's inbox folder: a few names, each with why."""
    shown = [f"{visible(name)} ({why})" for name, why in untaken[:_SHOWN_NAMES]]
    if more := len(untaken) - len(shown):
        shown.append(f"and {more} more")
    return f"{source_id}: {len(untaken)} in its inbox folder never taken: {', '.join(shown)}"


def visible(text: str) -> str:
    """Text without a character that steers a terminal or is unseen: those are spelt out."""
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    if "\udc80" <= char <= "\udcff":  # a byte of a file's name that is no text
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode()
