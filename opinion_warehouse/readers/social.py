"""Social exports → items: topics, place, sentiment, counts and keyed hashes. Text and author stay behind."""

import contextlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from opinion_warehouse.readers.job import Job, RowCheck
from opinion_warehouse.readers.markup import plain_text
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.table import BadRow, Batch, Column, Table
from opinion_warehouse.readers.text import fold
from opinion_warehouse.readers.topics import UNCLASSIFIED
from opinion_warehouse.readers.values import instant, latest_date, lookup, not_after, own_id, whole
from opinion_warehouse.sources import Social

_SEVERAL = re.compile(r"[|;,]")
_MAX_COUNT = 10**15


def read_social(job: Job, table: Table) -> None:
    """Write the items of a social export; of rows with one item id the last counts."""
    assert job.source.social is not None  # noqa: S101  (the family says so)
    reader = _Reader(job, job.source.social)
    job.output.quarantine(table.bad_rows)
    last: dict[int, int] = {}
    for batch in table.batches([reader.columns.item_id]):
        for row, cell in zip(batch.row_numbers, batch.column(reader.columns.item_id), strict=True):
            with contextlib.suppress(BadCell):  # the second pass says which row
                last[_small(reader.key(cell))] = row
    reader.last = last
    for batch in table.batches(None):
        reader.take(batch)


def _small(key: str | None) -> int:
    """64 bits of a keyed hash: enough to tell a file's items apart, and small in memory."""
    return int(key[:16], 16) if key else -1


