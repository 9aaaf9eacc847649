"""Where a parse leaves its rows: `rows/<landing table>.<number>.csv`, each from when it is whole.

The rows of a table are parted over files, so that the first are copied while the next are read.
"""

from pathlib import Path

FOLDER = "rows"


def unfinished(scratch: Path, table: str) -> Path:
    """The file that a table's rows are being written to."""
    return scratch / FOLDER / f"{table}.unfinished"


def finish(scratch: Path, table: str, number: int) -> None:
    """Let the reader have it."""
    path = unfinished(scratch, table)
    path.rename(path.with_name(f"{table}.{number:06}.csv"))


def finished(scratch: Path) -> list[tuple[str, Path]]:
    """What is whole so far, as (table, file), in the order in which they were finished."""
    parts = sorted((scratch / FOLDER).glob("*.csv"), key=lambda path: path.suffixes[0])
    return [(path.name.partition(".")[0], path) for path in parts]
