"""From an API to landing tables: nothing twice, nothing half, and the night says why nothing came."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from api_servers import SECRET, LimeSurvey, Server, page_of_html, serving
from moto.server import ThreadedMotoServer

from opinion_warehouse import intake
from opinion_warehouse.connectors import FetchFailed
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import PROJECT, Settings

NIGHT = date(2026, 11, 23)
SPEC = """\
id: {id}
family: social
title: {{vi: A, en: A}}
owner: desk
licence: none
provenance: here
files: {{format: csv, pattern: "*.csv", delimiter: ";"}}
social:
  columns: {{item_id: id, published_at: submitdate, text: [Q1]}}
  date_format: "%Y-%m-%d %H:%M:%S"
  platform: facebook
  query: q
  queries:
    - {{code: q, label: {{vi: Q, en: Q}}, topic: C1}}
fetch:
  connection: {id}
  {fetch}
"""
HEAD = '"id";"submitdate";"Q1"\r\n'
LIME, BUCKET = "a_lime", "a_bucket"


@dataclass
class House:
    settings: Settings
    lime: LimeSurvey
    server: Server
    storage: Any

    def fetch(self, source_id: str) -> dict[str, Any]:
        return intake.fetch_source(self.settings, source_id, NIGHT, "r")

    def load(self) -> list[str]:
        return [
            intake.load_file(self.settings, each["source_id"], each["path"], NIGHT, "r")["outcome"]
            for each in intake.discover(self.settings, "social", NIGHT)
        ]

    def inbox(self, source_id: str) -> list[Path]:
        folder = self.settings.inbox_dir / source_id
        for path in folder.iterdir():  # else the discovery waits for them to settle
            os.utime(path, (1_780_000_000, 1_780_000_000))
        return sorted(folder.iterdir())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.settings, "admin") as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def put(self, key: str, first: int, count: int) -> None:
        lines = [f'"{number}";"2026-05-02 10:00:00";"x"\r\n' for number in range(first, first + count)]
        self.storage.put_object(Bucket="deliveries", Key=key, Body=(HEAD + "".join(lines)).encode())


def responses(count: int) -> list[dict[str, str | None]]:
    return [
        {"id": str(number), "submitdate": "2026-05-01 10:00:00", "Q1": None} for number in range(1, count + 1)
    ]


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def house(
    new_warehouse: Callable[[], AbstractContextManager[Settings]],
    moto: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    sources = tmp_path / "specs" / "social"
    sources.mkdir(parents=True)
    for source_id, fetch in {
        LIME: "from: limesurvey\n  survey: 7\n  stem: lime",
        BUCKET: "from: s3\n  bucket: deliveries",
    }.items():
        (sources / f"{source_id}.yml").write_text(SPEC.format(id=source_id, fetch=fetch), encoding="utf-8")
    lime = LimeSurvey(7, responses(4))
    storage = boto3.client(
        "s3",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="robot",
        aws_secret_access_key=SECRET,
    )
    with new_warehouse() as base, serving(lime) as server:
        monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
        monkeypatch.setenv(f"AIRFLOW_CONN_{LIME.upper()}", server.url.replace("//", f"//robot:{SECRET}@"))
        monkeypatch.setenv(f"AIRFLOW_CONN_{BUCKET.upper()}", moto.replace("//", f"//robot:{SECRET}@"))
        storage.create_bucket(Bucket="deliveries")
        settings = Settings(
            home=tmp_path / "home", dsn=base.dsn, sources=tmp_path / "specs", secrets=base.secrets_dir
        )
        yield House(settings, lime, server, storage)
        for each in storage.list_objects_v2(Bucket="deliveries").get("Contents", []):
            storage.delete_object(Bucket="deliveries", Key=each["Key"])


def test_fetched_files_are_loaded_once_and_what_is_new_comes_after_them(house: House) -> None:
    assert house.fetch(LIME)["outcome"] == "fetched"
    (path,) = house.inbox(LIME)
    assert path.name.startswith("lime_") and path.name.endswith("Z.csv")
    assert house.load() == ["loaded"]
    assert house.rows("select count(*) from landing.social_item") == [(4,)]
    assert house.fetch(LIME) == {"source_id": LIME, "outcome": "nothing_new", "files": []}
    assert house.inbox(LIME) == []
    house.lime.responses = responses(6)
    assert house.fetch(LIME)["outcome"] == "fetched"
    house.inbox(LIME)
    assert house.load() == ["loaded"]
    assert house.rows("select count(distinct item_key) from landing.social_item") == [(6,)]
    assert house.rows("select outcome, file_count from intake.fetch order by fetch_id") == [
        ("fetched", 1),
        ("nothing_new", 0),
        ("fetched", 1),
    ]
    assert house.lime.sessions == set()


def test_objects_are_fetched_once_whether_or_not_they_were_loaded(house: House) -> None:
    house.put("a.csv", 0, 3)
    house.put("b.csv", 3, 2)
    assert house.fetch(BUCKET)["files"] == ["a.csv", "b.csv"]
    assert house.fetch(BUCKET)["outcome"] == "nothing_new"
    house.put("a.csv", 0, 4)
    waits = house.fetch(BUCKET)
    assert waits["files"] == [], "its forerunner of the same name waits in the inbox"
    house.inbox(BUCKET)
    assert house.load() == ["loaded", "loaded"]
    assert house.fetch(BUCKET)["files"] == ["a.csv"]
    house.inbox(BUCKET)
    assert house.load() == ["loaded"]
    assert house.rows("select item, file_name from intake.fetch_mark order by item") == [
        ("deliveries/a.csv", "a.csv"),
        ("deliveries/b.csv", "b.csv"),
    ]
    assert house.rows("select count(distinct item_key) from landing.social_item") == [(5,)]


KILLED = """
import os, signal, sys
from datetime import date
from opinion_warehouse.intake import fetching
from opinion_warehouse.settings import Settings
step, source = sys.argv[1:]
def reached(at):
    if at == step:
        os.kill(os.getpid(), signal.SIGKILL)
