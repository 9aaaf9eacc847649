"""The made mention export of `vendor_mentions`: three CSV deliveries over five weeks.

Among the rows: the same row twice in a file, items of the delivery before sent again with more reactions, and
items that come a delivery late. Rows are made and written in blocks, so memory does not grow with the size.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from opinion_warehouse.sample import canaries
from opinion_warehouse.sample.draws import Floats, Integers, Stream
from opinion_warehouse.sample.files import LOCAL, csv_header, csv_rows, labelled, new_file
from opinion_warehouse.sample.places import FOCAL
from opinion_warehouse.sample.social_texts import (
    AUTHORS,
    CHANNEL_WEIGHTS,
    CHANNELS,
    CLOSINGS,
    OPENINGS,
    QUERIES,
    SENTENCE_WEIGHTS,
    SENTIMENTS,
)

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE = "vendor_mentions"
FIRST_DAY = date(2026, 6, 1)
ITEMS = 6_000
"""Different mentions in all deliveries, at scale 1."""
BLOCK = 50_000
"""Mentions made at a time."""
LATE_SHARE = 0.03
"""Of a delivery after the first: published in the last days of the one before."""
LATE_DAYS = 5
RESENT_SHARE = 0.02
"""Of a delivery: sent again with the next one, with more reactions."""
TWICE_SHARE = 0.005
"""Of a block: written twice in the same file."""
CANARY_EVERY = 500
PLACES = ("", *FOCAL)
PLACE_WEIGHTS = (0.76, 0.07, 0.04, 0.03, 0.02, 0.02, 0.02, 0.02, 0.02)


@dataclass(frozen=True)
class Delivery:
    """A file: the days it covers, counted from the first."""

    number: int
    first: int
    end: int

    @property
    def file_name(self) -> str:
        last = FIRST_DAY + timedelta(days=self.end - 1)
        return f"mentions_{FIRST_DAY + timedelta(days=self.first):%Y%m%d}_{last:%Y%m%d}.csv"

    @property
    def delivered_at(self) -> datetime:
        return datetime.combine(FIRST_DAY + timedelta(days=self.end), time(6, 0), LOCAL)


DELIVERIES = (Delivery(0, 0, 14), Delivery(1, 14, 28), Delivery(2, 28, 35))


def volumes(first: int, end: int) -> Floats:
    """How much is said, day × query: weekends are quieter, some days flare up."""
    grid = np.array(
        [[query.weight * query.flares.get(day, 1.0) for query in QUERIES] for day in range(first, end)]
    )
    weekend = np.array([day % 7 >= 5 for day in range(first, end)])
    return grid * np.where(weekend, 0.7, 1.0)[:, None]


def sizes(scale: float) -> list[int]:
    """Mentions of each delivery, in proportion to what is said on its days."""
    volume = [float(volumes(delivery.first, delivery.end).sum()) for delivery in DELIVERIES]
    return [max(40, round(ITEMS * scale * part / sum(volume))) for part in volume]


def draw_days(stream: Stream, delivery: Delivery, count: int) -> tuple[Integers, Integers]:
    """Day and query of each mention; a few days lie before the delivery's own."""
    cell = stream.pick(count, volumes(delivery.first, delivery.end).ravel())
    day = delivery.first + cell // len(QUERIES)
    late = stream.chance(count, LATE_SHARE if delivery.first else 0.0)
    return np.where(late, delivery.first - 1 - stream.integers(count, 0, LATE_DAYS), day), cell % len(QUERIES)


def draw_sentiment(stream: Stream, day: Integers, query: Integers) -> Integers:
    """The vendor's verdict; darker on days that flare up."""
    days = DELIVERIES[-1].end
    moods = np.array(
        [[one.flare_mood if at in one.flares else one.mood for one in QUERIES] for at in range(days)]
    ).cumsum(axis=2)
    chance = stream.uniform(len(day))[:, None]
    found: Integers = (chance >= moods[day, query]).sum(axis=1)
    return np.minimum(found, len(SENTIMENTS) - 1)


