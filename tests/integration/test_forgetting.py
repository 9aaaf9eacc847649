"""Retention and erasure: gone from every table and from the store, and remembered outside the database."""

import json
import os
from datetime import date
from pathlib import Path

import pytest

from opinion_warehouse import intake
from opinion_warehouse.database.connect import connect
from opinion_warehouse.intake import store
from opinion_warehouse.maintenance import apply_retention, erase_subject, erasure_log, subject_keys
from opinion_warehouse.settings import PROJECT, Settings

NIGHT = date(2026, 7, 20)
SPEC = (PROJECT / "sources" / "_template_social.yml").read_text(encoding="utf-8")
HEADER = "Document ID\tDate\tSource\tSentiment\tEngagement\tURL\tHeadline\tHit Sentence\tauthor\n"


@pytest.fixture
def house(fresh_warehouse: Settings, tmp_path: Path) -> Settings:
    """A source with an old and a new item, two files."""
    (tmp_path / "specs" / "social").mkdir(parents=True)
    (tmp_path / "specs" / "social" / "my_monitoring_export.yml").write_text(SPEC, encoding="utf-8")
    settings = Settings(
        home=tmp_path / "home",
        dsn=fresh_warehouse.dsn,
        secrets=fresh_warehouse.secrets_dir,
        sources=tmp_path / "specs",
    )
    folder = settings.inbox_dir / "my_monitoring_export"
    folder.mkdir(parents=True)
    for name, day in (("old", "02-Jan-2026 10:00"), ("new", "15-Jul-2026 10:00")):
        row = f"{name} item\t{day}\tFacebook\tPositive\t3\thttps://a.vn\tw\tw\tA\n"
        (folder / f"{name}.csv").write_text(HEADER + row, encoding="utf-16")
        os.utime(folder / f"{name}.csv", (1_780_000_000,) * 2)
    for file in intake.discover(settings, "social", NIGHT):
        assert intake.load_file(settings, file["source_id"], file["path"], NIGHT, "r")["outcome"] == "loaded"
    return settings


def items(settings: Settings) -> int:
    with connect(settings, "admin") as connection:
        row = connection.execute("select count(*) from landing.social_item").fetchone()
        assert row is not None
        return int(row[0])


def test_erase_subject_removes_rows_and_raw_file_and_remembers_it(house: Settings) -> None:
    keys = subject_keys(house, "my_monitoring_export", " new item ")
    done = erase_subject(house, "my_monitoring_export", keys, "request 7")
    assert done["rows_removed"] == {"survey_answer": 0, "survey_response": 0, "social_item": 1}
    assert done["raw_files_removed"] == 1
    assert items(house) == 1
    entry = json.loads(erasure_log(house).read_text(encoding="utf-8"))
    assert entry["subject_keys"] == keys
    assert "new item" not in str(entry)
    assert erase_subject(house, "my_monitoring_export", keys, "again")["raw_files_removed"] == 0
    with pytest.raises(ValueError, match="keys are needed"):
        erase_subject(house, "my_monitoring_export", ["new item"], "x")


def test_subject_keys_beside_a_wrong_spec_are_given_all_the_same(house: Settings) -> None:
    (house.sources_dir / "social" / "broken.yml").write_text("id: [")
    assert len(subject_keys(house, "my_monitoring_export", "x")) == 1
    with pytest.raises(ValueError, match="no id"):
        subject_keys(house, "my_monitoring_export", "  ")


def test_apply_retention_forgets_what_is_older_than_its_source_allows(house: Settings) -> None:
    assert apply_retention(house, NIGHT)["social_items_removed"] == {"my_monitoring_export": 1}
    assert items(house) == 1
    with connect(house, "admin") as connection:
        hashes = [row[0] for row in connection.execute("select sha256 from intake.file").fetchall()]
    assert all(store.exists(house, sha256) for sha256 in hashes)
    later = apply_retention(house, date(2026, 12, 1))
    assert later["raw_files_removed"] == {"my_monitoring_export": 2}
    assert items(house) == 0
    assert not any(store.exists(house, sha256) for sha256 in hashes)
