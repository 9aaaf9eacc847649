"""The made weekly reports of `cantho_weekly`: one workbook a unit and week, in the structured template.

Among them: one report handed in twice (the second supersedes), one late, one that never came, and one
thematic report beside the weekly ones. Each workbook also follows the recommendations of earlier weeks
(sheet `theo_doi`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from opinion_warehouse.sample import canaries
from opinion_warehouse.sample.draws import Stream
from opinion_warehouse.sample.files import LOCAL, new_file
from opinion_warehouse.sample.places import CITY, FOCAL
from opinion_warehouse.sample.report_texts import CHANNELS, SCOPES, TENDENCIES, THEMES, URGENCIES, Theme
from opinion_warehouse.sample.workbook import Cell, Sheets, write_workbook

SOURCE = "cantho_weekly"
COLUMNS = (
    "ma_don_vi", "loai_bao_cao", "ky_bao_cao", "tu_ngay", "den_ngay", "ma_dia_ban", "linh_vuc", "ma_chu_de",
    "noi_dung", "pham_vi", "khuynh_huong", "cuong_do", "nguon", "so_y_kien", "kien_nghi", "co_quan_de_xuat",
    "muc_do_khan", "nguoi_lap", "dien_thoai_nguoi_lap",
)  # fmt: skip
FOLLOWUP_COLUMNS = ("ma_kien_nghi", "ngay", "trang_thai", "co_quan")
NOTE = "DỮ LIỆU GIẢ LẬP để thử hệ thống; không phải ý kiến thật của ai. Made-up data."

COMMITTEES = tuple(f"CT-UBND-{code}" for code in FOCAL)
UNITS = (*COMMITTEES[:3], "CT-MTTQ", *COMMITTEES[3:], "CT-LDLD", "CT-DTN", "CT-PN")
FIRST_MONDAY = date(2026, 5, 18)
WEEKS = 7
ITEMS = 12
"""Rows in a report, at scale 1."""
TALKED_OF = (5, 4, 1, 1, 1, 1, 3, 1)
"""How often city bodies speak of each focal commune."""


@dataclass(frozen=True)
class Week:
    """An ISO week."""

    start: date

    @property
    def code(self) -> str:
        year, week, _ = self.start.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def end(self) -> date:
        return self.start + timedelta(days=6)


@dataclass
class Report:
    """One report of a unit: its rows, and the follow-up rows that go with it."""

    unit: str
    kind: str
    period: str
    start: date
    end: date
    submitted: date
    rows: list[list[Cell]] = field(default_factory=list)
    followup: list[list[Cell]] = field(default_factory=list)

    @property
    def file_name(self) -> str:
        prefix = "chuyen_de" if self.kind == "CD" else "bao_cao"
        return f"{prefix}_{self.unit}_{self.period}_{self.submitted:%Y%m%d}.xlsx"


def themes_of(unit: str, stream: Stream, count: int, week: int) -> list[Theme]:
    """Themes the unit raises in the week; its members' own themes weigh more."""
    own = {"CT-LDLD": ("C2", "C1"), "CT-DTN": ("A4", "D2"), "CT-PN": ("D2", "D3", "D1")}.get(unit, ())
    weights = [theme.weight + theme.trend * week + (1.5 if theme.topic in own else 0.0) for theme in THEMES]
    return [THEMES[position] for position in stream.pick(count, weights).tolist()]


def fill(report: Report, stream: Stream, week: int, count: int) -> None:
    """The rows of a report: one opinion stream each."""
    home = report.unit.removeprefix("CT-UBND-")
    themes = themes_of(report.unit, stream, count, week)
    tendency = stream.uniform(count)
    elsewhere = stream.pick(count, TALKED_OF)
    named = stream.chance(count, 0.45)
    asks = stream.chance(count, 0.35)
    scope = stream.pick(count, [0.4, 0.34, 0.2, 0.06])
    strength = stream.pick(count, [0.05, 0.2, 0.4, 0.25, 0.1])
    channel = stream.pick(count, [0.28, 0.3, 0.25, 0.1, 0.07])
    voices = stream.integers(count, 3, 40)
    urgency = stream.pick(count, [0.72, 0.23, 0.05])
    for at, theme in enumerate(themes):
        leaning = int(np.searchsorted(np.cumsum(theme.leaning), tendency[at], side="right"))
        leaning = min(leaning, len(TENDENCIES) - 1)
        text = theme.sentences[leaning]
        asked = bool(asks[at]) and leaning != 0
        request = theme.request if asked else None
        if at == 0 and week % 2 == 0:
            text = f"{text} {canaries.SENTENCE}"
            request = f"{request} Liên hệ {canaries.PHONE}." if request else None
        city_body = not report.unit.startswith("CT-UBND-")
        place = (FOCAL[int(elsewhere[at])] if named[at] else CITY) if city_body else home
        report.rows.append([
            report.unit, report.kind, report.period, report.start, report.end, place, theme.field,
            theme.topic, text, SCOPES[int(scope[at])], TENDENCIES[leaning], int(strength[at]) + 1,
            CHANNELS[int(channel[at])], int(voices[at]) * (1 + int(scope[at])), request,
            theme.agency if asked else None, URGENCIES[int(urgency[at])], canaries.NAME, canaries.PHONE,
        ])  # fmt: skip


