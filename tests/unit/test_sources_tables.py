"""Specs of tables: what `files`, the headers and the maps of a social source refuse, and with which words."""

import re
from pathlib import Path

import pytest

from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import check_sources, load_source
from opinion_warehouse.sources.social import Span

SPEC = """\
id: a_social
family: social
title: {vi: A, en: A}
owner: desk
licence: none
provenance: here
files: {format: csv}
ignore_columns: [author]
social:
  columns: {item_id: id, published_at: [day, hour], topic: tags, place: land, sentiment: tone}
  date_format: "%d/%m/%Y %H:%M"
  platform: facebook
  query: q
  sentiment_method: vendor
  topics: {Giá: C1}
  places: {VM: VN}
  sentiment_bands: {negative: {below: 0}, positive: {low: 0}}
  other_headers:
    - {name: old, columns: {item_id: [url, day], published_at: day}, date_format: "%d/%m/%Y"}
  queries:
    - {code: q, label: {vi: Q, en: Q}, topic: C1}
"""
NAMED = "ignore_columns: [author]"
OLD = '{name: old, columns: {item_id: [url, day], published_at: day}, date_format: "%d/%m/%Y"}'


def errors(folder: Path, text: str) -> list[str]:
    (folder / "social").mkdir(exist_ok=True)
    (folder / "social" / "a_social.yml").write_text(text, encoding="utf-8")
    return [f"{error.key}: {error.message}" for error in check_sources(folder)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("files: {format: csv}", "files: {format: csv, header_has: [day]}"),
        ("files: {format: csv}", "files: {format: xlsx, sheet: s, header_row: 4}"),
        (NAMED, 'ignore_columns: [author, "X *", "Twitter*", "*Author"]'),
        ("topics: {Giá: C1}", 'topics: {"Giá, phí": C1}\n  topics_separator: "|"\n  unmapped_topics: none'),
        ("places: {VM: VN}", "places: {VM: VN}\n  unmapped_places: none\n  date_zone: UTC"),
        ("sentiment_bands: {negative: {below: 0}, positive: {low: 0}}", 'sentiment_separator: ","'),
    ],
)
def test_spec_that_is_right_is_taken(tmp_path: Path, old: str, new: str) -> None:
    assert old in SPEC
    assert errors(tmp_path, SPEC) == []
    assert errors(tmp_path, SPEC.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("format: csv", "format: csv, header_row: 2, header_has: [id]", "give one of `header_row`"),
        ("format: csv", "format: csv, header_has: [id], column_names: gdelt_gkg", "give one of `header_row`"),
        ("format: csv", "format: csv, column_names: gdelt", "write gdelt_events, gdelt_mentions, gdelt_gkg"),
        ("format: csv", "format: csv, column_names: [id, id]", "stands twice in `column_names`"),
        ("format: csv", 'format: csv, header_has: [id, " "]', "holds a blank name"),
        (
            "format: csv",
            "format: parquet, encoding: cp1258",
            "`encoding` is for csv, sav, dta, triple_s, not",
        ),
        (
            "format: csv",
            "format: xlsx, sheet: s, delimiter: ';'",
            "`delimiter` is for csv, triple_s, not for xlsx",
        ),
        ("format: csv", "format: sav, layout: qualtrics", "`layout` is for csv, xlsx, ods, not for sav"),
        ("format: csv", "format: jsonl, records: data", "`records` is for json, not for jsonl"),
        ("format: csv", "format: xlsx, sheet: s, quoting: none", "`quoting` is for csv"),
        ("format: csv", "format: csv, header_has: [Id]", "neither read nor in `ignore_columns`"),
        ("format: csv", "format: csv, header_has: [id]", "neither read nor in `ignore_columns` of 'old'"),
        ("format: csv", "format: csv, column_names: [id, day]", "are told apart by a header"),
        (NAMED, 'ignore_columns: ["*"]', "leaves out almost any column"),
        (NAMED, 'ignore_columns: ["* a*", "e*"]', "'e*' leaves out almost any column"),
        (NAMED, "ignore_columns: [tags]", "is read and stands in `ignore_columns`"),
        (NAMED, "ignore_columns: [url]", "is read and stands in `ignore_columns`"),
        (NAMED, "ignore_columns: [url, hour]", "is read and stands in `ignore_columns`"),
        ("item_id: id", "item_id: []", "at least 1 item"),
        ("[day, hour]", "[day, day]", "stands twice in `published_at`"),
        ("topic: tags, ", "", "`topics` needs `columns.topic`"),
        ("place: land, ", "", "`places` needs `columns.place`"),
        (", sentiment: tone", "", "`sentiment_bands` needs `columns.sentiment`"),
        ("sentiment_method: vendor", "sentiment_method: none", "needs `sentiment_method`"),
        ("{Giá: C1}", '{"Giá, phí": C1}', "holds a mark that parts the tags"),
        ("{Giá: C1}", "{Giá: C77}", "'C77' is not known"),
        ("{VM: VN}", "{VM: ATLANTIS}", "'ATLANTIS' is not known"),
        ("topics: {Giá: C1}", "unmapped_topics: none", "`unmapped_topics` is about what `topics`"),
        ("places: {VM: VN}", "unmapped_places: none", "`unmapped_places` is about what `places`"),
        ("{below: 0}", "{high: 0}", "hold the same number"),
        ("{below: 0}", "{}", "needs an end"),
        ("{below: 0}", "{below: 0, high: 0}", "one of each"),
        ("{below: 0}", "{low: 2, high: 1}", "holds no number"),
        ("{below: 0}", "{above: -1, below: -1}", "holds no number"),
        ("platform: facebook", "platform: facebook\n  date_zone: Mars", "is no time zone"),
        (OLD, OLD.replace("name: old", "name: old, query: r"), "`query` 'r' is none of `queries`"),
        (OLD, OLD.replace("name: old", "name: old, platform: fb"), "platform 'fb' is not known"),
        (
            OLD,
            OLD.replace("day}", "day, platform: site}").replace("name: old", "name: old, platform: x"),
            "give `platform` or `columns.platform`",
        ),
        (OLD, OLD + "\n    - " + OLD, "stands twice in `other_headers`"),
        (
            OLD,
            OLD.replace("[url, day]", "[id, day]").replace(
                "name: old", "name: old, ignore_columns: [hour, tags, land, tone]"
            ),
            "a file could have both headers",
        ),
    ],
)
def test_spec_that_is_wrong_is_refused_in_clear_words(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SPEC
    found = errors(tmp_path, SPEC.replace(old, new, 1))
    assert any(words in error for error in found), found


def test_column_names_must_hold_what_is_read_and_leave_the_rest_out(tmp_path: Path) -> None:
    text = SPEC[: SPEC.index("  other_headers")] + SPEC[SPEC.index("  queries") :]
    names = "[id, day, hour, tags, land, tone, author]"
    whole = text.replace("format: csv", f"format: csv, column_names: {names}")
    assert "remove `ignore_columns`" in errors(tmp_path, whole)[0]
    assert errors(tmp_path, whole.replace(NAMED + "\n", "")) == []
    assert (
        "'tone' is none of `files.column_names`"
        in errors(tmp_path, whole.replace(NAMED + "\n", "").replace("land, tone, a", "land, a"))[0]
    )


def test_column_names_of_gdelt_are_as_many_as_its_files_have() -> None:
    for source_id, count, last in (
        ("gdelt_events", 61, "SOURCEURL"),
        ("gdelt_mentions", 16, "Extras"),
        ("gdelt_gkg", 27, "Extras"),
    ):
        names = load_source(PROJECT / "sources" / "_examples" / f"{source_id}.yml").files.column_names
        assert (len(names), len(set(names)), names[-1]) == (count, count, last)


@pytest.mark.parametrize(
    ("one", "two", "meets"),
    [
        ({"high": 0}, {"low": 0}, True),
        ({"below": 0}, {"low": 0}, False),
        ({"high": 0}, {"above": 0}, False),
        ({"below": 1}, {"above": 0}, True),
        ({"low": 0, "high": 5}, {"low": 2, "high": 3}, True),
        ({"low": 0, "high": 1}, {"low": 2}, False),
    ],
)
def test_span_meets_another_where_a_number_lies_in_both(
    one: dict[str, float], two: dict[str, float], meets: bool
) -> None:
    assert Span(**one).meets(Span(**two)) is meets
    assert Span(**two).meets(Span(**one)) is meets


def test_other_header_of_the_guide_fits_into_its_social_spec(tmp_path: Path) -> None:
    guide = (PROJECT / "docs" / "social.md").read_text(encoding="utf-8")
    (spec,) = re.findall(r"<!-- file: my_sources/social/\S+ -->\n```yaml\n(.*?)```", guide, re.DOTALL)
    (part,) = re.findall(r"^```\n(social:\n  other_headers.*?)```", guide, re.DOTALL | re.MULTILINE)
    (tmp_path / "social").mkdir()
    path = tmp_path / "social" / "vendor_export.yml"
    path.write_text(spec + part.removeprefix("social:\n"), encoding="utf-8")
    assert [str(error) for error in check_sources(tmp_path)] == []
    assert [header.name for header in load_source(path).headers] == ["columns", "before 2024"]
