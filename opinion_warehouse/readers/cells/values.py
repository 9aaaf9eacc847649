"""Cells → numbers, dates and codes. What cannot be read raises BadCell; nothing is guessed."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from opinion_warehouse.readers.cells.written import IN_WORDS, moment_in_words
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import clean, fold

if TYPE_CHECKING:
    import polars as pl

WHOLE_FLOAT = re.compile(r"^(-?\d+)\.0+$")
_NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$", re.ASCII)
_PARTED = {
    decimal: re.compile(rf"[+-]?[1-9]\d{{0,2}}([ \{thousands}])\d{{3}}(\1\d{{3}})*(\{decimal}\d*)?", re.ASCII)
    for decimal, thousands in ((".", ","), (",", "."))
}
_SPACES_AND_MINUS = str.maketrans("\u00a0\u2009\u202f\u2212", "   -")
_EPOCH = re.compile(r"^-?\d{1,16}(\.\d+)?$", re.ASCII)
DAMAGED_ID = re.compile(
    r"^(?:[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]+|#(?:N/A|NAME\?|REF!|VALUE!|DIV/0!|NUM!|NULL!))$"
)
"""A long number as a spreadsheet rounds it, or its error for an id that looked like a formula (`-aB3`)."""
DAMAGED = "expected an id; a spreadsheet has rounded this one, or made an error of it"
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_WEEK = re.compile(r"\d{4}-?W\d{2}(?!-?\d)", re.ASCII)
_PARTS_OF_FORM = re.compile(r"(?:%[YGymdHIMSfjUWVuw])+|%.|\s+|[^%\s]+")
_DIGITS = {"Y": "4", "G": "4", "j": "3", "f": "1,6", "u": "1", "w": "1"}
"""How many a directive's number has; the others two."""
_SIZES = {"nghìn": 3, "ngàn": 3, "k": 3, "triệu": 6, "tr": 6, "tỷ": 9, "tỉ": 9}
_SIZED = re.compile(rf"(.*?) ?({'|'.join(_SIZES)})")
EARLIEST = date(1900, 1, 1)
EARLIEST_EPOCH = date(1990, 1, 1)
"""Of seconds and milliseconds: one read as the other lies in January 1970."""
SMALLEST, LARGEST = 1e-30, 1e30
"""In size, of a number that is not 0: squares of others would leave double precision and stop the night."""
EXACT_DOUBLE, EXACT_SINGLE = 2**53, 2**24
"""Beyond them whole numbers run into one another."""
T = TypeVar("T")


def inexact(value: float) -> str:
    """A number that may stand for several, written so that it cannot pass for an exact id."""
    return f"{value:.16E}"


def number(cell: str, decimal: str) -> float:
    """A finite number; thousands may be parted by the mark that is not the decimal one, or by spaces.

    Parted thousands have three digits each and do not begin with 0: `1.23,4` is no number, and `0.850` where
    the decimal mark is the comma is a file with the other mark.
    """
    text = cell.translate(_SPACES_AND_MINUS).strip()
    thousands = "." if decimal == "," else ","
    if thousands in text or " " in text:
        if not _PARTED[decimal].fullmatch(text):
            raise BadCell("not_a_number", f"expected a number with the decimal mark {decimal}")
        text = text.replace(thousands, "").replace(" ", "")
    text = text.replace(decimal, ".")
    if not _NUMBER.match(text):
        raise BadCell("not_a_number", f"expected a number with the decimal mark {decimal}")
    value = float(text)
    if not math.isfinite(value):
        raise BadCell("not_a_number", "expected a finite number")
    if value and not SMALLEST <= abs(value) <= LARGEST:
        raise BadCell("out_of_range", f"expected 0, or a number from {SMALLEST:g} to {LARGEST:g} in size")
    return value


def number_in_words(cell: str, decimal: str) -> float:
    """`1,5 triệu`, `12 nghìn`, `3k`; a number without such a word is itself."""
    match = _SIZED.fullmatch(fold(cell))
    if match is None:
        return number(cell, decimal)
    return float(Decimal(repr(number(match[1], decimal))).scaleb(_SIZES[match[2]]))


