"""DOCX → Table or passages. What python-docx leaves out in silence is read or named.

Its own `text` skips tracked insertions, content controls and text boxes, so a paragraph's runs are gathered
here. A change that is neither accepted nor rejected leaves two texts: which is meant is not guessed.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.containers.zip_container import check_container
from opinion_warehouse.readers.formats.docx_looks import LOOKS, look_of, note_looks
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.table import Marks, Table, table_of_rows
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Files

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHANGES = {"ins", "del", "moveFrom", "moveTo"}
_APART = {"txbxContent", "Fallback", "del", "moveFrom", "tbl", "pPr", "rPr"}
_BREAKS = {"br": "\n", "cr": "\n", "tab": " ", "noBreakHyphen": "-"}


def open_docx(path: Path) -> Any:
    """The body's element, after its container was found sound."""
    check_container(path, "docx")
    import docx

    try:
        document = docx.Document(str(path))
        body = document.element.body
        note_looks(body, document.styles.element)
    except MemoryError:
        raise
    except Exception as error:  # lxml's, the package's and python-docx's errors have no common base
        raise FileRejected("bad_archive", f"the document cannot be opened ({type(error).__name__})") from None
    if next(body.iter(f"{_WORD}altChunk"), None) is not None:
        raise FileRejected("wrong_format", "the document holds another one that only Word shows as its text")
    return body


def docx_passages(body: Any) -> Iterator[tuple[str, str | None]]:
    """Every paragraph's lines, in the document's order, with the reason code of one that cannot be read.

    Of one with changes, what is deleted stands there too, and so does what is hidden or struck through:
    whether it says anything is for the rules to see.
    """
    for paragraph in body.iter(f"{_WORD}p"):
        if any(_name(above) == "Fallback" for above in paragraph.iterancestors()):
            continue  # the same text box again, for older programs
        if _has_change(paragraph):
            yield _text(paragraph, _APART - {"del", "moveFrom"}), "tracked_change"
        else:
            yield _text(paragraph), _doubt(paragraph)


def docx_table(
    body: Any,
    files: Files,
    wanted: Sequence[str],
    ignored: Sequence[str],
    once: Sequence[str] = (),
    *,
    drop_totals: bool = False,
) -> Table | None:
    """The table whose header row holds the wanted headings; None without such a one.

    Raises FileRejected where two do, and for a fault of its structure.
    """
    tables = [_Grid(element) for element in body.iter(f"{_WORD}tbl")]
    headings = [{clean(cell) for cell in table.headings(files.header_row)} for table in tables]
    names = {clean(name) for name in wanted}
    fitting = [table for table, found in zip(tables, headings, strict=True) if names <= found]
    if len(fitting) > 1:
        raise FileRejected("several_tables", f"{len(fitting)} tables have the spec's headings")
    # a table that lacks some of the headings is meant too, and its fault is named
    near = [
        table for table, found in zip(tables, headings, strict=True) if len(names & found) * 2 > len(names)
    ]
    if not (chosen := fitting or near):
        return None
    rows, marks = chosen[0].read(files.header_row)
    return table_of_rows(rows, files, wanted, ignored, marks, once, drop_totals=drop_totals)


def docx_headings(body: Any, header_row: int) -> list[list[str]]:
    """The headings of each table of a document."""
    tables = [_Grid(element) for element in body.iter(f"{_WORD}tbl")]
    return [[clean(cell) for cell in table.headings(header_row)] for table in tables]


class _Grid:
    """A table's rows of cells, each cell with the stretch of the page's width it covers."""

    def __init__(self, table: Any) -> None:
        widths = [
            int(width) if width.isdecimal() and len(width) < 7 else 1
            for width in (column.get(f"{_WORD}w", "") for column in _properties(table, "tblGrid"))
        ]
        self._edges = [0, *accumulate(widths)]
        self._rows = list(_own(table, "tr"))

    def headings(self, number: int) -> list[str]:
        """The texts of a row, from 1; none where the table has no such row."""
        return [_cell_text(cell) for cell, _, _ in self._cells(number)]

    def read(self, header_row: int) -> tuple[list[tuple[int, list[str | None]]], Marks]:
        """Rows by number, their cells under the header's, and what is to be known of them."""
        starts = [start for _, start, _ in self._cells(header_row)]
        ends = [end for _, _, end in self._cells(header_row)]
        marks, rows = Marks(), []
        merged: dict[int, int] = {}
        last: dict[int, int] = {}
        for number in range(1, len(self._rows) + 1):
            cells: list[str | None] = [None] * len(starts)
            changed = any(
                _name(each) in ("ins", "del") for each in _properties(self._rows[number - 1], "trPr")
            )
            for cell, start, end in self._cells(number):
                column = _most_covered(starts, ends, start, end)
                state = _merge_state(cell)
                if state == "continue" and column in merged:
                    last[column] = number
                    continue
                marks.merge(merged.pop(column, number), last.pop(column, 0), column)
                if state == "restart":
                    merged[column] = number
                text = _cell_text(cell)
                if text and cells[column]:
                    marks.add(number, column, "split_cell")
                covers = sum(
                    min(end, e) - max(start, s) > (e - s) / 2 for s, e in zip(starts, ends, strict=True)
                )
                if text and covers > 1:
                    marks.add(number, column, "merged_across")
                if code := _unread(cell, changed):
                    marks.add(number, column, code)
                cells[column] = cells[column] or text or None
            rows.append((number, cells))
        for column, first in merged.items():
            marks.merge(first, last.get(column, 0), column)
        return rows, marks

    def _cells(self, number: int) -> list[tuple[Any, int, int]]:
        if number > len(self._rows):
            return []
        row = self._rows[number - 1]
        position = _number(_properties(row, "trPr"), "gridBefore", 0)
        cells = []
        for cell in _own(row, "tc"):
            after = position + _number(_properties(cell, "tcPr"), "gridSpan", 1)
            cells.append((cell, self._edge(position), self._edge(after)))
            position = after
        return cells

    def _edge(self, position: int) -> int:
        known = len(self._edges) - 1
        return self._edges[position] if position <= known else self._edges[-1] + position - known


