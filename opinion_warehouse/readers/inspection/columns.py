"""What a column holds: its type, and the distinct codes that may be shown.

A cell leaves here only where it is one of a few that come again and again, or a bare code; what stands in one
row alone could be a person's own words, and is counted, not shown.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

from opinion_warehouse.readers.cells.values import number
from opinion_warehouse.readers.cells.written import moment_in_words
from opinion_warehouse.readers.inspection.words import VOCABULARY
from opinion_warehouse.readers.privacy.personal import personal_kind, plain_words
from opinion_warehouse.readers.privacy.redact import redact
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import fold

if TYPE_CHECKING:
    import polars as pl

MAX_CODES = 60
"""Distinct cells of a list of codes; a column with more is a number, an id, a date or text."""
_KEPT = 2_000
_TRIED = 50
_LOOKED_AT = 200_000
_LONGEST_CODE = 80
_BARE_CODE = re.compile(
    r"[+-]?\d{1,4}(?:[.,]\d{1,2})?|\.[a-z]|[A-Z]{1,2}\d{0,4}|SQ\d{3}|-[a-z]{2,5}-", re.ASCII
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
_YEARS = (1990, datetime.now(UTC).year + 1)
"""Surveys and media speak of these; a number that would name another is an id."""
_DIGITS = {"%Y%m%d%H%M%S": 14, "%Y%m%d": 8}
_ID = re.compile(
    r"^ id $| (?:respondent|response|case|record|interview|mention|document|item|post) ?id $|^ serial "
)
"""Headings of ids of answers and items; long numbers there are no numbers of people."""
_TIME_ONLY = date(2000, 1, 1)
_DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p")
FORMATS = (
    *(day + time for day in _DAYS for time in _TIMES),
    *("%d-%b-%Y" + time for time in _TIMES),
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    *(time.strip() for time in _TIMES[1:]),
)
"""Forms of dates that are tried beside iso, epoch_s, epoch_ms and vi_words."""


Words = Literal["common", "settings", "none"]
_LIKE_NAMES_OF_SETTINGS = {"number", "handle", "token"}


@dataclass
class _Form:
    """A form of dates: how many cells have it, and the first and the last day they name."""

    count: int = 0
    first: date = date.max
    last: date = date.min


@dataclass
class ColumnProfile:
    """A column, batch by batch. `label`: what the file says beside its heading."""

    name: str
    label: str = ""
    filled: int = 0
    blank: int = 0
    tried: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    has_more: bool = False
    seen: set[str] | None = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    whole: int = 0
    low: float = float("inf")
    high: float = float("-inf")
    forms: dict[str, _Form] | None = None
    dated: int = 0
    characters: int = 0
    spaced: int = 0

    def add(self, cells: "pl.Series") -> None:
        """Take note of some cells."""
        given = cells.drop_nulls().filter(cells.drop_nulls() != "")
        self.filled += given.len()
        self.blank += cells.len() - given.len()
        counts = given.value_counts(sort=True, name="n") if given.len() else None
        values = dict(zip(counts[given.name], counts["n"], strict=True)) if counts is not None else {}
        if self.seen is not None and len(self.seen) < _LOOKED_AT:
            is_new = len(values) == given.len() and self.seen.isdisjoint(values)
            self.seen = self.seen | values.keys() if is_new else None
        for text, count in values.items():
            if text in self.codes or len(self.codes) < _KEPT:
                self.codes[text] += count
            else:
                self.has_more = True
        self.characters += int(given.str.len_chars().sum() or 0)
        self.spaced += int((given.str.count_matches(" ") >= 4).sum() or 0)
        self._numbers(values)
        self._dates(values)

    def _numbers(self, values: dict[str, int]) -> None:
        if self.tried and max(self.numbers.values()) < 0.5 * self.tried:
            self.tried += sum(values.values())
            return
        for text, count in values.items():
            self.tried += count
            for decimal in self.numbers:
                try:
                    value = number(text, decimal)
                except BadCell:
                    continue
                self.numbers[decimal] += count
                if decimal == "." or self.numbers["."] == 0:
                    self.whole += count if value == int(value) else 0
                    self.low, self.high = min(self.low, value), max(self.high, value)

    def _dates(self, values: dict[str, int]) -> None:
        if self.forms is None:
            self.forms = {form: _Form() for form in ("iso", "epoch_s", "epoch_ms", "vi_words", *FORMATS)}
        for text, count in values.items() if self.forms else ():
            self.dated += 1
            for name, form in self.forms.items():
                day = _day(text, name)
                if day is not None:
                    form.count += count
                    form.first, form.last = min(form.first, day), max(form.last, day)
            if self.dated == _TRIED:  # what none of so many cells has, the column has not
                self.forms = {name: form for name, form in self.forms.items() if form.count}

    def result(self, personal: str | None, words: Words = "common") -> dict[str, Any]:
        """As it leaves the parser's process; of a personal column its kind alone.

        `words`: which may be shown: `common` ones that come again; names the desk gave in a tool
        (`settings`); or `none`, where not even the headings are known.
        """
        kind = self._kind()
        found: dict[str, Any] = {
            "name": self.name,
            "label": self.label,
            "personal": personal,
            "type": kind,
            "filled": self.filled,
            "blank": self.blank,
        }
        # a column an option, whose cells repeat the option's label
        part = re.split(r" [|-] ", self.name)[-1] if re.search(r" [|-] ", self.name) else ""
        found["says_heading"] = bool(part) and 2 * self.codes[part] >= self.filled > 0
        if personal:
            return found
        if kind in ("code", "constant"):
            shown = {text: count for text, count in self.codes.items() if _may_be_shown(text, count, words)}
            found |= {
                "codes": dict(sorted(shown.items(), key=_order)),
                "hidden": len(self.codes) - len(shown),
            }
        if kind == "number":  # what stands between numbers: NA, .d, khó trả lời
            odd = {text: count for text, count in self.codes.items() if not _is_number(text)}
            shown = {text: count for text, count in odd.items() if _may_be_shown(text, count, "none")}
            found |= {"codes": shown, "hidden": len(odd) - len(shown)}
        if kind == "number" or (kind in ("code", "constant") and self._is_number()):
            found |= {"low": self.low, "high": self.high, "is_whole": self.whole >= self.filled}
            found["decimals"] = [mark for mark, count in self.numbers.items() if count == self.filled]
        found |= {"forms": forms} if (forms := self._forms()) else {}
        if words == "common" and kind in ("code", "text", "number") and (joined := self._joined()):
            found["joined"] = joined
        found["is_unique"] = self.seen is not None and self.filled > 1 and self.blank == 0
        return found

    def _forms(self) -> dict[str, list[Any]]:
        """The forms of dates most cells have, with how many do, and the first and the last day."""
        best = max((form.count for form in (self.forms or {}).values()), default=0)
        found = {
            name: [form.count, form.first.isoformat(), form.last.isoformat()]
            for name, form in (self.forms or {}).items()
            if form.count == best >= 0.5 * self.filled > 0
        }
        return {"iso": found["iso"]} if "iso" in found else found

    def _joined(self) -> dict[str, Any] | None:
        """Codes or labels that a separator joins in one cell, where a few of them make up every cell."""
        for separator in ("; ", ";", ", ", ","):
            parts: Counter[str] = Counter()
            most = 0
            for text, count in self.codes.items():
                split = text.split(separator)
                most = max(most, len(split))
                parts.update(dict.fromkeys(split, count))
            shown = {part: count for part, count in parts.items() if _may_be_shown(part, count, "common")}
            if (
                most > 1
                and not self.has_more
                and len(shown) == len(parts) <= 20
                and len(parts) < 2 * most + 6
            ):
                return {
                    "separator": separator,
                    "most": most,
                    "parts": dict(sorted(shown.items(), key=_order)),
                }
        return None

    def personal(self) -> str | None:
        """What of people it seems to hold, by its heading, what is said beside it, or its cells."""
        parts = re.split(r"[/.|]", self.name)
        last = parts[-1] if parts[-1].strip() else self.name
        cells = list(self.codes)[:500]
        return (
            personal_kind(self.name)
            or (personal_kind(last) if len(parts) > 1 else None)
            or (personal_kind(self.label) if self.label else None)
            or (None if _ID.search(plain_words(self.name)) else personal_kind("", cells))
        )

    def _is_number(self) -> bool:
        return self.filled > 0 and max(self.numbers.values()) == self.filled

    def _kind(self) -> str:
        if not self.filled:
            return "empty"
        dates = max((form.count for form in (self.forms or {}).values()), default=0)
        if dates >= 0.5 * self.filled and not (self._is_number() and len(self.codes) < 2):
            return "date"
        if len(self.codes) == 1 and not self.has_more and self.filled > 1:
            return "constant"
        longest = max(map(len, self.codes))
        again = sum(count for count in self.codes.values() if count > 1)
        bare = all(_BARE_CODE.fullmatch(text) for text in self.codes)
        few = not self.has_more and len(self.codes) <= MAX_CODES
        if self._is_number():
            is_code = few and len(self.codes) <= 12 and self.whole >= self.filled and not self._is_id()
            return "code" if is_code else "id" if self._is_id() and self.whole >= self.filled else "number"
        if few and (bare or again >= 0.5 * self.filled) and longest <= 4 * _LONGEST_CODE:
            return "code"
        if self._is_id() and self.spaced == 0 and self.characters <= 64 * self.filled:
            return "id"
        return "number" if max(self.numbers.values()) >= 0.5 * self.filled else "text"

    def _is_id(self) -> bool:
        return self.seen is not None and self.blank == 0 and self.filled >= 20


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?[\d.,]*\d", text, re.ASCII))


def _order(item: tuple[str, int]) -> tuple[int, float, str]:
    try:
        return 0, float(item[0]), item[0]
    except ValueError:
        return 1, 0, item[0]


def _may_be_shown(text: str, count: int, words: Words) -> bool:
    if _BARE_CODE.fullmatch(text) or fold(text) in VOCABULARY:
        return True
    if words == "none" or count == 1 or len(text) > _LONGEST_CODE:
        return False
    return not redact(text).counts.keys() - (_LIKE_NAMES_OF_SETTINGS if words == "settings" else set())


def _day(text: str, form: str) -> date | None:
    """The day a cell names in a form; None where it has not that form, or names a day of another age."""
    try:
        if form == "iso":
            found = datetime.fromisoformat(text).date() if _ISO.fullmatch(text) else None
        elif form in ("epoch_s", "epoch_ms"):
            digits = 10 if form == "epoch_s" else 13
            is_one = text.isdigit() and text.isascii() and len(text) == digits
            found = datetime.fromtimestamp(int(text[:10]), UTC).date() if is_one else None
        elif form == "vi_words":
            found = moment_in_words(text).date() if "ng" in text.lower() else None
        elif len(text) > 32 or not text[0].isdigit() or len(text) < _DIGITS.get(form, 0):
            found = None
        else:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007
            found = found if "%d" in form else _TIME_ONLY
    except (ValueError, OverflowError, OSError):
        return None
    return found if found and _YEARS[0] <= found.year <= _YEARS[1] else None
