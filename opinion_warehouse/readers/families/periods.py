"""Period codes of reports: 2026-W47, 2026-11, 2026-Q4, 2026-H2, 2026, and a day for what is not periodic."""

import re
from datetime import date, timedelta

from opinion_warehouse.readers.problems import BadCell

_PATTERN = re.compile(
    r"(?P<year>\d{4})(-(W(?P<week>\d{1,2})|(?P<month>\d{2})(-(?P<day>\d{2}))?|Q(?P<quarter>[1-4])|H(?P<half>[12])))?",
    re.ASCII,
)
_SLACK = timedelta(days=31)
"""An administrative month may run from the 15th to the 14th; further off is another period."""


def period(cell: str) -> tuple[str, date, date]:
    """The code in its one spelling, and its calendar's first and last day."""
    match = _PATTERN.fullmatch(cell.upper())
    try:
        if match is None:
            raise ValueError
        return _bounds(match)
    except ValueError:
        raise BadCell(
            "bad_period", "expected a period like 2026-W47, 2026-11, 2026-Q4, 2026-H2 or 2026"
        ) from None


def check_period(code: str, start: date, end: date) -> None:
    """Refuse days that are not in order or lie far from the period they are said to be of."""
    _, first, last = period(code)
    if end < start:
        raise BadCell("bad_period", "the period ends before it starts")
    if end < first - _SLACK or start > last + _SLACK or (end - start).days > 370:
        raise BadCell("bad_period", "the days are not those of the period's code")


def _bounds(match: re.Match[str]) -> tuple[str, date, date]:
    year = int(match["year"])
    if match["week"]:
        week = int(match["week"])
        return f"{year}-W{week:02d}", date.fromisocalendar(year, week, 1), date.fromisocalendar(year, week, 7)
    if match["day"]:
        day = date(year, int(match["month"]), int(match["day"]))
        return day.isoformat(), day, day
    if match["month"]:
        months, code = (int(match["month"]), int(match["month"])), f"{year}-{match['month']}"
    elif match["quarter"]:
        quarter = int(match["quarter"])
        months, code = (3 * quarter - 2, 3 * quarter), f"{year}-Q{quarter}"
    elif match["half"]:
        half = int(match["half"])
        months, code = (6 * half - 5, 6 * half), f"{year}-H{half}"
    else:
        months, code = (1, 12), f"{year}"
    following = date(year + months[1] // 12, months[1] % 12 + 1, 1)
    return code, date(year, months[0], 1), following - timedelta(days=1)
