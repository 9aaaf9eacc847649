"""Counts a vendor delivers instead of items: a day counts whole, once, and in the source's own time zone."""

import copy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from reader_jobs import LABEL, Read, read, read_example, source, spilled, workbook

from opinion_warehouse.sample.canaries import HANDLE, PHONE
from opinion_warehouse.sources import Source

CLEAN = "talkwalker_histogram_20260601_20260607_20260608T010000Z.jsonl"
HEADER = "ngay,kenh,chu_de,thai_do,so_luot,tuong_tac,so_trang,nguoi_dang\n"


def counts(files: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A source of counts by platform, topic and sentiment."""
    columns = {
        "published_at": "ngay",
        "platform": "kenh",
        "topic": "chu_de",
        "sentiment": "thai_do",
        "item_count": "so_luot",
        "engagement": "tuong_tac",
        "domain_count": "so_trang",
    }
    section = {
        "columns": columns,
        "date_format": "%d/%m/%Y",
        "platforms": {"Báo điện tử": "news", "Báo in": "news", "Facebook": "facebook"},
        "topics": {"Giá cả, chi phí": "C1", "Ngập": "F2"},
        "sentiments": {"Tốt": "positive", "Xấu": "negative"},
        "sentiment_method": "vendor",
        "overlap": [],
        "query": "q",
        "queries": [{"code": "q", "label": LABEL}],
    }
    return source(
        "social",
        section | more,
        time_zone="Asia/Ho_Chi_Minh",
        ignore_columns=["nguoi_dang"],
        files=files or {},
    )


def cells(result: Read, *names: str) -> dict[int, tuple[str | None, ...]]:
    """Row number → some of its values."""
    rows = result.rows.get("social_count", [])
    return {int(row["row_number"]): tuple(row[name] for name in names) for row in rows}


def test_example_gives_a_count_of_every_day_and_sentiment(tmp_path: Path) -> None:
    result = read_example("talkwalker_histogram", CLEAN, tmp_path)
    assert (result.rejected, result.bad, set(result.rows)) == (None, {}, {"social_count"})
    assert len(result.rows["social_count"]) == 21
    assert sum(int(row["item_count"]) for row in result.rows["social_count"]) == 1046
    assert result.rows["social_count"][8] == {
        "file_id": "7",
        "row_number": "9",
        "source_id": "talkwalker_histogram",
        "published_date": "2026-06-03",
        "platform": "_all",
        "query_code": "can_tho",
        "topic_code": "_all",
        "place_code": "_all",
        "sentiment": "negative",
        "sentiment_method": "vendor",
        "overlap": "{}",
        "item_count": "52",
        "engagement_count": None,
        "domain_count": None,
    }


def test_bad_counts_are_named_and_the_rest_of_their_day_waits(tmp_path: Path) -> None:
    result = read_example("talkwalker_histogram", "ugly.jsonl", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        4: ["duplicate_cell"],  # which of the two is right?
        5: ["duplicate_cell"],
        6: ["incomplete_day"],
        7: ["out_of_range"],
        8: ["incomplete_day"],
        9: ["not_a_whole_number"],
        10: ["missing_value"],
        11: ["unknown_code"],
        12: ["bad_date"],
        13: ["bad_date"],
        14: ["future_date"],
        15: ["not_a_day"],  # 16:00 in Vietnam
        18: ["bad_json"],
        19: ["incomplete_day"],
        20: ["not_a_number"],
    }
    assert cells(result, "published_date", "sentiment", "item_count") == {
        1: ("2026-06-08", "positive", "10"),
        2: ("2026-06-08", "negative", "12"),
        3: ("2026-06-08", "unknown", "3"),
        16: ("2026-06-15", "positive", "20"),
        17: ("2026-06-16", "positive", "1000"),
    }


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_counts_of_a_table_keep_their_breakdown_and_no_author(tmp_path: Path, form: str) -> None:
    rows = [
        ["01/06/2026", "Facebook", "Ngập", "Tốt", "12", "300", "1", HANDLE],
        ["01/06/2026", "Báo điện tử", "Giá cả, chi phí", "Xấu", "1204", "", "7", PHONE],
        ["01/06/2026", "Báo in", "Giá cả, chi phí", "Xấu", "4", "", "2", ""],  # another name of the same
        ["01/06/2026", "Facebook", "", "", "0", "0", "0", ""],
        ["Tổng cộng", "", "", "", "1220", "", "", ""],
    ]
    header = HEADER.strip().split(",")
    if form == "csv":
        text = HEADER + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
        result = read(counts(), text, tmp_path)
    else:
        spec = counts({"format": "xlsx", "sheet": "Sheet"})
        result = read(spec, workbook([header, *rows]), tmp_path)
    assert (result.rejected, result.bad) == (None, {6: ["bad_date", *["missing_value"] * 2]})  # no day
    names = ("platform", "topic_code", "sentiment", "item_count", "engagement_count", "domain_count")
    assert cells(result, *names) == {
        2: ("facebook", "F2", "positive", "12", "300", "1"),
        3: ("news", "C1", "negative", "1204", None, "7"),
        4: ("news", "C1", "negative", "4", None, "2"),
        5: ("facebook", "Z9", "unknown", "0", "0", "0"),
    }
    assert spilled(tmp_path, result) == []


def test_more_sites_than_items_cannot_be(tmp_path: Path) -> None:
    result = read(counts(), HEADER + "01/06/2026,Facebook,Ngập,Tốt,2,,3,\n", tmp_path)
    assert result.bad == {2: ["out_of_range"]}


def test_cell_of_two_topics_is_no_count_of_either(tmp_path: Path) -> None:
    spec = counts(topics={})
    data = HEADER + "01/06/2026,Facebook,F2;C1,Tốt,2,,1,\n02/06/2026,Facebook,f2,Tốt,2,,1,\n"
    result = read(spec, data, tmp_path)
    assert result.bad == {2: ["unknown_topic"]}
    assert cells(result, "topic_code") == {3: ("F2",)}


@pytest.mark.parametrize(
    ("zone", "bad"),
    [("Asia/Ho_Chi_Minh", {}), ("UTC", {2: ["not_a_day"], 3: ["not_a_day"]})],
)
def test_bucket_begins_a_day_of_the_sources_zone(tmp_path: Path, zone: str, bad: dict[int, Any]) -> None:
    """Midnight in Vietnam is the day before in UTC: read in another zone it would move every count."""
    spec = counts(date_format="epoch_ms") | {"time_zone": zone}
    data = HEADER + "1780246800000,Facebook,Ngập,Tốt,2,,1,\n1780333200000,Facebook,Ngập,Tốt,3,,1,\n"
    result = read(spec, data, tmp_path)
    assert result.bad == bad
    days = {2: ("2026-06-01",), 3: ("2026-06-02",)}
    assert cells(result, "published_date") == ({} if bad else days)


def test_day_without_a_midnight_is_a_day(tmp_path: Path) -> None:
    """In Cairo clocks went from 00:00 to 01:00 on 2025-04-25."""
    spec = counts(date_format="%d/%m/%Y") | {"time_zone": "Africa/Cairo"}
    result = read(spec, HEADER + "25/04/2025,Facebook,Ngập,Tốt,2,,1,\n", tmp_path)
    assert cells(result, "published_date") == {2: ("2025-04-25",)}


def test_total_of_an_overlapping_column_is_the_count_of_all(tmp_path: Path) -> None:
    spec = counts(overlap=["topic"], total_cells=["Tất cả"])
    data = HEADER + "".join(
        f"01/06/2026,Facebook,{topic},Tốt,{count},,1,\n" for topic, count in (("Ngập", 5), ("tất cả", 6))
    )
    result = read(spec, data, tmp_path)
    assert cells(result, "topic_code", "item_count") == {2: ("F2", "5"), 3: ("_all", "6")}
    assert {row["overlap"] for row in result.rows["social_count"]} == {"{topic}"}


def test_count_has_its_querys_topic_where_queries_have_any(tmp_path: Path) -> None:
    spec = counts(
        columns={"published_at": "ngay", "query": "kenh", "item_count": "so_luot"},
        platforms={},
        topics={},
        sentiments={},
        sentiment_method="none",
        query=None,
        queries=[
            {"code": "gia", "label": {"vi": "Giá", "en": "Prices"}, "topic": "C1"},
            {"code": "chung", "label": {"vi": "Chung", "en": "General"}},
        ],
    )
    data = (
        "ngay,kenh,so_luot\n01/06/2026,Giá,3\n01/06/2026,chung,4\n01/06/2026,Prices,5\n02/06/2026,General,6\n"
    )
    result = read(spec, data, tmp_path)
    assert result.bad == {2: ["duplicate_cell"], 3: ["incomplete_day"], 4: ["duplicate_cell"]}
    assert cells(result, "query_code", "topic_code", "sentiment") == {5: ("chung", "Z9", "_all")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item_count": None}, "give `item_id` (a row is an item) or `item_count`"),
        ({"item_id": "x"}, "give `item_id` (a row is an item) or `item_count`"),
        ({"item_id": "x", "item_count": None}, "`domain_count` is of counts"),
        ({"text": ["x"]}, "`text` is of items"),
        ({"url": "x"}, "`url` is of items"),
        ({"topic": None}, "`topics` needs `columns.topic`"),
    ],
)
def test_columns_are_of_items_or_of_counts(change: dict[str, Any], message: str) -> None:
    spec = counts()
    spec["social"]["columns"] |= change
    with pytest.raises(ValidationError, match=_plain(message)):
        Source.model_validate(spec)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"overlap": None}, "counts by topic: say in `overlap`"),
        ({"overlap": ["place"]}, "`overlap` names place, and `columns.place` is not there"),
        ({"total_cells": ["Total"]}, "`total_cells` are of `overlap`"),
        ({"date_zone": "UTC"}, "`date_zone` is of items"),
        ({"topics_separator": "|"}, "`topics_separator` is of items"),
        ({"platform": "news"}, "give `platform` (a constant) or `columns.platform`"),
        ({"query": None}, "give `query` (a constant) or `columns.query`"),
    ],
)
def test_what_counts_need_is_said(change: dict[str, Any], message: str) -> None:
    spec = counts()
    spec["social"] |= change
    with pytest.raises(ValidationError, match=_plain(message)):
        Source.model_validate(spec)


def test_counts_say_whose_days_they_are_of() -> None:
    spec = copy.deepcopy(counts())
    del spec["time_zone"]
    with pytest.raises(ValidationError, match="say in which `time_zone`"):
        Source.model_validate(spec)


def test_headers_of_one_source_are_of_one_kind() -> None:
    spec = counts()
    other = {"name": "items", "columns": {"item_id": "id", "published_at": "ngay"}, "platform": "news"}
    spec["social"]["other_headers"] = [other | {"query": "q"}]
    with pytest.raises(ValidationError, match="every header of a source has `item_count`, or none"):
        Source.model_validate(spec)


def _plain(message: str) -> str:
    return message.replace("(", r"\(").replace(")", r"\)")
