"""Writing files so that their bytes and times are the same at every run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

    from opinion_warehouse.sample.draws import Booleans, Integers

LOCAL = timezone(timedelta(hours=7))


@contextmanager
def new_file(path: Path, delivered_at: datetime) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole, with a fixed delivery time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as handle:
            yield handle
        seconds = int(delivered_at.timestamp())
        os.utime(partial, (seconds, seconds))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def labelled(labels: list[str], positions: "Integers", absent: "Booleans | None" = None) -> "pa.Array":
    """The label at each position; NULL where absent."""
    import pyarrow as pa

    return pa.array(labels, pa.string()).take(pa.array(positions, mask=absent))


def csv_rows(columns: "dict[str, pa.Array]", delimiter: str, line_end: bytes) -> bytes:
    """Rows as CSV: a value stands in quotes (the empty string too), NULL is nothing."""
    import pyarrow as pa
    from pyarrow import csv

    buffer = pa.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="all_valid")
    csv.write_csv(pa.table(columns), buffer, options)
    content: bytes = buffer.getvalue().to_pybytes()
    return content if line_end == b"\n" else content.replace(b"\n", line_end)


def csv_header(names: list[str], delimiter: str, line_end: bytes) -> bytes:
    """The heading line, quoted."""
    return delimiter.join(f'"{name}"' for name in names).encode() + line_end
