"""What calamine does not tell of a sheet, read from its XML: far cells, error cells, merged cells.

calamine gives nothing at all for an error and for a formula whose value was never saved, it keeps the last
of cells that stand in one place, and it allocates the whole rectangle a sheet's cells span, which one far
cell makes larger than memory: so the sheet is read through before, streaming and without a tree.
"""

import re
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO
from xml.parsers import expat

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.table import Marks

MAX_CELLS = 2_000_000
MAX_SPREAD = 50
"""A sheet may span MAX_CELLS, or this many times the cells that are written in it."""
_MERGED = re.compile(r"([A-Z]{1,3})(\d{1,9}):[A-Z]{1,3}(\d{1,9})")
_LINKED = {"table-source", "cell-range-source", "dde-source", "dde-link"}
_LINK = re.compile(r"'file:|\b(DDE|WEBSERVICE)\(", re.IGNORECASE)
_ERROR = re.compile(r"#[A-Z0-9/!?]+|Err:\d+")
_CELLS = ("table-cell", "covered-table-cell")
_CHUNK = 1 << 20
Attributes = Mapping[str, str]


class _Extent:
    """The rectangle of the cells that hold something, and how many of them are written."""

    def __init__(self) -> None:
        self.written = self.rows = self.columns = 0

    def add(self, rows: int, columns: int) -> None:
        """A cell, or repeated cells, down to this row and column."""
        self.written += 1
        self.rows = max(self.rows, rows)
        self.columns = max(self.columns, columns)

    def check(self) -> None:
        """Refuse a rectangle that is nearly empty, or that repeats what was written once."""
        area = self.rows * self.columns
        if area > max(MAX_CELLS, MAX_SPREAD * self.written):
            detail = f"the sheet spans {area} cells, of which {self.written} are written"
            raise FileRejected("sparse_sheet", detail)


def xlsx_marks(path: Path, sheet: str) -> Marks:
    """Of one sheet of an xlsx workbook. Raises FileRejected: bad_archive, sparse_sheet."""
    reader = _XlsxSheet()
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            if part is not None:
                with archive.open(part) as stream:
                    _parse(stream, reader.start, reader.end, reader.text)
    except (expat.ExpatError, ValueError) as error:
        raise FileRejected("bad_archive", f"the sheet is damaged ({type(error).__name__})") from None
    reader.extent.check()
    if reader.twice:
        raise FileRejected("bad_archive", reader.twice)
    return reader.marks


def ods_marks(path: Path) -> dict[str, Marks]:
    """Sheet → its marks, of an ods document. Raises FileRejected: sparse_sheet, external_link, macros."""
    reader = _OdsSheets()
    try:
        with zipfile.ZipFile(path) as archive, archive.open("content.xml") as stream:
            _parse(stream, reader.start, reader.end, reader.text)
    except (expat.ExpatError, ValueError) as error:
        raise FileRejected("bad_archive", f"the sheets are damaged ({type(error).__name__})") from None
    for extent in reader.extents.values():  # calamine reads every sheet when it opens the document
        extent.check()
    return reader.marks


class _XlsxSheet:
    """The handlers of a sheet's XML; this is the hot path, a call or more a cell."""

    def __init__(self) -> None:
        self.marks, self.extent = Marks(), _Extent()
        self.row, self.column = 0, -1
        self.rows: set[int] = set()
        self.columns: set[int] = set()  # of the row
        self.has_rows = False
        self.twice: str | None = None
        """What stands where something else does, so that one of them would be lost."""
        self.kind, self.has_formula, self.value = "", False, ""
        self.in_value = False

    def start(self, name: str, attributes: Attributes) -> None:
        if ":" in name:
            name = _local(name)
        if name == "c":
            reference = attributes.get("r")
            if reference:
                letters = reference.rstrip("0123456789")
                row, self.column = int(reference[len(letters) :]), _column(letters)
                if row != self.row:
                    self._enter(row)
            else:
                self.column += 1
            if self.column in self.columns:
                self.twice = self.twice or f"row {self.row} has two cells in column {self.column + 1}"
            self.columns.add(self.column)
            self.kind, self.has_formula, self.value = attributes.get("t", ""), False, ""
        elif name in ("v", "is"):
            self.in_value = True
        elif name == "f":
            self.has_formula = True
        elif name == "row":
            self._enter(int(attributes.get("r") or self.row + 1))
            self.column = -1
        elif name == "sheetData":
            self.twice = "the sheet has two lists of rows" if self.has_rows else self.twice
            self.has_rows = True
        elif name == "mergeCell" and (match := _MERGED.fullmatch(attributes.get("ref", ""))):
            self.marks.merge(int(match[2]), int(match[3]), _column(match[1]))

    def _enter(self, row: int) -> None:
        if row in self.rows:
            self.twice = self.twice or f"the sheet has two rows of the number {row}"
        self.row = row
        self.rows.add(row)
        self.columns.clear()

    def text(self, content: str) -> None:
        if self.in_value and not self.value:
            self.value = content.strip()

    def end(self, name: str) -> None:
        if ":" in name:
            name = _local(name)
        if name in ("v", "is"):
            self.in_value = False
        elif name == "sheetData":
            self.rows.clear()  # a row that is named from here on is where a button stands
        elif name == "c":
            if self.value:
                self.extent.add(self.row, self.column + 1)
            if self.kind == "e":
                self.marks.add(self.row, self.column, "error_cell")
            # one that came to an empty text has the kind "str"
            elif self.has_formula and not self.value and self.kind != "str":
                self.marks.add(self.row, self.column, "formula_without_value")


