"""Retention on rows that were really taken in: what goes, what stays, and that aggregates live on."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from deliveries import (
    FIRST,
    FIXTURES,
    KEYS,
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

from opinion_warehouse import analysis, dbt, maintenance, release
from opinion_warehouse.settings import PROJECT, Settings


def test_retention_removes_raw_files_and_items_past_their_limit_and_nothing_else(
    fresh_warehouse: Settings,
) -> None:
    house = fresh_warehouse
    first, second, third = (mentions(house, night) for night in MENTIONS)
    wave = take_in(house, "cantho_online", FIXTURES / "cantho_online" / WAVES[0], THIRD)
    report = next((FIXTURES / "cantho_weekly").glob("*W21*.xlsx"))
    weekly = take_in(house, "cantho_weekly", report, SECOND)
    before = counts(house)
    assert stored(house) == {first, second, third, wave, weekly}
    assert before["landing.social_item"] > 250
    assert before["landing.survey_answer"] > 1000

    last_day = FIRST + timedelta(days=90)
    assert maintenance.apply_retention(house, last_day)["raw_files_removed"]["vendor_mentions"] == 0
    assert first in stored(house)

    limit = FIRST + timedelta(days=1)
    old = rows(house, f"select count(*) from landing.social_item where published_date < '{limit}'")[0][0]
    done = maintenance.apply_retention(house, last_day + timedelta(days=1))
    assert {name: count for name, count in done["raw_files_removed"].items() if count} == {
        "vendor_mentions": 1
    }
    assert stored(house) == {second, third, wave, weekly}
    left = rows(house, f"select count(*) from landing.social_item where published_date >= '{limit}'")[0][0]
    assert 0 < left < before["landing.social_item"]
    assert old > 0
    assert counts(house) == before | {"landing.social_item": left}  # the ledger and all else stand

    again = maintenance.apply_retention(house, last_day + timedelta(days=1))
    assert not any(again["raw_files_removed"].values())
    assert not any(again["social_items_removed"].values())


def test_retention_keeps_bytes_another_source_keeps_longer(fresh_warehouse: Settings, tmp_path: Path) -> None:
    specs = tmp_path / "specs" / "social"
    specs.mkdir(parents=True)
    spec = (PROJECT / "sources" / "social" / "vendor_mentions.yml").read_text(encoding="utf-8")
    (specs / "vendor_mentions.yml").write_text(spec, encoding="utf-8")
    longer = spec.replace("id: vendor_mentions", "id: vendor_archive\nkeep: {raw_days: 365, item_days: 365}")
    (specs / "vendor_archive.yml").write_text(longer, encoding="utf-8")
    house = Settings(
        home=fresh_warehouse.home_dir,
        dsn=fresh_warehouse.dsn,
        secrets=fresh_warehouse.secrets_dir,
        sources=specs.parent,
    )
    file = FIXTURES / "vendor_mentions" / MENTIONS[FIRST]
    assert take_in(house, "vendor_mentions", file, FIRST) == take_in(house, "vendor_archive", file, FIRST)
    (specs / "vendor_mentions.yml").unlink()  # a source whose spec has gone keeps its limits
    done = maintenance.apply_retention(house, FIRST + timedelta(days=200))
    assert not any(done["raw_files_removed"].values())
    assert len(stored(house)) == 1
    assert rows(house, "select distinct source_id from landing.social_item") == [("vendor_archive",)]
    maintenance.apply_retention(house, FIRST + timedelta(days=366))
    assert stored(house) == set()


def test_retention_removes_what_a_load_stored_and_never_brought_into_the_ledger(
    fresh_warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opinion_warehouse.intake import load

    house = fresh_warehouse

    def broken(step: str) -> None:
        if step == "stored":
            raise OSError("stopped")

    monkeypatch.setattr(load, "reached", broken)
    with pytest.raises(OSError, match="stopped"):
        mentions(house, FIRST)
    assert len(stored(house)) == 1
    assert rows(house, "select count(*) from intake.file") == [(0,)]
    maintenance.apply_retention(house, FIRST + timedelta(days=90))
    assert len(stored(house)) == 1
    maintenance.apply_retention(house, FIRST + timedelta(days=91))
    assert stored(house) == set()


def build(settings: Settings, night: date) -> None:
    number = release.open_release(settings, night, "r")
    assert number is not None
    analysis.weigh(settings, number)
    dbt.build_core(settings, number, night, "r")


def volumes(settings: Settings, before: date) -> list[tuple[Any, ...]]:
    return rows(
        settings, f"select * from core.fct_social_volume f where published_date < '{before}' order by f::text"
    )


def test_forgotten_rows_leave_the_working_tables_and_aggregates_live_on(fresh_warehouse: Settings) -> None:
    house = fresh_warehouse
    mentions(house, FIRST)
    mentions(house, SECOND)
    take_in(house, "cantho_online", FIXTURES / "cantho_online" / WAVES[1], SECOND)
    build(house, SECOND)

    # Every table that tells persons or items apart is one that forgetting knows; none is in core. A weight
    # goes with its respondent, by the foreign key.
    keyed = rows(
        house,
        "select distinct table_schema, table_name from information_schema.columns"
        " inner join information_schema.tables using (table_schema, table_name)"
        f" where table_type = 'BASE TABLE' and column_name in {KEYS}",
    )
    assert set(keyed) == {("landing", table) for table, _ in maintenance.PERSONS} | {
        ("intermediate", table) for table, *_ in maintenance.WORKING
    } | {("analysis", "survey_weight")}

    keys = maintenance.subject_keys(house, "cantho_online", "2")
    weighted = "select count(*) from intermediate.int_survey_respondents__weighted"
    calibrated = "select count(*) from analysis.survey_weight"
    scored = "select count(*) from intermediate.int_survey_answers__coded"
    persons, answers = rows(house, weighted)[0][0], rows(house, scored)[0][0]
    assert rows(house, calibrated) == [(persons,)]
    done = maintenance.erase_subject(house, "cantho_online", keys, "request 1")
    assert done["rows_removed"]["survey_response"] == 1
    assert done["working_rows_removed"] > 3
    assert rows(house, weighted) == [(persons - 1,)]
    assert rows(house, calibrated) == [(persons - 1,)]
    assert rows(house, scored)[0][0] < answers

    limit = date(2026, 6, 20)
    published_before = volumes(house, limit)
    assert published_before
    done = maintenance.apply_retention(house, limit + timedelta(days=90))
    assert done["social_items_removed"]["vendor_mentions"] > 0
    assert done["working_rows_removed"] > 0
    old = f"where published_date < '{limit}'"
    gone = f"select count(*) from intermediate.int_social_items__deduplicated {old}"
    assert rows(house, gone) == [(0,)]
    assert volumes(house, limit) == published_before

    mentions(house, THIRD)
    late = rows(house, f"select count(*) from landing.social_item {old}")[0][0]
    assert late > 0  # items of days already forgotten
    build(house, THIRD)
    assert volumes(house, limit) == published_before
    assert len(volumes(house, THIRD)) > len(published_before)
    maintenance.apply_retention(house, limit + timedelta(days=90))
    assert rows(house, gone) == [(0,)]
