"""Run dbt: one invocation a layer, in a child process, as role `transformer`.

A fixed cost of three to five seconds is paid at each start, so there is no task a model; and no dbt in the
Airflow process, where its imports would stay. What each node came to is read from run_results.json and kept
in `quality.model_result`.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from opinion_warehouse.database.connect import connect, parameters
from opinion_warehouse.settings import PROJECT, Settings

PROJECT_DIR = PROJECT / "dbt_project"

CORE = ["resource_type:seed", "path:models/staging", "path:models/intermediate", "path:models/core"]
RELEASE = ["path:models/release"]

# What a DSN may say beyond the profile's fields: libpq reads it from the environment.
_LIBPQ = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}

_GOOD = frozenset({"success", "pass", "warn", "no-op"})
_MESSAGES_SHOWN = 10
_OUTPUT_LINES_SHOWN = 25


@dataclass(frozen=True)
class NodeResult:
    """What one seed, model or test came to."""

    node_id: str
    status: str
    seconds: float
    rows_affected: int | None
    message: str


class DbtFailed(Exception):
    """dbt did not finish well; the message names the nodes and what each said."""

    def __init__(self, message: str, results: Sequence[NodeResult] = ()) -> None:
        super().__init__(message)
        self.results = list(results)


def build_core(settings: Settings, release_id: int, night: date, run_id: str) -> list[NodeResult]:
    """Seeds, staging, intermediate and core with their data tests."""
    return run_dbt(settings, ["build", "--select", *CORE], release_id=release_id, night=night, run_id=run_id)


def build_release_models(settings: Settings, release_id: int, night: date, run_id: str) -> list[NodeResult]:
    """The release models, into schema rel_<release_id>."""
    return run_dbt(
        settings, ["build", "--select", *RELEASE], release_id=release_id, night=night, run_id=run_id
    )


def run_dbt(
    settings: Settings, args: Sequence[str], *, release_id: int, night: date, run_id: str
) -> list[NodeResult]:
    """Run one dbt command; raise DbtFailed unless every node went well.

    The release id goes by the environment: changed `--vars` would make dbt parse the whole project again.
    """
    folder = settings.home_dir / "dbt"
    target = folder / "target"
    target.mkdir(parents=True, exist_ok=True)
    run_results = target / "run_results.json"
    run_results.unlink(missing_ok=True)

    # Unit tests examine the code, not the night's data: they run in the test suite.
    unit_tests = ["--exclude-resource-type", "unit_test"] if args[0] == "build" else []
    command = [
        sys.executable,
        "-m",
        "dbt.cli.main",
        "--no-use-colors",
        "--log-level-file",
        "info",
        *args,
        *unit_tests,
        "--project-dir",
        str(PROJECT_DIR),
        "--profiles-dir",
        str(PROJECT_DIR),
        "--target-path",
        str(target),
        "--log-path",
        str(folder / "logs"),
    ]
    code, output = _run(command, _environment(settings, release_id, night))
    results = _read(run_results)
    _record(settings, results, release_id, night, run_id)
    bad = [result for result in results if result.status not in _GOOD and result.status != "skipped"]
    if code == 0 and results and not bad:
        return results
    raise DbtFailed(_describe(args[0], code, output, bad), results)


def _environment(settings: Settings, release_id: int, night: date) -> dict[str, str]:
    given = parameters(settings, "transformer")
    return {
        **os.environ,
        **{variable: given[name] for name, variable in _LIBPQ.items() if name in given},
        "OPINION_DBT_HOST": given.get("host", "127.0.0.1"),
        "OPINION_DBT_PORT": given.get("port", "5432"),
        "OPINION_DBT_DATABASE": given["dbname"],
        "OPINION_DBT_USER": given["user"],
        "OPINION_DBT_PASSWORD": given.get("password", ""),
        "OPINION_RELEASE_ID": str(release_id),
        "OPINION_RELEASE_SCHEMA": f"rel_{release_id}",
        "OPINION_NIGHT": night.isoformat(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "PYTHONUNBUFFERED": "1",
    }


def _run(command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run to the end; a task that is stopped takes its dbt (and dbt's connections) with it."""
    with subprocess.Popen(
        command,
        cwd=PROJECT_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as child:
        try:
            output, _ = child.communicate()
        except BaseException:
            child.send_signal(signal.SIGINT)  # dbt cancels its queries on an interrupt
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
            raise
    return child.returncode, output


def _read(run_results: Path) -> list[NodeResult]:
    if not run_results.exists():
        return []
    content: dict[str, Any] = json.loads(run_results.read_text(encoding="utf-8"))
    return [
        NodeResult(
            node_id=result["unique_id"],
            status=result["status"],
            seconds=result["execution_time"],
            rows_affected=_rows(result),
            message=(result.get("message") or "").strip(),
        )
        for result in content["results"]
    ]


def _rows(result: dict[str, Any]) -> int | None:
    rows = (result.get("adapter_response") or {}).get("rows_affected")
    return int(rows) if rows is not None and int(rows) >= 0 else None


def _record(
    settings: Settings, results: Sequence[NodeResult], release_id: int, night: date, run_id: str
) -> None:
    if not results:
        return
    with connect(settings, "transformer", application_name="opinion dbt results") as connection:
        connection.cursor().executemany(
            "insert into quality.model_result"
            " (release_id, night, run_id, node_id, status, seconds, rows_affected)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    release_id,
                    night,
                    run_id,
                    result.node_id,
                    result.status,
                    result.seconds,
                    result.rows_affected,
                )
                for result in results
            ],
        )


def _describe(verb: str, code: int, output: str, bad: Sequence[NodeResult]) -> str:
    if bad:
        nodes = [f"{result.node_id} ({result.status}): {result.message}" for result in bad[:_MESSAGES_SHOWN]]
        more = [f"… and {len(bad) - _MESSAGES_SHOWN} more"] if len(bad) > _MESSAGES_SHOWN else []
        return "\n".join([f"dbt {verb}: {len(bad)} node(s) failed", *nodes, *more])
    tail = output.strip().splitlines()[-_OUTPUT_LINES_SHOWN:]
    return "\n".join([f"dbt {verb} ended with code {code} and no failing node; its last lines:", *tail])