class _OdsSheets:
    """The handlers of a document's content; attributes have the prefixes that calamine goes by too."""

    def __init__(self) -> None:
        self.marks: dict[str, Marks] = {}
        self.extents: dict[str, _Extent] = {}
        self.sheet = ""
        self.row = self.column = self.row_repeats = self.notes = 0
        self.cell: Attributes | None = None
        self.value = ""

    def start(self, name: str, attributes: Attributes) -> None:
        name = _local(name)
        if name in _LINKED or _LINK.search(attributes.get("table:formula", "")):
            raise FileRejected("external_link", "the document takes values from other files")
        if name == "event-listener":
            raise FileRejected("macros", "the document holds macros")
        if name == "table":
            self.sheet, self.row = attributes.get("table:name", ""), 0
            self.marks[self.sheet], self.extents[self.sheet] = Marks(), _Extent()
        elif name == "table-row":
            self.row_repeats, self.column = _count(attributes, "rows-repeated"), 0
        elif name in _CELLS:
            self.cell, self.value = attributes, ""
        elif name == "annotation":
            self.notes += 1

    def text(self, content: str) -> None:
        if self.cell is not None and not self.notes and not self.value:
            self.value = content.strip()

    def end(self, name: str) -> None:
        name = _local(name)
        if name == "annotation":
            self.notes -= 1
        elif name == "table-row":
            self.row += self.row_repeats
        elif name in _CELLS and self.cell is not None and self.sheet in self.marks:
            self._cell(self.cell)
            self.cell = None

    def _cell(self, cell: Attributes) -> None:
        marks, first = self.marks[self.sheet], self.row + 1
        repeats = _count(cell, "columns-repeated")
        has_formula = "table:formula" in cell
        has_value = bool(self.value or cell.get("office:value-type"))
        if has_value:
            self.extents[self.sheet].add(self.row + self.row_repeats, self.column + repeats)
        is_error = has_formula and _ERROR.fullmatch(self.value)
        if is_error or cell.get("calcext:value-type") == "error":
            marks.add(first, self.column, "error_cell")
        elif has_formula and not has_value:
            marks.add(first, self.column, "formula_without_value")
        marks.merge(first, self.row + _count(cell, "rows-spanned"), self.column)
        self.column += repeats


def _part_of(archive: zipfile.ZipFile, sheet: str) -> zipfile.ZipInfo | None:
    """The part a sheet stands in, by the workbook's list and its relationships."""
    members = {member.filename.lower(): member for member in archive.infolist()}
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}

    def take(name: str, attributes: Attributes) -> None:
        if _local(name) == "sheet":
            id_of_part = [value for key, value in attributes.items() if _local(key) == "id"]
            ids[attributes.get("name", "")] = "".join(id_of_part)
        elif _local(name) == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if part in members:
            with archive.open(members[part]) as stream:
                _parse(stream, take, lambda name: None, lambda content: None)
    target = targets.get(ids.get(sheet, ""), "").lower()
    return members.get(target.lstrip("/") if target.startswith("/") else f"xl/{target}")


def _parse(
    stream: IO[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Stream a part through expat. Names keep their prefixes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    while chunk := stream.read(_CHUNK):
        parser.Parse(chunk)
    parser.Parse(b"", True)


def _local(name: str) -> str:
    return name[name.find(":") + 1 :]


@cache
def _column(letters: str) -> int:
    """A → 0. Raises ValueError."""
    if not letters.isascii() or not letters.isalpha() or len(letters) > 3:
        raise ValueError
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _count(attributes: Attributes, name: str) -> int:
    return max(1, int(attributes.get(f"table:number-{name}") or 1))
