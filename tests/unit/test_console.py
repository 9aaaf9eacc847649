"""Tables of the commands: what others wrote stays text, and nothing is cut but on a terminal."""

import os
import pty
from collections.abc import Iterator

import pytest
from rich.console import Console

from opinion_warehouse.commands import console

LONG = "too wide for eighty columns: " + "word " * 60 + "end"


@pytest.fixture
def terminal() -> Iterator[tuple[Console, int]]:
    """A console on a terminal of 80 columns, and the other end of that."""
    parent, child = pty.openpty()
    with os.fdopen(child, "w") as file:
        yield Console(file=file, width=80, color_system=None), parent
    os.close(parent)


def test_table_in_a_pipe_is_neither_cut_nor_wrapped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    console.print_rows([{"file": "a.csv", "why": LONG}, {"file": "b" * 300, "why": None}])
    said = capsys.readouterr().out
    assert LONG in said
    assert "b" * 300 in said
    assert len(said.splitlines()) == 6
    assert "None" not in said


def test_table_on_a_terminal_fits_it(terminal: tuple[Console, int]) -> None:
    screen, parent = terminal
    table = console.Table("why")
    table.add_row(LONG)
    console.print_table(table, screen)
    lines = os.read(parent, 1 << 16).decode().splitlines()
    assert max(map(len, lines)) == 80


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bold]x.csv", "[bold]x.csv"),
        ("[/red] x.csv", "[/red] x.csv"),
        ("a\nb\t.csv", r"a\nb\t.csv"),
        ("a\x1b[2Jb\x9b.csv", r"a\x1b[2Jb\x9b.csv"),
        ("bad\udce9name.csv", r"bad\xe9name.csv"),
        ("vsc.\u202egnp", r"vsc.\u202egnp"),
        ("Bảng é\u00a0x.csv", "Bảng é\u00a0x.csv"),
    ],
)
def test_text_of_others_is_no_markup_and_steers_no_terminal(
    capsys: pytest.CaptureFixture[str], text: str, shown: str
) -> None:
    console.print_rows([{"file": text}])
    assert f" {shown} " in capsys.readouterr().out