class _Reader:
    def __init__(self, job: Job, social: Social) -> None:
        self.job = job
        self.social = social
        self.columns = social.columns
        self.zone = ZoneInfo(job.source.time_zone)
        self.decimal = job.source.files.decimal
        self.latest = latest_date(job.night, job.received_at)
        self.platform = lookup(social.platforms, [*job.reference.platforms, *social.platforms.values()])
        self.sentiment = lookup(social.sentiments, ("positive", "negative", "neutral", "unknown"))
        self.query = lookup(
            {query.label.vi: query.code for query in social.queries}
            | {query.label.en: query.code for query in social.queries},
            [query.code for query in social.queries],
        )
        self.query_topics = {query.code: [query.topic] for query in social.queries if query.topic}
        self.last: dict[int, int] = {}
        self.domains: dict[str, str] = {}

    def key(self, cell: str | None) -> str | None:
        """The item's keyed hash."""
        item = own_id(cell)
        return self.job.keyed("item", self.job.source.id, item) if item else None

    def take(self, batch: Batch) -> None:
        """One batch of items."""
        check, columns, count = RowCheck(), self.columns, len(batch.row_numbers)
        keys = self._each(batch, columns.item_id, self.key, check, required=True)
        published = self._each(batch, columns.published_at, self._published, check, required=True)
        platforms: list[Any] = [self.social.platform] * count
        if columns.platform:
            platforms = self._each(batch, columns.platform, self.platform, check, required=True)
        queries: list[Any] = [self.social.query] * count
        if columns.query:
            queries = self._each(batch, columns.query, self._query, check, required=True)
        given = self._each(batch, columns.topic, self._topics, check)
        places = self._each(batch, columns.place, self._place, check)
        sentiments = self._each(batch, columns.sentiment, self.sentiment, check)
        engagement = self._sums([self._each(batch, name, self._count, check) for name in columns.counts])
        domains = [self._domain(cell) for cell in batch.column(columns.url)]
        texts = [self._texts(batch.column(name)) for name in columns.text]
        duplicates = self._duplicates(batch, keys)
        bad = check.sorted()
        skip = set(check.reasons) | {row for row, _ in duplicates}
        good = [at for at, row in enumerate(batch.row_numbers) if row not in skip]
        self.job.output.quarantine(
            sorted([*bad, *(row for row in duplicates if row[0] not in check.reasons)])
        )
        self.job.output.rows_good += len(good)
        if not good:
            return
        self.job.output.write(
            "social_item",
            {
                "item_key": [keys[at] for at in good],
                "row_number": [batch.row_numbers[at] for at in good],
                "published_at": [published[at].isoformat() for at in good],
                "published_date": [published[at].astimezone(self.zone).date() for at in good],
                "platform": [platforms[at] for at in good],
                "query_code": [queries[at] for at in good],
                "topic_codes": [
                    "{"
                    + ",".join(f'"{code}"' for code in self._coded(given[at], texts, at, queries[at]))
                    + "}"
                    for at in good
                ],
                "place_code": [places[at] for at in good],
                "sentiment": [sentiments[at] or "unknown" for at in good],
                "sentiment_method": [self.social.sentiment_method] * len(good),
                "engagement_count": [engagement[at] if engagement else None for at in good],
                "domain_key": [domains[at] for at in good],
            },
        )

    def _each(
        self,
        batch: Batch,
        column: str | None,
        read: Callable[[str], Any],
        check: RowCheck,
        required: bool = False,
    ) -> list[Any]:
        values: list[Any] = []
        for row, cell in zip(batch.row_numbers, batch.column(column), strict=True):
            value = None
            try:
                if cell:
                    value = read(cell)
                elif required:
                    raise BadCell("missing_value", "expected a value")
            except BadCell as problem:
                check.add(row, column, problem)
            values.append(value)
        return values

    def _duplicates(self, batch: Batch, keys: list[str | None]) -> list[BadRow]:
        rows: list[BadRow] = []
        for row, key in zip(batch.row_numbers, keys, strict=True):
            if key is not None and self.last[_small(key)] != row:
                detail = "the same item stands further down again; the last row is kept"
                rows.append(
                    (row, [{"code": "duplicate_item", "column": self.columns.item_id, "detail": detail}])
                )
        return rows

    def _coded(self, given: list[str] | None, texts: list[Column], at: int, query: str) -> list[str]:
        """Given topics, else the rules', else the query's, else unclassified."""
        return (
            given
            or self.job.topics.code(column[at] for column in texts)
            or self.query_topics.get(query)
            or [UNCLASSIFIED]
        )

    def _published(self, cell: str) -> datetime:
        value = instant(cell, self.social.date_format, self.zone)
        not_after(value.date(), self.latest)
        return value

    def _query(self, cell: str) -> str:
        try:
            return self.query(cell)
        except BadCell:
            raise BadCell(
                "unknown_query", "expected the code or label of a query the spec declares"
            ) from None

    def _topics(self, cell: str) -> list[str]:
        codes = sorted({code.strip() for code in _SEVERAL.split(cell) if code.strip()})
        if not set(codes) <= self.job.reference.topics:
            raise BadCell("unknown_topic", "expected topic codes of the reference data")
        return codes

    def _place(self, cell: str) -> str:
        if cell not in self.job.reference.places:
            raise BadCell("unknown_place", "expected a place code of the reference data or of the spec")
        return cell

    def _count(self, cell: str) -> int:
        return whole(cell, self.decimal, 0, _MAX_COUNT)

    @staticmethod
    def _sums(counts: list[list[int | None]]) -> list[int | None]:
        """The counts of each item added up; of an item without any, nothing."""
        return [
            None if all(count is None for count in each) else sum(count or 0 for count in each)
            for each in zip(*counts, strict=True)
        ]

    def _texts(self, cells: Column) -> Column:
        if self.social.text_format == "plain":
            return cells
        return [plain_text(cell) if cell else None for cell in cells]

    def _domain(self, cell: str | None) -> str | None:
        """The site as a keyed hash: how many sites speak is counted, which ones is not kept."""
        if not cell:
            return None
        try:
            host = (urlsplit(cell if "//" in cell else f"//{cell}").hostname or "").removeprefix("www.")
        except ValueError:
            return None
        if not host:
            return None
        if host not in self.domains:
            if len(self.domains) > 100_000:
                self.domains.clear()
            self.domains[host] = self.job.keyed("domain", fold(host))
        return self.domains[host]
