"""Retention every night; roll-back and erasure by hand, each a form."""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, get_current_context, task

from opinion_warehouse.dag_defaults import DEFAULT_ARGS, RELEASE, START, deadline, night_of
from opinion_warehouse.notify import runbook
from opinion_warehouse.settings import TIME_ZONE

RETENTION = f"""
### What it does
Forgets what its source's limits say: stored raw files (`keep.raw_days`) and social items (`keep.item_days`).
Beside that it erases again whoever the log of erasures names: a restored backup or a later delivery may have
brought them back. Aggregates and published numbers live on.
Runbook: {runbook("apply_retention")}
"""
ROLL_BACK = f"""
### What it does
Moves the pointer to an older release that is still attached: under a second, readers wait for nothing.
A pruned or withdrawn release is refused. Runbook: {runbook("roll_back_release")}
"""
ERASURE = f"""
### What it does
Removes one person's rows from `landing` and dbt's working tables and the stored files they came in, and logs
it outside the database. The result says how many rows and files went (0 where nobody has the key), and how
many raw files no key can be looked up in, with the last day they are kept. Published releases stay.
The form takes the **keyed hash** that `opinion subject-key SOURCE` prints, never the person's id: what a
form holds is kept.
Runbook: {runbook("erase_subject")}
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
    """Two tasks, both idempotent."""

    @task
    def reapply_erasures() -> dict[str, Any]:
        """Erase again whoever the log of erasures names."""
        from opinion_warehouse import maintenance
        from opinion_warehouse.settings import Settings

        return maintenance.reapply(Settings())

    @task
    def forget() -> dict[str, Any]:
        """Remove items and raw files past their source's limit."""
        from opinion_warehouse import maintenance
        from opinion_warehouse.settings import Settings

        return maintenance.apply_retention(Settings(), night_of(get_current_context()))

    # Neither waits for the other: a log that cannot be read must not keep what is past its limit.
    reapply_erasures()
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
    description="remove one person from everything but published numbers",
    schedule=None,
    start_date=START,
    max_active_runs=1,
    tags=["opinion", "privacy", "by hand"],
    default_args=DEFAULT_ARGS | {"owner": "privacy-desk", "retries": 0},
    params={
        "source_id": Param(type="string", minLength=3, description="the source that holds the person"),
        "subject_keys": Param(
            type="array",
            items={"type": "string", "pattern": "^[0-9a-f]{64}$"},
            minItems=1,
            description="keyed hashes (`opinion subject-key`), never ids",
        ),
        "reference": Param(
            type="string",
            pattern="^[A-Za-z0-9 ./-]*[0-9][A-Za-z0-9 ./-]*$",
            maxLength=40,
            description="the request's number, no name",
        ),
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
