"""Runs a connector against a server as intake does, without a database."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api_servers import SECRET, Server

from opinion_warehouse.connectors.base import Job, Piece
from opinion_warehouse.connectors.connection import Connection
from opinion_warehouse.connectors.http import Patience
from opinion_warehouse.sources import Source
from opinion_warehouse.sources.fetch import (
    HistogramFetch,
    HttpJsonFetch,
    KoboFetch,
    LimeSurveyFetch,
    S3Fetch,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
QUICK = Patience(connect=2, read=0.5, whole=1.0, attempts=4, first_wait=0.01, longest_wait=2)
MODELS: dict[str, Any] = {
    "limesurvey": LimeSurveyFetch,
    "kobo": KoboFetch,
    "histogram": HistogramFetch,
    "http_json": HttpJsonFetch,
    "s3": S3Fetch,
}


def connection(server: Server | str, **more: Any) -> Connection:
    url = server if isinstance(server, str) else server.url
    values: dict[str, Any] = {"id": "an_api", "host": url, "login": "robot", "password": SECRET} | more
    return Connection(**values)


def job(folder: Path, fetch: dict[str, Any], marks: Mapping[str, str] | None = None, **files: Any) -> Job:
    """An order to a connector; `fetch` without `connection`."""
    label = {"vi": "nhãn", "en": "label"}
    source = Source.model_validate(
        {
            "id": "a_source",
            "family": "social",
            "title": label,
            "owner": "desk",
            "licence": "none",
            "provenance": "made",
            "files": {"format": "csv", "delimiter": ";"} | files,
            "social": {
                "columns": {"item_id": "id", "published_at": "at"},
                "date_format": "iso",
                "platform": "facebook",
                "query": "q",
                "queries": [{"code": "q", "label": label, "topic": "C1"}],
            },
        }
    )
    spec = MODELS[fetch["from"]].model_validate({"connection": "an_api"} | fetch)
    folder.mkdir(exist_ok=True)
    return Job(source.model_copy(update={"fetch": spec}), folder, NOW, marks or {})


def run(module: Any, order: Job, where: Connection, patience: Patience = QUICK) -> list[Piece]:
    return list(module.fetch(order, order.source.fetch, where, patience))


def left(folder: Path) -> list[str]:
    """Everything that lies in the folder."""
    return sorted(path.name for path in folder.iterdir())
