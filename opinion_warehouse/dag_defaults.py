"""What every DAG shares: owners, retries, notices, the Assets, and which night a run is.

Imported at every parse, so nothing heavy stands at the top: `airflow.sdk` is there anyway.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import Asset
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from opinion_warehouse.notify import task_failed
from opinion_warehouse.settings import TIME_ZONE

START = datetime(2026, 1, 1, tzinfo=ZoneInfo(TIME_ZONE))
FAMILIES = ("survey", "report", "social")

LANDED = {
    family: Asset(name=f"opinion/landed/{family}", uri=f"opinion://landed/{family}", group="opinion")
    for family in FAMILIES
}
"""One a family: its night's intake is closed."""

RELEASE = Asset(name="opinion/release", uri="opinion://release", group="opinion")
"""A release was published; its extra holds the release id and the row counts."""

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-engineering",
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
    "on_failure_callback": task_failed,
}


def deadline(dag_id: str, limit: timedelta) -> DeadlineAlert:
    """A notice when a run has not ended `limit` after it was queued; the triggerer sends it."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=limit,
        callback=AsyncCallback(
            "opinion_warehouse.notify.deadline_missed", kwargs={"dag_id": dag_id, "expected": str(limit)}
        ),
        name=f"{dag_id} is late",
    )


def night_of(context: Mapping[str, Any]) -> date:
    """The night a run belongs to, never the clock of the machine that happens to run it.

    Said by hand (`{"night": "2026-11-23"}`), else by the Assets that started the run, else by its
    logical date in `TIME_ZONE`.
    """
    run = context["dag_run"]
    if said := (run.conf or {}).get("night"):
        return date.fromisoformat(said)
    events = context.get("triggering_asset_events") or {}
    landed = [event.extra["night"] for each in events.values() for event in each if event.extra.get("night")]
    if landed:
        return date.fromisoformat(max(landed))
    moment: datetime = run.logical_date or run.run_after
    return moment.astimezone(ZoneInfo(TIME_ZONE)).date()