def make_block(seed: int, delivery: Delivery, ordinal: int, first: int, count: int) -> "pa.Table":
    """One block of mentions; the same arguments always give the same block."""
    import pyarrow as pa
    import pyarrow.compute as pc

    stream = Stream(seed, 3, delivery.number, ordinal)
    day, query = draw_days(stream, delivery, count)
    sentiment = draw_sentiment(stream, day, query)
    second = np.floor(86_400 * (0.12 + 0.88 * stream.uniform(count) ** 0.8)).astype(np.int64)
    elapsed = (86_400 * day + np.minimum(second, 86_399)).astype("timedelta64[s]")
    local = np.datetime64(FIRST_DAY, "s") + elapsed
    published = pc.replace_substring(pa.array(local - np.timedelta64(7, "h")).cast(pa.string()), " ", "T")
    number = pa.array(np.arange(first, first + count))
    digits = pc.utf8_lpad(number.cast(pa.string()), 10, "0")
    marked = pa.array(np.arange(count) % CANARY_EVERY == 0)

    channel = stream.pick(count, CHANNEL_WEIGHTS)
    sites = [site for group in CHANNELS.values() for site in group]
    start = np.cumsum([0, *(len(group) for group in CHANNELS.values())])
    breadth = np.array([len(group) for group in CHANNELS.values()])
    site = start[channel] + np.floor(stream.uniform(count) * breadth[channel]).astype(np.int64)
    link = pc.binary_join_element_wise("https://", labelled(sites, site), "/bai/", digits, "")
    link = pc.binary_join_element_wise(link, pc.if_else(marked, canaries.QUERY_STRING, ""), "")

    sentences = [text for one in QUERIES for text in one.sentences]
    said = query * len(SENTENCE_WEIGHTS) + stream.pick(count, SENTENCE_WEIGHTS)
    text = pc.binary_join_element_wise(
        labelled(list(OPENINGS), stream.pick(count, [5, 1, 1, 1, 1, 1])),
        labelled(sentences, said),
        labelled(list(CLOSINGS), stream.pick(count, [6, 1, 1, 1, 1])),
        pc.if_else(marked, " " + canaries.SENTENCE, ""),
        "",
    )
    reactions = np.floor(2.0 / (1.002 - stream.uniform(count))).astype(np.int64)
    comments = np.floor(reactions * 0.3 * stream.uniform(count)).astype(np.int64)
    shares = np.floor(reactions * 0.1 * stream.uniform(count)).astype(np.int64)
    author = labelled(list(AUTHORS), stream.integers(count, 0, len(AUTHORS)))
    handle = pc.binary_join_element_wise("giamau", stream_text(stream, count), "_")
    return pa.table({
        "mention_id": pc.binary_join_element_wise("VM", digits, ""),
        "published_at": pc.binary_join_element_wise(published, "Z", ""),
        "channel": labelled(list(CHANNELS), channel),
        "query_code": labelled([one.code for one in QUERIES], query),
        "url": link,
        "author_name": pc.if_else(marked, canaries.NAME, author),
        "author_handle": pc.if_else(marked, "@" + canaries.HANDLE, handle),
        "author_contact": pc.if_else(marked, canaries.PHONE, ""),
        "title": labelled([*(f"[Giả lập] {one.code}" for one in QUERIES)], query),
        "content": text,
        "mentioned_place_code": labelled(list(PLACES), stream.pick(count, PLACE_WEIGHTS)),
        "sentiment": labelled(list(SENTIMENTS), sentiment),
        "likes": pa.array(reactions),
        "comments": pa.array(comments),
        "shares": pa.array(shares),
        "engagement": pa.array(reactions + comments + shares),
    })  # fmt: skip


def stream_text(stream: Stream, count: int) -> "pa.Array":
    """Numbers for made handles."""
    import pyarrow as pa

    return pa.array(stream.integers(count, 1, 1_000_000)).cast(pa.string())


def resent(block: "pa.Table", count: int) -> "pa.Table":
    """The first rows of a block as the vendor sends them again: the same ids, more reactions."""
    import pyarrow.compute as pc

    again = block.slice(0, count)
    for name in ("likes", "engagement"):
        at = again.schema.get_field_index(name)
        again = again.set_column(at, name, pc.add(again.column(name), 5))
    return again


def as_text(table: "pa.Table") -> bytes:
    """A block as CSV."""
    return csv_rows({name: table.column(name).cast("string") for name in table.column_names}, ",", b"\n")


def write_delivery(folder: Path, seed: int, delivery: Delivery, counts: list[int]) -> Path:
    """One file, block by block."""
    import pyarrow as pa

    path = folder / SOURCE / delivery.file_name
    first = 1 + sum(counts[: delivery.number])
    left = counts[delivery.number]
    with new_file(path, delivery.delivered_at) as handle:
        ordinal = 0
        while left:
            count = min(left, BLOCK)
            block = make_block(seed, delivery, ordinal, first, count)
            if ordinal == 0:
                handle.write(csv_header(block.column_names, ",", b"\n"))
                if delivery.number:
                    before = delivery.number - 1
                    old_first = 1 + sum(counts[:before])
                    old = make_block(seed, DELIVERIES[before], 0, old_first, min(counts[before], BLOCK))
                    handle.write(as_text(resent(old, max(2, round(RESENT_SHARE * old.num_rows)))))
            twice = block.slice(0, max(1, round(TWICE_SHARE * count)))
            handle.write(as_text(pa.concat_tables([block, twice])))
            first, left, ordinal = first + count, left - count, ordinal + 1
    return path


def write_mentions(folder: Path, seed: int, scale: float) -> list[Path]:
    """All deliveries."""
    counts = sizes(scale)
    return [write_delivery(folder, seed, delivery, counts) for delivery in DELIVERIES]
