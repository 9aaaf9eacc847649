"""Counts at landing: their checks, each with its poison; nobody is in them, so nobody is looked for."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

import pytest

from opinion_warehouse import intake, maintenance
from opinion_warehouse.checks import EXPECTATIONS, Parameter, evaluate, fill, load_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 7, 1)
SOURCE = "topic_histogram"
SUITE = load_suite(EXPECTATIONS / "landing" / "social.yml")
TABLE = "landing.social_count"
LABEL = {"vi": "nhãn", "en": "label"}
Row = tuple[int, str, str, int]  # day of June, topic, sentiment, count

# check → statements, each of which breaks the rule; {f} is the newer file
POISON = {
    "LND-301": [f"delete from {TABLE} where file_id = {{f}}"],
    "LND-308": [
        f"update {TABLE} set item_count = 101 where file_id = {{f}} and row_number = 2",
        f"delete from {TABLE} where file_id = {{f}} and topic_code = '_all' and row_number = 3",
    ],
    "LND-309": [f"update {TABLE} set item_count = item_count * 0.6 where file_id = {{f}}"],
    "LND-310": [f"update {TABLE} set topic_code = 'Z9' where file_id = {{f}} and topic_code <> '_all'"],
    "LND-311": [f"update {TABLE} set sentiment = 'unknown' where file_id = {{f}}"],
    "LND-312": [
        "insert into intake.quarantine (file_id, row_number, row_count, reasons)"
        ' values ({f}, 9, 1, \'[{{"code": "out_of_range"}}]\')'
    ],
}


@dataclass(frozen=True)
class Landed:
    """Two files of one source, of which the second revises two days."""

    settings: Settings
    newer: int

    @property
    def parameters(self) -> dict[str, Parameter]:
        return {"file_ids": [self.newer], "source_id": SOURCE, "night": NIGHT}


@pytest.fixture(scope="module")
def landed(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Landed]:
    folder = tmp_path_factory.mktemp("counts")
    with new_warehouse() as base:
        house = Settings(
            home=base.home_dir,
            dsn=base.dsn,
            secrets=base.secrets_dir,
            sources=folder / "sources",
            inbox=folder / "inbox",
        )
        _say(house)
        assert _take_in(house, "a", [(1, "all", "good", 90), (1, "F1", "good", 40)]) == "accepted"
        rows = [
            (1, "all", "good", 100),
            (1, "F1", "good", 60),
            (2, "all", "bad", 30),
            (2, "F1", "bad", 20),
            (2, "Z9", "bad", 11),
        ]
        assert _take_in(house, "b", rows) == "accepted"
        with connect(house, "admin") as connection:
            found = connection.execute("select max(file_id) from intake.file").fetchone()
        assert found is not None
        yield Landed(house, found[0])


def test_suite_good_counts_pass_every_check(landed: Landed) -> None:
    found = evaluate(landed.settings, SUITE, landed.parameters, 10)
    assert {result.check_id: result.outcome for result in found if result.outcome != "pass"} == {}


@pytest.mark.parametrize(
    ("check_id", "statement"), [(check_id, each) for check_id, several in POISON.items() for each in several]
)
def test_suite_poisoned_counts_fail_the_check(landed: Landed, check_id: str, statement: str) -> None:
    query = fill(next(check.query for check in SUITE.checks if check.id == check_id), landed.parameters)
    with connect(landed.settings, "admin") as connection:
        before = connection.execute(f"select count(*) from ({query}) as broken".encode()).fetchone()
        poisoned = connection.execute(statement.format(f=landed.newer).encode())
        assert poisoned.rowcount > 0
        connection.execute("set local role gate")
        after = connection.execute(f"select count(*) from ({query}) as broken".encode()).fetchone()
        connection.rollback()
    assert before is not None and after is not None
    assert before[0] < after[0]


def test_counts_outlive_items_for_nobody_is_in_them(landed: Landed) -> None:
    rows = f"select count(*) from {TABLE}"
    with connect(landed.settings, "admin") as connection:
        before = connection.execute(rows.encode()).fetchone()
    maintenance.apply_retention(landed.settings, date(2036, 7, 1))
    with connect(landed.settings, "admin") as connection:
        assert connection.execute(rows.encode()).fetchone() == before == (7,)
    with pytest.raises(ValueError, match="nobody stands in its rows"):
        maintenance.subject_keys(landed.settings, SOURCE, "somebody")


def test_counts_that_lose_what_was_counted_are_held(landed: Landed) -> None:
    """A vendor's API that gives noughts for an hour must not make the days before quiet ones."""
    assert _take_in(landed.settings, "c", [(1, "all", "good", 70), (2, "all", "bad", 20)]) == "held"


def _say(house: Settings) -> None:
    folder = house.sources_dir / "social"
    folder.mkdir(parents=True)
    spec = {
        "id": SOURCE,
        "family": "social",
        "title": LABEL,
        "owner": "desk",
        "licence": "x",
        "provenance": "x",
        "is_made": True,
        "time_zone": "Asia/Ho_Chi_Minh",
        "files": {"pattern": "*.jsonl", "format": "jsonl"},
        "social": {
            "columns": {"published_at": "day", "topic": "topic", "sentiment": "mood", "item_count": "count"},
            "date_format": "iso",
            "sentiments": {"good": "positive", "bad": "negative"},
            "sentiment_method": "vendor",
            "overlap": ["topic"],
            "total_cells": ["all"],
            "query": "q",
            "queries": [{"code": "q", "label": LABEL}],
        },
    }
    (folder / f"{SOURCE}.yml").write_text(json.dumps(spec), encoding="utf-8")  # JSON is YAML


def _take_in(house: Settings, name: str, rows: Sequence[Row]) -> str:
    """Deliver a file; later names are newer. Returns the landing suite's verdict."""
    path = house.inbox_dir / SOURCE / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"day": f"2026-06-{day:02}", "topic": topic, "mood": mood, "count": count}
        for day, topic, mood, count in rows
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    os.utime(path, (1_780_000_000 + 60 * ord(name),) * 2)
    (file,) = intake.discover(house, "social", NIGHT)
    done = intake.load_file(house, SOURCE, file["path"], NIGHT, "run")
    assert (done["outcome"], done["rows_quarantined"]) == ("loaded", 0), done
    (checked,) = intake.check_landing(house, "social", NIGHT, "run")
    return str(checked["verdict"])
