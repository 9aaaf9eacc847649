"""SPSS (.sav, .zsav) and Stata (.dta) files → Table, by ReadStat (pyreadstat), some rows at a time.

A user-missing code is kept as itself; system-missing numbers and blank strings are nothing.
"""

import codecs
import shutil
import struct
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.readers.formats.dta_layout import dta_layout
from opinion_warehouse.readers.formats.readstat_cells import code_text, number_cells, tagged_cells
from opinion_warehouse.readers.formats.sav_layout import COUNT_AT, sav_layout
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.labels import Labels
from opinion_warehouse.readers.tables.table import MAX_CELL, Table, table_of_frames
from opinion_warehouse.sources import Files

if TYPE_CHECKING:
    import polars as pl

CHUNK_CELLS, MIN_ROWS = 2_000_000, 1_000
"""In memory at a time. ReadStat passes over all earlier rows at each chunk, so chunks must not be small."""
_BYTES = "ISO-8859-1"
"""Read so, every byte is one character, and Python decodes: the decoder of cp1258 that ReadStat uses holds
back a letter for its tone mark, and ReadStat loses it."""


def read_sav(path: Path, files: Files, wanted: Sequence[str], ignored: Sequence[str], scratch: Path) -> Table:
    """Open an SPSS file; raises FileRejected for a fault of its structure."""
    import pyreadstat

    layout = sav_layout(path)
    copy = scratch / "uncounted.sav"
    shutil.copyfile(path, copy)
    with copy.open("r+b") as out:  # without a count ReadStat reads what is there, and the two can be compared
        out.seek(COUNT_AT)
        out.write(struct.pack(f"{layout.order}i", -1))
    encoding = _declared(files) or layout.encoding or "utf-8"
    return _File(pyreadstat.read_sav, copy, encoding, layout.cases).table(files, wanted, ignored)


def read_dta(path: Path, files: Files, wanted: Sequence[str], ignored: Sequence[str]) -> Table:
    """Open a Stata file; raises FileRejected for a fault of its structure."""
    import pyreadstat

    layout = dta_layout(path)
    encoding = "utf-8" if layout.is_unicode else _declared(files) or "utf-8"
    return _File(pyreadstat.read_dta, path, encoding, layout.cases).table(files, wanted, ignored)


def _declared(files: Files) -> str | None:
    """The spec's encoding, where it is not the default: then it counts, whatever the file states."""
    return files.encoding if codecs.lookup(files.encoding).name != "utf-8" else None


class _File:
    """A file and its variables. `cases`: how many rows there must be; -1 where the file does not state it."""

    def __init__(self, read: Callable[..., Any], path: Path, encoding: str, cases: int) -> None:
        try:
            self._codec = codecs.lookup(encoding).name
        except LookupError:
            detail = "the file states an encoding that is not known; declare files.encoding"
            raise FileRejected("encoding", detail) from None
        self._function, self._path, self._cases = read, str(path), cases
        _, self._meta = self._read(metadataonly=True)
        names = self._meta.column_names
        self._own_names = {self._decoded(name): name for name in names if name}
        if len(self._own_names) != len(names):
            raise FileRejected("duplicate_header", "two variables have one name, or one has none")

    def table(self, files: Files, wanted: Sequence[str], ignored: Sequence[str]) -> Table:
        def frames(names: Sequence[str]) -> Iterator["pl.DataFrame"]:
            return self._frames(names, files.decimal)

        table = table_of_frames(list(self._own_names), frames, wanted, ignored)
        table.labels = self._labels(set(wanted))
        return table

    def _read(self, **options: Any) -> tuple[dict[str, list[Any]], Any]:
        import pyreadstat

        options |= {"output_format": "dict", "user_missing": True, "disable_datetime_conversion": True}
        encoding = "UTF-8" if self._codec == "utf-8" else _BYTES
        try:
            with warnings.catch_warnings(record=True) as noted:
                warnings.simplefilter("always")
                cells, meta = self._function(self._path, encoding=encoding, **options)
        except UnicodeError:
            raise self._misread() from None
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError) as error:
            if "encoding" in str(error) or "character set" in str(error):
                raise self._misread() from None
            raise _damaged(type(error).__name__) from None
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            # What its wrapper makes of values no sound file holds; the message could quote a cell.
            raise _damaged(type(error).__name__) from None
        if any("is duplicated" in str(note.message) for note in noted):
            raise FileRejected("duplicate_header", "two variables have one name")
        return cells, meta

    def _misread(self) -> FileRejected:
        return FileRejected("encoding", f"the file's names, labels or strings are not {self._codec}")

    def _decoded(self, text: str) -> str:
        if self._codec == "utf-8" or text.isascii():
            return text
        try:
            return text.encode(_BYTES).decode(self._codec)
        except UnicodeError:
            raise self._misread() from None

    def _labels(self, wanted: set[str]) -> Labels:
        labels = Labels()
        for name, own in self._own_names.items():
            if name in wanted:
                labels.columns[name] = self._decoded(self._meta.column_names_to_labels[own] or "")
                kind = self._meta.readstat_variable_types[own]
                labels.codes[name] = {
                    code_text(value, kind): self._decoded(label)
                    for value, label in self._meta.variable_value_labels.get(own, {}).items()
                }
        return labels

    def _frames(self, names: Sequence[str], decimal: str) -> Iterator["pl.DataFrame"]:
        import polars as pl

        own = [self._own_names[name] for name in names]
        height = max(MIN_ROWS, CHUNK_CELLS // len(own))
        done, is_end = 0, False
        while not is_end:
            cells, meta = self._read(usecols=own, row_offset=done, row_limit=height)
            tagged = meta.missing_user_values
            columns = [self._text(name, cells.pop(name), name in tagged, decimal) for name in own]
            frame = pl.DataFrame(dict(zip(names, columns, strict=True)))
            done, is_end = done + frame.height, frame.height < height
            if frame.height:
                yield frame
        if self._cases not in (-1, done):
            raise _damaged("it does not hold as many cases as its header states")

    def _text(self, own: str, cells: list[Any], is_tagged: bool, decimal: str) -> "pl.Series":
        import polars as pl

        kind = self._meta.readstat_variable_types[own]
        if kind != "string":
            make = tagged_cells if is_tagged else number_cells
            return make(cells, self._meta.original_variable_types[own] or "", kind, decimal)
        words = [self._decoded(cell).rstrip() or None if cell else None for cell in cells]
        text = pl.Series(words, dtype=pl.String)
        if text.str.len_chars().fill_null(0).gt(MAX_CELL).any():
            raise FileRejected("cell_too_large", f"a cell of more than {MAX_CELL} characters")
        return text


def _damaged(what: str) -> FileRejected:
    return FileRejected("damaged_file", f"the file is damaged or cut short ({what})")
