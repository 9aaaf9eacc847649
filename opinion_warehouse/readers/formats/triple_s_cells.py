"""Fields of a Triple-S data file → cells, one column a variable and one a value of a multiple variable."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.columns import MAX_COLUMNS

_WHOLE = re.compile(r"^[+-]?\d+$", re.ASCII)
_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})$", re.ASCII)
_TIME = re.compile(r"^(\d{2})(\d{2})(\d{2})?$", re.ASCII)
_UNDECLARED = "(undeclared code)"
"""What every column of a multiple variable holds where its field has a code the definition does not know."""
Cell = str | None


@dataclass(frozen=True)
class Column:
    """A column of the table. `field`: number of the variable in the record; `read`: its field → the cell."""

    name: str
    field: int
    label: str
    codes: dict[str, str]
    read: Callable[[str], Cell]


def columns_of(field: int, variable: Any, decimal: str, is_csv: bool) -> list[Column]:
    """The columns of a variable of the definition (a `triple_s.Question`)."""
    name = variable.name.strip()
    label = variable.label.value if variable.label else ""
    codes = _codes(variable)
    if variable.type == "multiple":
        read_item = _item_reader(variable, list(codes), is_csv)
        return [Column(f"{name}[{code}]", field, text, {}, read_item(code)) for code, text in codes.items()]
    read = _READERS.get(variable.type)
    if read is None:
        raise _unsound(f"the variable {name} is of a type that does not exist")
    if variable.type == "quantity" or (variable.type == "single" and variable.format != "literal"):
        return [Column(name, field, label, codes, lambda text: _number(text, decimal))]
    return [Column(name, field, label, codes, read)]


def _codes(variable: Any) -> dict[str, str]:
    """Code → label. A range of a categorical variable stands for each of its codes."""
    response = variable.response
    found: dict[str, str] = {}
    if response and response.range and variable.type in ("single", "multiple"):
        first, last = int(response.range.start), int(response.range.end)
        if last - first >= MAX_COLUMNS:
            raise FileRejected("too_many_columns", f"a variable has more than {MAX_COLUMNS} codes")
        found = {str(code): "" for code in range(first, last + 1)}
    for value in response.values if response else []:
        code = _number(str(value.code), ".") if not isinstance(value.code, str) else value.code.strip()
        found[code or ""] = value.label.value.strip() if value.label else ""
    return found


def _number(text: str, decimal: str) -> Cell:
    """Padded with blanks or zeros, to its right or left."""
    text = text.strip()
    if _WHOLE.match(text):
        return str(int(text))
    return text.removesuffix(".0").replace(".", decimal) or None


def _date(text: str) -> Cell:
    match = _DATE.match(text.strip())
    return "-".join(match.groups()) if match else text.strip() or None


def _time(text: str) -> Cell:
    match = _TIME.match(text.strip())
    return f"{match[1]}:{match[2]}:{match[3] or '00'}" if match else text.strip() or None


def _plain(text: str) -> Cell:
    return text.strip() or None


_READERS: dict[str, Callable[[str], Cell]] = {
    "single": _plain,
    "quantity": _plain,
    "character": _plain,
    "logical": _plain,
    "date": _date,
    "time": _time,
}


def _item_reader(variable: Any, codes: list[str], is_csv: bool) -> Callable[[str], Callable[[str], Cell]]:
    """Code → reader of its column: `1` where the field holds it, `0` where not, nothing where it is blank."""
    if not codes or not all(_WHOLE.match(code) for code in codes):
        raise _unsound(f"the codes of {variable.name} are no numbers")
    if variable.spread:
        return _spread_reader(variable, set(codes), is_csv)
    places = {int(code) - 1 for code in codes}
    width = variable.location.finish - variable.location.start + 1
    if min(places) < 0 or (not is_csv and max(places) >= width):
        raise _unsound(f"the codes of {variable.name} are not among its {width} positions")

    def of(code: str) -> Callable[[str], Cell]:
        def read(text: str) -> Cell:
            if not text.strip():
                return None
            # A spreadsheet takes the leading zeros away, and every code would move.
            is_short = is_csv and len(text.strip()) <= max(places)
            if is_short or any(mark not in " 0" for at, mark in enumerate(text) if at not in places):
                return _UNDECLARED
            return text[int(code) - 1 : int(code)].strip() or None

        return read

    return of


def _spread_reader(variable: Any, codes: set[str], is_csv: bool) -> Callable[[str], Callable[[str], Cell]]:
    count, width = variable.spread.num_subfields, variable.spread.subfield_width
    if not width and not is_csv:
        width = (variable.location.finish - variable.location.start + 1) // max(1, count)
    if not count or not width:
        raise _unsound(f"the subfields of {variable.name} have no width")

    def chosen(text: str) -> set[str]:
        parts = (text[at : at + width].strip() for at in range(0, count * width, width))
        return {_number(part, ".") or "" for part in parts if part.strip("0")}

    def of(code: str) -> Callable[[str], Cell]:
        def read(text: str) -> Cell:
            if not text.strip():
                return None
            found = chosen(text)
            if found - codes or text[count * width :].strip(" 0"):
                return _UNDECLARED
            return "1" if code in found else "0"

        return read

    return of


def _unsound(what: str) -> FileRejected:
    return FileRejected("damaged_file", f"the definition is not sound: {what}")
