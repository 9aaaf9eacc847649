"""A Talkwalker-like histogram: counts a day, without any author → one file of JSON lines, a bucket a line."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from opinion_warehouse.connectors.base import FetchFailed, Job, Piece, at, part_file
from opinion_warehouse.connectors.connection import Connection
from opinion_warehouse.connectors.http import Client, Patience
from opinion_warehouse.connectors.instants import midnight, read_instant, write_instant
from opinion_warehouse.connectors.paging import json_line, refuse_bad_word, whole_number
from opinion_warehouse.sources.fetch import HistogramFetch

Bucket = dict[str, Any]


def fetch(
    job: Job, spec: HistogramFetch, connection: Connection, patience: Patience | None = None
) -> Iterator[Piece]:
    """One file of the days since the last one fetched, and the overlap before it, to yesterday."""
    asked = json.dumps([spec.path, spec.params], sort_keys=True)
    item = f"{spec.path} {hashlib.sha256(asked.encode()).hexdigest()[:12]}"
    first, last = (
        date.fromisoformat(spec.first),
        job.now.astimezone(job.zone).date() - timedelta(days=1),
    )  # today is not over
    if mark := job.marks.get(item):
        first = max(first, date.fromisoformat(mark) + timedelta(days=1 - spec.overlap_days))
    if first > last:
        return
    end = midnight(last + timedelta(days=1), job.zone) - timedelta(milliseconds=1)
    window = {
        spec.from_parameter: write_instant(midnight(first, job.zone), spec.format, job.zone),
        spec.to_parameter: write_instant(end, spec.format, job.zone),
    }
    with Client(connection, spec.auth, spec.auth_name, patience) as client:
        body = client.get(spec.path, {**spec.params, **window}).body
    refuse_bad_word(body, spec.expect)
    buckets = list(_buckets(job, spec, body))
    _refuse_unless_whole(spec, body, buckets, first, last)
    if not buckets:
        return
    with part_file(job) as part:
        for bucket in buckets:
            part.write(json_line(bucket))
    name = f"{job.stem}_{first:%Y%m%d}_{last:%Y%m%d}_{job.now:%Y%m%dT%H%M%SZ}.jsonl"
    yield Piece(part.path, name, part.sha256, item, last.isoformat())


def _buckets(job: Job, spec: HistogramFetch, body: Any) -> Iterator[Bucket]:
    """`day`, `count`, and `series` where the answer has series."""
    found = at(body, spec.buckets)
    if not isinstance(found, list):
        raise FetchFailed("bad_answer", f"there is no list of buckets at `{spec.buckets}` of the answer")
    names = _series(spec, body)
    for bucket in found:
        moment: datetime = read_instant(at(bucket, spec.time), spec.format, job.zone)
        day = moment.astimezone(job.zone).date().isoformat()
        values = at(bucket, spec.values)
        if names is None:
            one = values[0] if isinstance(values, list) and len(values) == 1 else values
            yield {"day": day, "count": whole_number(one, spec.values)}
            continue
        if not isinstance(values, list) or len(values) != len(names):
            raise FetchFailed("bad_answer", f"a bucket has not one value for each of the {len(names)} series")
        for name, value in zip(names, values, strict=True):
            yield {"day": day, "series": name, "count": whole_number(value, spec.values)}


def _series(spec: HistogramFetch, body: Any) -> list[str] | None:
    if spec.series is None:
        return None
    heads = at(body, spec.series)
    names = [at(head, spec.series_name or "") for head in heads] if isinstance(heads, list) else []
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise FetchFailed("bad_answer", f"there is no list of distinct series at `{spec.series}`")
    return names


def _refuse_unless_whole(
    spec: HistogramFetch, body: Any, buckets: list[Bucket], first: date, last: date
) -> None:
    """Each day once, none from outside; and all of them, or the counts' sum as the answer says."""
    keys = [(bucket["day"], bucket.get("series")) for bucket in buckets]
    if len(set(keys)) != len(keys):
        raise FetchFailed("page_repeated", "a day stands twice in the answer", is_passing=True)
    days = {day for day, _ in keys}
    if days and (min(days) < first.isoformat() or max(days) > last.isoformat()):
        detail = f"the answer has days outside {first} to {last}: look at `from_parameter` and `format`"
        raise FetchFailed("window_ignored", detail)
    if spec.total:
        total = whole_number(at(body, spec.total), spec.total)
        count = sum(bucket["count"] for bucket in buckets)
        if count != total:
            detail = f"the server counts {total}, and the buckets sum to {count}"
            raise FetchFailed("pages_do_not_add_up", detail, is_passing=True)
    elif len(days) != (last - first).days + 1:
        detail = f"{len(days)} days came of the {(last - first).days + 1} from {first} to {last}"
        raise FetchFailed("pages_do_not_add_up", detail, is_passing=True)
