"""Delivered counts from file to release: what is published is recomputed here from the files' own rows."""

import csv
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any

import pytest
from psycopg.rows import dict_row

from opinion_warehouse import dbt, gate, intake, release
from opinion_warehouse.checks import EXPECTATIONS, fill, load_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.settings import Settings

FIRST, SECOND, THIRD = date(2026, 6, 10), date(2026, 6, 11), date(2026, 6, 12)
PARTED, OVERLAPPING, ITEMS = "parted_histogram", "topic_histogram", "few_mentions"
Cell = tuple[str, str, str, str]  # day, platform, topic, sentiment
Counts = dict[Cell, int]
Rows = list[dict[str, Any]]
COUNTED = (
    "source_id, published_date::text as day, platform_code, query_code, topic_code, place_code, sentiment,"
    " item_count, domain_count, vintage"
)
VOLUME = ["--select", "+fct_social_volume", "--exclude", "resource_type:test", "resource_type:unit_test"]

# day of June, platform, topic, sentiment, count
PARTED_FIRST = [
    (1, "news", "F1", "positive", 14),
    (1, "news", "F2", "negative", 9),
    (1, "facebook", "F1", "negative", 30),
    (2, "news", "F1", "positive", 50),
    (2, "facebook", "C1", "neutral", 8),
    (3, "news", "F2", "negative", 11),
]
# the second delivery has days 2 to 4 anew: of the second day there is no more facebook, the third has grown
PARTED_SECOND = [
    (2, "news", "F1", "positive", 61),
    (3, "news", "F2", "negative", 10),
    (3, "forum", "F1", "positive", 25),
    (3, "forum", "C1", "positive", 0),
    (4, "news", "Z9", "negative", 40),
]
# of the third day there is nothing but its total
TOPICS = [(1, "F1", 12), (1, "F2", 15), (1, "Total", 20), (2, "F1", 10), (2, "Total", 10), (3, "Total", 10)]
LEAVE_TOTALS = {"rows": {"column": "topic", "keep": ["F1", "F2"], "leave_out": ["Total"]}}


@dataclass(frozen=True)
class Built:
    """The core after each night, and the second night's release."""

    settings: Settings
    release_id: int
    cores: dict[str, Rows]
    published: Rows
    compared: Rows


@pytest.fixture(scope="module")
def built(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Built]:
    folder = tmp_path_factory.mktemp("counts")
    with new_warehouse() as base:
        house = Settings(
            home=base.home_dir,
            dsn=base.dsn,
            secrets=base.secrets_dir,
            sources=folder / "sources",
            inbox=folder / "inbox",
        )
        _say(house, PARTED, {"platform": "platform", "topic": "topic", "sentiment": "mood"}, overlap=[])
        _say(house, OVERLAPPING, {"topic": "topic"}, overlap=["topic"], total_cells=["Total"])
        _say(house, ITEMS, {"item_id": "id", "url": "url", "item_count": None, "published_at": "day"})
        head = ["day", "platform", "topic", "mood", "n"]
        _deliver(house, PARTED, FIRST, head, [_on(row) for row in PARTED_FIRST])
        _deliver(house, OVERLAPPING, FIRST, ["day", "topic", "n"], [_on(row) for row in TOPICS])
        items = [_on((5, f"i{number}", f"https://s{number % 4}.example/")) for number in range(12)]
        _deliver(house, ITEMS, FIRST, ["day", "id", "url"], items)
        cores = {"first": _night(house, FIRST, *VOLUME)[1]}
        _deliver(house, PARTED, SECOND, head, [_on(row) for row in PARTED_SECOND])
        release_id, cores["second"] = _night(house, SECOND, "--select", *dbt.CORE)
        dbt.build_release_models(house, release_id, SECOND, "run")
        release.seal(house, release_id)
        schema = f"rel_{release_id}"
        source = f"inner join {schema}.dim_source using (source_key)"
        cells = f"select {COUNTED}, obs_status, conf_status from {schema}.fct_social_volume {source}"
        published = _rows(house, cells)
        compared = _rows(house, f"select * from {schema}.fct_source_comparison {source}")
        _build(house, release_id, SECOND, *VOLUME, "--full-refresh")
        cores["anew"] = _core(house)
        yield Built(house, release_id, cores, published, compared)