fetching.reached = reached
fetching.fetch_source(Settings(), source, date(2026, 11, 23), "killed")
"""


def environment(settings: Settings) -> dict[str, str]:
    assert settings.dsn is not None
    return os.environ | {
        "OPINION_HOME": str(settings.home_dir),
        "OPINION_DSN": settings.dsn.get_secret_value(),
        "OPINION_SOURCES": str(settings.sources_dir),
        "OPINION_SECRETS": str(settings.secrets_dir),
        "PYTHONPATH": str(PROJECT),
    }


@pytest.mark.parametrize("source_id", [LIME, BUCKET])
@pytest.mark.parametrize("step", ["begun", "written", "delivered", "marked"])
def test_fetch_killed_at_any_step_is_repeated_without_loss_or_double(
    house: House, source_id: str, step: str
) -> None:
    house.put("a.csv", 0, 4)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, step, source_id], env=environment(house.settings), check=False
    )
    assert done.returncode == -9
    marked = house.rows("select count(*) from intake.fetch_mark")
    assert marked == [(1 if step == "marked" else 0,)], "the mark never runs ahead of the file"
    assert house.rows("select outcome from intake.fetch") == [(None,)]
    house.fetch(source_id)
    assert not [path for path in house.inbox(source_id) if path.name.endswith(".part")]
    assert "loaded" in (outcomes := house.load()) and set(outcomes) <= {"loaded", "duplicate"}
    assert outcomes.count("loaded") == 1
    assert house.rows("select count(*), count(distinct item_key) from landing.social_item") == [(4, 4)]
    assert house.rows("select reason_code from intake.fetch where outcome = 'failed'") == [("killed",)]


def test_fetch_that_fails_is_named_by_the_night_and_leaves_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    house.server.faults.append(page_of_html())
    with pytest.raises(FetchFailed, match="no_json"):
        house.fetch(LIME)
    assert house.inbox(LIME) == []
    assert intake.discover(house.settings, "social", NIGHT) == []
    closed = intake.close_intake(house.settings, "social", NIGHT, "r")
    summaries = {each["source_id"]: each for each in closed["sources"]}
    assert summaries[LIME]["status"] == "rejected"
    assert "its fetch failed: no_json" in summaries[LIME]["detail"]
    assert summaries[BUCKET]["status"] == "nothing_new"
    house.fetch(LIME)
    house.inbox(LIME)
    house.load()
    closed = intake.close_intake(house.settings, "social", NIGHT, "r")
    assert "fetch" not in str(closed["sources"][1]["detail"]), "the same night, and it went well"
    tables = [house.rows(f"select * from intake.{name}") for name in ("fetch", "fetch_mark")]
    assert SECRET not in f"{tables} {caplog.text} {closed}"


def test_fetch_without_a_connection_fails_before_anything_is_sent(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(f"AIRFLOW_CONN_{LIME.upper()}")
    with pytest.raises(FetchFailed, match="connection_missing") as caught:
        house.fetch(LIME)
    assert not caught.value.is_passing
    assert house.server.requests == []
    assert house.rows("select outcome, reason_code from intake.fetch") == [("failed", "connection_missing")]


def test_source_is_fetched_by_one_process_at_a_time(house: House) -> None:
    entered, go = threading.Event(), threading.Event()
    house.lime.between = lambda: entered.set() or go.wait(20)  # type: ignore[assignment, return-value]
    done: list[dict[str, Any]] = []
    first = threading.Thread(target=lambda: done.append(house.fetch(LIME)))
    first.start()
    assert entered.wait(20)
    with pytest.raises(FetchFailed, match="fetch_running") as caught:
        house.fetch(LIME)
    assert caught.value.is_passing
    house.put("a.csv", 0, 1)
    assert house.fetch(BUCKET)["outcome"] == "fetched", "another source is not kept waiting"
    go.set()
    first.join()
    assert done[0]["outcome"] == "fetched"
    assert len(house.inbox(LIME)) == 1


def test_command_fetches_every_source_and_says_which_failed(house: House) -> None:
    def command(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "opinion_warehouse", "fetch", *words],
            env=environment(house.settings) | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    house.put("a.csv", 0, 2)
    house.server.faults.append(page_of_html())
    done = command()
    assert done.returncode == 1, done.stderr
    assert "a_bucket" in done.stdout and "a.csv" in done.stdout
    assert "no_json" in done.stdout and "failed" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert command(LIME).returncode == 0
    wrong = command("no_such")
    assert wrong.returncode == 1 and "a_bucket, a_lime" in wrong.stderr
