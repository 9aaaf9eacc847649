"""Report files → reports, their items, and the follow-up of recommendations.

A recommendation's id is `<unit>/<period>/<n>`, n its row's place among the unit's rows of that period in the
file: the follow-up sheets of later reports refer to it so.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from opinion_warehouse.readers.cells.values import day, latest_date, lookup, not_after, text_of, whole
from opinion_warehouse.readers.coding.places import place_reader
from opinion_warehouse.readers.coding.topics import UNCLASSIFIED
from opinion_warehouse.readers.families.periods import check_period, period
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.problems import BadCell, RowCheck
from opinion_warehouse.readers.tables.table import Batch, Table
from opinion_warehouse.sources import FollowupColumns, Report, ReportColumns

_RECOMMENDATION = re.compile(
    r"[A-Za-z0-9_.-]{1,64}/[A-Za-z0-9-]{4,10}/\d{1,5}|[A-Za-z0-9_.-]{1,20}", re.ASCII
)
_LONG_NUMBER = re.compile(r"\d{8}")
_MAX_COUNT = 10_000_000
ReportKey = tuple[str, str, str]


class Head(NamedTuple):
    """A report that stands whether or not it has a row."""

    unit: str
    kind: str
    period: str
    start: date
    end: date


def read_report(job: Job, table: Table, followup: Table | None, head: Head | None = None) -> None:
    """Write the reports, items and follow-up rows of a report file."""
    assert job.source.report is not None  # noqa: S101  (the family says so)
    reader = _Reader(job, job.source.report)
    for batch in table.batches(None):
        reader.take(batch)
    job.output.quarantine(table.bad_rows)
    if head:
        reader.keep(head)
    reader.write_reports()
    if followup and job.source.report.followup:
        for batch in followup.batches(None):
            reader.take_followup(batch, job.source.report.followup.columns)
        job.output.quarantine(followup.bad_rows)


class _Reader:
    def __init__(self, job: Job, report: Report) -> None:
        self.job = job
        self.report = report
        self.columns: ReportColumns = report.columns
        self.decimal = job.source.files.decimal
        self.kind = lookup(report.kinds, report.kinds.values())
        self.scope = lookup(report.scopes)
        self.tendency = lookup(report.tendencies, report.tendencies.values())
        self.status = lookup(report.statuses, report.statuses.values())
        self.channel = lookup(report.channels, report.channels.values())
        self.agency_word = lookup(report.agencies, report.agencies.values())
        self.urgency = lookup(report.urgencies, report.urgencies.values())
        self.place = place_reader(job.reference, report.place_names)
        self.latest = latest_date(job.night, job.received_at)
        self.submitted_at = _submitted_at(job, report)
        self.ordinals: Counter[tuple[str, str]] = Counter()
        self.dates: dict[ReportKey, tuple[date, date]] = {}
        self.item_counts: Counter[ReportKey] = Counter()

    def take(self, batch: Batch) -> None:
        """One batch of items."""
        check = RowCheck()
        items = [item for at in range(len(batch.row_numbers)) if (item := self._item(batch, at, check))]
        self.job.output.quarantine(check.sorted())
        self.job.output.rows_good += len(items)
        if items:
            self.job.output.write("report_item", {name: [item[name] for item in items] for name in items[0]})

    def _item(self, batch: Batch, at: int, check: RowCheck) -> dict[str, Any] | None:
        row, columns = batch.row_numbers[at], self.columns

        def read(column: str | None, convert: Callable[[str], Any], required: bool = False) -> Any:
            cell = text_of(batch.column(column)[at])
            try:
                if cell is None:
                    if required:
                        raise BadCell("missing_value", "expected a value")
                    return None
                if cell.startswith("#") and cell.isupper() and " " not in cell:
                    raise BadCell("error_cell", "the cell holds a formula's error")
                return convert(cell)
            except BadCell as problem:
                check.add(row, column, problem)
                return None

        unit = read(columns.unit, self._unit, required=True)
        kind = read(columns.kind, self.kind, required=True)
        code = read(columns.period, lambda cell: period(cell)[0], required=True)
        start = read(columns.period_start, self._day, required=True)
        end = read(columns.period_end, self._day, required=True)
        item: dict[str, Any] = {
            "row_number": row,
            "unit_code": unit,
            "report_kind": kind,
            "period_code": code,
            "place_code": read(columns.place, self.place),
            "topic_code": read(columns.topic, self._topic) or self._coded(batch, at),
            "scope_rank": read(columns.scope, self.scope),
            "tendency": read(columns.tendency, self.tendency, required=True),
            "intensity": read(columns.intensity, lambda cell: whole(cell, self.decimal, 1, 5)),
            "source_channel": read(columns.channel, self._channel),
            "opinion_count": read(
                columns.opinion_count, lambda cell: whole(cell, self.decimal, 0, _MAX_COUNT)
            ),
            "recommendation_id": None,
            "agency_code": read(columns.agency, self._agency),
            "urgency": read(columns.urgency, self.urgency),
        }
        if unit and code:
            self.ordinals[unit, code] += 1
            if text_of(batch.column(columns.recommendation)[at]):
                item["recommendation_id"] = f"{unit}/{code}/{self.ordinals[unit, code]}"
        if row in check.reasons:
            return None
        return item if self._one_period((unit, kind, code), start, end, row, check) else None

    def _one_period(self, key: ReportKey, start: date, end: date, row: int, check: RowCheck) -> bool:
        try:
            check_period(key[2], start, end)
            not_after(start, self.latest)
            if self.dates.setdefault(key, (start, end)) != (start, end):
                raise BadCell("inconsistent_period", "another row gives the same report other days")
        except BadCell as problem:
            check.add(row, self.columns.period_start, problem)
            return False
        self.item_counts[key] += 1
        return True

    def keep(self, head: Head) -> None:
        """A report that has no row of its own is itself what was read: one row of the ledger's."""
        key = head[:3]
        if key not in self.item_counts:
            self.dates[key] = (head.start, head.end)
            self.item_counts[key] = 0
            self.job.output.rows_good += 1

    def write_reports(self) -> None:
        """One row a report, once its items are known."""
        keys = sorted(self.item_counts)
        if keys:
            self.job.output.write(
                "report",
                {
                    "unit_code": [key[0] for key in keys],
                    "report_kind": [key[1] for key in keys],
                    "period_code": [key[2] for key in keys],
                    "period_start": [self.dates[key][0] for key in keys],
                    "period_end": [self.dates[key][1] for key in keys],
                    "submitted_at": [self.submitted_at.isoformat()] * len(keys),
                    "item_count": [self.item_counts[key] for key in keys],
                },
            )

    def take_followup(self, batch: Batch, columns: FollowupColumns) -> None:
        """One batch of the follow-up sheet; its bad rows are named by that sheet's columns."""
        check = RowCheck()
        rows: list[tuple[Any, ...]] = []
        for at, row in enumerate(batch.row_numbers):
            values: list[Any] = [row]
            for column, convert in (
                (columns.recommendation_id, _recommendation),
                (columns.status, self.status),
                (columns.date, self._past_day),
                (columns.agency, self._agency),
            ):
                cell = text_of(batch.column(column)[at])
                try:
                    if cell is None and column != columns.agency:
                        raise BadCell("missing_value", "expected a value")
                    values.append(convert(cell) if cell else None)
                except BadCell as problem:
                    check.add(row, column, problem)
            if row not in check.reasons:
                rows.append(tuple(values))
        self.job.output.quarantine(check.sorted())
        self.job.output.rows_good += len(rows)
        names = ("row_number", "recommendation_id", "status", "status_date", "agency_code")
        if rows:
            self.job.output.write(
                "report_followup", {name: [r[n] for r in rows] for n, name in enumerate(names)}
            )

    def _day(self, cell: str) -> date:
        return day(cell, self.report.date_format)

    def _past_day(self, cell: str) -> date:
        value = self._day(cell)
        not_after(value, self.latest)
        return value

    def _unit(self, cell: str) -> str:
        if cell not in self.job.reference.units:
            raise BadCell(
                "unknown_unit", "expected a unit of the reference data or of the spec's report.units"
            )
        return cell

    def _topic(self, cell: str) -> str:
        if cell not in self.job.reference.topics:
            raise BadCell("unknown_topic", "expected a topic code of the reference data")
        return cell

    def _coded(self, batch: Batch, at: int) -> str:
        """No topic is given: the first the rules find in the text, which goes no further than here."""
        if self.columns.content is None:
            return UNCLASSIFIED
        codes, which = self.job.topics.code([batch.frame.get_column(self.columns.content)[at : at + 1]])
        found = codes[which[0]]
        return found[0] if found else UNCLASSIFIED

    def _channel(self, cell: str) -> str:
        try:
            return self.channel(cell)
        except BadCell:
            return "other"

    def _agency(self, cell: str) -> str:
        if cell in self.job.reference.units:
            return cell
        try:
            return self.agency_word(cell)
        except BadCell:
            detail = "expected a known unit's code or a cell the spec's report.agencies names"
            raise BadCell("unknown_unit", detail) from None


def _recommendation(cell: str) -> str:
    if not _RECOMMENDATION.fullmatch(cell) or _LONG_NUMBER.search(cell):
        raise BadCell("unknown_code", "expected <unit>/<period>/<number of the row>")
    return cell


def _submitted_at(job: Job, report: Report) -> datetime:
    """From the file's name or the e-mail's date, else when it was delivered; never a day yet to come."""
    if report.submitted_at.mail_date:
        is_past = job.sent_at is not None and job.sent_at.date() <= latest_date(job.night, job.received_at)
        return job.sent_at if job.sent_at and is_past else job.received_at
    pattern = report.submitted_at.file_name
    match = re.search(pattern, job.file_name) if pattern else None
    digits = re.sub(r"\D", "", match[1] or "") if match else ""
    try:
        if len(digits) != 8:  # 2026111 is the 11th of January, or the 1st of November
            raise ValueError
        local = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=ZoneInfo(job.source.time_zone))
    except ValueError:
        return job.received_at
    is_past = local.date() <= latest_date(job.night, job.received_at)
    return local.astimezone(UTC) if is_past else job.received_at