def test_core_has_the_newest_counts_of_each_day_and_nothing_twice(built: Built) -> None:
    newest = [row for row in PARTED_FIRST if row[0] == 1] + PARTED_SECOND
    found = {
        (row["day"], row["platform_code"], row["topic_code"], row["sentiment"]): row["item_count"]
        for row in built.cores["second"]
        if row["source_id"] == PARTED and row["query_code"] == "_all"
    }
    assert found == _margins(newest)
    assert found["2026-06-02", "_all", "_all", "_all"] == 61
    assert found["2026-06-03", "_all", "F", "_all"] == 35


def test_counts_have_the_margins_of_their_query_too(built: Built) -> None:
    whole = {
        row["query_code"]: row["item_count"]
        for row in built.cores["second"]
        if (row["source_id"], row["day"], row["platform_code"]) == (PARTED, "2026-06-01", "_all")
        and (row["topic_code"], row["sentiment"]) == ("_all", "_all")
    }
    assert whole == {"_all": 53, "q": 53}


def test_topics_that_overlap_are_never_summed(built: Built) -> None:
    found = {
        (row["day"], row["topic_code"]): row["item_count"]
        for row in built.cores["second"]
        if row["source_id"] == OVERLAPPING and row["query_code"] == "_all"
    }
    days = {(f"2026-06-{day:02}", "_all" if topic == "Total" else topic): n for day, topic, n in TOPICS}
    assert found == days  # and so no F


def test_night_computes_the_days_delivered_anew_and_no_other(built: Built) -> None:
    first, second = (
        {(row["source_id"], row["day"], row["version"]) for row in built.cores[night]}
        for night in ("first", "second")
    )
    changed = {(source_id, day) for source_id, day, _ in first ^ second}
    assert changed == {(PARTED, f"2026-06-0{day}") for day in (2, 3, 4)}


def test_increment_gives_what_a_rebuild_gives(built: Built) -> None:
    second, anew = (
        sorted(
            json.dumps({**row, "version": None}, default=str, sort_keys=True) for row in built.cores[night]
        )
        for night in ("second", "anew")
    )
    assert second == anew


def test_release_shows_ten_items_and_hides_nine(built: Built) -> None:
    cells = [row for row in built.published if row["source_id"] == PARTED and row["query_code"] == "_all"]
    margins = _margins([row for row in PARTED_FIRST if row[0] == 1] + PARTED_SECOND)
    assert {9, 10} <= set(margins.values())
    assert len(cells) == len(margins)
    for row in cells:
        count = margins[row["day"], row["platform_code"], row["topic_code"], row["sentiment"]]
        shown = (count, None, "A", "F") if count >= 10 else (None, None, "M", "A")
        assert (row["item_count"], row["domain_count"], row["obs_status"], row["conf_status"]) == shown
        assert row["vintage"] == (FIRST if row["day"] == "2026-06-01" else SECOND)


def test_comparison_has_the_shares_of_counts_and_no_coverage_by_rules(built: Built) -> None:
    month = {
        (row["source_id"], row["topic_code"]): row
        for row in built.compared
        if row["period_code"] == "2026-06" and row["evidence_kind"] == "social"
    }
    total = 53 + 61 + 35 + 40
    assert float(month[PARTED, "F1"]["salience_share"]) == pytest.approx((44 + 61 + 25) / total, abs=5e-4)
    assert float(month[PARTED, "F1"]["net_tendency"]) == pytest.approx((14 - 30 + 61 + 25) / 130, abs=5e-4)
    assert month[PARTED, "_all"]["base_count"] == total
    assert float(month[OVERLAPPING, "F2"]["salience_share"]) == pytest.approx(15 / 40, abs=5e-4)
    assert month[OVERLAPPING, "_all"]["base_count"] == 40
    assert {row["coverage_share"] for (source, _), row in month.items() if source != ITEMS} == {None}
    assert month[ITEMS, "_all"]["base_count"] == 12


def test_gate_lets_the_release_pass(built: Built) -> None:
    verdict = gate.run(built.settings, built.release_id, SECOND, "run")
    assert (verdict.passed, verdict.reasons) == (True, ())


@pytest.mark.parametrize(
    ("source_id", "change"),
    [
        (PARTED, "item_count = 9"),
        (PARTED, "domain_count = 2"),
        (ITEMS, "domain_count = null"),  # of items the sites are known
    ],
)
def test_gate_refuses_a_cell_shown_against_the_rule(built: Built, source_id: str, change: str) -> None:
    suite = load_suite(EXPECTATIONS / "release" / "disclosure.yml")
    schema = f"rel_{built.release_id}"
    query = fill(next(c.query for c in suite.checks if c.id == "REL-113"), {"release_schema": schema})
    with connect(built.settings, "admin") as connection:
        poisoned = connection.execute(
            f"update {schema}.fct_social_volume as fact set {change} from {schema}.dim_source as source"
            f" where fact.source_key = source.source_key and source_id = '{source_id}'"
            " and conf_status = 'F' and topic_code = '_all' and sentiment = '_all'".encode()
        )
        assert poisoned.rowcount > 0
        connection.execute("set local role gate")
        offending = connection.execute(f"select count(*) from ({query}) as broken".encode()).fetchone()
        connection.rollback()
    assert offending == (poisoned.rowcount,)


