"""Which night a run belongs to: said, else the Assets', else its logical date in the nights' zone."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest


def context(**said: Any) -> dict[str, Any]:
    run = SimpleNamespace(
        conf=said.get("conf"),
        logical_date=said.get("logical_date"),
        run_after=said.get("run_after", datetime(2026, 1, 1, tzinfo=UTC)),
    )
    events = {"asset": [SimpleNamespace(extra=extra) for extra in said.get("events", [])]}
    return {"dag_run": run, "triggering_asset_events": events}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"conf": {"night": "2026-11-20"}, "events": [{"night": "2026-11-23"}]}, date(2026, 11, 20)),
        ({"events": [{"night": "2026-11-22"}, {"night": "2026-11-23"}, {}]}, date(2026, 11, 23)),
        # 17:30 UTC is half past midnight in the zone that names the nights.
        ({"logical_date": datetime(2026, 12, 31, 17, 30, tzinfo=UTC)}, date(2027, 1, 1)),
        ({"logical_date": None, "run_after": datetime(2026, 11, 23, 13, 0, tzinfo=UTC)}, date(2026, 11, 23)),
    ],
)
def test_night_of_run_is_said_or_logical_never_the_clock(said: dict[str, Any], expected: date) -> None:
    from opinion_warehouse.dag_defaults import night_of

    assert night_of(context(**said)) == expected
