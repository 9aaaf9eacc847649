"""The real scheduler: a night triggered by the REST API, published by the Assets, and all of it stopped."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from opinion_warehouse import airflow_home, release, up
from opinion_warehouse.database import server
from opinion_warehouse.sample import make_sample
from opinion_warehouse.settings import PROJECT, Settings

pytestmark = [pytest.mark.slow, pytest.mark.long]
FAMILIES = ("survey", "report", "social")
NIGHT = "2026-11-20"
LIMIT = 240


class Api:
    """The REST API as an operator's program uses it: a token for the user and password, then JSON."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        passwords = json.loads(airflow_home.password_file(settings).read_text(encoding="utf-8"))
        login = {"username": airflow_home.USER, "password": passwords[airflow_home.USER]}
        self._token = self("/auth/token", login)["access_token"]

    def __call__(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        if hasattr(self, "_token"):
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        with self._open(urllib.request.Request(self._base + path, data, headers), timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        return self(f"/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit=20")["dag_runs"]


@pytest.fixture
def running(open_home: Callable[[], Path]) -> Iterator[tuple[Settings, int, subprocess.Popen[str]]]:
    settings = Settings(home=open_home(), dsn=None)
    port = up.free_port(18_100)
    environment = os.environ | {"OPINION_HOME": str(settings.home_dir)}
    process = subprocess.Popen(
        [sys.executable, "-m", "opinion_warehouse", "up", "--port", str(port)],
        cwd=PROJECT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        until = time.monotonic() + LIMIT
        while up.health(port).get("dag_processor", {}).get("status") != "healthy":
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < until
            time.sleep(0.5)
        yield settings, port, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        up.down(settings)


def wait_for(what: Callable[[], Any], process: subprocess.Popen[str], limit: float = LIMIT) -> Any:
    until = time.monotonic() + limit
    while not (found := what()):
        assert process.poll() is None, "opinion up ended by itself"
        assert time.monotonic() < until, "waited too long"
        time.sleep(1)
    return found


def test_up_night_through_the_api_publishes_and_stops_clean(
    running: tuple[Settings, int, subprocess.Popen[str]],
) -> None:
    settings, port, process = running
    api = Api(settings, port)

    def all_parsed() -> bool:
        return {dag["dag_id"] for dag in api("/api/v2/dags")["dags"]} >= {"publish_opinion", "ingest_social"}

    wait_for(all_parsed, process)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{port}/api/v2/dags"
        )
    assert refused.value.code == 401

    make_sample(settings.inbox_dir, scale=0.05)
    time.sleep(1.1)  # a file is taken only once it has stopped changing
    ours = {
        family: api(
            f"/api/v2/dags/ingest_{family}/dagRuns", {"logical_date": None, "conf": {"night": NIGHT}}
        )["dag_run_id"]
        for family in FAMILIES
    }

    def ended() -> bool:
        states = [
            run["state"]
            for family in FAMILIES
            for run in api.runs(f"ingest_{family}")
            if run["dag_run_id"] == ours[family]
        ]
        assert "failed" not in states
        return states == ["success"] * 3

    wait_for(ended, process)

    def published() -> dict[str, Any] | None:
        runs = api.runs("publish_opinion")
        assert not [run for run in runs if run["state"] == "failed"]
        done = [run for run in runs if run["run_type"] == "asset_triggered" and run["state"] == "success"]
        return done[0] if done and release.visible(settings) else None

    wait_for(published, process)
    visible = release.visible(settings)
    assert visible is not None
    shown = release.show_release(settings, visible)
    assert shown["state"] == "published"
    assert shown["tables"]["fct_survey_estimate"]["rows"] > 0
    assert len(shown["sources"]) == 4

    children = psutil.Process(process.pid).children(recursive=True)
    database = server.status(settings)
    assert database is not None
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=90) == 0
    _, alive = psutil.wait_procs([*children], timeout=5)
    assert alive == []
    assert server.status(settings) is None
    assert not psutil.pid_exists(database.pid)
    # Nothing that knows this home is left anywhere, whoever its parent is now.
    left = [
        each.pid
        for each in psutil.process_iter(["environ"])
        if (each.info["environ"] or {}).get("OPINION_HOME") == str(settings.home_dir)
    ]
    assert left == []
