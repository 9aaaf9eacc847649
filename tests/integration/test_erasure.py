"""Erasure of rows that were really taken in: what goes, what is remembered, and that it stays gone."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from deliveries import (
    FIRST,
    FIXTURES,
    MENTIONS,
    SECOND,
    THIRD,
    WAVES,
    counts,
    mentions,
    rows,
    stored,
    take_in,
)
from pydantic import SecretStr
from release_steps import published

from opinion_warehouse import maintenance, release
from opinion_warehouse.database.connect import airflow_database, connect
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.intake import store
from opinion_warehouse.settings import Settings


@pytest.fixture
def house(fresh_warehouse: Settings) -> Settings:
    """Two of the four waves and two exports of the vendor; item VM0000000110 is in both exports."""
    for wave in WAVES:
        take_in(fresh_warehouse, "cantho_online", FIXTURES / "cantho_online" / wave, SECOND)
    mentions(fresh_warehouse, SECOND)
    mentions(fresh_warehouse, THIRD)
    return fresh_warehouse


def holders(settings: Settings, table: str, keys: list[str]) -> int:
    """Rows of a landing table with one of the keys."""
    key = dict(maintenance.PERSONS)[table]
    with connect(settings, "admin") as connection:
        row = connection.execute(
            f"select count(*) from landing.{table} where {key} = any(%s)".encode(), (keys,)
        ).fetchone()
    assert row is not None
    return int(row[0])


def log_of(settings: Settings) -> list[dict[str, Any]]:
    text = maintenance.erasure_log(settings).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_erase_subject_removes_a_respondent_of_every_wave_and_only_her(house: Settings) -> None:
    visible = published(house, "a file")
    digest = release.show_release(house, visible)["digest"]
    shown = rows(house, "select * from opinion.fct_volume as f order by f::text")
    before, raw = counts(house), stored(house)
    keys = maintenance.subject_keys(house, "cantho_online", " 2 ")
    assert len(keys) == len(set(keys)) == 4  # of the waves that are still to come too
    assert holders(house, "survey_response", keys) == 2
    answers = holders(house, "survey_answer", keys)
    assert answers > 20

    done = maintenance.erase_subject(house, "cantho_online", keys, "request 2026/7")
    assert done["rows_removed"] == {"survey_answer": answers, "survey_response": 2, "social_item": 0}
    assert counts(house) == before | {
        "landing.survey_answer": before["landing.survey_answer"] - answers,
        "landing.survey_response": before["landing.survey_response"] - 2,
    }
    waves = "select sha256 from intake.file where source_id = 'cantho_online'"
    assert raw - stored(house) == {sha256 for (sha256,) in rows(house, waves)}

    again = maintenance.erase_subject(house, "cantho_online", keys, "request 2026/7")
    assert not any(again["rows_removed"].values())
    assert again["raw_files_removed"] == 0

    # What is published stands as it was: not a row, not a digest has changed.
    assert release.visible(house) == visible
    assert release.show_release(house, visible)["digest"] == digest
    assert rows(house, "select * from opinion.fct_volume as f order by f::text") == shown


def test_erase_subject_removes_an_item_of_every_file_and_logs_hashes_only(house: Settings) -> None:
    raw = stored(house)
    keys = maintenance.subject_keys(house, "vendor_mentions", "VM0000000110")
    done = maintenance.erase_subject(house, "vendor_mentions", keys, "request 8")
    assert done["rows_removed"] == {"survey_answer": 0, "survey_response": 0, "social_item": 2}
    assert done["raw_files_removed"] == 2
    assert len(raw - stored(house)) == 2
    log = maintenance.erasure_log(house)
    assert log.stat().st_mode & 0o777 == 0o600
    assert "VM0000000110" not in log.read_text(encoding="utf-8")
    (entry,) = log_of(house)
    assert (entry["source_id"], entry["subject_keys"]) == ("vendor_mentions", keys)
    assert set(entry) == {"at", "source_id", "subject_keys", "reference", "rows"}

    first = log.read_bytes()
    maintenance.erase_subject(house, "vendor_mentions", keys, "request 8")
    assert log.read_bytes().startswith(first)  # append-only
    assert [each["rows"]["social_item"] for each in log_of(house)] == [2, 0]


def test_erase_subject_of_an_unknown_key_says_no_row(
    house: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    before, raw = counts(house), stored(house)
    done = maintenance.erase_subject(house, "vendor_mentions", ["0" * 64], "request 9")
    assert done["rows_removed"] == {"survey_answer": 0, "survey_response": 0, "social_item": 0}
    assert "0 rows" in caplog.text
    assert (counts(house), stored(house)) == (before, raw)
    for wrong in ([], ["0" * 40], ["VM0000000110"], ["Z" * 64]):
        with pytest.raises(ValueError, match="keys are needed"):
            maintenance.erase_subject(house, "vendor_mentions", wrong, "request 9")


def test_erase_subject_says_which_raw_files_no_key_is_looked_up_in(house: Settings) -> None:
    source = FIXTURES / "vendor_mentions" / MENTIONS[FIRST]
    refused = house.home_dir / "mentions_refused.csv"
    refused.write_text(source.read_text(encoding="utf-8").replace('"title"', '"headline"'), encoding="utf-8")
    sha256 = take_in(house, "vendor_mentions", refused, THIRD)
    assert rows(house, f"select status from intake.file where sha256 = '{sha256}'") == [("rejected",)]
    keys = maintenance.subject_keys(house, "vendor_mentions", "VM0000000001")
    done = maintenance.erase_subject(house, "vendor_mentions", keys, "request 10")
    assert sha256 in stored(house)
    assert done["raw_files_not_searched"] >= 1
    assert done["raw_files_not_searched_kept_until"] == (THIRD + timedelta(days=90)).isoformat()
    maintenance.apply_retention(house, THIRD + timedelta(days=91))
    done = maintenance.erase_subject(house, "vendor_mentions", keys, "request 10")
    assert (done["raw_files_not_searched"], done["raw_files_not_searched_kept_until"]) == (0, None)


def test_erase_subject_stopped_halfway_finds_everything_again(
    house: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = maintenance.subject_keys(house, "vendor_mentions", "VM0000000110")
    remove = store.remove

    def read_only(settings: Settings, sha256: str) -> bool:
        remove(settings, sha256)
        raise OSError("the store went away")

    monkeypatch.setattr(store, "remove", read_only)
    with pytest.raises(OSError, match="went away"):
        maintenance.erase_subject(house, "vendor_mentions", keys, "request 11")
    monkeypatch.undo()
    assert holders(house, "social_item", keys) == 2
    assert not maintenance.erasure_log(house).exists()
    done = maintenance.erase_subject(house, "vendor_mentions", keys, "request 11")
    assert (done["rows_removed"]["social_item"], done["raw_files_removed"]) == (2, 1)


@contextmanager
def restored(house: Settings, name: str) -> Iterator[Settings]:
    """A copy of the database as it is now, to be opened later: a backup."""
    assert house.dsn is not None
    address = urlsplit(house.dsn.get_secret_value())
    own = address.path.removeprefix("/")
    with connect(
        Settings(home=house.home, dsn=_database(house, "postgres"), secrets=house.secrets),
        "admin",
        autocommit=True,
    ) as connection:
        connection.execute(f"create database {name} template {own}".encode())
        try:
            yield Settings(home=house.home, dsn=_database(house, name), secrets=house.secrets)
        finally:
            connection.execute(f"drop database {name} with (force)".encode())
            connection.execute(f"drop database if exists {airflow_database(name)} with (force)".encode())


def _database(settings: Settings, name: str) -> SecretStr:
    assert settings.dsn is not None
    return SecretStr(urlunsplit(urlsplit(settings.dsn.get_secret_value())._replace(path=f"/{name}")))


def test_reapply_after_a_restore_erases_again_what_the_log_names(house: Settings) -> None:
    respondent = maintenance.subject_keys(house, "cantho_online", "2")
    item = maintenance.subject_keys(house, "vendor_mentions", "VM0000000110")
    raw = house.home_dir / "raw copies"
    shutil.copytree(house.store_url, raw)
    with restored(house, f"restored_{os.getpid()}") as backup:
        maintenance.erase_subject(house, "cantho_online", respondent, "request 12")
        maintenance.erase_subject(house, "vendor_mentions", item, "request 13")
        after, files, log = counts(house), stored(house), maintenance.erasure_log(house).read_bytes()

        migrate(backup)
        shutil.copytree(raw, backup.store_url, dirs_exist_ok=True)
        assert holders(backup, "survey_response", respondent) == 2
        done = maintenance.reapply(backup)
        assert done["log_entries"] == 2
        assert done["rows_removed"] > 20
        assert done["raw_files_removed"] == 4
        assert (counts(backup), stored(backup)) == (after, files)
        assert maintenance.erasure_log(backup).read_bytes() == log
        assert maintenance.reapply(backup)["rows_removed"] == 0


def test_reapply_erases_who_came_back_with_a_later_delivery(house: Settings) -> None:
    keys = maintenance.subject_keys(house, "vendor_mentions", "VM0000000110")
    maintenance.erase_subject(house, "vendor_mentions", keys, "request 14")
    export = (FIXTURES / "vendor_mentions" / MENTIONS[THIRD]).read_text(encoding="utf-8")
    revised = house.home_dir / "mentions_revised.csv"
    revised.write_text(export.removesuffix("\n") + "\r\n\r\n", encoding="utf-8")
    sha256 = take_in(house, "vendor_mentions", revised, THIRD + timedelta(days=7))
    assert holders(house, "social_item", keys) == 1
    assert maintenance.reapply(house)["rows_removed"] == 1
    assert holders(house, "social_item", keys) == 0
    assert sha256 not in stored(house)


def test_reapply_of_a_log_with_a_line_cut_short_does_the_rest_and_says_which(house: Settings) -> None:
    assert maintenance.reapply(house)["log_entries"] == 0
    keys = maintenance.subject_keys(house, "vendor_mentions", "VM0000000110")
    log = maintenance.erasure_log(house)
    log.write_text('{"at": "2026-07-06T00:00')
    entry = {"source_id": "vendor_mentions", "subject_keys": keys}
    maintenance._append(log, entry)
    assert log.read_text(encoding="utf-8").splitlines()[1] == json.dumps(entry)
    with pytest.raises(ValueError, match=r"cannot be read: 1$"):
        maintenance.reapply(house)
    assert holders(house, "social_item", keys) == 0


def test_subject_keys_refuse_what_nobody_could_be_found_by(house: Settings) -> None:
    take_in(house, "anes_1996", FIXTURES / "anes_1996" / "anes96.csv", THIRD)
    for source_id, own_id, why in (
        ("no_such_source", "1", "nothing was ever taken in"),
        ("anes_1996", "1", "no respondent ids"),
        ("cantho_online", "  ", "no id was given"),
        ("vendor_mentions", "1.14E+11", "rounded"),
    ):
        with pytest.raises(ValueError, match=why):
            maintenance.subject_keys(house, source_id, own_id)


def test_subject_keys_of_an_id_with_spaces_around_it_are_those_of_the_id(house: Settings) -> None:
    plain = maintenance.subject_keys(house, "vendor_mentions", "VM0000000110")
    assert maintenance.subject_keys(house, "vendor_mentions", " VM0000000110 ") == plain
