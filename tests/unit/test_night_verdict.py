"""What makes a night green: a source that could not be fetched does not undo the others."""

from datetime import date
from pathlib import Path

import pytest

from opinion_warehouse.night import Night


@pytest.mark.parametrize(
    ("state", "task", "is_green"),
    [
        ("success", "fetch an_api", True),
        ("success", "load_file an_api · a.csv", False),
        ("success", "list_fetches", False),
        ("failed", "fetch an_api", False),
    ],
)
def test_night_with_a_failed_fetch_is_green_where_its_dags_are(state: str, task: str, is_green: bool) -> None:
    night = Night(date(2026, 11, 23), Path("log"), states={"ingest_social": state})
    night.failures.append(("ingest_social", task, "why"))
    assert night.is_green is is_green