def test_file_read_again_replaces_what_it_was_read_as(built: Built) -> None:
    """Last of all, for it opens the next release: an item has one topic only, and the totals are left out."""
    house = built.settings
    _say(house, OVERLAPPING, {"topic": "topic"}, LEAVE_TOTALS, overlap=[])
    with connect(house, "admin") as connection:
        files = connection.execute("select file_id from intake.file where source_id = %s", [OVERLAPPING])
        ((file_id,),) = files.fetchall()
    assert intake.quarantine_replay(house, file_id, THIRD, "run")["outcome"] == "loaded"
    _, core = _night(house, THIRD, *VOLUME)
    found = {
        (row["day"], row["topic_code"]): row["item_count"]
        for row in core
        if row["source_id"] == OVERLAPPING and row["query_code"] == "_all"
    }
    first = {("2026-06-01", topic): n for topic, n in (("F1", 12), ("F2", 15), ("F", 27), ("_all", 27))}
    assert found == first | {("2026-06-02", topic): 10 for topic in ("F1", "F", "_all")}


def _margins(rows: list[tuple[int, str, str, str, int]]) -> Counts:
    """The cells of the whole place, by hand: at most one of platform and sentiment beside a topic."""
    cells: Counts = defaultdict(int)
    for day, platform, topic, mood, count in rows:
        for where, what, how in product((platform, "_all"), {topic, topic[0], "_all"}, (mood, "_all")):
            if what == "_all" or "_all" in (where, how):
                cells[f"2026-06-{day:02}", where, what, how] += count
    return {cell: count for cell, count in cells.items() if count}


def _on(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return (f"2026-06-{row[0]:02}", *row[1:])


def _say(
    house: Settings,
    source_id: str,
    columns: dict[str, Any],
    files: dict[str, Any] | None = None,
    **section: Any,
) -> None:
    folder = house.sources_dir / "social"
    folder.mkdir(parents=True, exist_ok=True)
    label = {"vi": "nhãn", "en": "label"}
    social = {
        "columns": {"published_at": "day", "item_count": "n"} | columns,
        "date_format": "iso",
        "sentiment_method": "vendor",
        "coverage_place": "92",
        "query": "q",
        "queries": [{"code": "q", "label": label}],
    }
    if "item_id" in columns:
        social["platform"] = "news"
    spec = {
        "id": source_id,
        "family": "social",
        "title": label,
        "owner": "desk",
        "licence": "x",
        "provenance": "x",
        "is_made": True,
        "time_zone": "Asia/Ho_Chi_Minh",
        "files": {"pattern": "*.csv", "format": "csv"} | (files or {}),
        "social": social | section,
    }
    (folder / f"{source_id}.yml").write_text(json.dumps(spec), encoding="utf-8")  # JSON is YAML


def _deliver(
    house: Settings, source_id: str, night: date, head: list[str], rows: list[tuple[Any, ...]]
) -> None:
    folder = house.inbox_dir / source_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{night}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([head, *rows])
    os.utime(path, (1_780_000_000 + night.toordinal(),) * 2)


def _night(house: Settings, night: date, *options: str) -> tuple[int, Rows]:
    for file in intake.discover(house, "social", night):
        done = intake.load_file(house, file["source_id"], file["path"], night, "run")
        assert (done["outcome"], done["rows_quarantined"]) == ("loaded", 0), done
    for checked in intake.check_landing(house, "social", night, "run"):
        assert checked["verdict"] == "accepted", checked
    release_id = release.open_release(house, night, "run")
    assert release_id is not None
    _build(house, release_id, night, *options)
    return release_id, _core(house)


def _build(house: Settings, release_id: int, night: date, *options: str) -> None:
    dbt.run_dbt(house, ["build", *options], release_id=release_id, night=night, run_id="run")


def _core(house: Settings) -> Rows:
    return _rows(house, f"select {COUNTED}, xmin::text as version from core.fct_social_volume")


def _rows(house: Settings, query: str) -> Rows:
    with connect(house, "admin") as connection:
        return connection.cursor(row_factory=dict_row).execute(query.encode()).fetchall()
