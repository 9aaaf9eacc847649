"""Fetching by hand: what the ingest DAGs do before they discover files."""

import logging
import time
from datetime import date
from typing import Any

from rich.console import Console

from opinion_warehouse.settings import Settings

log = logging.getLogger(__name__)


def run(
    settings: Settings, source_id: str | None, night: date | None, console: Console
) -> list[dict[str, Any]]:
    """Fetch one source, or all: `source_id`, `outcome`, `files`, `why` each. One's failure stops no other."""
    from opinion_warehouse import airflow_home, intake
    from opinion_warehouse.night import tonight
    from opinion_warehouse.prepare import prepare

    wanted = intake.fetchable(settings)
    if source_id is not None and source_id not in wanted:
        known = ", ".join(wanted) or "none"
        raise ValueError(
            f"no source {source_id!r} with `fetch` in {settings.sources_dir}; there are: {known}"
        )
    done = []
    with console.status("set-up") as status:
        prepare(settings, airflow=False)
        airflow_home.apply(settings)  # Airflow finds the connections
        for each in [source_id] if source_id else wanted:
            status.update(f"{each}: fetch")
            done.append(_fetch(settings, each, night or tonight()))
    return done


def _fetch(settings: Settings, source_id: str, night: date) -> dict[str, Any]:
    from opinion_warehouse import intake
    from opinion_warehouse.connectors import FetchFailed

    try:
        result = intake.fetch_source(settings, source_id, night, f"by_hand__{time.time_ns()}")
    except Exception as error:
        log.debug("fetch of %s", source_id, exc_info=True)
        # A library's message could quote what it read; our own and the system's do not.
        said = str(error) if isinstance(error, FetchFailed | OSError) else type(error).__name__
        return {"source_id": source_id, "outcome": "failed", "files": None, "why": said}
    return {**result, "files": ", ".join(result["files"]), "why": None}
