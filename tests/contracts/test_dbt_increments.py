"""What a night computes anew is what its files touched, and comes to the same as computing everything."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from opinion_warehouse import dbt
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

FIRST, SECOND = date(2026, 6, 14), date(2026, 6, 15)
FACTS = (
    "fct_social_volume",
    "fct_report_opinion",
    "fct_report_submission",
    "fct_source_comparison",
    "fct_intake_quality",
)
Rows = dict[str, list[tuple[Any, ...]]]
Builds = dict[str, Rows]


@pytest.fixture(scope="module")
def builds(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[Builds]:
    """The facts after the first night, after the second, and after the second computed from nothing."""
    with new_warehouse() as settings:
        _land(
            settings,
            "mentions",
            FIRST,
            items=[("a", 1), ("b", 2), ("c", 2), *((f"d{n}", 3) for n in range(30))],
        )
        _land(
            settings,
            "weekly",
            FIRST,
            reports=[("CT-DTN", 22, "F2"), ("CT-PN", 22, "F2"), ("CT-PN", 23, "C1")],
        )
        _refuse(settings, "letters", FIRST, 2)
        before = _build(settings, FIRST)
        _refuse(settings, "letters", SECOND, 1)
        # "a" was the first day's only item and moves away; a late one comes to the second
        _land(settings, "mentions", SECOND, items=[("a", 4), ("late", 2)])
        _land(settings, "weekly", SECOND, reports=[("CT-DTN", 22, "C1")])
        after = _build(settings, SECOND)
        yield {"before": before, "after": after, "anew": _build(settings, SECOND, "--full-refresh")}


@pytest.mark.parametrize("fact", FACTS)
def test_increment_gives_what_a_rebuild_gives(builds: Builds, fact: str) -> None:
    assert builds["after"][fact]
    assert [row for _, row in builds["after"][fact]] == [row for _, row in builds["anew"][fact]]


def test_day_whose_items_all_moved_away_is_empty(builds: Builds) -> None:
    days = {
        name: {content["published_date"] for _, content in rows["fct_social_volume"]}
        for name, rows in builds.items()
    }
    assert "2026-06-01" in days["before"]
    assert days["after"] == {"2026-06-02", "2026-06-03", "2026-06-04"}


@pytest.mark.parametrize(
    ("fact", "column", "touched"),
    [
        ("fct_social_volume", "published_date", {"2026-06-01", "2026-06-02", "2026-06-04"}),
        ("fct_report_opinion", "period_code", {"2026-W22"}),
        ("fct_intake_quality", "night", {"2026-06-15"}),
    ],
)
def test_what_no_file_touched_is_left_alone(
    builds: Builds, fact: str, column: str, touched: set[str]
) -> None:
    before, after = (
        {(version, json.dumps(content)) for version, content in builds[name][fact]}
        for name in ("before", "after")
    )
    changed = {json.loads(content)[column] for _, content in before ^ after}
    assert changed == touched


def test_night_whose_file_was_read_again_later_counts_no_more(
    new_warehouse: Callable[[], AbstractContextManager[Settings]],
) -> None:
    with new_warehouse() as settings:
        _land(settings, "mentions", FIRST, items=[("a", 1)])
        _refuse(settings, "letters", FIRST, 2)
        before = _build(settings, FIRST)["fct_intake_quality"]
        with connect(settings, "loader") as connection:
            connection.execute("delete from intake.file where source_id = 'letters'")
        _refuse(settings, "letters", SECOND, 1)
        after = _build(settings, SECOND)["fct_intake_quality"]
    counted = [
        {
            (row["night"], row["reason_code"], row["column_name"]): row["row_count"]
            for _, row in rows
            if row["source_id"] == "letters"
        }
        for rows in (before, after)
    ]
    margins = [("_all", "_all"), ("bad_date", "_all"), ("bad_date", "at")]
    assert counted == [
        {("2026-06-14", *margin): 2 for margin in margins},
        {("2026-06-15", *margin): 1 for margin in margins},
    ]


def test_share_of_too_few_items_is_not_given(builds: Builds) -> None:
    """Three unclassified items in the week: its coverage would say so."""
    rows = [row for _, row in builds["after"]["fct_source_comparison"] if row["evidence_kind"] == "social"]
    assert rows
    assert {row["coverage_share"] for row in rows} == {None}
    assert {row["net_tendency"] for row in rows if row["topic_code"] == "Z9"} == {None}
    assert {row["net_tendency"] for row in rows if row["topic_code"] == "_all"} == {0.0}


def _build(settings: Settings, night: date, *options: str) -> Rows:
    with connect(settings, "publisher") as connection:
        opened = connection.execute(
            "select release_id from release_ctl.open_release(%s, 'run', 'unknown', 'code')", [night]
        ).fetchone()
    assert opened is not None
    dbt.run_dbt(
        settings, ["build", "--select", *dbt.CORE, *options], release_id=opened[0], night=night, run_id="run"
    )
    with connect(settings, "transformer") as connection:
        return {
            fact: connection.execute(
                # the digest of the input knows which file came first; nothing published does
                f"select xmin::text, to_jsonb(row) - 'input_digest' from core.{fact} as row order by 2"
            ).fetchall()
            for fact in FACTS
        }


def _land(
    settings: Settings,
    source_id: str,
    night: date,
    *,
    items: list[tuple[str, int]] | None = None,
    reports: list[tuple[str, int, str]] | None = None,
) -> None:
    """One file, as the loader would land it: items are (key, day of June), reports (unit, week, topic)."""
    family = "social" if reports is None else "report"
    expected = {"period": "week", "due_days": 3, "units": []}
    spec = {"time_zone": "Asia/Ho_Chi_Minh", family: {"coverage_place": "92", "expected": expected}}
    digest = hashlib.sha256(f"{source_id} {night}".encode()).hexdigest()
    with connect(settings, "loader") as connection:
        connection.execute(
            "insert into intake.source values (%s, %s, %s, 'x', true, %s) on conflict do nothing",
            [source_id, family, json.dumps(spec), night],
        )
        inserted = connection.execute(
            "insert into intake.file (source_id, sha256, file_name, byte_count, received_at, night, run_id,"
            " parser_version, spec_sha256, status, rows_read, rows_loaded, rows_quarantined, landing_verdict)"
            " values (%s, %s, 'a', 1, %s, %s, 'run', '1', 'x', 'loaded', 0, 0, 0, 'accepted')"
            " returning file_id",
            [source_id, digest, night, night],
        ).fetchone()
        assert inserted is not None
        cursor = connection.cursor()
        for number, (key, day) in enumerate(items or ()):
            at = datetime(2026, 6, day, 5, tzinfo=UTC)
            topics = ["Z9"] if key in ("b", "c", "late") else ["F2"]
            cursor.execute(
                "insert into landing.social_item values"
                " (%s, %s, %s, %s, %s, %s, 'news', 'q', %s, '92', 'neutral', 'vendor', 1, %s)",
                [inserted[0], key, source_id, number, at, at.date(), topics, f"site {number % 4}"],
            )
        for number, (unit, week, topic) in enumerate(reports or ()):
            monday = date.fromisocalendar(2026, week, 1)
            cursor.execute(
                "insert into landing.report values (%s, %s, %s, 'periodic', %s, %s, %s, %s, 1)",
                [
                    inserted[0],
                    source_id,
                    unit,
                    f"2026-W{week}",
                    monday,
                    date.fromisocalendar(2026, week, 7),
                    night,
                ],
            )
            cursor.execute(
                "insert into landing.report_item values"
                " (%s, %s, %s, %s, 'periodic', %s, '92', %s, 2, 'support', 3, null, null, null, null, null)",
                [inserted[0], number, source_id, unit, f"2026-W{week}", topic],
            )


def _refuse(settings: Settings, source_id: str, night: date, count: int) -> None:
    """A file of a hundred rows, so many of them with a bad date."""
    _land(settings, source_id, night, reports=[])
    with connect(settings, "loader") as connection:
        [(file_id,)] = connection.execute(
            "update intake.file set rows_read = 100, rows_loaded = 100 - %(n)s, rows_quarantined = %(n)s"
            " where source_id = %(source)s and night = %(night)s returning file_id",
            {"source": source_id, "night": night, "n": count},
        ).fetchall()
        for row in range(count):
            connection.execute(
                "insert into intake.quarantine (file_id, row_number, row_count, reasons)"
                " values (%s, %s, 1, %s)",
                [file_id, row, json.dumps([{"code": "bad_date", "column": "at", "detail": "x"}])],
            )
