"""One night through Airflow, in this process: the three ingest DAGs, then `publish_opinion`.

`dag.test()` runs the very DAG files the scheduler runs. Airflow's talk goes to a log file; the console shows
progress. What the night came to is read from the database afterwards (`night_summary`).
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from opinion_warehouse.settings import PROJECT, TIME_ZONE, Settings

DAGS = ("ingest_survey", "ingest_report", "ingest_social", "publish_opinion")


@dataclass
class Night:
    """What a night's runs came to."""

    night: date
    log_file: Path
    states: dict[str, str] = field(default_factory=dict)
    run_ids: dict[str, str] = field(default_factory=dict)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def is_green(self) -> bool:
        """Every DAG ended well; nothing new, or a source that could not be fetched, is green too."""
        stopped = [task for _, task, _ in self.failures if task.split()[0] != "fetch"]
        return all(state == "success" for state in self.states.values()) and not stopped

    @property
    def is_blocked(self) -> bool:
        """The gate said no."""
        return any((dag_id, task) == ("publish_opinion", "gate") for dag_id, task, _ in self.failures)


def tonight() -> date:
    """Today in the zone that names the nights."""
    return datetime.now(ZoneInfo(TIME_ZONE)).date()


def run_night(settings: Settings, night: date | None = None, *, console: Console | None = None) -> Night:
    """Prepare, run the four DAGs, and return what happened; raises only when nothing could be run."""
    from opinion_warehouse import airflow_home
    from opinion_warehouse.prepare import fill_inbox, only_one, prepare

    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    log_file = airflow_home.log_folder(settings) / "nights" / f"{stamp}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with only_one(settings, "a night"), _own_console(console, log_file) as shown:
        with shown.status("set-up") as status:
            prepare(settings, lambda step: status.update(f"set-up: {step}"))
            made = fill_inbox(settings)
            if made:
                shown.print(f"first run: {made} sample files put into {settings.inbox_dir}")
            status.update("set-up: Airflow")
            airflow_home.apply(settings)
            _forget_unfinished(settings)
            from airflow.dag_processing.dagbag import DagBag

            bag = DagBag(PROJECT / "dags")
        if bag.import_errors:
            raise RuntimeError("; ".join(f"{path}: {error}" for path, error in bag.import_errors.items()))
        result = Night(night or tonight(), log_file)
        started = time.monotonic()
        _run(settings, bag, result, shown)
        result.seconds = time.monotonic() - started
        _consume_assets(settings)
    return result


def _run(settings: Settings, bag: Any, result: Night, console: Console) -> None:
    from airflow.sdk.listener import get_listener_manager

    from opinion_warehouse.night_progress import Progress

    with Progress(console, _waiting(settings)) as progress:
        listener = progress.listener(result.failures, result.skipped)
        get_listener_manager().pm.register(listener)
        try:
            for dag_id in DAGS:
                progress.begin(dag_id, len(bag.dags[dag_id].tasks))
                # Lateness is the scheduler's to see, and dag.test() breaks on a deadline (3.3.2: it looks the
                # serialised alert up as if it were an id).
                bag.dags[dag_id].deadline = None
                run = bag.dags[dag_id].test(run_conf={"night": result.night.isoformat()})
                result.states[dag_id] = str(run.state.value)
                result.run_ids[dag_id] = run.run_id
                progress.end(dag_id, run.state.value)
        finally:
            get_listener_manager().pm.unregister(listener)


def _waiting(settings: Settings) -> dict[str, int]:
    """How many files wait, by ingest DAG: the length of the progress bar, nothing else depends on it."""
    from opinion_warehouse.sources import read_sources

    counts: dict[str, int] = {}
    for source in read_sources(settings.sources_dir)[0]:
        folder = settings.inbox_dir / source.id
        files = sum(path.is_file() for path in folder.glob(source.files.pattern)) if folder.is_dir() else 0
        counts[f"ingest_{source.family}"] = counts.get(f"ingest_{source.family}", 0) + files
    return counts


@contextmanager
def _own_console(console: Console | None, log_file: Path) -> Iterator[Console]:
    """Send everything written to the standard streams, children's too, to the log; keep the console for us.

    At the level of file descriptors: Airflow, dbt and their children write there, not to `sys.stdout`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    terminal = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", buffering=1)
    log = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    shown = console or Console(file=terminal, highlight=False)
    try:
        os.dup2(log, 1)
        os.dup2(log, 2)
        yield shown
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(kept[0], 1)
        os.dup2(kept[1], 2)
        for descriptor in (*kept, log):
            os.close(descriptor)
        terminal.close()


def _forget_unfinished(settings: Settings) -> None:
    """End the runs a killed night left open: a scheduler started later would go on with them."""
    from opinion_warehouse.airflow_home import metadata

    with metadata(settings) as connection:
        connection.execute(
            "update task_instance set state = 'failed', end_date = now()"
            " where state in ('running', 'queued', 'scheduled')"
            " and (dag_id, run_id) in (select dag_id, run_id from dag_run where triggered_by = 'TEST')"
        )
        connection.execute(
            "update dag_run set state = 'failed', end_date = now()"
            " where triggered_by = 'TEST' and state in ('running', 'queued')"
        )


def _consume_assets(settings: Settings) -> None:
    """The night has published on its Assets itself: a scheduler started later must not do it once more."""
    from opinion_warehouse.airflow_home import metadata

    with metadata(settings) as connection:
        connection.execute("delete from asset_dag_run_queue")
