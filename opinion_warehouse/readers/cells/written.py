"""Dates as people write them in Vietnamese words. Read so only where the spec declares it."""

import re
from datetime import datetime

from opinion_warehouse.readers.text import fold

IN_WORDS = "vi_words"
"""The form, as a spec declares it."""
_MONTHS = ["một", "hai", "ba", "tư", "năm", "sáu", "bảy", "tám", "chín", "mười", "mười một", "mười hai"]
_TIME = r"(?:lúc )?(?P<hour{0}>[0-9]{{1,2}}) ?(?::|h|giờ) ?(?P<minute{0}>[0-9]{{2}})?(?: ?phút)?"
_MOMENT = re.compile(
    rf"(?:{_TIME.format(1)},? )?(?:(?:thứ \w+|chủ nhật),? )?(?:ngày )?(?P<day>[0-9]{{1,2}}) tháng"
    r" (?P<month>[0-9]{1,2}|mười (?:một|hai)|[^\W\d_]+)(?P<mark>,? năm|,|) (?P<year>[0-9]{4})"
    rf"(?:,? {_TIME.format(2)})?"
)


def moment_in_words(cell: str) -> datetime:
    """`ngày 5 tháng 6 năm 2026`, with a time before or after it or none; ValueError for anything else."""
    match = _MOMENT.fullmatch(fold(cell))
    if match is None or (match["hour1"] and match["hour2"]):
        raise ValueError
    month = match["month"]
    if month == "năm" and not match["mark"]:
        raise ValueError  # `ngày 5 tháng năm 2026`: in May, or in a month left out of a form
    hour, minute = match["hour1"] or match["hour2"] or 0, match["minute1"] or match["minute2"] or 0
    number_of_month = int(month) if month.isdigit() else _MONTHS.index(month) + 1
    return datetime(int(match["year"]), number_of_month, int(match["day"]), int(hour), int(minute))  # noqa: DTZ001
