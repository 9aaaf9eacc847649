"""Social exports that hold counts, not items (a histogram) → how many a day, by what the spec names.

A day counts whole or not at all: where one of its rows is bad, the others wait with it, for a sum with a hole
looks like any other sum.
"""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from opinion_warehouse.readers.cells.bulk import joined, whole_numbers
from opinion_warehouse.readers.cells.column import CellReader, Cells, constant, optional, required
from opinion_warehouse.readers.cells.values import (
    instant,
    latest_date,
    lookup,
    not_after,
    number,
    number_in_words,
    whole,
)
from opinion_warehouse.readers.coding.topics import UNCLASSIFIED
from opinion_warehouse.readers.families.repeats import Repeats, hashed
from opinion_warehouse.readers.families.social import sum_of_counts
from opinion_warehouse.readers.families.social_cells import place_of, query_of, sentiment_of, topic_of
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.problems import BadCell, Reason, RowCheck
from opinion_warehouse.readers.tables.table import Batch, Table
from opinion_warehouse.readers.text import fold
from opinion_warehouse.sources import Social

if TYPE_CHECKING:
    import polars as pl

ALL = "_all"
_UNKNOWN_PLACE = "_unknown"
_PARTS = ("platform", "query", "topic", "place", "sentiment")
_MAX_COUNT = 10**12  # sums of millions of cells stay whole numbers of 64 bits
_BETWEEN = "\x1f"  # stands in no cell: control characters are dropped


def read_counts(job: Job, table: Table) -> None:
    """Write the counts of a file; a cell that stands in it twice is bad in each of its rows."""
    assert job.source.social is not None  # noqa: S101  (the family says so)
    reader = _Reader(job, job.source.social)
    repeats = Repeats(job.scratch)
    for batch in table.batches(reader.columns.cells):
        judged = reader.judge(batch)
        repeats.add(judged.get_column("cell"), batch.row_numbers)
    reader.repeated = np.fromiter(repeats.last_rows(), np.uint64)
    for batch in table.batches(reader.columns.cells):
        reader.note_days(batch)
    for batch in table.batches(None):
        reader.take(batch)
    job.output.quarantine(table.bad_rows)


