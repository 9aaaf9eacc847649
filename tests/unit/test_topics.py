"""Topic rules: whole words, the longest keyword counts, exclusions, and the version that coded a file."""

import time

import polars as pl
import pytest
from reader_jobs import SEEDS

from opinion_warehouse.readers.coding.topics import TopicCoder
from opinion_warehouse.reference import TopicRule, read_reference

RULES = [
    TopicRule("F1", "giao thông", "1"),
    TopicRule("A2", "tai nạn giao thông", "1"),
    TopicRule("F4", "điện", "1"),
    TopicRule("C1", "giá điện", "1"),
    TopicRule("C1", "giá điện nước", "1"),
    TopicRule("F2", "ngập", "2"),
    TopicRule("", "ngập tràn", "2"),
    TopicRule("", "không phải giá điện", "2"),
    TopicRule("B5", "thủ tục hành chính", "1"),
    TopicRule("B3", "hành chính công", "1"),
    TopicRule("D1", "y tế", "1"),
    TopicRule("D6", "y tế", "1"),
]


def codes(*texts: str | None, rules: list[TopicRule] = RULES) -> list[str]:
    found, which = TopicCoder(rules).code([pl.Series([text], dtype=pl.String) for text in texts])
    return found[which[0]]


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("Kẹt giao thông", ["F1"]),
        ("Tai nạn giao thông ở cầu", ["A2"]),
        ("Tai nạn giao thông làm kẹt giao thông", ["A2", "F1"]),
        ("giá điện", ["C1"]),
        ("giá điện nước, cúp điện", ["C1", "F4"]),
        ("giá điện nước", ["C1"]),
        ("NGẬP sâu", ["F2"]),
        ("ngập tràn niềm vui", []),
        ("ngập tràn niềm vui mà vẫn ngập", ["F2"]),
        ("không phải giá điện", []),
        ("không phải giá điện, mà giá điện nước", ["C1"]),
        ("thủ tục hành chính công", ["B3", "B5"]),  # they overlap, and neither is the other's part
        ("y tế", ["D1", "D6"]),
        ("điệnn", []),
        ("giaothông", []),
        ("#giao_thông", ["F1"]),
        ("giao-thông", ["F1"]),
        ("giao\u00a0 thông", ["F1"]),
        ("ngập giao thông điện", ["F1", "F2", "F4"]),  # neighbours share the space between them
        ("", []),
        (None, []),
    ],
)
def test_the_longest_keyword_at_a_place_counts(text: str | None, topics: list[str]) -> None:
    assert codes(text) == topics


def test_columns_count_together() -> None:
    assert codes("Ngập", None, "y tế") == ["D1", "D6", "F2"]
    assert codes("tai nạn giao thông", "giao thông") == ["A2", "F1"]


def test_tone_marks_may_stand_where_they_like() -> None:
    rules = [TopicRule("C3", "thuỷ lợi", "1"), TopicRule("F1", "qúa tải", "1")]
    assert codes("Thủy lợi", rules=rules) == ["C3"]
    assert codes("QUÁ TẢI", rules=rules) == ["F1"]


def test_the_version_names_the_rules() -> None:
    version = TopicCoder(RULES).version
    assert version.startswith("2-") and TopicCoder(RULES[::-1]).version == version
    assert TopicCoder([*RULES, TopicRule("F4", "nước", "2")]).version != version
    assert TopicCoder([]).version.startswith("0-")


def test_the_shipped_rules_code_a_hundred_thousand_short_texts_a_second() -> None:
    """A tenth of what was measured, so that only a wrong way of doing it fails."""
    coder = TopicCoder(read_reference(SEEDS).topic_rules)
    texts = pl.Series([f"Đường trước nhà số {at} ngập sâu, rác thải trôi khắp nơi" for at in range(50_000)])
    coder.code([texts.head(10)])
    start = time.perf_counter()
    found, which = coder.code([texts])
    assert found == [["F2", "F3"]] and which.len() == 50_000
    assert 50_000 / (time.perf_counter() - start) > 30_000