def _most_covered(starts: Sequence[int], ends: Sequence[int], start: int, end: int) -> int:
    """The heading a cell stands under; of a cell merged over several, the first."""
    shares = [
        max(0, min(end, e) - max(start, s)) / max(1, min(e - s, end - start))
        for s, e in zip(starts, ends, strict=True)
    ]
    best = max(shares)
    return shares.index(best) if best > 0 else max(0, bisect_right(starts, start) - 1)


def _unread(cell: Any, changed: bool) -> str | None:
    """The reason code of what a cell holds beside its text."""
    if changed or any(_has_change(paragraph) for paragraph in _own(cell, "p")):
        return "tracked_change"
    if code := next(filter(None, map(_doubt, _own(cell, "p"))), None):
        return code
    for name, code in (("txbxContent", "text_box"), ("tbl", "nested_table")):
        if any(
            (each.text or "").strip()
            for part in cell.iter(f"{_WORD}{name}")
            for each in part.iter(f"{_WORD}t")
        ):
            return code
    return None


def _merge_state(cell: Any) -> str | None:
    for part in _properties(cell, "tcPr"):
        if _name(part) == "vMerge":
            return part.get(f"{_WORD}val") or "continue"
    return None


def _cell_text(cell: Any) -> str:
    return " ".join(_text(paragraph) for paragraph in _own(cell, "p")).strip()


def _doubt(paragraph: Any) -> str | None:
    """The reason code of a passage whose text is not what the page says.

    Raised text is sound (m²) unless digits run into one number.
    """
    before, last = "", None
    for text, look in _pieces(paragraph):
        code = LOOKS.get(look or "")
        if text.strip() and code in ("hidden_text", "struck_text"):
            return code
        if "raised_text" in (code, last) and before[-1:].isdigit() and text[:1].isdigit():
            return "raised_text"
        before, last = text, code
    return None


def _text(paragraph: Any, apart: set[str] = _APART) -> str:
    """The text of a paragraph's runs, tracked insertions too, without the text boxes that hang on it."""
    return "".join(text for text, _ in _pieces(paragraph, apart))


def _pieces(paragraph: Any, apart: set[str] = _APART) -> Iterator[tuple[str, str | None]]:
    """The texts of a paragraph's runs, each with its look where that is not plain."""
    for element in _inner(paragraph, apart):
        name = _name(element)
        if text := element.text or "" if name in ("t", "delText") else _BREAKS.get(name, ""):
            yield text, look_of(element)


def _has_change(paragraph: Any) -> bool:
    changes = (element for element in paragraph.iter() if _name(element) in _CHANGES)
    return any(_name(part) in ("t", "delText") for change in changes for part in change.iter())


def _inner(element: Any, apart: set[str]) -> Iterator[Any]:
    for child in element:
        if _name(child) not in apart:
            yield child
            yield from _inner(child, apart)


def _own(element: Any, name: str) -> Iterator[Any]:
    """The parts of a name that are an element's own, through content controls, not through inner tables."""
    for child in element:
        if _name(child) == name:
            yield child
        elif _name(child) not in ("tbl", "tr", "tc", "p"):
            yield from _own(child, name)


def _properties(element: Any, name: str) -> list[Any]:
    found = element.find(f"{_WORD}{name}")
    return [] if found is None else list(found)


def _number(properties: list[Any], name: str, default: int) -> int:
    for part in properties:
        if _name(part) == name:
            text = part.get(f"{_WORD}val") or ""
            return int(text) if text.isdecimal() and len(text) < 5 else default
    return default


def _name(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
