"""Notices as they arrive at a channel: a real HTTP server, real failures, and nothing of the data in them."""

import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from release_steps import published

from opinion_warehouse import notify, release
from opinion_warehouse.airflow_home import prepare as prepare_airflow
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT, Settings

NIGHT = date(2026, 7, 6)
RUNS = """
import json, sys
from opinion_warehouse import airflow_home
from opinion_warehouse.settings import Settings
airflow_home.apply(Settings())
from airflow.dag_processing.dagbag import DagBag
from opinion_warehouse.settings import PROJECT
bag = DagBag(PROJECT / "dags")
states = {}
for dag_id, form in json.loads(sys.argv[1]):
    bag.dags[dag_id].deadline = None  # see opinion_warehouse.night
    states[dag_id] = bag.dags[dag_id].test(run_conf=form).state.value
print("STATES" + json.dumps(states))
"""


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An Apprise URL of a server of our own, and what it is sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/notices", received
    server.shutdown()
    server.server_close()


def with_channels(settings: Settings, tmp_path: Path, *urls: str) -> Settings:
    """The same warehouse with these lines in its file of channels."""
    file = tmp_path / "notify.urls"
    file.write_text("# whom to tell\n\n" + "\n".join(urls) + "\n", encoding="utf-8")
    return Settings(home=settings.home_dir, dsn=settings.dsn, secrets=settings.secrets_dir, notify_urls=file)


def text_of(notice: dict[str, Any]) -> str:
    return f"{notice['title']}\n{notice['message']}"


def test_runs_of_the_dags_tell_of_a_failed_task_and_a_refused_source(
    fresh_warehouse: Settings, tmp_path: Path, channel: tuple[str, list[dict[str, Any]]]
) -> None:
    """Through Airflow, beside a form and the nightly retention that end well and say nothing."""
    url, received = channel
    settings = with_channels(fresh_warehouse, tmp_path, url)
    inbox = settings.inbox_dir / "vendor_mentions"
    inbox.mkdir(parents=True)
    fixture = PROJECT / "tests" / "fixtures" / "vendor_mentions" / "mentions_20260601_20260614.csv"
    assert find_canaries(fixture.read_bytes())
    refused = inbox / "mentions_refused.csv"
    refused.write_text(fixture.read_text(encoding="utf-8").replace('"title"', '"headline"'), encoding="utf-8")
    shutil.copy(fixture, inbox)
    for file in inbox.iterdir():
        os.utime(file, (1_780_000_000,) * 2)
    prepare_airflow(settings)
    night = {"night": NIGHT.isoformat()}
    form = {"source_id": "vendor_mentions", "subject_keys": ["0" * 64], "reference": "request 2026/7"}
    runs = [
        ("ingest_social", night),
        ("roll_back_release", {"release_id": 999, "why": "a canary: 0900123987"}),
        ("erase_subject", form),
        ("apply_retention", night),
    ]
    assert settings.dsn is not None
    done = subprocess.run(
        [sys.executable, "-c", RUNS, json.dumps(runs)],
        cwd=PROJECT,
        env=os.environ
        | {
            "OPINION_HOME": str(settings.home_dir),
            "OPINION_DSN": settings.dsn.get_secret_value(),
            "OPINION_SECRETS": str(settings.secrets_dir),
            "OPINION_NOTIFY_URLS": str(settings.notify_file),
            "PYTHONPATH": str(PROJECT),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    said = [line for line in done.stdout.splitlines() if line.startswith("STATES")]
    assert said, done.stdout[-3000:] + done.stderr[-3000:]
    assert json.loads(said[0].removeprefix("STATES")) == {
        "ingest_social": "success",
        "roll_back_release": "failed",
        "erase_subject": "success",
        "apply_retention": "success",
    }
    assert [notice["title"] for notice in received] == [
        "social: 1 source(s) not taken tonight",
        "roll_back_release: roll_back failed",
    ]
    not_taken, failed = (notice["message"] for notice in received)
    assert "vendor_mentions (rejected)" in not_taken
    assert "owner social-desk" in not_taken
    assert "owner publishing-desk" in failed
    for notice in received:
        assert find_canaries(text_of(notice).encode()) == []
        assert "headline" not in text_of(notice)
        pages = re.findall(r"docs/runbooks/\w+\.md", notice["message"])
        assert len(pages) == 1
        assert (PROJECT / pages[0]).is_file()


def test_release_published_is_told_once_with_its_number(
    fresh_warehouse: Settings, tmp_path: Path, channel: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = channel
    settings = with_channels(fresh_warehouse, tmp_path, url)
    shown = release.show_release(settings, published(settings, "a file"))
    extra = {name: shown[name] for name in ("release_id", "night", "is_partial")}
    assert notify.release_published(settings, extra)
    (notice,) = received
    assert notice["title"] == f"release {shown['release_id']} is published (full)"
    assert notify.runbook("publish_opinion") in notice["message"]


def test_task_failed_names_the_checks_and_never_quotes_the_error(
    tmp_path: Path, channel: tuple[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Task:
        dag_id, task_id, owner = "publish_opinion", "gate", "publishing-desk"

    url, received = channel
    file = tmp_path / "notify.urls"
    file.write_text(url)
    monkeypatch.setenv("OPINION_NOTIFY_URLS", str(file))
    quoting = 'release 7 is blocked: REL-004 coverage: fail {"x": "Kim Tước"}; REL-010 keys: error'
    for error in (ValueError(quoting), KeyError("Kim Tước"), None):
        notify.task_failed({"task_instance": Task(), "task": Task(), "run_id": "r", "exception": error})
    messages = [notice["message"] for notice in received]
    assert len(messages) == 3
    assert not any("Tước" in message for message in messages)
    assert messages[0].endswith("checks: REL-004, REL-010")
    assert messages[1].endswith("KeyError")


def test_dead_channels_keep_no_living_one_and_no_night_waiting(
    tmp_path: Path, channel: tuple[str, list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody listens, somebody listens and never answers, a line is no URL: the last one still arrives."""
    url, received = channel
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as silent, socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        settings = with_channels(
            Settings(home=tmp_path),
            tmp_path,
            f"json://user:s3cret-word@127.0.0.1:{port}",
            f"json://127.0.0.1:{silent.getsockname()[1]}",
            "s3cret-token-without-a-scheme",
            "nosuch://s3cret-token",
            url,
        )
        began = time.monotonic()
        assert notify.send(settings, "a title", "a body") is False
        assert time.monotonic() - began < 30
    assert [text_of(notice) for notice in received] == ["a title\na body"]
    ours = [record.getMessage() for record in caplog.records if record.name == notify.__name__]
    assert any("not delivered on every channel" in message for message in ours)
    assert not any("s3cret" in message for message in ours)


def test_file_of_channels_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, notify_urls=tmp_path / "notify.urls")
    assert notify.send(settings, "a title", "without a file: the log only") is False
    settings.notify_file.write_bytes(b"\xff\xfe not utf-8")
    assert notify.send(settings, "a title", "a body") is False
