"""Files in the inbox → landing tables: one DAG a family, one mapped task a file."""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, TriggerRule, dag, get_current_context, task

from opinion_warehouse.dag_defaults import (
    DEFAULT_ARGS,
    FAMILIES,
    LANDED,
    START,
    deadline,
    night_of,
)
from opinion_warehouse.notify import runbook
from opinion_warehouse.settings import TIME_ZONE

OWNERS = {"survey": "survey-desk", "report": "report-desk", "social": "social-desk"}
DOC = """
### What it does
Takes the night's {family} files: **list_fetches** → **fetch**, one mapped task a source whose spec has a
`fetch` section, into the inbox → **discover** → **load_file**, one mapped task a file (copied to the store,
parsed in a limited child process, landed in one transaction) → **check_landing**, the landing suite of each
source → **close_intake**, which writes what each source's night came to and updates the Asset
`opinion/landed/{family}`.

One broken file or source never stops the night: `discover`, `check_landing` and `close_intake` run whatever
happened, the source's last accepted data are carried forward, and the release is marked `partial`.

### Again
Every task may be run again: a file is known by its content, so the same bytes load once.
Run it by hand for another night with `{{"night": "2026-11-23"}}`.

Runbook: {runbook}
"""


def ingest(family: str) -> DAG:
    """The DAG of one family."""

    @dag(
        dag_id=f"ingest_{family}",
        description=f"{family} files: inbox → store → landing tables",
        schedule=CronTriggerTimetable("0 20 * * *", timezone=TIME_ZONE),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags=["opinion", "ingest", family],
        default_args=DEFAULT_ARGS | {"owner": OWNERS[family]},
        deadline=deadline(f"ingest_{family}", timedelta(hours=3)),
        doc_md=DOC.format(family=family, runbook=runbook(f"ingest_{family}")),
    )
    def wiring() -> None:
        @task
        def list_fetches() -> list[str]:
            """List the family's sources whose files the night gets itself."""
            from opinion_warehouse import intake
            from opinion_warehouse.settings import Settings

            return intake.fetchable(Settings(), family)

        @task(map_index_template="{{ task.op_kwargs['source_id'] }}")
        def fetch(source_id: str) -> dict[str, Any]:
            """Fetch what is new at one source; what time does not mend is not tried again tonight."""
            from airflow.sdk.exceptions import AirflowFailException

            from opinion_warehouse import intake
            from opinion_warehouse.connectors import FetchFailed
            from opinion_warehouse.settings import Settings

            context = get_current_context()
            try:
                return intake.fetch_source(Settings(), source_id, night_of(context), context["run_id"])
            except FetchFailed as error:
                if error.is_passing:
                    raise
                raise AirflowFailException(str(error)) from None

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def discover() -> list[dict[str, Any]]:
            """List the family's new and whole files; sync the source specs first."""
            from opinion_warehouse import intake
            from opinion_warehouse.settings import Settings

            return intake.discover(Settings(), family, night_of(get_current_context()))

        @task(map_index_template="{{ task.op_kwargs['file'].source_id }} · {{ task.op_kwargs['file'].name }}")
        def load_file(file: dict[str, Any]) -> dict[str, Any]:
            """Store, parse and land one file."""
            from opinion_warehouse import intake
            from opinion_warehouse.settings import Settings

            context = get_current_context()
            return intake.load_file(
                Settings(), file["source_id"], file["path"], night_of(context), context["run_id"]
            )

        @task(trigger_rule=TriggerRule.ALL_DONE)
        def check_landing() -> list[dict[str, Any]]:
            """Run each source's landing suite; a source that fails is held back."""
            from opinion_warehouse import intake
            from opinion_warehouse.settings import Settings

            context = get_current_context()
            return intake.check_landing(Settings(), family, night_of(context), context["run_id"])

        @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[LANDED[family]])
        def close_intake() -> dict[str, Any]:
            """Write what the night came to, tell who must know, update the family's Asset."""
            from opinion_warehouse import intake
            from opinion_warehouse.notify import intake_closed
            from opinion_warehouse.settings import Settings

            context = get_current_context()
            night = night_of(context)
            summary = intake.close_intake(Settings(), family, night, context["run_id"])
            intake_closed(Settings(), family, OWNERS[family], summary)
            context["outlet_events"][LANDED[family]].extra = {"night": night.isoformat(), "family": family}
            return summary

        files = discover()
        fetch.expand(source_id=list_fetches()) >> files
        load_file.expand(file=files) >> check_landing() >> close_intake()

    return wiring()


for family in FAMILIES:
    ingest(family)
