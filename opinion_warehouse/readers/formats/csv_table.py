"""CSV → Table, strictly as the spec says: delimiter and encoding are never guessed.

A scan of the bytes looks for what is no sound CSV: other encodings, NUL, and quotes that do not open and
close at a cell's ends. Arrow then reads the records in blocks; it alone keeps nothing (`;;`) and the empty
string (`""`) apart, and it names records too short or too long. A file whose quotes are doubtful is read by
the strict reader of the standard library, which says where. Memory is flat in the file's size.
"""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.readers.formats.csv_text import (
    BLOCK,
    UTF8,
    Lines,
    as_utf8,
    is_plain,
    refuse_other_bytes,
    start_of,
    text_from,
)
from opinion_warehouse.readers.problems import BadRow, FileRejected, Reason
from opinion_warehouse.readers.tables.columns import match_header
from opinion_warehouse.readers.tables.header import header_record, lines_before_header, records
from opinion_warehouse.readers.tables.layout import LAYOUTS
from opinion_warehouse.readers.tables.table import (
    BATCH_ROWS,
    MAX_CELL,
    Batch,
    Table,
    clean_frame,
    no_rows,
)
from opinion_warehouse.sources import Files

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

_ROW = ""  # the column of row numbers: no heading is empty


@dataclass
class _Body:
    """UTF-8 text whose records are told apart for sure, from `offset` on."""

    path: Path
    offset: int
    first_row: int
    header_rows: list[list[str]]
    header: list[str]
    row_numbers: Sequence[int] | None = None
    """Of each record, where records were left out."""
    bad_rows: list[BadRow] = field(default_factory=list)


def read_csv(
    path: Path,
    files: Files,
    wanted: Sequence[str],
    ignored: Sequence[str],
    scratch: Path,
    *,
    drop_totals: bool = False,
) -> Table:
    """Open a CSV file; raises FileRejected for a fault of its structure. `drop_totals`: of a report."""
    text = as_utf8(path, files, scratch)
    passed_over = lines_before_header(text, UTF8, files)
    quotes_are_plain = is_plain(text, files, passed_over)
    body = _body(text, files, passed_over, wanted, ignored)
    if not quotes_are_plain:
        body = _checked(body, files, scratch / "clean.csv")

    def batches(columns: Sequence[str] | None = None) -> Iterator[Batch]:
        return _glance(body, files, columns) if columns else _batches(body, files, wanted, drop_totals)

    return Table(batches, body.bad_rows)


def csv_header(path: Path, files: Files) -> Sequence[str] | None:
    """The header's cells; None where `read_csv` has to say what is wrong."""
    refuse_other_bytes(path, files)
    is_utf8 = codecs.lookup(files.encoding).name == "utf-8"
    return header_record(path, UTF8 if is_utf8 else files.encoding, files)


def _body(path: Path, files: Files, passed_over: int, wanted: Sequence[str], ignored: Sequence[str]) -> _Body:
    """Where the records begin, after the header rows."""
    offset, row_number = start_of(path, passed_over), passed_over
    if files.column_names:
        return _Body(path, offset, 1, [files.column_names], files.column_names)
    layout = LAYOUTS[files.layout]
    header_row = passed_over + 1 if files.header_has else files.header_row
    header_rows: list[list[str]] = []
    with text_from(path, offset) as stream:
        lines = Lines(stream)
        try:
            for record in records(lines, files):
                row_number += 1
                offset += sum(len(line.encode()) for line in lines.record)
                lines.record = []
                if row_number >= header_row:
                    header_rows.append(record)
                if len(header_rows) == layout.header_rows:
                    header = match_header(layout.headings(header_rows), wanted, ignored)
                    return _Body(path, offset, row_number + 1, header_rows, header)
        except csv.Error as error:
            raise _structure(str(error), row_number + 1, len(lines.record)) from None
    raise FileRejected("empty", f"the file ends before its header row ({files.header_row})")


def _checked(body: _Body, files: Files, copy: Path) -> _Body:
    """A copy of the sound records; the first that is none as CSV has it refuses the file."""
    from array import array

    numbers = array("Q")
    with text_from(body.path, body.offset) as stream, copy.open("wb") as out:
        lines = Lines(stream)
        row_number = body.first_row - 1
        try:
            for record in records(lines, files):
                row_number += 1
                written, lines.record = lines.record, []
                if record and len(record) != len(body.header):
                    body.bad_rows.append((row_number, [_shape(len(record), len(body.header))]))
                    continue
                out.write("".join(written).rstrip("\r\n").encode() + b"\n")
                numbers.append(row_number)
        except csv.Error as error:
            raise _structure(str(error), row_number + 1, len(lines.record)) from None
    return _Body(copy, 0, body.first_row, body.header_rows, body.header, numbers, body.bad_rows)


def _shape(found: int, expected: int) -> Reason:
    code = "row_too_short" if found < expected else "row_too_long"
    return {"code": code, "column": None, "detail": f"{found} cells where the header has {expected}"}


def _structure(message: str, row: int, lines: int) -> FileRejected:
    if "field limit" in message and lines <= 1:
        return FileRejected("cell_too_large", f"row {row} has a cell of more than {MAX_CELL} characters")
    return FileRejected("unbalanced_quote", f"a quote that opens in row {row} does not close as CSV has it")


