"""Triple-S: a zip archive of a definition (.sss, .xml) and its data (.asc, .dat, .txt, .csv) → Table.

The definition is read by triple_s; the data here, row by row, so that a bad field costs its row and not the
file, codes stay as they are written, and memory is flat. Positions count characters, as the standard has it.
"""

import codecs
import csv
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.containers.compression import inflate, refusing_damage
from opinion_warehouse.readers.containers.zip_container import (
    MAX_RATIO,
    SMALL,
    check_members,
    refuse_archives,
)
from opinion_warehouse.readers.formats.triple_s_cells import Column, columns_of
from opinion_warehouse.readers.problems import FileRejected, Reason
from opinion_warehouse.readers.tables.columns import match_header
from opinion_warehouse.readers.tables.labels import Labels
from opinion_warehouse.readers.tables.table import BATCH_ROWS, MAX_CELL, Batch, Table, clean_frame
from opinion_warehouse.sources import Files

MAX_DEFINITION = 32_000_000
MAX_LINE = 1_000_000
_DEFINITION, _DATA = (".sss", ".xml"), (".asc", ".dat", ".txt", ".csv")
_OWN_DTD = re.compile(r'<!DOCTYPE\s+sss\s+PUBLIC\s+"-//triple-s//[^"<>\[\]]*"\s+"[^"<>\[\]]*"\s*>')
_DTD = re.compile(r"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_XML = re.compile(r"^\s*<\?xml[^>]*\?>")
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ATTRIBUTES_ONLY = ("position", "range", "spread")


@dataclass(frozen=True)
class _Record:
    """How a row is parted. `spans`: of each variable, from and to (counted from 0) in the row's parts."""

    path: Path
    files: Files
    is_csv: bool
    skip: int
    spans: list[tuple[int, int]]
    is_text: list[bool]


def read_triple_s(
    path: Path, files: Files, wanted: Sequence[str], ignored: Sequence[str], scratch: Path
) -> Table:
    """Open a delivery; raises FileRejected for a fault of its structure."""
    definition, data = _unpacked(path, files, scratch)
    read = _definition(definition, files)
    is_csv = str(read.data_format).endswith("Csv")
    variables = list(read.content)
    columns = [
        column
        for number, variable in enumerate(variables)
        for column in columns_of(number, variable, files.decimal, is_csv)
    ]
    header = match_header([each.name for each in columns], wanted, ignored)
    own = dict(zip(header, columns, strict=True))
    record = _Record(
        data,
        files,
        is_csv,
        int(read.skip) if str(read.skip).isdecimal() else 0,
        [_span(variable, is_csv) for variable in variables],
        [variable.type == "character" for variable in variables],
    )
    bad_rows = [(number, [reason]) for number, _, reason in _rows(record) if reason]

    def batches(names: Sequence[str] | None = None) -> Iterator[Batch]:
        return _batches(record, {name: own[name] for name in names or wanted})

    labels = Labels({name: own[name].label for name in wanted}, {name: own[name].codes for name in wanted})
    return Table(batches, bad_rows, labels, header)


def _unpacked(path: Path, files: Files, scratch: Path) -> tuple[Path, Path]:
    """The definition and the data, inflated within limits."""
    if not zipfile.is_zipfile(path):
        raise FileRejected("wrong_format", "expected a zip archive of a definition and its data")
    with refusing_damage(), zipfile.ZipFile(path) as archive:
        check_members(archive, "archive")
        refuse_archives(archive.namelist(), "archive")
        members = [member for member in archive.infolist() if not member.is_dir()]
        found = []
        limit = min(files.max_bytes, max(SMALL, MAX_RATIO * path.stat().st_size))
        for what, endings in (("definition", _DEFINITION), ("data", _DATA)):
            fitting = [member for member in members if member.filename.lower().endswith(endings)]
            if len(fitting) != 1 or len(members) != 2:
                detail = f"expected one definition ({', '.join(_DEFINITION)}) and one file of data"
                raise FileRejected("bad_archive", f"{detail} ({', '.join(_DATA)}), and nothing else")
            found.append(scratch / f"triple_s.{what}")
            with archive.open(fitting[0]) as stream:
                inflate(stream, found[-1], min(limit, MAX_DEFINITION) if what == "definition" else limit)
        return found[0], found[1]


def _definition(path: Path, files: Files) -> Any:
    """The record of the definition, as triple_s has it."""
    import triple_s

    raw = path.read_bytes()
    stated = _XML_ENCODING.match(raw.removeprefix(codecs.BOM_UTF8)[:200])
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif stated:
        encoding = stated[1].decode()
    else:
        encoding = "utf-8" if raw.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<") else files.encoding
    try:
        text = raw.decode("utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding)
    except (UnicodeError, LookupError):
        raise FileRejected("encoding", f"the definition is not {encoding}") from None
    text = _OWN_DTD.sub("", text, count=1)  # the standard's own; it is never fetched
    if _DTD.search(text):
        raise FileRejected("xml_dtd", "the definition declares a document type or entities")
    is_xml = text.lstrip().startswith("<")
    path.write_text(_canonical(_XML.sub("", text)) if is_xml else text, encoding="utf-8")
    try:
        with warnings.catch_warnings(action="ignore"):  # of widths; what matters of them is checked here
            return triple_s.read_datamap(str(path)).record
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        detail = f"the definition is no Triple-S definition, or damaged ({type(error).__name__})"
        raise FileRejected("damaged_file", detail) from None


def _canonical(text: str) -> str:
    """The XML as triple_s knows it: no markup in labels, and one of the two forms of an empty element."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise FileRejected("damaged_file", "the definition is no sound XML") from None
    for element in list(root.iter()):
        if element.tag in ("title", "label", "value"):
            parts = [element.text or ""]
            for child in element:  # a line break or an emphasis; `text` is the same in other words
                parts += ["" if child.tag == "text" else child.text or "", child.tail or ""]
            for child in list(element):
                element.remove(child)
            element.text = " ".join(" ".join(parts).split())
        elif not len(element):
            element.text = None if element.tag in _ATTRIBUTES_ONLY else element.text or ""
    return str(etree.tostring(root, encoding="unicode"))


def _span(variable: Any, is_csv: bool) -> tuple[int, int]:
    start, finish = variable.location.start, variable.location.finish or variable.location.start
    if not 1 <= start <= finish <= MAX_LINE:
        raise FileRejected("damaged_file", f"the position of {variable.name} is not sound")
    return (start - 1, start) if is_csv else (start - 1, finish)


def _rows(record: _Record) -> Iterator[tuple[int, Sequence[str], Reason | None]]:
    """Row number, the line or its fields, and what is wrong with its shape. Blank rows are left out."""
    encoding = "utf-8-sig" if codecs.lookup(record.files.encoding).name == "utf-8" else record.files.encoding
    width = max((end for _, end in record.spans), default=0)
    try:
        with record.path.open(encoding=encoding, newline="" if record.is_csv else None) as stream:
            lines = _lines(stream.readline)
            rows: Iterator[Sequence[str]] = (line.rstrip("\n") for line in lines)
            if record.is_csv:
                csv.field_size_limit(MAX_CELL)
                rows = csv.reader(lines, delimiter=record.files.delimiter, strict=True)
            for number, row in enumerate(rows, 1):
                if number <= record.skip or not any(part.strip() for part in row):
                    continue
                yield number, row, _misfit(record, row, width)
    except UnicodeError as error:
        detail = f"the data are not {record.files.encoding} ({type(error).__name__})"
        raise FileRejected("encoding", detail) from None
    except csv.Error:
        raise FileRejected("unbalanced_quote", "a quote does not open or close as CSV has it") from None


def _lines(readline: Callable[[int], str]) -> Iterator[str]:
    while line := readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise FileRejected("line_too_long", f"a row has {MAX_LINE} characters or more")
        if "\0" in line:
            raise FileRejected("nul_byte", "the data hold NUL characters")
        yield line


def _misfit(record: _Record, row: Sequence[str], width: int) -> Reason | None:
    """Blanks at the end of a row may be left out, but no row ends within a code or a number."""
    what = "fields" if record.is_csv else "positions"
    if any(part.strip() for part in row[width:]):
        detail = f"more {what} than the {width} of the definition"
        return {"code": "row_too_long", "column": None, "detail": detail}
    for (start, end), is_text in zip(record.spans, record.is_text, strict=True):
        if (record.is_csv and len(row) < end) or (start < len(row) < end and not is_text):
            detail = f"{len(row)} {what} where the definition has {width}"
            return {"code": "row_too_short", "column": None, "detail": detail}
    return None


def _batches(record: _Record, columns: dict[str, Column]) -> Iterator[Batch]:
    numbers: list[int] = []
    rows: list[Sequence[str]] = []
    for number, row, reason in _rows(record):
        if reason:
            continue
        numbers.append(number)
        rows.append(row)
        if len(rows) == BATCH_ROWS:
            yield _batch(record, columns, numbers, rows)
            numbers, rows = [], []
    if rows:
        yield _batch(record, columns, numbers, rows)


def _batch(
    record: _Record, columns: dict[str, Column], numbers: list[int], rows: list[Sequence[str]]
) -> Batch:
    import polars as pl

    fields: dict[int, list[str]] = {}
    for field in {column.field for column in columns.values()}:
        start, end = record.spans[field]
        fields[field] = ["".join(row[start:end]) for row in rows]
    cells = {name: [column.read(text) for text in fields[column.field]] for name, column in columns.items()}
    return Batch(numbers, clean_frame(pl.DataFrame(cells, dict.fromkeys(cells, pl.String))))
