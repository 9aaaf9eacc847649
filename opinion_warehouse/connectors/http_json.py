"""Any HTTP API that gives JSON records in pages → one file of JSON lines."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from opinion_warehouse.connectors.base import Job, Piece, at, part_file
from opinion_warehouse.connectors.connection import Connection
from opinion_warehouse.connectors.http import Client, Patience
from opinion_warehouse.connectors.instants import begin, read_instant, write_instant
from opinion_warehouse.connectors.paging import Listing, Record, distinct_records, json_line
from opinion_warehouse.sources.fetch import HttpJsonFetch, Overlap


@dataclass(frozen=True)
class Window:
    """How an API is asked for what is new."""

    since: Overlap
    ask: Callable[[datetime], dict[str, str]]
    """Parameters that ask for records from a moment on."""
    moment_of: Callable[[Record], datetime]


def fetch(
    job: Job, spec: HttpJsonFetch, connection: Connection, patience: Patience | None = None
) -> Iterator[Piece]:
    """One file of all records, or of those since the last one and the overlap before it; none of nothing."""
    listing = Listing(
        spec.path, spec.params, spec.paging, spec.records, spec.key, total=spec.total, expect=spec.expect
    )
    window = None
    if since := spec.since:
        window = Window(
            since,
            ask=lambda start: {since.parameter: write_instant(start, since.format, job.zone)},
            moment_of=lambda record: read_instant(at(record, since.at), since.format, job.zone),
        )
    # Another query is another item: its mark says nothing of this one.
    asked = json.dumps([spec.path, spec.params], sort_keys=True)
    item = f"{spec.path} {hashlib.sha256(asked.encode()).hexdigest()[:12]}"
    with Client(connection, spec.auth, spec.auth_name, patience) as client:
        yield from write_records(job, client, listing, window, item)


def write_records(
    job: Job, client: Client, listing: Listing, window: Window | None, item: str
) -> Iterator[Piece]:
    """Write what a listing has as JSON lines; the mark is the newest record's moment."""
    stamp = f"{job.now:%Y%m%dT%H%M%SZ}"
    mark = job.marks.get(item)
    newest = datetime.fromisoformat(mark) if mark else None
    if window:
        start = begin(window.since, mark, job.zone)
        stamp = f"{start:%Y%m%dT%H%M%SZ}_{stamp}"
        listing = replace(listing, params={**listing.params, **window.ask(start)})
    with part_file(job) as part:
        for record in distinct_records(client, listing):
            part.write(json_line(record))
            if window:
                moment = window.moment_of(record)
                newest = max(newest or moment, moment)
    if not part.size:
        part.path.unlink()
        return
    # A record from the future must not keep the next fetches from today's.
    reached = min(newest, job.now).isoformat() if window and newest else ""
    yield Piece(part.path, f"{job.stem}_{stamp}.jsonl", part.sha256, item, reached)