def fate(report: Report, ordinal: int, agency: str, stream: Stream) -> list[tuple[date, list[Cell]]]:
    """What becomes of one recommendation: dated steps, some of them not yet at the end."""
    key = f"{report.unit}/{report.period}/{ordinal}"
    ends = ("đã giải quyết", "giải trình, cung cấp thông tin", "chưa giải quyết", "không thuộc thẩm quyền")
    end = ends[int(stream.pick(1, [0.5, 0.28, 0.14, 0.08])[0])]
    gaps = [int(stream.integers(1, low, high)[0]) for low, high in ((1, 4), (1, 6), (2, 10), (5, 30))]
    steps = ["tiếp nhận", "chuyển cơ quan", "đang giải quyết", end]
    if end == "không thuộc thẩm quyền":
        steps = ["tiếp nhận", end]
    day = report.submitted
    rows: list[tuple[date, list[Cell]]] = []
    for step, gap in zip(steps, gaps, strict=False):
        day += timedelta(days=gap)
        rows.append((day, [key, day, step, agency]))
    return rows


def unit_reports(seed: int, position: int, weeks: list[Week], count: int) -> Iterator[Report]:
    """All reports of one unit, in the order they are handed in."""
    unit = UNITS[position]
    pending: list[tuple[date, list[Cell]]] = []
    last = len(weeks) - 1
    for number, week in enumerate(weeks):
        stream = Stream(seed, 2, position, number)
        submitted = week.end + timedelta(days=int(stream.integers(1, 1, 4)[0]))
        is_missing = position == 2 and number == min(4, last)
        is_late = position == 3 and number == min(3, last)
        is_revised = position == 0 and number == min(2, last)
        if is_late:
            submitted = week.end + timedelta(days=9)
        report = Report(unit, "DK", week.code, week.start, week.end, submitted)
        if is_missing:
            continue
        fill(report, stream, number, max(2, count + int(stream.integers(1, -2, 3)[0])))
        report.followup = [step for day, step in pending if day <= week.end]
        pending = [(day, step) for day, step in pending if day > week.end]
        for ordinal, row in enumerate(report.rows, start=1):
            if row[14] is not None:
                pending += fate(report, ordinal, str(row[15]), stream)
        yield report
        if is_revised:
            yield revised(report, stream, number)


def revised(report: Report, stream: Stream, week: int) -> Report:
    """The same report handed in again two days later: a number corrected, a row added at the end."""
    rows = [list(row) for row in report.rows]
    again = replace(report, submitted=report.submitted + timedelta(days=2), rows=rows)
    again.rows[0][13] = 2 * int(str(again.rows[0][13]))
    fill(again, stream, week, 1)
    return again


def thematic(seed: int) -> Report:
    """A thematic report of the Fatherland Front on one month."""
    report = Report("CT-MTTQ", "CD", "2026-05", date(2026, 5, 1), date(2026, 5, 31), date(2026, 6, 4))
    fill(report, Stream(seed, 2, 99), 1, 5)
    return report


def write_report(folder: Path, report: Report) -> Path:
    """One workbook; its delivery time is the afternoon it was handed in."""
    path = folder / SOURCE / report.file_name
    delivered = datetime.combine(report.submitted, time(15, 0), LOCAL)
    sheets: Sheets = {
        "bao_cao": [COLUMNS, *report.rows],
        "theo_doi": [FOLLOWUP_COLUMNS, *report.followup],
        "ghi_chu": [[NOTE], [f"Người lập: {canaries.NAME}, {canaries.EMAIL}"]],
    }
    with new_file(path, delivered) as handle:
        write_workbook(handle, sheets, title=NOTE, author=canaries.NAME)
    return path


def write_reports(folder: Path, seed: int, scale: float) -> list[Path]:
    """All units' reports. Above scale 1 a report has more rows; below, there are fewer units and weeks."""
    small = min(scale, 1.0)
    units = max(4, round(len(UNITS) * small))
    weeks = [Week(FIRST_MONDAY + timedelta(weeks=at)) for at in range(max(2, round(WEEKS * small)))]
    count = round(ITEMS * max(scale, 1.0))
    paths = [
        write_report(folder, report)
        for position in range(units)
        for report in unit_reports(seed, position, weeks, count)
    ]
    return [*paths, write_report(folder, thematic(seed))]
