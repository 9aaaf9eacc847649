"""The made mention export: its duplicates, its late items, and how it is spread over days."""

import csv
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from opinion_warehouse.sample import make_sample
from opinion_warehouse.sample.social import DELIVERIES, FIRST_DAY, LATE_DAYS, make_block
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import load_source

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> list[Rows]:
    paths = make_sample(tmp_path_factory.mktemp("social"), sources=["vendor_mentions"])
    return [read(path) for path in paths]


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle, strict=True))


def local_day(row: dict[str, str]) -> date:
    return (datetime.fromisoformat(row["published_at"]) + timedelta(hours=7)).date()


def test_mentions_are_six_thousand_over_five_weeks(deliveries: list[Rows]) -> None:
    rows = [row for delivery in deliveries for row in delivery]
    assert len({row["mention_id"] for row in rows}) == 6_000
    assert {local_day(row) for row in rows} == {FIRST_DAY + timedelta(days=at) for at in range(35)}
    assert all(row["published_at"].endswith("Z") for row in rows)


def test_duplicates_in_a_file_are_few_and_whole(deliveries: list[Rows]) -> None:
    for rows in deliveries:
        twice = [key for key, count in Counter(row["mention_id"] for row in rows).items() if count > 1]
        assert 0 < len(twice) < 0.02 * len(rows)
        for key in twice:
            assert len({tuple(row.values()) for row in rows if row["mention_id"] == key}) == 1


def test_mentions_sent_again_have_more_reactions(deliveries: list[Rows]) -> None:
    for earlier, later in pairwise(deliveries):
        before = {row["mention_id"]: int(row["engagement"]) for row in earlier}
        again = [row for row in later if row["mention_id"] in before]
        assert len(again) > 10
        assert all(int(row["engagement"]) == before[row["mention_id"]] + 5 for row in again)


def test_late_mentions_come_with_the_next_delivery(deliveries: list[Rows]) -> None:
    sent = {row["mention_id"] for row in deliveries[0]}
    start = FIRST_DAY + timedelta(days=DELIVERIES[1].first)
    late = [row for row in deliveries[1] if row["mention_id"] not in sent and local_day(row) < start]
    assert 0.02 < len(late) / len(deliveries[1]) < 0.05
    assert min(local_day(row) for row in late) >= start - timedelta(days=LATE_DAYS)


def test_total_engagement_is_the_sum_of_its_parts(deliveries: list[Rows]) -> None:
    for row in deliveries[0]:
        parts = int(row["likes"]) + int(row["comments"]) + int(row["shares"])
        assert int(row["engagement"]) == parts


def test_words_are_those_of_the_spec(deliveries: list[Rows]) -> None:
    spec = load_source(PROJECT / "sources" / "social" / "vendor_mentions.yml").social
    assert spec is not None
    rows = [row for delivery in deliveries for row in delivery]
    assert {row["channel"] for row in rows} == set(spec.platforms)
    assert {row["sentiment"] for row in rows} == set(spec.sentiments)
    assert {row["query_code"] for row in rows} == {query.code for query in spec.queries}
    with (PROJECT / "dbt_project" / "seeds" / "place.csv").open(encoding="utf-8") as handle:
        places = {row["place_code"] for row in csv.DictReader(handle)}
    assert {row["mentioned_place_code"] for row in rows} - {""} <= places


def test_days_that_flare_up_have_publishable_cells(deliveries: list[Rows]) -> None:
    unique = {row["mention_id"]: row for delivery in deliveries for row in delivery}
    cells: dict[tuple[object, ...], list[str]] = {}
    for row in unique.values():
        names = ("channel", "query_code", "mentioned_place_code", "sentiment")
        key = (local_day(row), *(row[name] for name in names))
        cells.setdefault(key, []).append(row["url"].split("/")[2])
    assert sum(len(sites) >= 10 and len(set(sites)) >= 3 for sites in cells.values()) >= 20


def test_make_block_same_arguments_give_the_same_rows() -> None:
    block = make_block(5, DELIVERIES[1], 3, 1_001, 50)
    assert block.equals(make_block(5, DELIVERIES[1], 3, 1_001, 50))
    assert block.column("mention_id")[0].as_py() == "VM0000001001"
