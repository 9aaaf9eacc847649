"""Cells → numbers, dates and codes. What cannot be read raises BadCell; nothing is guessed."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import clean, fold

_WHOLE_FLOAT = re.compile(r"^(-?\d+)\.0+$")
_NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$", re.ASCII)
_EPOCH = re.compile(r"^-?\d{1,16}(\.\d+)?$", re.ASCII)
ROUNDED = re.compile(r"^[0-9]([.,][0-9]+)?[Ee]\+[0-9]+$")
"""A long number as a spreadsheet writes it."""
_ISO_MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)
_ISO_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
EARLIEST = date(1900, 1, 1)
SMALLEST, LARGEST = 1e-30, 1e30
"""In size, of a number that is not 0: squares of others would leave double precision and stop the night."""
T = TypeVar("T")


def number(cell: str, decimal: str) -> float:
    """A finite number; thousands may be parted by the mark that is not the decimal one.

    No thousands begin with 0: `0.850` where the decimal mark is the comma is a file with the other mark.
    """
    text = cell.replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    thousands = "." if decimal == "," else ","
    if thousands in text:
        if not re.match(rf"^[+-]?[1-9]\d{{0,2}}(\{thousands}\d{{3}})+(\{decimal}\d*)?$", text, re.ASCII):
            raise BadCell("not_a_number", f"expected a number with the decimal mark {decimal}")
        text = text.replace(thousands, "")
    text = text.replace(decimal, ".")
    if not _NUMBER.match(text):
        raise BadCell("not_a_number", f"expected a number with the decimal mark {decimal}")
    value = float(text)
    if not math.isfinite(value):
        raise BadCell("not_a_number", "expected a finite number")
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise BadCell("out_of_range", f"expected 0, or a number from {SMALLEST:g} to {LARGEST:g} in size")
    return value


def whole(cell: str, decimal: str, low: int, high: int) -> int:
    """A whole number of a range."""
    value = number(cell, decimal)
    if value != int(value):
        raise BadCell("not_a_whole_number", "expected a whole number")
    if not low <= value <= high:
        raise BadCell("out_of_range", f"expected a whole number from {low} to {high}")
    return int(value)


def plain_code(cell: str) -> str:
    """`1.0` and `1` are one code: statistics packages write whole numbers either way."""
    match = _WHOLE_FLOAT.match(cell)
    return match[1] if match else cell


def day(cell: str, form: str) -> date:
    """A date in the declared form; a spreadsheet's own date cells arrive in ISO form."""
    try:
        value = date.fromisoformat(cell) if _ISO_DATE.match(cell) else datetime.strptime(cell, form).date()  # noqa: DTZ007
    except (ValueError, OverflowError):
        raise BadCell("bad_date", f"expected a date of the form {form}") from None
    if value < EARLIEST:
        raise BadCell("bad_date", f"expected a date after {EARLIEST.year}")
    return value


def instant(cell: str, form: str, zone: ZoneInfo) -> datetime:
    """A moment in UTC; without an offset it is the source's local time.

    A spreadsheet's own date cells arrive in ISO form, whatever the form of those that are text.
    """
    try:
        if form in ("epoch_s", "epoch_ms"):
            if not _EPOCH.match(cell):  # 1.75E+12, as a spreadsheet writes it, has lost its days
                raise ValueError
            seconds = float(cell) / (1000 if form == "epoch_ms" else 1)
            return datetime.fromtimestamp(seconds, UTC)
        is_iso = form == "iso" or bool(_ISO_MOMENT.match(cell))  # without an offset: the zone comes next
        value = datetime.fromisoformat(cell) if is_iso else datetime.strptime(cell, form)  # noqa: DTZ007
        if value.tzinfo is None:
            value = value.replace(tzinfo=zone)
        value = value.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise BadCell("bad_date", f"expected a date and time of the form {form}") from None
    if value.date() < EARLIEST:
        raise BadCell("bad_date", f"expected a date after {EARLIEST.year}")
    return value


def not_after(value: date, limit: date) -> None:
    """Refuse what lies in the future."""
    if value > limit:
        raise BadCell("future_date", "expected a date that is not in the future")


def latest_date(night: date, received: datetime) -> date:
    """The last date that is no future one: clocks and time zones differ by a day or two."""
    return max(night, received.date()) + timedelta(days=2)


def lookup(table: Mapping[str, T], codes: Iterable[T] = ()) -> Callable[[str], T]:
    """Cell → what a spec's table says, comparing folded; the target codes themselves are understood too."""
    folded: dict[str, T] = {fold(str(code)): code for code in codes}
    folded |= {fold(cell): value for cell, value in table.items()}
    count = len(folded)
    known: dict[str, T] = {}

    def find(cell: str) -> T:
        if cell in known:
            return known[cell]
        key = fold(cell)
        if key not in folded:
            raise BadCell("unknown_code", f"expected one of the {count} values the spec declares")
        if len(known) < 10_000:
            known[cell] = folded[key]
        return folded[key]

    return find


def own_id(cell: str | None) -> str | None:
    """The source's own id. One a spreadsheet has rounded (`1.14E+11`) stands for many, so it is none."""
    own = text_of(cell)
    if own and ROUNDED.match(own):
        raise BadCell("damaged_id", "expected an id; a spreadsheet has rounded this one")
    return own


def text_of(cell: str | None) -> str | None:
    """A cell's text, or None for nothing."""
    return (clean(cell) or None) if cell else None
