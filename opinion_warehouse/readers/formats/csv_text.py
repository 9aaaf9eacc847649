"""The bytes of a CSV file → UTF-8 text, and whether its quotes are plain."""

import codecs
import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.table import MAX_CELL
from opinion_warehouse.sources import Files

MAX_LINE = 16_000_000
BLOCK = 8_000_000
_ONE_BYTE = ("cp125", "iso8859", "tcvn3", "vni")
UTF8 = "utf-8-sig"  # a byte order mark is no part of the first heading
_BOM = codecs.BOM_UTF8
_OTHER_FORMATS = (
    b"PK\x03\x04",
    b"%PDF",
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
    b"$FL2",
)


def refuse_other_bytes(path: Path, files: Files) -> None:
    """FileRejected for another format, and for UTF-8 where the spec says an encoding of one byte a letter."""
    with path.open("rb") as raw:
        if raw.read(4).startswith(_OTHER_FORMATS):
            raise FileRejected("wrong_format", "the bytes are those of another format, not of CSV text")
    if codecs.lookup(files.encoding).name.startswith(_ONE_BYTE) and _is_utf8(path):
        # Any bytes are text in these encodings; words would be misread without a sound.
        raise FileRejected("encoding", f"the bytes are UTF-8, and the spec says {files.encoding}")


def as_utf8(path: Path, files: Files, scratch: Path) -> Path:
    """The file itself where it is UTF-8, else a copy in it; refuses bytes that are not text as declared."""
    refuse_other_bytes(path, files)
    is_utf8 = codecs.lookup(files.encoding).name in ("utf-8", "utf-8-sig")
    copy = scratch / "utf8.csv"
    try:
        if is_utf8:
            for _ in _decoded(path):
                pass
            return path
        with (
            path.open(encoding=files.encoding, newline="") as stream,
            copy.open("w", encoding="utf-8", newline="") as out,
        ):
            shutil.copyfileobj(stream, out, BLOCK)
    except UnicodeError as error:
        raise FileRejected(
            "encoding", f"the bytes are not {files.encoding} ({type(error).__name__})"
        ) from None
    return copy


def _decoded(path: Path) -> Iterator[str]:
    """The text of UTF-8 bytes; UnicodeDecodeError where they are none."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as raw:
        while chunk := raw.read(BLOCK):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _is_utf8(path: Path) -> bool:
    """Whether the bytes are UTF-8 with more than ASCII in it."""
    try:
        return sum(not text.isascii() for text in _decoded(path)) > 0
    except UnicodeDecodeError:
        return False


def start_of(path: Path, lines: int) -> int:
    """The offset behind so many lines; a byte order mark is no part of the first."""
    with path.open(encoding=UTF8, newline="") as stream:
        passed_over = sum(len(stream.readline(MAX_LINE).encode()) for _ in range(lines))
    with path.open("rb") as raw:
        return passed_over + (len(_BOM) if raw.read(len(_BOM)) == _BOM else 0)


def is_plain(path: Path, files: Files, lines: int) -> bool:
    """Whether every quote opens at the beginning of a cell, closes at its end, or is doubled within.

    Quotes alternate between opening and closing; a doubled one closes and opens again. In a file that knows
    no quoting every quote is plain. `lines` stand before the table and are not looked at.
    """
    import numpy as np

    before = np.zeros(256, bool)
    before[[ord("\n"), ord("\r"), ord('"')]] = True
    before[ord(files.delimiter)] = True
    is_open = 0
    edge = b"\n"
    with path.open("rb") as raw:
        raw.seek(start_of(path, lines))
        while block := raw.read(BLOCK):
            if b"\0" in block:
                raise FileRejected(
                    "nul_byte", "the file holds NUL characters; it is no text, or another encoding"
                )
            if files.quoting == "none":
                continue
            following = raw.read(1)
            cells = np.frombuffer(edge + block + (following or b"\n"), np.uint8)
            quotes = np.flatnonzero(cells[1:-1] == ord('"')) + 1
            opens = (np.arange(quotes.size) + is_open) % 2 == 0
            sound = np.where(opens, before[cells[quotes - 1]], before[cells[quotes + 1]])
            if not sound.all():
                return False
            is_open = (is_open + quotes.size) % 2
            edge = block[-1:]
            if following:
                raw.seek(-1, 1)
    return is_open == 0


class Lines:
    """The lines of a stream, keeping those of the record at hand."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.record: list[str] = []

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_LINE)
        if not line:
            raise StopIteration
        if len(line) == MAX_LINE:
            raise FileRejected("line_too_long", f"a line has {MAX_LINE} characters or more")
        if "\0" in line:
            raise FileRejected(
                "nul_byte", "the file holds NUL characters; it is no text, or another encoding"
            )
        self.record.append(line)
        return line


@contextmanager
def text_from(path: Path, offset: int) -> Iterator[TextIO]:
    """The UTF-8 text from an offset on, its line ends as they are, for a `csv` reader of limited cells."""
    csv.field_size_limit(MAX_CELL)
    with path.open("rb") as raw:
        raw.seek(offset)
        yield io.TextIOWrapper(raw, encoding="utf-8", newline="")