def _glance(body: _Body, files: Files, columns: Sequence[str]) -> Iterator[Batch]:
    """Some columns alone: half the work, and too little to tell which rows are none."""
    import polars as pl

    known_bad = {row for row, _ in body.bad_rows}
    for block, numbers in _blocks(body, files, known_bad, columns):
        frame = pl.DataFrame(block).select(columns)
        yield Batch(numbers.tolist(), _cells(frame, files))


def _cells(frame: "pl.DataFrame", files: Files) -> "pl.DataFrame":
    marks = LAYOUTS[files.layout].marks
    return clean_frame(marks(frame) if marks else frame)


def _batches(body: _Body, files: Files, wanted: Sequence[str], drop_totals: bool) -> Iterator[Batch]:
    import polars as pl

    known_bad = {row for row, _ in body.bad_rows}
    done = 0
    for block, numbers in _blocks(body, files, known_bad, body.header):
        frame = pl.DataFrame(block).with_columns(pl.Series(_ROW, numbers, pl.Int64))
        done += frame.height
        without = no_rows(frame, body.header, wanted[0], drop_totals).get_column(_ROW)
        for part in _rows(frame, body, files, without, known_bad).iter_slices(BATCH_ROWS):
            yield Batch(part.get_column(_ROW).to_list(), _cells(part.select(wanted), files))
    if body.row_numbers is not None and done != len(body.row_numbers):
        # The two passes must see the same records, or row numbers would lie.
        raise FileRejected("unbalanced_quote", "the records cannot be told apart for sure")


def _rows(
    frame: "pl.DataFrame", body: _Body, files: Files, without: "pl.Series", known_bad: set[int]
) -> "pl.DataFrame":
    """The rows of a block but for those `without`, the header again and those too large."""
    import polars as pl

    again = frame.filter(
        pl.any_horizontal(
            pl.all_horizontal(
                pl.col(name).eq_missing(heading or None)
                for name, heading in zip(body.header, row, strict=True)
            )
            for row in body.header_rows
            if len(row) == len(body.header)
        )
    ).get_column(_ROW)
    large = frame.filter(
        pl.any_horizontal(pl.col(name).str.len_bytes() > MAX_CELL for name in body.header)
    ).get_column(_ROW)
    if large.len() and files.quoting == "double":
        raise FileRejected("cell_too_large", f"row {large[0]} has a cell of more than {MAX_CELL} characters")
    for rows, code, detail in (
        (again, "duplicate_header_row", "the header stands here again"),
        (large, "cell_too_large", f"a cell of more than {MAX_CELL} characters"),
    ):
        for row in rows:
            if row not in known_bad:
                body.bad_rows.append((row, [{"code": code, "column": None, "detail": detail}]))
                known_bad.add(row)
    gone = pl.concat([without, again, large])
    return frame.filter(~pl.col(_ROW).is_in(gone.implode())) if gone.len() else frame


def _blocks(
    body: _Body, files: Files, known_bad: set[int], columns: Sequence[str]
) -> Iterator[tuple[Any, "npt.NDArray[np.int64]"]]:
    """Blocks of records as text, and the number of each in the file."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    misfits: list[int] = []

    def misfit(row: Any) -> str:
        number = body.first_row + row.number - 1
        misfits.append(number)
        if number not in known_bad:
            body.bad_rows.append((number, [_shape(row.actual_columns, row.expected_columns)]))
            known_bad.add(number)
        return "skip"

    with pa.OSFile(str(body.path)) as source:
        if source.size() <= body.offset:
            return
        source.seek(body.offset)
        try:
            reader = arrow_csv.open_csv(
                source,
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, column_names=body.header, block_size=BLOCK
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=files.delimiter,
                    quote_char='"' if files.quoting == "double" else False,
                    newlines_in_values=files.quoting == "double",
                    ignore_empty_lines=False,
                    invalid_row_handler=misfit,
                ),
                convert_options=arrow_csv.ConvertOptions(
                    check_utf8=False,
                    column_types={name: pa.string() for name in columns},
                    include_columns=list(columns),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
            following = body.first_row
            done = 0
            for block in reader:
                if body.row_numbers is not None:
                    numbers = np.array(body.row_numbers[done : done + block.num_rows], np.int64)
                    done += block.num_rows
                else:
                    numbers = _numbers(following, block.num_rows, misfits)
                    following = int(numbers[-1]) + 1 if numbers.size else following
                yield block, numbers
        except pa.ArrowInvalid as error:
            raise FileRejected(
                "line_too_long" if "straddl" in str(error) else "unbalanced_quote",
                "a line is too long, or a quote does not close as CSV has it",
            ) from None


def _numbers(first: int, count: int, misfits: list[int]) -> "npt.NDArray[np.int64]":
    """The next row numbers from `first` on, but for those of records that did not fit."""
    import numpy as np

    skipped = [number for number in misfits if number >= first]
    numbers = np.arange(first, first + count + len(skipped))
    if skipped:
        numbers = numbers[~np.isin(numbers, skipped)]
    return numbers[:count]
