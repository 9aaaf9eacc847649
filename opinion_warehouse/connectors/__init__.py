"""Connectors: what a source's spec says under `fetch` → files in its inbox folder. No database here.

A connector hands out files that are whole and add up, or raises FetchFailed. Where they go from there, and
how far a source was fetched, is intake's to write down.
"""

from collections.abc import Iterator

from opinion_warehouse.connectors.base import PASSING_PREFIX, FetchFailed, Job, Piece
from opinion_warehouse.connectors.connection import find
from opinion_warehouse.sources.fetch import (
    HistogramFetch,
    HttpJsonFetch,
    KoboFetch,
    LimeSurveyFetch,
    S3Fetch,
)

__all__ = ["PASSING_PREFIX", "FetchFailed", "Job", "Piece", "fetch"]


def fetch(job: Job) -> Iterator[Piece]:
    """What is new at the job's source, file by file."""
    from opinion_warehouse.connectors import histogram, http_json, kobo, limesurvey, s3

    spec = job.source.fetch
    if spec is None:
        raise FetchFailed("no_fetch", f"the spec of {job.source.id} has no `fetch`: its files are delivered")
    connection = find(spec.connection)
    match spec:
        case LimeSurveyFetch():
            return limesurvey.fetch(job, spec, connection)
        case KoboFetch():
            return kobo.fetch(job, spec, connection)
        case HistogramFetch():
            return histogram.fetch(job, spec, connection)
        case HttpJsonFetch():
            return http_json.fetch(job, spec, connection)
        case S3Fetch():
            return s3.fetch(job, spec, connection)
