"""A file of unknown shape → how a spec would declare it, and its table as the parser would read it then."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.formats.csv_table import read_csv
from opinion_warehouse.readers.formats.docx_file import docx_headings, docx_table, open_docx
from opinion_warehouse.readers.formats.json_table import read_json
from opinion_warehouse.readers.formats.parquet_table import parquet_names, read_parquet
from opinion_warehouse.readers.formats.readstat import read_dta, read_sav
from opinion_warehouse.readers.formats.triple_s import read_triple_s
from opinion_warehouse.readers.formats.xlsx_table import (
    Workbook,
    open_workbook,
    read_repeat,
    read_sheet,
    sheet_rows,
)
from opinion_warehouse.readers.inspection.json_names import json_names
from opinion_warehouse.readers.inspection.text_form import SEARCHED, csv_form
from opinion_warehouse.readers.inspection.tools import Tool, headings_of, tool_of
from opinion_warehouse.readers.privacy.personal import personal_kind
from opinion_warehouse.readers.privacy.redact import redact
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.layout import HeaderRow, heading
from opinion_warehouse.readers.tables.table import Table
from opinion_warehouse.sources import Files

FOLLOWUP = {"ma_kien_nghi", "trang_thai"}
_ENOUGH = 4
"""Headings of a table that could be a list of opinions; letterheads have fewer."""
_ALL = ["*"]
_DATUM = re.compile(r"\"*(\d{6,}|https?://|\d{4}-\d{2}-\d{2}[T ]|\d{1,2}/\d{1,2}/\d{4})", re.ASCII)
"""How a cell begins that is no heading: an id, a link, a moment."""
_IN_NO_HEADING = {
    "email",
    "phone",
    "national_id",
    "ip_address",
    "card_number",
    "bank_account",
    "licence_plate",
}


@dataclass
class Found:
    """What a file was found to be. `table` is None for one that holds no table.

    `names`: the columns as a spec would name them. `aside`: those that hold no single value, and what.
    """

    files: dict[str, Any]
    notes: dict[str, str]
    table: Table | None = None
    names: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)
    tool: Tool | None = None
    followup: dict[str, Any] | None = None


def find_table(path: Path, files: dict[str, Any], notes: dict[str, str], scratch: Path) -> Found:
    """Read a file of a known format; raises FileRejected where its reader would."""
    form = files["format"]
    if form == "csv":
        return _csv(path, files, notes, scratch)
    if form in ("xlsx", "ods"):
        return _workbook(path, files, notes)
    if form == "docx":
        return _document(path, files, notes)
    if form in ("json", "jsonl"):
        return _json(path, files, notes, scratch)
    if form == "parquet":
        plain, other = parquet_names(path, lambda name: personal_kind(name) is not None)
        table = read_parquet(path, plain, list(other))
        return Found(files, notes, table, plain, aside=dict.fromkeys(other, "objects"))
    declared = Files.model_validate(files)
    if form in ("sav", "dta", "triple_s"):
        names = _labelled(path, declared, [], scratch).header
        table = _labelled(path, declared, names, scratch)
        return Found(files, notes, table, names, labels=table.labels.columns)
    return Found(files, notes)


def _labelled(path: Path, files: Files, wanted: list[str], scratch: Path) -> Table:
    """A file that declares its columns; those that are not wanted are left out."""
    if files.format == "sav":
        return read_sav(path, files, wanted, _ALL, scratch)
    if files.format == "dta":
        return read_dta(path, files, wanted, _ALL)
    return read_triple_s(path, files, wanted, _ALL, scratch)


def named(headings: Sequence[str]) -> list[str]:
    """Headings as a spec names them: what is blank or stands twice goes by its position."""
    count = Counter(headings)
    return [
        f"(column {number})" if not name or count[name] > 1 else name
        for number, name in enumerate(headings, 1)
    ]


def of_a_person(heading: str) -> bool:
    """Whether a heading holds what no heading holds: a phone number, an e-mail address …"""
    return not _IN_NO_HEADING.isdisjoint(redact(heading).counts)


def _is_header(rows: Sequence[HeaderRow]) -> bool:
    """Whether a first row could be headings: not people's data, and not mostly numbers and dates."""
    cells = [cell for cell in (heading(cell) for cell in rows[0]) if cell]
    # a heading_like_this looks like a handle
    personal = [
        kind for cell in cells if (kind := personal_kind("", [cell])) and kind not in ("handle", "token")
    ]
    numbers = [cell for cell in cells if re.fullmatch(r"[\dTZ.,:/+ -]+", cell)]
    is_data = personal or any(of_a_person(cell) or _DATUM.match(cell) for cell in cells)
    return bool(cells) and not is_data and len(numbers) <= 0.3 * len(cells)


def _csv(path: Path, files: dict[str, Any], notes: dict[str, str], scratch: Path) -> Found:
    form = csv_form(path)
    files, notes = files | form.files, notes | form.notes
    found = Found(files, notes, tool=form.tool)
    if "column_names" in files:
        declared = Files.model_validate(files)
        found.names = list(declared.column_names)
    elif form.tool is None and not _is_header(form.head):
        found.names = _nameless(found, len(form.head[0]))
        declared = Files.model_validate(files)
    else:
        layout = files.get("layout", "plain")
        found.names = named(headings_of(form.head, layout))
        found.labels = _wordings(form.head, layout, found.names)
        declared = Files.model_validate(files)
    found.table = read_csv(path, declared, found.names, [], scratch)
    return found


def _nameless(found: Found, width: int) -> list[str]:
    """Names for the columns of a file that seems to have no header."""
    names = [f"column_{number}" for number in range(1, width + 1)]
    found.files.pop("header_row", None)
    found.files["column_names"] = names
    found.notes["column_names"] = "the first row looks like data; if it is a header, remove this"
    return names