class _Reader:
    def __init__(self, job: Job, social: Social) -> None:
        self.job = job
        self.social = social
        self.columns = social.columns
        self.zone = ZoneInfo(job.source.time_zone)
        self.decimal = job.source.files.decimal
        self.latest = latest_date(job.night, job.received_at)
        self.repeated = np.empty(0, np.uint64)
        self.bad_days: set[date] = set()
        self.query_topics = {query.code: query.topic for query in social.queries if query.topic}
        self.constants = {"platform": social.platform, "query": social.query}
        self.totals = {fold(cell) for cell in social.total_cells}
        platform = lookup(social.platforms, [*job.reference.platforms, *social.platforms.values()])
        self.readers: dict[str, CellReader[Any]] = {
            "platform": CellReader(required(platform), None),
            "query": CellReader(required(self._or_total("query", query_of(social))), None),
            "topic": CellReader(
                optional(self._or_total("topic", topic_of(social, job.reference.topics))), None
            ),
            "place": CellReader(optional(self._or_total("place", place_of(social, job.reference))), None),
            "sentiment": CellReader(optional(sentiment_of(social, self.decimal)), None),
        }
        self.read_day = CellReader(required(self._day), None)
        self.read_count = CellReader(required(self._count), None)
        self.read_more = CellReader(optional(self._count), None)
        self.fold = CellReader(lambda cell: fold(cell) if cell else "", "")
        self.check = RowCheck()

    def judge(self, batch: Batch) -> "pl.DataFrame":
        """The values of a batch's rows and the `cell` each is of; what is wrong with them is in `check`."""
        import polars as pl

        columns, rows = self.columns, batch.row_numbers
        self.check = RowCheck()

        def cells(name: str) -> Cells:
            return Cells(batch.frame.get_column(name), rows, name, self.check)

        written = joined(batch.columns(columns.published_at))
        days = self.read_day.values(Cells(written, rows, columns.published_at[0], self.check), pl.Date)
        parts, spelled = {}, []
        for name in _PARTS:
            column = getattr(columns, name)
            if not column:
                parts[name] = constant(self.constants.get(name) or ALL, pl.String, len(rows))
                continue
            parts[name] = self.readers[name].values(cells(column), pl.String)
            # two of the vendor's names may be one of ours, and then they add up
            own = parts[name] if name == "query" else self.fold.values(cells(column), pl.String)
            spelled.append(own.zip_with(parts[name].ne_missing(pl.Series([ALL])), parts[name]))
        sites = columns.domain_count
        frame = pl.DataFrame(
            {
                "day": days,
                **parts,
                "items": whole_numbers(cells(columns.item_count or ""), self.read_count, _MAX_COUNT),
                "engagement": sum_of_counts(
                    [whole_numbers(cells(name), self.read_more, _MAX_COUNT) for name in columns.counts],
                    len(rows),
                ),
                "sites": whole_numbers(cells(sites), self.read_count, _MAX_COUNT)
                if sites
                else constant(None, pl.Int64, len(rows)),
                "cell": pl.select(
                    pl.concat_str([days.cast(pl.String), *spelled], separator=_BETWEEN)
                ).to_series(),
            }
        )
        if sites:
            cells(sites).note((frame["sites"] > frame["items"]).fill_null(value=False), _too_many_sites)
        return frame

    def note_days(self, batch: Batch) -> None:
        """Note the days that a bad row stands in."""
        judged = self.judge(batch)
        is_bad = self._is_repeated(judged) | _bad(batch.row_numbers, self.check)
        self.bad_days |= set(judged["day"].filter(is_bad).drop_nulls().to_list())

    def take(self, batch: Batch) -> None:
        """Write the rows of whole days; set the others aside, each with its own reasons or its day's."""
        import polars as pl

        judged, rows = self.judge(batch), batch.row_numbers
        twice = BadCell("duplicate_cell", "expected one count of each cell of a day")
        for at in self._is_repeated(judged).arg_true():
            self.check.add(rows[at], self.columns.item_count, twice)
        reasons = dict(self.check.sorted())
        detail = "another row of this day is bad, and a day counts whole or not at all"
        waiting: Reason = {"code": "incomplete_day", "column": None, "detail": detail}
        for at in judged["day"].is_in(list(self.bad_days)).fill_null(value=False).arg_true():
            reasons.setdefault(rows[at], [waiting])
        self.job.output.quarantine(sorted(reasons.items()))
        is_good = pl.Series([row not in reasons for row in rows], dtype=pl.Boolean)
        good, count = judged.filter(is_good), int(is_good.sum())
        self.job.output.rows_good += count
        overlap = "{" + ",".join(sorted(self.social.overlap or [])) + "}"
        self.job.output.write(
            "social_count",
            {
                "row_number": [row for row in rows if row not in reasons],
                "published_date": good["day"],
                "platform": good["platform"],
                "query_code": good["query"],
                "topic_code": self._topics(good),
                "place_code": good["place"].fill_null(_UNKNOWN_PLACE),
                "sentiment": good["sentiment"].fill_null("unknown"),
                "sentiment_method": [self.social.sentiment_method] * count,
                "overlap": [overlap] * count,
                "item_count": good["items"],
                "engagement_count": good["engagement"],
                "domain_count": good["sites"],
            },
        )

    def _topics(self, good: "pl.DataFrame") -> "pl.Series":
        """The topic given, else the query's; of a file that is by neither, all of them together."""
        import polars as pl

        codes = [self.social.query] if self.social.query else [query.code for query in self.social.queries]
        if not self.columns.topic and not any(code in self.query_topics for code in codes):
            return good["topic"]
        of_query = good["query"].replace_strict(
            {**self.query_topics, ALL: ALL}, default=UNCLASSIFIED, return_dtype=pl.String
        )
        if not self.columns.topic:
            return of_query
        given = good["topic"]
        return given.zip_with(given.is_not_null(), of_query)

    def _is_repeated(self, judged: "pl.DataFrame") -> "pl.Series":
        import polars as pl

        cell = judged.get_column("cell")
        return pl.Series(np.isin(hashed(cell), self.repeated)) & cell.is_not_null()

    def _or_total(self, name: str, read: Any) -> Any:
        """The cell's own reader; where the column's cells overlap, one may also stand for all."""
        if name not in (self.social.overlap or []):
            return read
        return lambda cell: ALL if fold(cell) in self.totals else read(cell)

    def _day(self, cell: str) -> date:
        moment = instant(cell, self.social.date_format, self.zone)
        day = moment.astimezone(self.zone).date()
        # the first moment, for where clocks go forward at midnight there is no 00:00
        if moment != datetime.combine(day, time(), self.zone).astimezone(moment.tzinfo):
            raise BadCell("not_a_day", "expected a day, or the moment it begins in the source's time_zone")
        not_after(day, self.latest)
        return day

    def _count(self, cell: str) -> int:
        read = number_in_words if self.social.number_words else number
        return whole(cell, self.decimal, 0, _MAX_COUNT, read)


def _bad(rows: list[int], check: RowCheck) -> "pl.Series":
    """Which of the rows have a reason to be bad."""
    import polars as pl

    return pl.Series([row in check.reasons for row in rows], dtype=pl.Boolean)


def _too_many_sites(_: str | None) -> BadCell:
    return BadCell("out_of_range", "expected no more sites than items")
