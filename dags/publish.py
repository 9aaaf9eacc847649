"""Landing tables → one audited, published release."""

from datetime import timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, get_current_context, task

from opinion_warehouse.dag_defaults import DEFAULT_ARGS, LANDED, RELEASE, START, deadline, night_of
from opinion_warehouse.notify import runbook
from opinion_warehouse.settings import TIME_ZONE

DOC = f"""
### What it does
Builds, audits and publishes one release: **open_release** (nothing new: the rest is skipped) → **weigh** →
**build_core** → **analyse** → **build_release** → **seal** (the tables leave dbt's hands) → **gate** (release
suites on the sealed tables; the verdict is a query over the stored results) → **attach** → **publish** (one
pointer moves; updates the Asset `opinion/release`) → **prune** and **notify**.

Starts when all three families have landed, or at 05:00 at the latest with what there is.

### When it is red
The published release stays readable. A blocked gate names the checks that failed; nothing is retried.
Every other task may be cleared and run again; a run that was overtaken is refused (40001).

Runbook: {runbook("publish_opinion")}
"""


@dag(
    dag_id="publish_opinion",
    description="core → analysis → release → gate → publish",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("0 5 * * *", timezone=TIME_ZONE), assets=list(LANDED.values())
    ),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["opinion", "publish"],
    default_args=DEFAULT_ARGS | {"owner": "publishing-desk"},
    deadline=deadline("publish_opinion", timedelta(hours=3)),
    doc_md=DOC,
)
def publish_opinion() -> None:  # noqa: PLR0915  eleven short tasks: it reads as the list it is
    """Wire the tasks."""

    @task
    def open_release() -> int:
        """Open a release over the accepted files; skip the rest when nothing is new."""
        from airflow.sdk.exceptions import AirflowSkipException

        from opinion_warehouse import release
        from opinion_warehouse.settings import Settings

        context = get_current_context()
        number = release.open_release(Settings(), night_of(context), context["run_id"])
        if number is None:
            raise AirflowSkipException("nothing new since the published release: nothing to publish")
        return number

    @task
    def weigh(number: int) -> None:
        """Weights of each wave, and the quantiles the estimates need."""
        from opinion_warehouse import analysis
        from opinion_warehouse.settings import Settings

        analysis.weigh(Settings(), number)

    @task
    def build_core(number: int) -> None:
        """dbt: seeds, staging, intermediate, core, with their tests."""
        from opinion_warehouse import dbt
        from opinion_warehouse.settings import Settings

        context = get_current_context()
        dbt.build_core(Settings(), number, night_of(context), context["run_id"])

    @task
    def analyse(number: int) -> None:
        """Reliability of each estimate and change between waves."""
        from opinion_warehouse import analysis
        from opinion_warehouse.settings import Settings

        analysis.analyse(Settings(), number)

    @task
    def build_release(number: int) -> None:
        """dbt: the release's tables, in a schema of their own."""
        from opinion_warehouse import dbt
        from opinion_warehouse.settings import Settings

        context = get_current_context()
        dbt.build_release_models(Settings(), number, night_of(context), context["run_id"])

    @task
    def seal(number: int) -> None:
        """Take the tables out of dbt's hands: what is audited is what is published."""
        from opinion_warehouse import release
        from opinion_warehouse.settings import Settings

        release.seal(Settings(), number)

    @task
    def gate(number: int) -> None:
        """Audit the sealed tables; a blocked verdict is red and final."""
        from airflow.sdk.exceptions import AirflowFailException

        from opinion_warehouse import gate as audit
        from opinion_warehouse.settings import Settings

        context = get_current_context()
        verdict = audit.run(Settings(), number, night_of(context), context["run_id"])
        if not verdict.passed:
            raise AirflowFailException(f"release {number} is blocked: {'; '.join(verdict.reasons)}")

    @task
    def attach(number: int) -> None:
        """Attach the tables as partitions; committed on its own, before the pointer moves."""
        from opinion_warehouse import release
        from opinion_warehouse.settings import Settings

        release.attach(Settings(), number)

    @task(outlets=[RELEASE])
    def publish(number: int) -> dict[str, Any]:
        """Move the pointer."""
        from opinion_warehouse import release
        from opinion_warehouse.settings import Settings

        context = get_current_context()
        release.publish(Settings(), number, f"night {night_of(context)}")
        shown = release.show_release(Settings(), number)
        extra = {
            "release_id": number,
            "night": shown["night"].isoformat(),
            "is_partial": shown["is_partial"],
            "rows": {name: table["rows"] for name, table in shown["tables"].items()},
        }
        context["outlet_events"][RELEASE].extra = extra
        return extra

    @task
    def prune() -> list[int]:
        """Drop releases nobody can roll back to any more."""
        from opinion_warehouse import release
        from opinion_warehouse.settings import Settings

        return release.prune(Settings())

    @task
    def notify(extra: dict[str, Any]) -> None:
        """One notice a night: what is readable now."""
        from opinion_warehouse.notify import release_published
        from opinion_warehouse.settings import Settings

        release_published(Settings(), extra)

    number = open_release()
    published = publish(number)
    (
        weigh(number)
        >> build_core(number)
        >> analyse(number)
        >> build_release(number)
        >> seal(number)
        >> gate(number)
        >> attach(number)
        >> published
    )
    published >> [prune(), notify(published)]


publish_opinion()