def _wordings(rows: Sequence[HeaderRow], layout: str, names: list[str]) -> dict[str, str]:
    """The header row that says what each column asks."""
    at = {"limesurvey_vv": 0, "qualtrics": 1, "qualtrics_legacy": 1}.get(layout)
    return {} if at is None else dict(zip(names, map(heading, rows[at]), strict=False))


def _workbook(path: Path, files: dict[str, Any], notes: dict[str, str]) -> Found:
    workbook = open_workbook(path, files["format"])
    heads: dict[str, list[HeaderRow]] = {}
    for sheet in workbook.sheet_names:
        try:
            rows = sheet_rows(workbook, sheet, Files.model_validate(files | {"sheet": sheet}))
            heads[sheet] = [cells for _, cells in islice(rows, SEARCHED)]
        except FileRejected:
            continue
    heads = {sheet: rows for sheet, rows in heads.items() if any(any(row) for row in rows)}
    if not heads:
        raise FileRejected("empty", "no sheet has a cell")
    known = [(sheet, *place) for sheet, rows in heads.items() if (place := _known_row(rows))]
    by_index = [sheet for sheet, rows in heads.items() if "_parent_index" in (rows[0] or ())]
    known.sort(key=lambda each: each[0] in by_index)
    if known:
        sheet, tool, at = known[0]
        notes |= {"sheet": f"its header is that of {tool.name}"}
    else:
        sheet = max(heads, key=lambda name: (name not in by_index, sum(map(_filled, heads[name]))))
        tool, at = None, _first_wide(heads[sheet])
        notes |= {"sheet": "the fullest sheet"}
    others = [name for name in heads if name != sheet]
    if others:
        notes["sheet"] += f"; could be {', '.join(others)}"
    files |= {"sheet": sheet} | ({"header_row": at + 1} if at else {})
    if at:
        notes["header_row"] = "the first row that looks like headings"
    found = Found(files, notes, tool=tool)
    for other in others:
        row = next((at for at, cells in enumerate(heads[other]) if set(cells) >= FOLLOWUP), None)
        if row is not None:
            found.followup = {"sheet": other}
    return _sheet_table(workbook, found, heads[sheet][at:], [each for each in by_index if each != sheet])


def _sheet_table(workbook: Workbook, found: Found, head: list[HeaderRow], repeats: list[str]) -> Found:
    files = found.files
    if found.tool and found.tool.layout != "plain":
        files["layout"] = found.tool.layout
        found.notes["layout"] = f"the header rows are those of {found.tool.name}"
    if repeats:
        files["repeat"] = {"sheet": repeats[0]}
        found.notes["repeat"] = (
            f"its rows belong to rows of {files['sheet']}, whose columns are named `parent.…`"
            + (f"; could be {', '.join(repeats[1:])}" if repeats[1:] else "")
            + "; to read the main sheet alone, keep its columns and take `parent.` off them"
        )
        declared = Files.model_validate(files)
        inner = next(iter(sheet_rows(workbook, repeats[0], declared)))[1]
        found.names = named(_trimmed(inner)) + [f"parent.{name}" for name in named(_trimmed(head[0]))]
        found.table = read_repeat(workbook, declared, found.names, [])
        return found
    layout = files.get("layout", "plain")
    if found.tool is None and not _is_header(head):
        found.names = _nameless(found, len(_trimmed(head[0])))
    else:
        headings = headings_of(head, layout)
        while headings and not headings[-1]:
            headings.pop()
        found.names = named(headings)
        found.labels = _wordings(head, layout, found.names)
    declared = Files.model_validate(files)
    found.table = read_sheet(workbook, files["sheet"], declared, found.names, [])
    return found


def _trimmed(cells: HeaderRow) -> list[str]:
    headings = [heading(cell) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    return headings


def _filled(cells: HeaderRow) -> int:
    return sum(bool(cell) for cell in cells)


def _known_row(rows: Sequence[HeaderRow]) -> tuple[Tool, int] | None:
    for at in range(len(rows)):
        if _filled(rows[at]) > 1 and (tool := tool_of(rows[at : at + 3])):
            return tool, at
    return None


def _first_wide(rows: Sequence[HeaderRow]) -> int:
    """The first row nearly as full as the fullest: titles over a table have a cell or two."""
    most = max(map(_filled, rows))
    return next(at for at, cells in enumerate(rows) if _filled(cells) >= 0.8 * most)


def _document(path: Path, files: dict[str, Any], notes: dict[str, str]) -> Found:
    body = open_docx(path)
    tables = docx_headings(body, 1)
    found = Found(files, notes)
    wide = [each for each in tables if len([cell for cell in each if cell]) >= _ENOUGH and _is_header([each])]
    chosen = next((each for each in tables if tool_of([each])), None) or max(wide, key=len, default=None)
    if chosen is None:
        return found
    found.tool = tool_of([chosen])
    if found.tool is None:
        found.notes["format"] += "; the widest table of the document is read, none is the template's"
    found.names = named(_trimmed(chosen))
    found.table = docx_table(body, Files.model_validate(files), found.names, [])
    if any(set(each) >= FOLLOWUP for each in tables):
        found.followup = {}
    return found


def _json(path: Path, files: dict[str, Any], notes: dict[str, str], scratch: Path) -> Found:
    declared = Files.model_validate(files)
    names = json_names(path, declared)
    if files.get("records"):
        notes |= {"records": "the first list of objects in the file"}
    tool = tool_of([list(names.plain)]) or tool_of([[*names.plain, *names.aside]])
    found = Found(files, notes, names=names.plain, aside=names.aside, tool=tool)
    found.table = read_json(path, declared, names.plain, list(names.aside), [], scratch)
    return found
