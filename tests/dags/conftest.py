"""The DAG files as Airflow parses them, without a database: in a child, so its environment stays there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opinion_warehouse.settings import PROJECT

PARSE = """
import json, sys, time
import airflow.sdk, airflow.dag_processing.dagbag as dagbag
before = set(sys.modules)
began = time.perf_counter()
bag = dagbag.DagBag(sys.argv[1])
seconds = time.perf_counter() - began
def assets(dag):
    timetable = dag.timetable
    condition = getattr(timetable, "asset_condition", None)
    return sorted(asset.name for asset in condition.objects) if condition is not None else []
print("PARSED" + json.dumps({
    "seconds": seconds, "errors": {str(k): str(v) for k, v in bag.import_errors.items()},
    "modules": sorted(set(sys.modules) - before),
    "dags": {dag.dag_id: {
        "tags": sorted(dag.tags), "doc_md": dag.doc_md, "description": dag.description,
        "max_active_runs": dag.max_active_runs, "catchup": dag.catchup, "starts_on": assets(dag),
        "deadline": bool(dag.deadline), "params": sorted(dag.params),
        "tasks": {task.task_id: {
            "owner": task.owner, "retries": task.retries,
            "backoff": float(task.retry_exponential_backoff or 0),
            "upstream": sorted(task.upstream_task_ids), "trigger_rule": str(task.trigger_rule.value),
            "outlets": sorted(asset.name for asset in task.outlets),
            "notified": bool(task.on_failure_callback),
            "doc": bool(task.doc_md or task.python_callable.__doc__),
        } for task in dag.tasks},
    } for dag in bag.dags.values()},
}))
"""


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a parse of dags/ gives."""
    home: Path = tmp_path_factory.mktemp("airflow home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": str(PROJECT),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(PROJECT / "dags")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
    )
    answer = [line for line in done.stdout.splitlines() if line.startswith("PARSED")]
    assert answer, done.stdout + done.stderr
    return json.loads(answer[0].removeprefix("PARSED"))
