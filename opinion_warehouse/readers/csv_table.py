"""CSV → Table, strictly as the spec says: delimiter and encoding are never guessed.

Two passes. The first (stdlib csv, strict) checks the shape of every record and writes the sound ones to a
clean UTF-8 copy: it finds an open quote and rows too short or too long. The second (Arrow, streaming) reads
the copy; it alone keeps nothing (`;;`) and the empty string (`""`) apart. Memory is flat in the file's size.
"""

import codecs
import csv
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from opinion_warehouse.readers.problems import FileRejected, Reason
from opinion_warehouse.readers.table import (
    BATCH_ROWS,
    MAX_CELL,
    BadRow,
    Batch,
    Table,
    clean_frame,
    is_total,
    match_header,
)
from opinion_warehouse.sources import Files

MAX_LINE = 16_000_000
_ONE_BYTE = ("cp125", "iso8859", "tcvn3", "vni")
_OTHER_FORMATS = (
    b"PK\x03\x04",
    b"%PDF",
    b"\x1f\x8b",
    b"\xd0\xcf\x11\xe0",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
    b"$FL2",
)


def read_csv(path: Path, files: Files, wanted: Sequence[str], ignored: Sequence[str], scratch: Path) -> Table:
    """Open a CSV file; raises FileRejected for a fault of its structure."""
    with path.open("rb") as raw:
        if raw.read(4).startswith(_OTHER_FORMATS):
            raise FileRejected("wrong_format", "the bytes are those of another format, not of CSV text")
    if codecs.lookup(files.encoding).name.startswith(_ONE_BYTE) and _is_utf8(path):
        # Any bytes are text in these encodings; words would be misread without a sound.
        raise FileRejected("encoding", f"the bytes are UTF-8, and the spec says {files.encoding}")
    copy = scratch / "clean.csv"
    row_numbers = array("Q")
    bad_rows: list[BadRow] = []
    encoding = (
        "utf-8-sig" if files.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else files.encoding
    )
    try:
        with (
            path.open(encoding=encoding, newline="") as stream,
            copy.open("w", encoding="utf-8", newline="") as out,
        ):
            header = _check(stream, out, files, (wanted, ignored), row_numbers, bad_rows)
    except UnicodeError as error:
        raise FileRejected(
            "encoding", f"the bytes are not {files.encoding} ({type(error).__name__})"
        ) from None

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        return _batches(copy, header, files.delimiter, list(columns or wanted), row_numbers)

    return Table(batches, bad_rows)


def _is_utf8(path: Path) -> bool:
    """Whether the bytes are UTF-8 with more than ASCII in it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    has_more = False
    with path.open("rb") as raw:
        try:
            while chunk := raw.read(1 << 20):
                decoder.decode(chunk)
                has_more = has_more or not chunk.isascii()
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return has_more


class _Lines:
    """The lines of a stream, keeping those of the record at hand."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.record: list[str] = []

    def __iter__(self) -> "_Lines":
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


def _check(
    stream: TextIO,
    out: TextIO,
    files: Files,
    columns: tuple[Sequence[str], Sequence[str]],
    row_numbers: "array[int]",
    bad_rows: list[BadRow],
) -> list[str]:
    csv.field_size_limit(MAX_CELL)
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=files.delimiter, strict=True)
    row_number = 0
    header: list[str] | None = None
    headings: list[str] = []
    try:
        for record in reader:
            row_number += 1
            written, lines.record = lines.record, []
            if row_number < files.header_row:
                continue
            if header is None:
                headings = record
                header = match_header(record, *columns)
                continue
            if not any(cell.strip() for cell in record):
                continue  # LimeSurvey leaves an empty line at the end, spreadsheets leave rows of delimiters
            if is_total(record, header, columns[0]):
                continue
            if len(record) != len(header) or record == headings:
                bad_rows.append((row_number, [_shape(len(record), len(header))]))
                continue
            out.write("".join(written).rstrip("\r\n"))
            out.write("\n")
            row_numbers.append(row_number)
    except csv.Error as error:
        raise _structure(str(error), row_number + 1, len(lines.record)) from None
    if header is None:
        raise FileRejected("empty", f"the file ends before its header row ({files.header_row})")
    return header


def _shape(found: int, expected: int) -> Reason:
    if found == expected:
        return {"code": "duplicate_header_row", "column": None, "detail": "the header stands here again"}
    code = "row_too_short" if found < expected else "row_too_long"
    return {"code": code, "column": None, "detail": f"{found} cells where the header has {expected}"}


def _structure(message: str, row: int, lines: int) -> FileRejected:
    if "field limit" in message and lines <= 1:
        return FileRejected("cell_too_large", f"row {row} has a cell of more than {MAX_CELL} characters")
    return FileRejected("unbalanced_quote", f"a quote that opens in row {row} does not close as CSV has it")


def _batches(
    copy: Path, header: list[str], delimiter: str, columns: list[str], row_numbers: "array[int]"
) -> Iterator[Batch]:
    import polars as pl
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    if not row_numbers:
        return
    reader = arrow_csv.open_csv(
        copy,
        read_options=arrow_csv.ReadOptions(use_threads=False, column_names=header, block_size=32_000_000),
        parse_options=arrow_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=True
        ),
        convert_options=arrow_csv.ConvertOptions(
            check_utf8=False,
            include_columns=columns,
            column_types={name: pa.string() for name in header},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    done = 0
    for block in reader:
        for frame in pl.DataFrame(block).iter_slices(BATCH_ROWS):
            numbers = row_numbers[done : done + frame.height].tolist()
            yield Batch(numbers, clean_frame(frame))
            done += frame.height
    if done != len(row_numbers):
        # The two passes must see the same records, or row numbers would lie.
        raise FileRejected("unbalanced_quote", "the records cannot be told apart for sure")
