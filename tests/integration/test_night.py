"""Whole nights through Airflow: the sample, again, poison beside it, and sources of one's own."""

import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from made_release import contract

from opinion_warehouse.settings import PROJECT

NIGHTS = [date(2026, 11, day) for day in range(20, 30)]


@pytest.fixture(scope="module")
def home(open_home: Callable[[], Path]) -> Path:
    return open_home()


def run_in_child(home: Path, night: date, **environment: str) -> dict[str, Any]:
    """A night in a process of its own, as the command runs it: Airflow reads its settings once a process."""
    import json
    import sys

    said = os.environ | {"OPINION_HOME": str(home), "PYTHONPATH": str(PROJECT)} | environment
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tests/integration/one_night.py"), night.isoformat()],
        cwd=PROJECT,
        env=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("NIGHT")]
    assert lines, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads(lines[0].removeprefix("NIGHT"))
    return found


@pytest.fixture(scope="module")
def first(home: Path) -> dict[str, Any]:
    return run_in_child(home, NIGHTS[0])


def test_night_on_sample_publishes_every_source(first: dict[str, Any]) -> None:
    assert set(first["states"].values()) == {"success"}, first["failures"]
    assert first["visible"] == 1
    assert first["nights"] == dict.fromkeys(
        ("anes_1996", "cantho_online", "cantho_weekly", "vendor_mentions"), "accepted"
    )
    assert set(first["tables"]) == set(contract())
    assert {name for name, table in first["tables"].items() if not table["rows"] > 0} == set()
    assert first["is_partial"] is False
    assert set(first["statuses"].values()) == {"fresh"}
    assert all(read == loaded + bad for *_, read, loaded, bad in first["files"])


def test_night_again_with_nothing_new_publishes_nothing(home: Path, first: dict[str, Any]) -> None:
    again = run_in_child(home, NIGHTS[0])
    assert set(again["states"].values()) == {"success"}
    assert "open_release" in again["skipped"]
    assert (again["visible"], again["digest"]) == (first["visible"], first["digest"])
    assert again["files"] == first["files"]


def test_night_with_poison_publishes_the_good_and_says_partial(home: Path, first: dict[str, Any]) -> None:
    from opinion_warehouse.sample import make_sample

    inbox = home / "inbox"
    made = make_sample(
        home / "other sample", seed=7, sources=["vendor_mentions", "cantho_weekly", "cantho_online"]
    )
    good = next(path for path in made if path.parent.name == "vendor_mentions")
    shutil.copy(good, inbox / "vendor_mentions" / good.name)
    report = next(path for path in made if path.parent.name == "cantho_weekly")
    shutil.copy(report, inbox / "cantho_weekly" / report.name)
    garbage = inbox / "cantho_weekly" / f"{report.stem.rsplit('_', 1)[0]}_20261120.xlsx"
    garbage.write_bytes(bytes(range(256)) * 64)
    wave = next(path for path in made if path.parent.name == "cantho_online")
    (inbox / "cantho_online" / wave.name).write_bytes(spoil(wave.read_bytes()))

    poisoned = run_in_child(home, NIGHTS[0])
    assert set(poisoned["states"].values()) == {"success"}, poisoned["failures"]
    assert poisoned["nights"]["cantho_weekly"] == "rejected"
    assert poisoned["nights"]["cantho_online"] == "rejected"
    assert poisoned["nights"]["vendor_mentions"] == "accepted"
    new = poisoned["files"][len(first["files"]) :]
    assert {name: status for _, name, status, *_ in new}[garbage.name] == "rejected"
    assert [reason for source, _, status, reason, *_ in new if source == "cantho_online"] == ["bad_row_share"]
    assert all(read == loaded + bad for *_, read, loaded, bad in poisoned["files"])
    assert poisoned["visible"] == first["visible"] + 1
    assert poisoned["is_partial"] is True
    assert poisoned["statuses"]["cantho_online"] == "carried_forward"
    # The refused wave changed nothing that is published of the survey.
    assert poisoned["tables"]["fct_survey_estimate"] == first["tables"]["fct_survey_estimate"]
    # Nothing is lost: the inbox is empty because every file is in the store.
    assert [path for path in inbox.rglob("*") if path.is_file()] == []


