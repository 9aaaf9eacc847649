"""KoboToolbox API v2: the submissions of one form → one file of JSON lines."""

import json
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from opinion_warehouse.connectors.base import Job, Piece, at
from opinion_warehouse.connectors.connection import Connection
from opinion_warehouse.connectors.http import Client, Patience
from opinion_warehouse.connectors.http_json import Window, write_records
from opinion_warehouse.connectors.instants import read_instant
from opinion_warehouse.connectors.paging import Listing
from opinion_warehouse.sources.fetch import ByOffset, KoboFetch

PAGE_SIZE = 1000
"""What newer servers give at most; older ones gave more."""


def fetch(
    job: Job, spec: KoboFetch, connection: Connection, patience: Patience | None = None
) -> Iterator[Piece]:
    """One file of all submissions, or of those since the last one and the overlap; none of nothing."""
    listing = Listing(
        path=f"/api/v2/assets/{spec.asset}/data/",
        # Without an order of its own a page boundary may move between two requests.
        params={"format": "json", "sort": json.dumps({"_id": 1})},
        # Not by the `next` it gives: behind a proxy that often has another protocol or host.
        paging=ByOffset(by="offset", parameter="start", size_parameter="limit", size=PAGE_SIZE),
        records="results",
        key="_id",
        total="count",
    )
    window = None
    if spec.since:
        window = Window(
            spec.since,
            ask=_since,
            moment_of=lambda record: read_instant(at(record, "_submission_time"), "iso", ZoneInfo("UTC")),
        )
    with Client(connection, "token", None, patience) as client:
        yield from write_records(job, client, listing, window, spec.asset)


def _since(start: datetime) -> dict[str, str]:
    return {"query": json.dumps({"_submission_time": {"$gte": f"{start:%Y-%m-%dT%H:%M:%S}"}})}
