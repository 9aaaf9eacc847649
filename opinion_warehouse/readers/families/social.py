"""Social exports → items: topics, place, sentiment, counts and keyed hashes. Text and author stay behind."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np

from opinion_warehouse.readers.cells.bulk import banded, composed_ids, instants, joined, whole_numbers
from opinion_warehouse.readers.cells.column import CellReader, Cells, constant, optional, required
from opinion_warehouse.readers.cells.values import (
    DAMAGED,
    instant,
    latest_date,
    lookup,
    not_after,
    number,
    number_in_words,
    whole,
)
from opinion_warehouse.readers.coding.markup import plain_text
from opinion_warehouse.readers.coding.topics import UNCLASSIFIED
from opinion_warehouse.readers.families.repeats import Repeats, hashed
from opinion_warehouse.readers.families.social_cells import place_of, query_of, sentiment_of, topics_of
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.problems import BadCell, BadRow, Reason, RowCheck
from opinion_warehouse.readers.tables.table import Batch, Table, ahead
from opinion_warehouse.readers.text import clean_column, fold
from opinion_warehouse.sources import Social

if TYPE_CHECKING:
    import polars as pl

_MAX_COUNT = 10**15
_MAX_DOMAINS = 100_000


def read_social(job: Job, table: Table) -> None:
    """Write the items of a social export; of rows with one item id the last counts."""
    assert job.source.social is not None  # noqa: S101  (the family says so)
    reader = _Reader(job, job.source.social)
    item_id = reader.item_id
    repeats = Repeats(job.scratch)
    for batch in table.batches(item_id):
        repeats.add(composed_ids(batch.columns(item_id)), batch.row_numbers)
    reader.last_rows = repeats.last_rows()
    for batch in ahead(table.batches(None)):
        reader.take(batch)
    job.output.quarantine(table.bad_rows)


class _Reader:
    def __init__(self, job: Job, social: Social) -> None:
        self.job = job
        self.social = social
        self.columns = social.columns
        self.item_id = social.columns.item_id or []
        self.zone = ZoneInfo(job.source.time_zone)
        self.written_in = ZoneInfo(social.date_zone or job.source.time_zone)
        self.decimal = job.source.files.decimal
        self.latest = latest_date(job.night, job.received_at)
        self.last_rows: dict[int, int] = {}
        self.domains: dict[str, str | None] = {}
        platform = lookup(social.platforms, [*job.reference.platforms, *social.platforms.values()])
        topics = topics_of(social, job.reference.topics)
        place = place_of(social, job.reference)
        sentiment = sentiment_of(social, self.decimal)
        self.query_topics = {query.code: [query.topic] for query in social.queries if query.topic}
        self.read_published = CellReader(required(self._published), None)
        self.read_platform = CellReader(required(platform), None)
        self.read_query = CellReader(required(query_of(social)), None)
        self.read_topics = CellReader(optional(topics), None)
        self.read_place = CellReader(optional(place), None)
        self.read_sentiment = CellReader(optional(sentiment), None)
        self.read_count = CellReader(optional(self._count), None)

    def take(self, batch: Batch) -> None:
        """One batch of items."""
        import polars as pl

        check, columns, rows = RowCheck(), self.columns, batch.row_numbers

        def cells(name: str) -> Cells:
            return Cells(batch.frame.get_column(name), rows, name, check)

        def codes(name: str | None, reader: CellReader[Any], value: str | None = None) -> pl.Series:
            if name:
                return reader.values(cells(name), pl.String)
            return constant(value, pl.String, len(rows))

        ids = composed_ids(batch.columns(self.item_id))
        cells(self.item_id[0]).note(ids.is_null(), _no_id)
        written = Cells(joined(batch.columns(columns.published_at)), rows, columns.published_at[0], check)
        published = instants(
            written, self.read_published, self.social.date_format, self.written_in, self.latest
        )
        platforms = codes(columns.platform, self.read_platform, self.social.platform)
        queries = codes(columns.query, self.read_query, self.social.query)
        given = self.read_topics.look_up(cells(columns.topic)) if columns.topic else None
        places = codes(columns.place, self.read_place)
        sentiments = (
            banded(cells(columns.sentiment), self.read_sentiment, self.social, self.decimal)
            if columns.sentiment
            else codes(None, self.read_sentiment)
        ).fill_null("unknown")
        engagement = sum_of_counts(
            [whole_numbers(cells(name), self.read_count, _MAX_COUNT) for name in columns.counts], len(rows)
        )
        superseded = self._superseded(ids, rows, check)
        self.job.output.quarantine(sorted([*check.sorted(), *superseded]))
        gone = set(check.reasons) | {row for row, _ in superseded}
        good = pl.Series([at for at, row in enumerate(rows) if row not in gone], dtype=pl.UInt32)
        self.job.output.rows_good += good.len()
        if not good.len():
            return
        topics = self._coded(given, batch, queries)
        domains = (
            self._domains(batch.frame.get_column(columns.url))
            if columns.url
            else constant(None, pl.String, len(rows))
        )
        moments = published.gather(good)
        keys = self.job.keyed.each(("item", self.job.source.id), ids.gather(good).to_list())
        self.job.output.write(
            "social_item",
            {
                "item_key": keys,
                "row_number": [rows[at] for at in good],
                "published_at": moments.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00"),
                "published_date": moments.dt.convert_time_zone(self.zone.key).dt.date(),
                "platform": platforms.gather(good),
                "query_code": queries.gather(good),
                "topic_codes": topics.gather(good),
                "place_code": places.gather(good),
                "sentiment": sentiments.gather(good),
                "sentiment_method": [self.social.sentiment_method] * good.len(),
                "engagement_count": engagement.gather(good),
                "domain_key": domains.gather(good),
            },
        )

    def _superseded(self, ids: "pl.Series", rows: list[int], check: RowCheck) -> list[BadRow]:
        if not self.last_rows:
            return []
        detail = "the same item stands further down again; the last row is kept"
        reason: Reason = {"code": "duplicate_item", "column": self.item_id[0], "detail": detail}
        hashes = hashed(ids)
        again = np.flatnonzero(
            np.isin(hashes, np.fromiter(self.last_rows, np.uint64)) & ids.is_not_null().to_numpy()
        )
        return [
            (rows[at], [reason])
            for at in again.tolist()
            if self.last_rows[int(hashes[at])] != rows[at] and rows[at] not in check.reasons
        ]

    def _coded(
        self, given: "tuple[list[list[str] | None], pl.Series] | None", batch: Batch, queries: "pl.Series"
    ) -> "pl.Series":
        """Given topics, else the rules', else the query's, else unclassified; as PostgreSQL's arrays are."""
        import polars as pl

        count = len(batch.row_numbers)
        nothing = constant(None, pl.String, count)
        texts = batch.columns(self.columns.text)
        if self.social.text_format == "html":
            texts = [_of_html(text) for text in texts]
        by_query = CellReader(lambda query: _array(self.query_topics.get(query or "")), None)
        choices = [
            _arrays(given) if given else nothing,
            _arrays(self.job.topics.code(texts)) if texts else nothing,
            by_query.values(Cells(queries, batch.row_numbers, "", RowCheck()), pl.String),
            pl.Series([_array([UNCLASSIFIED])]).new_from_index(0, count),
        ]
        return pl.select(pl.coalesce(choices)).to_series()

    def _domains(self, cells: "pl.Series") -> "pl.Series":
        """The site as a keyed hash: how many sites speak is counted, which ones is not kept."""
        import polars as pl

        sites = pl.select(
            pl.when(cells.str.contains("//", literal=True))
            .then(cells.str.extract(r"^(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#]*)"))
            .otherwise(cells.str.extract(r"^([^/?#]*)"))
        ).to_series()
        distinct = sites.unique()
        if len(self.domains) > _MAX_DOMAINS:
            self.domains.clear()
        for site in distinct.to_list():
            if site not in self.domains:
                self.domains[site] = self._domain(site)
        known = [self.domains[site] for site in distinct.to_list()]
        return sites.replace_strict(distinct, pl.Series(known, dtype=pl.String), return_dtype=pl.String)

    def _published(self, cell: str) -> datetime:
        value = instant(cell, self.social.date_format, self.written_in)
        not_after(value.date(), self.latest)
        return value

    def _count(self, cell: str) -> int:
        read = number_in_words if self.social.number_words else number
        return whole(cell, self.decimal, 0, _MAX_COUNT, read)

    def _domain(self, site: str | None) -> str | None:
        if not site:
            return None
        try:
            host = (urlsplit(f"//{site}").hostname or "").removeprefix("www.")
        except ValueError:
            return None
        return self.job.keyed("domain", fold(host)) if host else None


def _array(codes: list[str] | None) -> str | None:
    return "{" + ",".join(f'"{code}"' for code in codes) + "}" if codes else None


def _arrays(found: "tuple[list[Any], pl.Series]") -> "pl.Series":
    import polars as pl

    return pl.Series([_array(codes) for codes in found[0]], dtype=pl.String).gather(found[1])


def _no_id(cell: str | None) -> BadCell:
    if cell:
        return BadCell("damaged_id", DAMAGED)
    return BadCell("missing_value", "expected a value")


def _of_html(cells: "pl.Series") -> "pl.Series":
    import polars as pl

    texts = [plain_text(cell) if cell else None for cell in cells]
    return clean_column(pl.Series(cells.name, texts, dtype=pl.String))


def sum_of_counts(counts: "list[pl.Series]", rows: int) -> "pl.Series":
    """The counts of each item added up; of an item without any, nothing."""
    import polars as pl

    if not counts:
        return constant(None, pl.Int64, rows)
    frame = pl.DataFrame({str(number): count for number, count in enumerate(counts)})
    has_any = pl.any_horizontal(pl.all().is_not_null())
    return frame.select(pl.when(has_any).then(pl.sum_horizontal(pl.all()))).to_series()