def spoil(content: bytes) -> bytes:
    """A wave with an unknown code in a third of its rows."""
    import csv
    import io

    text = content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    column = next(number for number, heading in enumerate(rows[0]) if heading.startswith("Q1"))
    for row in rows[1::3]:
        if len(row) > column:
            row[column] = "ZZ9"
    out = io.StringIO()
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def test_night_leaves_no_trace_of_the_planted_person(home: Path, first: dict[str, Any]) -> None:
    """Every column of every table of both databases, and every file: logs, scratch, dbt, the store."""
    from opinion_warehouse.database.connect import airflow_database, connect, dsn
    from opinion_warehouse.sample.canaries import CANARIES, find_canaries
    from opinion_warehouse.settings import Settings

    settings = Settings(home=home, dsn=None)
    leaks, tables = [], 0
    with connect(settings, "admin") as warehouse:
        address = dsn(settings, "admin")
        names = (warehouse.info.dbname, airflow_database(warehouse.info.dbname))
    for name in names:
        with psycopg.connect(address, dbname=name) as connection:
            listed = connection.execute(
                "select format('%I.%I', schemaname, tablename) from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            for (table,) in listed:
                tables += 1
                with connection.cursor().copy(f"copy (select * from {table}) to stdout") as rows:
                    # Many rows at a time: one by one, normalising them takes minutes.
                    every = iter(rows)
                    while block := b"".join(bytes(row) for row in islice(every, 5_000)):
                        leaks += [(name, table, found)] if (found := find_canaries(block)) else []
    assert tables > 60
    apart = (home / "inbox", home / "other sample", home / "server")
    searched = 0
    for path in home.rglob("*"):
        if path.is_file() and not any(path.is_relative_to(at) for at in apart):
            searched += 1
            leaks += [("file", str(path), found)] if (found := find_canaries(path.read_bytes())) else []
    assert searched > 100
    assert leaks == []
    # The server's gigabytes, where what was deleted still lies: by the bytes, as they are written.
    forms = [unicodedata.normalize(form, canary) for canary in CANARIES for form in ("NFC", "NFD")]
    (home / "canaries").write_text("\n".join(dict.fromkeys(forms)), encoding="utf-8")
    search = ["grep", "-rlaF", "-f", str(home / "canaries")]
    found = subprocess.run([*search, str(home / "server")], capture_output=True, text=True, check=False)
    assert (found.stdout, found.returncode) == ("", 1)
    (home / "server" / "control").write_bytes(b"\0" + forms[-1].encode() + b"\0")
    found = subprocess.run([*search, str(home / "server")], capture_output=True, text=True, check=False)
    assert found.stdout == f"{home / 'server' / 'control'}\n"


GUIDE = "\n".join(path.read_text(encoding="utf-8") for path in sorted((PROJECT / "docs").glob("*.md")))


def test_night_on_the_guides_sources_uses_nothing_else(open_home: Callable[[], Path], tmp_path: Path) -> None:
    """What the pages of docs/ print is put where it says, and nothing else."""
    from opinion_warehouse.sample import make_sample

    folder = tmp_path / "a guide"
    for name, spec in re.findall(r"<!-- file: (\S+) -->\n```yaml\n(.*?)```", GUIDE, re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(spec, encoding="utf-8")
    home = open_home()
    delivered = home / "inbox" / "riverside_poll" / "wave1.csv"
    delivered.parent.mkdir(parents=True)
    make_sample(home / "inbox", sources=["vendor_mentions"], scale=0.1)
    rows = re.search(r"riverside_poll/wave1\.csv`:\n\n```csv\n(.*?)```", GUIDE, re.DOTALL)
    assert rows is not None
    delivered.write_text(rows.group(1), encoding="utf-8")
    night = run_in_child(home, NIGHTS[0], OPINION_SOURCES=str(folder / "my_sources"))
    assert set(night["states"].values()) == {"success"}, night["failures"]
    own = {path.stem for path in (folder / "my_sources").rglob("*.yml")}
    assert night["nights"] == dict.fromkeys(own, "nothing_new") | {"riverside_poll": "accepted"}
    assert "vendor_mentions" not in own
    assert night["visible"] == 1
    # Two respondents are too few for any number: the rows are there, hidden.
    assert night["tables"]["fct_survey_estimate"]["rows"] > 0