def percentage(cell: str, decimal: str) -> float:
    """`20%` and `20` are 20. Without the sign a part of 1 is refused: is it of 1, or of 100?"""
    if cell.endswith("%"):
        return number(cell[:-1].rstrip(), decimal)
    value = number(cell, decimal)
    if 0 < abs(value) < 1:
        raise BadCell("ambiguous_share", "expected a percentage from 0 to 100, or the sign % after it")
    return value


def whole(cell: str, decimal: str, low: int, high: int, read: Callable[[str, str], float] = number) -> int:
    """A whole number of a range."""
    value = read(cell, decimal)
    if value != int(value):
        raise BadCell("not_a_whole_number", "expected a whole number")
    if not low <= value <= high:
        raise BadCell("out_of_range", f"expected a whole number from {low} to {high}")
    return int(value)


def plain_code(cell: str) -> str:
    """`1.0` and `1` are one code: statistics packages write whole numbers either way."""
    match = WHOLE_FLOAT.match(cell)
    return match[1] if match else cell


def _as_declared(cell: str, form: str, iso: tuple[re.Pattern[str], ...]) -> datetime:
    """By the declared form; a spreadsheet's own date cells arrive in ISO form, whatever it is."""
    if form == "iso" or (any(one.fullmatch(cell) for one in iso) and not form.startswith("%Y-%d")):
        if _ISO_WEEK.match(cell):
            raise ValueError  # Python takes a week for its Monday
        return datetime.fromisoformat(cell)
    if form == IN_WORDS:
        return moment_in_words(cell)
    if not _full_width(form).fullmatch(cell):
        raise ValueError
    return datetime.strptime(cell, form)  # noqa: DTZ007


@cache
def _full_width(form: str) -> re.Pattern[str]:
    """Cells of a form in which numbers that nothing parts have all their digits.

    strptime finds a day in `1112025` by `%d%m%Y`: the 1st of November, or the 11th of January?
    """

    def pattern(part: str) -> str:
        if not part.startswith("%"):
            return r"\s+" if part.isspace() else re.escape(part)
        numbers = part[1::2]
        if len(numbers) == 1:
            return "%" if part == "%%" else ".*?"
        return "".join(rf"\d{{{_DIGITS.get(number, '2')}}}" for number in numbers)

    return re.compile("".join(map(pattern, _PARTS_OF_FORM.findall(form))), re.IGNORECASE | re.DOTALL)


def any_of(cells: "pl.Series", values: Sequence[str]) -> "pl.Series":
    """Whether each cell is one of these, by `plain_code` too; for a column of texts without nulls."""
    return cells.is_in(list(values)) | cells.str.replace(WHOLE_FLOAT.pattern, "$1").is_in(list(values))


def day(cell: str, form: str) -> date:
    """A date in the declared form, or in ISO form."""
    try:
        value = _as_declared(cell, form, (_ISO_DATE,)).date()
    except (ValueError, OverflowError):
        raise BadCell("bad_date", f"expected a date of the form {form}") from None
    if value < EARLIEST:
        raise BadCell("bad_date", f"expected a date after {EARLIEST.year}")
    return value


def instant(cell: str, form: str, zone: ZoneInfo) -> datetime:
    """A moment in UTC, in the declared form or ISO's; without an offset it is the source's local time."""
    try:
        if form in ("epoch_s", "epoch_ms"):
            if not _EPOCH.match(cell):  # 1.75E+12, as a spreadsheet writes it, has lost its days
                raise ValueError
            seconds = float(cell) / (1000 if form == "epoch_ms" else 1)
            value = datetime.fromtimestamp(seconds, UTC)
            if value.date() < EARLIEST_EPOCH:
                raise ValueError
            return value
        # a date cell at midnight arrives without its time
        value = _as_declared(cell, form, (_ISO_MOMENT, _ISO_DATE))
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
    """The source's own id; `1.0` is `1`. One a spreadsheet has damaged stands for many, so it is none."""
    own = text_of(cell)
    if own and DAMAGED_ID.match(own):
        raise BadCell("damaged_id", DAMAGED)
    return own and plain_code(own)


def text_of(cell: str | None) -> str | None:
    """A cell's text, or None for nothing."""
    return (clean(cell) or None) if cell else None
