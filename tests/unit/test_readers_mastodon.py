"""Mastodon's statuses, as an array and by line: the words of the HTML, counts added up, no account."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from reader_jobs import read, read_example, social

from opinion_warehouse.readers.coding.markup import plain_text
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.sources import Source

# row: topics, engagement, day in Can Tho
ITEMS = {
    "1": ('{"F4"}', "7", "2026-06-01"),  # entities, and a word that a tag parts
    "2": ('{"Z9"}', "7", "2026-06-01"),  # a word parted by paragraphs; comments and attributes are no text
    "3": ('{"Z9"}', "0", "2026-06-01"),  # a boost: its own text is empty
    "4": ('{"F1.1","F2"}', None, "2026-06-02"),  # no count at all
}


@pytest.mark.parametrize(
    ("source_id", "file_name", "bad", "last"),
    [
        (
            "mastodon_hashtag",
            "tag_cantho_20260602.json",
            {5: ["bad_date", "out_of_range"], 6: ["not_a_value"], 7: ["duplicate_item"]},
            "8",
        ),
        (
            "mastodon_hashtag_lines",
            "stream_20260602.jsonl",
            {
                6: ["bad_json"],
                7: ["not_an_object"],
                8: ["bad_date", "out_of_range"],
                9: ["not_a_value"],
                10: ["duplicate_item"],
                12: ["truncated_line"],
            },
            "11",
        ),
    ],
)
def test_statuses_become_items(
    tmp_path: Path, source_id: str, file_name: str, bad: dict[int, list[str]], last: str
) -> None:
    result = read_example(source_id, file_name, tmp_path)
    assert result.rejected is None
    assert result.bad == bad
    rows = result.rows["social_item"]
    assert {
        row["row_number"]: (row["topic_codes"], row["engagement_count"], row["published_date"])
        for row in rows
    } == {
        **ITEMS,
        last: ('{"F4"}', "12", "2026-06-01"),
    }
    assert {row["platform"] for row in rows} == {"mastodon"}
    for path in [*tmp_path.glob("*.csv"), tmp_path / "summary.json"]:
        assert find_canaries(path.read_bytes()) == []
    assert find_canaries((tmp_path / "delivered").read_bytes())
    copy = (tmp_path / "clean.arrow").read_bytes()
    assert b"followers" not in copy
    assert b"note" not in copy


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("không có thẻ", "không có thẻ"),
        ("<p>Gi&aacute; &#x111;iện &amp; nước</p>", "Giá điện & nước"),
        ("a<br>b<br/>c<p>d<ul><li>e<li>f</ul>", "a b c d e f"),
        ("ng<b>ậ</b>p n<span>ước</span>", "ngập nước"),
        ("<script>ngập</script><style>p{}</style><!-- x --><?php x ?>lụt", "lụt"),
        ("<p>a <!-- b --> c", "a c"),
        ('<a href="x>y" title="ngập">z</a>', "z"),
        ("2 < 3 và 5 > 4", "2 < 3 và 5 > 4"),
        ("<p>" * 5_000 + "x", "x"),
        ("<?xml version='1.0' encoding='utf-16'?><p>đ</p>", "đ"),
        ('<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/hostname">]><p>&a;</p>', "]> &a;"),
    ],
)
def test_plain_text_is_what_a_reader_sees(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_text_that_is_not_declared_html_is_read_as_it_is(tmp_path: Path) -> None:
    data = "id,at,mood,likes,url,words,author\n1,2026-06-01T10:00:00Z,Tốt,5,u,ng<b>ậ</b>p nước,a\n"
    spec = social()
    assert read(spec, data, tmp_path).rows["social_item"][0]["topic_codes"] == '{"C1"}'
    spec["social"]["text_format"] = "html"
    assert read(spec, data, tmp_path).rows["social_item"][0]["topic_codes"] == '{"F2"}'


def test_counts_are_added_up_and_each_bad_one_is_named(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["columns"]["engagement"] = ["likes", "mood"]
    spec["social"]["columns"]["sentiment"] = None
    spec["social"]["sentiment_method"] = "none"
    rows = ["5,2", "5,", ",", "x,-1"]
    data = "id,at,likes,mood,url,words,author\n" + "".join(
        f"{number},2026-06-01T10:00:00Z,{row},u,w,a\n" for number, row in enumerate(rows)
    )
    result = read(spec, data, tmp_path)
    assert [row["engagement_count"] for row in result.rows["social_item"]] == ["7", "5", None]
    assert result.bad == {5: ["not_a_number", "out_of_range"]}


def test_counts_that_stand_twice_are_refused() -> None:
    spec = social()
    spec["social"]["columns"]["engagement"] = ["likes", "likes"]
    with pytest.raises(ValidationError, match="twice"):
        Source.model_validate(spec)
