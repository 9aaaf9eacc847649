"""Hostile files through the real loader: refused or set aside by reason, every row accounted for."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from bad_files import CASES
from bad_files.made import COUNT, Case, social, social_table, with_cells, written
from psycopg import sql

from opinion_warehouse import intake
from opinion_warehouse.database.connect import connect
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import Settings

NIGHT = date(2026, 7, 20)
EACH = 5
"""Of the list's files, those at every fifth place, and the one that kills its reader."""
CHOSEN = {name: case for at, (name, case) in enumerate(CASES.items()) if at % EACH == 0 or case.is_native}


@pytest.fixture
def house(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path: Path
) -> Iterator[Settings]:
    """An empty warehouse, with a folder of specs of its own."""
    with new_warehouse() as base:
        specs = tmp_path / "specs"
        specs.mkdir()
        yield Settings(home=tmp_path / "home", dsn=base.dsn, sources=specs, secrets=base.secrets_dir)


def load(house: Settings, source_id: str, case: Case) -> dict[str, Any]:
    """Deliver a case's file under a source of its own, and load it."""
    spec = case.source | {"id": source_id}
    (house.sources_dir / f"{source_id}.yml").write_text(yaml.safe_dump(spec, allow_unicode=True))
    path = house.inbox_dir / source_id / case.name
    path.parent.mkdir(parents=True)
    path.write_bytes(case.data)
    os.utime(path, (1_783_000_000,) * 2)
    return intake.load_file(house, source_id, path, NIGHT, "r")


def expected(case: Case) -> tuple[str, str | None]:
    """Outcome and reason: more than 2 % bad rows refuse a file whole."""
    if case.refused:
        return "rejected", case.refused
    harmless = sum(set(codes) <= {"duplicate_item", "left_out"} for codes in case.bad.values())
    is_bad = len(case.bad) - harmless > 0.02 * (case.good + len(case.bad))
    return ("rejected", "bad_row_share") if is_bad else ("loaded", None)


@pytest.mark.slow
def test_loader_survives_every_hostile_file_and_accounts_for_its_rows(house: Settings) -> None:
    assert len(CHOSEN) > 60
    for at, (name, case) in enumerate(CHOSEN.items()):
        done = load(house, f"hostile_{at}", case)
        assert (done["outcome"], done["reason_code"]) == expected(case), name
        assert done["rows_read"] == done["rows_loaded"] + done["rows_quarantined"], name
        if not case.refused:
            assert done["rows_read"] == case.good + len(case.bad), name
        sound = Case(social(), written(with_cells(social_table(), 1, id=f"after {at}")))
        after = load(house, f"sound_{at}", sound)
        assert (after["outcome"], after["rows_loaded"]) == ("loaded", COUNT), name
    with connect(house, "admin") as connection:
        per_file = connection.execute(
            "select f.file_name, f.rows_quarantined, coalesce(sum(q.row_count), 0)"
            " from intake.file as f left join intake.quarantine as q using (file_id)"
            " group by f.file_id having f.rows_quarantined <> coalesce(sum(q.row_count), 0)"
        ).fetchall()
        assert per_file == []
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('intake', 'landing')"
        ).fetchall()
        assert len(tables) > 10
        for table in tables:
            text = connection.execute(
                sql.SQL("select string_agg(t::text, ' ') from {} as t").format(sql.Identifier(*table))
            ).fetchone()
            assert text is not None
            # The specs themselves are kept there, and name nobody.
            assert find_canaries(text[0] or "") == [], table
    assert list((house.home_dir / "scratch").iterdir()) == []
