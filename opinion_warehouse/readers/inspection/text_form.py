"""The encoding and the delimiter a text file seems to have. Only a draft may guess so: a person reads it."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.inspection.tools import GDELT, Tool, tool_of
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.header import records
from opinion_warehouse.readers.tables.misread import count_words
from opinion_warehouse.sources import Files

HEAD = 4_000_000
_BLOCK = 8_000_000
_ONE_BYTE = ("cp1252", "cp1258", "vni", "tcvn3")
DELIMITERS = (",", ";", "\t", "|")
SEARCHED, SAMPLED = 100, 200
"""Lines among which a header is looked for, and records that say how wide a table is."""


@dataclass(frozen=True)
class CsvForm:
    """Rows of the head, the header's among them first (of a file without header: the first of the data)."""

    files: dict[str, Any]
    notes: dict[str, str]
    head: list[list[str]]
    tool: Tool | None


def encoding_of(path: Path) -> tuple[str, str]:
    """An encoding the bytes are sound in, and why it is proposed."""
    with path.open("rb") as raw:
        start = raw.read(4096)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16", "a byte order mark"
    for name, odd in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
        if len(odd) > 4 and odd.count(0) > 0.4 * len(odd):
            return name, "every other byte is NUL, and there is no byte order mark"
    if _decodes(path, "utf-8"):
        return "utf-8", "every byte of the file is sound UTF-8"
    with path.open("rb") as raw:
        sample = raw.read(HEAD)
    scores: dict[str, float] = {}
    for name in _ONE_BYTE:
        if _decodes(path, name):
            count = count_words(sample.decode(name, errors="replace"))
            scores[name] = count.real - 2 * count.misread.total() - count.foreign / 2
    if not scores:
        return "cp1252", "not UTF-8, nor wholly of any encoding known here"
    best = max(scores, key=lambda name: scores[name])
    others = ", ".join(name for name in scores if name != best)
    return best, f"not UTF-8; its words look best in {best}" + (f"; could be {others}" if others else "")


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as stream:
            while stream.read(_BLOCK):
                pass
    except UnicodeError:
        return False
    return True


def csv_form(path: Path) -> CsvForm:
    """How a text table seems to be written; raises FileRejected for what seems to be none."""
    encoding, why = encoding_of(path)
    files: dict[str, Any] = {"format": "csv", "encoding": encoding}
    notes = {"format": "text that is none of the other formats", "encoding": why}
    plain = "utf-8-sig" if encoding == "utf-8" else encoding
    with path.open(encoding=plain, newline="", errors="replace") as stream:
        lines = stream.read(HEAD).splitlines(keepends=True)
    if not any(line.strip() for line in lines):
        raise FileRejected("empty", "the file has no text")
    if any("\0" in line for line in lines):
        raise FileRejected("nul_byte", "the file holds NUL characters; it is no text, or another encoding")
    if (gdelt := _gdelt(lines)) is not None:
        files |= {"delimiter": "\t", "quoting": "none", "column_names": gdelt}
        notes |= {"column_names": f"tabs, no header, and as many columns as {gdelt} of GDELT 2.0"}
        return CsvForm(files, notes, _head(lines, "\t", "none"), None)
    if (known := _known_header(lines)) is not None:
        tool, delimiter, at = known
        files["delimiter"] = delimiter
        notes["delimiter"] = f"it parts the headings of {tool.name}"
        if tool.layout != "plain":
            files["layout"] = tool.layout
            notes["layout"] = f"the header rows are those of {tool.name}"
        if at:
            files["header_has"] = list(tool.has)[:3]
            notes["header_has"] = f"the header stands in line {at + 1}"
        return CsvForm(files, notes, _head(lines[at:], delimiter, "double"), tool)
    return _unknown(lines, files, notes)


def _head(lines: Sequence[str], delimiter: str, quoting: str) -> list[list[str]]:
    """The first records, as far as they are sound."""
    declared = Files.model_validate({"format": "csv", "delimiter": delimiter, "quoting": quoting})
    found: list[list[str]] = []
    try:
        for record in records(iter(lines), declared):
            found.append(record)
            if len(found) == SAMPLED:
                break
    except csv.Error:
        pass
    return found


def _gdelt(lines: Sequence[str]) -> str | None:
    cells = lines[0].rstrip("\r\n").split("\t")
    name = GDELT.get(len(cells))
    digits = [cell for cell in cells[1:3] if cell.isdigit() and len(cell) in (8, 14)]
    return name if digits else None


def _known_header(lines: Sequence[str]) -> tuple[Tool, str, int] | None:
    for at in range(min(SEARCHED, len(lines))):
        for delimiter in DELIMITERS:
            if delimiter in lines[at] or len(lines[at]) < 40:
                tool = tool_of(_head(lines[at : at + 50], delimiter, "double")[:3])
                if tool is not None:
                    return tool, delimiter, at
    return None


def _unknown(lines: Sequence[str], files: dict[str, Any], notes: dict[str, str]) -> CsvForm:
    best: tuple[float, str, str, int, list[list[str]]] | None = None
    fits: list[str] = []
    for quoting in ("double", "none"):
        for delimiter in DELIMITERS:
            head = _head(lines, delimiter, quoting)
            widths = Counter(len(record) for record in head if record)
            if not widths:
                continue
            width, count = max(widths.items(), key=lambda each: (each[1] * (each[0] > 1), each[0]))
            whole = min(len(lines), SAMPLED)
            share = count / max(1, widths.total()) * (1 if len(head) >= 0.2 * whole else 0.1)
            if width > 1 and share > 0.5 and delimiter not in fits:
                fits.append(delimiter)
            score = share * min(width, 6) - (0.5 if quoting == "none" else 0)
            if best is None or score > best[0]:
                best = (score, delimiter, quoting, width, head)
    if best is None:
        raise FileRejected("unbalanced_quote", "the text is no table: no delimiter parts it into records")
    _, delimiter, quoting, width, head = best
    others = [repr(each) for each in fits if each != delimiter]
    files["delimiter"] = delimiter
    notes["delimiter"] = f"most records have {width} cells with it" + (
        f"; could be {', '.join(others)}" if others else ""
    )
    if quoting == "none":
        files["quoting"] = "none"
        notes["quoting"] = "quotes do not open and close as CSV has it"
    at = next((number for number, record in enumerate(head) if len(record) == width), 0)
    if at:
        files["header_row"] = at + 1
        notes["header_row"] = f"the first record of {width} cells"
    return CsvForm(files, notes, head[at:], None)
