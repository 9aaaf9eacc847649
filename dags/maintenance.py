"""Retention every night; roll-back and erasure by hand, each a form."""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from opinion_warehouse.dag_defaults import DEFAULT_ARGS, RELEASE, START, deadline, night_of
from opinion_warehouse.settings import TIME_ZONE

RETENTION = """
### What it does
Forgets what its source's limits say: stored raw files (`keep.raw_days`) and social items (`keep.item_days`).
Aggregates and published numbers live on. Runbook: docs/runbooks/apply_retention.md
"""
ROLL_BACK = """
### What it does
Moves the pointer to an older release that is still attached: under a second, readers wait for nothing.
A pruned or withdrawn release is refused. Runbook: docs/runbooks/roll_back_release.md
"""
ERASURE = """
### What it does
Removes one person's rows from `landing` and the stored files they came in, and logs it outside the database.
The form takes the **keyed hash** that `opinion subject-key SOURCE` prints, never the person's id: what a
form holds is kept.
Runbook: docs/runbooks/erase_subject.md
"""


@dag(
    description="forget what is past its limit",
    schedule=CronTriggerTimetable("0 2 * * *", timezone=TIME_ZONE),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["opinion", "maintenance", "privacy"],
    default_args=DEFAULT_ARGS | {"owner": "privacy-desk"},
    deadline=deadline("apply_retention", timedelta(hours=3)),
    doc_md=RETENTION,
)
def apply_retention() -> None:
    """One task: it is idempotent."""

    @task
    def forget() -> dict[str, Any]:
        """Remove items and raw files past their source's limit."""
        from opinion_warehouse import maintenance
        from opinion_warehouse.settings import Settings

        return maintenance.apply_retention(Settings(), night_of(get_current_context()))

    forget()


@dag(
    description="make an older release the visible one",
    schedule=None,
    start_date=START,
    max_active_runs=1,
    tags=["opinion", "publish", "by hand"],
    default_args=DEFAULT_ARGS | {"owner": "publishing-desk", "retries": 0},
    params={
        "release_id": Param(
            type="integer", minimum=1, description="an attached release (`opinion release list`)"
        ),
        "why": Param(type="string", minLength=5, description="kept in the release log"),
    },
    doc_md=ROLL_BACK,
)
def roll_back_release() -> None:
    """One task, with a form."""

    @task(outlets=[RELEASE])
    def roll_back() -> dict[str, Any]:
        """Move the pointer back."""
        from opinion_warehouse import release
        from opinion_warehouse.settings import Settings

        context = get_current_context()
        form = context["params"]
        release.roll_back(Settings(), form["release_id"], form["why"])
        extra = {"release_id": form["release_id"], "rolled_back": True}
        context["outlet_events"][RELEASE].extra = extra
        return extra

    roll_back()


@dag(
    description="remove one person everywhere",
    schedule=None,
    start_date=START,
    max_active_runs=1,
    tags=["opinion", "privacy", "by hand"],
    default_args=DEFAULT_ARGS | {"owner": "privacy-desk", "retries": 0},
    params={
        "source_id": Param(type="string", minLength=3, description="the source that holds the person"),
        "subject_keys": Param(
            type="array",
            items={"type": "string", "pattern": "^[0-9a-f]{40}$"},
            minItems=1,
            description="keyed hashes (`opinion subject-key`), never ids",
        ),
        "reference": Param(type="string", minLength=3, description="the request's number, no name"),
    },
    doc_md=ERASURE,
)
def erase_subject() -> None:
    """One task, with a form."""

    @task
    def erase() -> dict[str, Any]:
        """Remove the rows and the raw files, and log it."""
        from opinion_warehouse import maintenance
        from opinion_warehouse.settings import Settings

        form = get_current_context()["params"]
        return maintenance.erase_subject(
            Settings(), form["source_id"], form["subject_keys"], form["reference"]
        )

    erase()


apply_retention()
roll_back_release()
erase_subject()
