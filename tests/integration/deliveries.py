"""Deliveries of the fixtures, taken in as a night does."""

import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from opinion_warehouse import intake
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import PROJECT, Settings

FIXTURES = PROJECT / "tests" / "fixtures"
FIRST, SECOND, THIRD = date(2026, 6, 15), date(2026, 6, 29), date(2026, 7, 6)
MENTIONS = {
    FIRST: "mentions_20260601_20260614.csv",
    SECOND: "mentions_20260615_20260628.csv",
    THIRD: "mentions_20260629_20260705.csv",
}
WAVES = ("results-survey482915_2025-12.csv", "results-survey482915_2026-06.csv")
KEYS = ("respondent_key", "respondent_number", "panel_key", "item_key")


def take_in(settings: Settings, source_id: str, path: Path, night: date) -> str:
    """Deliver a file and load it as a night does; returns its sha256."""
    delivered = settings.inbox_dir / source_id / path.name
    delivered.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, delivered)
    os.utime(delivered, (1_780_000_000,) * 2)
    family = next(file.parent.name for file in settings.sources_dir.rglob(f"{source_id}.yml"))
    for file in intake.discover(settings, family, night):
        intake.load_file(settings, file["source_id"], file["path"], night, "r")
    with connect(settings, "admin") as connection:
        # The landing suites are another test's: these files are good.
        connection.execute("update intake.file set landing_verdict = 'accepted' where status = 'loaded'")
        row = connection.execute("select sha256 from intake.attempt order by attempt_id desc").fetchone()
    assert row is not None
    return str(row[0])


def mentions(settings: Settings, night: date) -> str:
    return take_in(settings, "vendor_mentions", FIXTURES / "vendor_mentions" / MENTIONS[night], night)


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with connect(settings, "admin") as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def counts(settings: Settings) -> dict[str, int]:
    """Rows of every table of intake and landing."""
    names = rows(
        settings,
        "select format('%I.%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('intake', 'landing')",
    )
    return {name: rows(settings, f"select count(*) from {name}")[0][0] for (name,) in names}


def stored(settings: Settings) -> set[str]:
    return {path.name for path in Path(settings.store_url).rglob("*") if path.is_file()}
