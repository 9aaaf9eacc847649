"""Exports of monitoring vendors, by their sample specs: which items come out, and what is set aside why."""

import csv
import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from reader_jobs import FIXTURES, PROJECT, Read, read, read_example

from opinion_warehouse.readers import parts
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.sources import load_source

BRANDWATCH = "mentions_2026-06-01.csv"
EVENTS = "20260601171500.export.CSV.zip"
MENTIONS = "20260601171500.mentions.CSV.zip"
GKG = "20260601171500.gkg.csv.zip"


def spec(source_id: str) -> dict[str, Any]:
    return load_source(PROJECT / "sources" / "_examples" / f"{source_id}.yml").model_dump(mode="json")


def items(result: Read, *names: str) -> dict[int, tuple[Any, ...]]:
    """Row number → some columns."""
    return {int(row["row_number"]): tuple(row[name] for name in names) for row in result.rows["social_item"]}


@pytest.mark.parametrize(
    ("source_id", "file"),
    [
        ("brandwatch_mentions", BRANDWATCH),
        ("meltwater_mentions", "export_2021.csv"),
        ("meltwater_mentions", "export_2026.csv"),
        ("talkwalker_mentions", "results_2026-06.csv"),
        ("gdelt_events", EVENTS),
        ("gdelt_mentions", MENTIONS),
        ("gdelt_gkg", GKG),
    ],
)
def test_vendor_export_leaves_the_planted_person_behind(tmp_path: Path, source_id: str, file: str) -> None:
    planted = (FIXTURES / source_id / file).read_bytes()
    if file.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(planted)) as archive:
            planted = archive.read(archive.namelist()[0])
    text = planted.decode("utf-16" if source_id == "meltwater_mentions" else "utf-8")
    assert find_canaries(text), "the fixture has no person planted"
    result = read_example(source_id, file, tmp_path)
    assert result.rows["social_item"]
    assert not find_canaries(result.detail)
    written = parts.finished(tmp_path)
    assert {table for table, _ in written} == {"social_item", "quarantine"}
    for path in [*(path for _, path in written), tmp_path / "summary.json"]:
        assert not find_canaries(path.read_bytes())


def test_brandwatch_finds_the_header_below_lines_that_are_no_csv(tmp_path: Path) -> None:
    result = read_example("brandwatch_mentions", BRANDWATCH, tmp_path)
    assert items(result, "published_date", "platform", "query_code", "sentiment", "topic_codes") == {
        9: ("2026-06-01", "news", "2003141501", "negative", '{"F4"}'),
        10: ("2026-06-02", "facebook", "2003141501", "negative", '{"F4"}'),
        12: ("2026-06-02", "mastodon", "2003141501", "neutral", '{"F2","F2.1"}'),
        16: ("2026-06-03", "x", "2003141502", "positive", '{"F2"}'),
    }
    assert result.bad == {
        11: ["duplicate_item"],
        13: ["bad_date"],
        14: ["missing_value", "unknown_code"],
        15: ["unknown_query"],
    }


def test_brandwatch_workbook_reads_as_its_csv_does(tmp_path: Path) -> None:
    text = (FIXTURES / "brandwatch_mentions" / BRANDWATCH).read_text(encoding="utf-8-sig")
    table = text[text.index("Query Id,Query Name") :]
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Mentions"
    page.append(["Report:", "Mentions"])
    page.append([])
    for row in csv.reader(io.StringIO(table)):
        cells: list[Any] = list(row)
        if cells[2] == "2026-06-01 17:00:00.0":
            cells[2] = datetime(2026, 6, 1)  # noqa: DTZ001  (a date cell at midnight has no time in it)
        page.append(cells)
    stream = io.BytesIO()
    book.save(stream)
    source = spec("brandwatch_mentions")
    source["files"] |= {"format": "xlsx", "sheet": "Mentions"}
    result = read(source, stream.getvalue(), tmp_path)
    assert items(result, "published_at", "platform") == {
        4: ("2026-06-01T16:59:59.000000+00:00", "news"),
        5: ("2026-06-01T00:00:00.000000+00:00", "facebook"),
        7: ("2026-06-02T02:00:00.000000+00:00", "mastodon"),
        11: ("2026-06-03T01:00:00.000000+00:00", "x"),
    }
    assert sorted(result.bad) == [6, 8, 9, 10]


def test_brandwatch_new_column_of_a_named_family_is_left_out_and_any_other_is_seen(tmp_path: Path) -> None:
    data = (FIXTURES / "brandwatch_mentions" / BRANDWATCH).read_text(encoding="utf-8-sig")
    family = read(spec("brandwatch_mentions"), data.replace("Facebook Likes", "Facebook Cheers"), tmp_path)
    assert (family.rejected, len(family.rows["social_item"])) == (None, 4)
    other = read(spec("brandwatch_mentions"), data.replace("Facebook Likes", "Author Age"), tmp_path)
    assert other.rejected == "unknown_column"
    assert "Author Age" in other.detail


def test_meltwater_each_generation_of_the_header_has_its_own_columns(tmp_path: Path) -> None:
    old = read_example("meltwater_mentions", "export_2021.csv", tmp_path)
    assert items(old, "published_at", "platform", "query_code", "sentiment", "engagement_count") == {
        2: ("2026-06-01T02:30:00.000000+00:00", "news", "gia_dien", "negative", "1234"),
        4: ("2026-06-01T16:30:00.000000+00:00", "news", "ngap", "unknown", None),
        5: ("2026-06-01T02:30:00.000000+00:00", "news", "gia_dien", "positive", None),
    }
    # two hits in one document at one time are two items; the same hit again is the same item
    assert old.bad == {3: ["duplicate_item"], 6: ["missing_value"], 7: ["bad_date"]}
    new = read_example("meltwater_mentions", "export_2026.csv", tmp_path)
    assert items(new, "published_date", "platform", "sentiment", "topic_codes") == {
        2: ("2026-06-01", "news", "negative", '{"F4"}'),
        3: ("2026-06-02", "facebook", "unknown", '{"F1.1"}'),
    }
    assert new.bad == {4: ["bad_date"], 5: ["missing_value"], 6: ["damaged_id"]}


@pytest.mark.parametrize(
    ("file", "old", "new", "reason", "words"),
    [
        ("export_2021.csv", "Headline", "Heading", "unknown_column", "before Document ID"),
        ("export_2026.csv", "Document ID", "Doc ID", "unknown_column", "columns"),
        ("export_2026.csv", "Author Name", "Title", "duplicate_header", ""),
        ("export_2026.csv", "\tViews", "\t", "blank_header", ""),
    ],
)
def test_meltwater_header_that_fits_neither_is_refused_with_the_nearest(
    tmp_path: Path, file: str, old: str, new: str, reason: str, words: str
) -> None:
    text = (FIXTURES / "meltwater_mentions" / file).read_bytes().decode("utf-16")
    result = read(spec("meltwater_mentions"), text.replace(old, new, 1).encode("utf-16"), tmp_path)
    assert result.rejected == reason
    assert words in result.detail
    if reason == "unknown_column":
        assert new in result.detail
        assert f"not in the file: {old}" in result.detail


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK\x03\x04" + b"x" * 100, "wrong_format"),
        (b"", "empty"),
        (b"Date,Time\n1,2\n", "encoding|no_header"),
        ("Date\tTime\n".encode("utf-16") + b"\x00\xd8\x00", "encoding"),
        ("Da\0te\tTime\n".encode("utf-16"), "nul_byte"),
        ('"Date\tTime\n'.encode("utf-16"), "unbalanced_quote"),
        ("\ufeff".encode("utf-16"), "empty|no_header"),
    ],
)
def test_meltwater_file_that_has_no_readable_header_is_refused(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    assert read(spec("meltwater_mentions"), data, tmp_path).rejected in reason.split("|")


def test_meltwater_workbook_with_date_and_time_cells_is_read(tmp_path: Path) -> None:
    text = (FIXTURES / "meltwater_mentions" / "export_2026.csv").read_bytes().decode("utf-16")
    rows: list[list[Any]] = [list(row) for row in csv.reader(io.StringIO(text), delimiter="\t")]
    moment = datetime(2026, 6, 1, 9, 5)  # noqa: DTZ001
    rows[1][:2] = [moment.date(), moment.time()]
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    source = spec("meltwater_mentions")
    source["files"] = {"format": "xlsx", "sheet": "Sheet"}
    result = read(source, stream.getvalue(), tmp_path)
    assert items(result, "published_at")[2] == ("2026-06-01T02:05:00.000000+00:00",)
    assert sorted(items(result, "published_at")) == [2, 3]


def test_file_of_just_as_many_rows_as_the_tool_exports_is_refused(tmp_path: Path) -> None:
    data = (FIXTURES / "meltwater_mentions" / "export_2026.csv").read_bytes()
    source = spec("meltwater_mentions")
    source["files"]["row_cap"] = 5
    assert read(source, data, tmp_path).rejected == "cut_at_cap"
    source["files"]["row_cap"] = 4
    assert read(source, data, tmp_path).rejected is None


def test_talkwalker_tags_places_and_numbers_are_mapped_as_declared(tmp_path: Path) -> None:
    result = read_example("talkwalker_mentions", "results_2026-06.csv", tmp_path)
    names = ("published_date", "platform", "topic_codes", "place_code", "sentiment", "engagement_count")
    assert items(result, *names) == {
        2: ("2026-06-01", "news", '{"C1","F2"}', "VN", "negative", "12"),
        3: ("2026-06-02", "news", '{"Z9"}', None, "neutral", None),
        4: ("2026-06-02", "facebook", '{"F1.1"}', None, "positive", None),
        5: ("2026-06-02", "blog", '{"Z9"}', "VN", "positive", None),
    }
    assert result.bad == {6: ["out_of_range"], 7: ["bad_date"], 8: ["unknown_code"], 9: ["unknown_code"]}


def test_talkwalker_tags_and_places_nobody_maps_can_be_set_aside_instead(tmp_path: Path) -> None:
    source = spec("talkwalker_mentions")
    source["social"] |= {"unmapped_topics": "quarantine", "unmapped_places": "quarantine"}
    data = (FIXTURES / "talkwalker_mentions" / "results_2026-06.csv").read_bytes()
    result = read(source, data, tmp_path)
    assert {row: result.bad[row] for row in (2, 3)} == {
        2: ["unknown_topic"],
        3: ["unknown_topic", "unknown_place"],
    }


def test_gdelt_events_without_header_and_quotes_are_read_by_position(tmp_path: Path) -> None:
    result = read_example("gdelt_events", EVENTS, tmp_path)
    assert items(result, "published_at", "published_date", "topic_codes", "place_code", "sentiment") == {
        1: ("2026-06-01T16:45:00.000000+00:00", "2026-06-01", '{"A2"}', "VN", "negative"),
        2: ("2026-06-01T17:00:00.000000+00:00", "2026-06-02", '{"B6"}', "US", "neutral"),
        3: ("2026-06-01T17:00:00.000000+00:00", "2026-06-02", '{"Z9"}', None, "positive"),
        6: ("2026-06-01T17:15:00.000000+00:00", "2026-06-02", '{"B6"}', None, "unknown"),
    }
    assert result.bad == {4: ["bad_date"], 5: ["row_too_short"]}


def test_gdelt_mentions_are_told_apart_by_event_and_document(tmp_path: Path) -> None:
    result = read_example("gdelt_mentions", MENTIONS, tmp_path)
    assert items(result, "platform", "sentiment") == {
        2: ("news", "negative"),
        3: ("other", "positive"),
        5: ("news", "neutral"),
    }
    assert result.bad == {1: ["duplicate_item"], 4: ["missing_value"]}


def test_gdelt_graph_takes_the_tone_of_seven_numbers_and_the_themes_that_count(tmp_path: Path) -> None:
    result = read_example("gdelt_gkg", GKG, tmp_path)
    assert items(result, "topic_codes", "sentiment") == {
        1: ('{"C3","F2"}', "negative"),
        2: ('{"Z9"}', "neutral"),
        3: ('{"Z9"}', "positive"),
    }
    assert result.bad == {4: ["unknown_code"], 5: ["cell_too_large"]}


@pytest.mark.parametrize("other", ["gdelt_mentions", "gdelt_gkg"])
def test_gdelt_file_of_another_table_has_no_good_row(tmp_path: Path, other: str) -> None:
    file = next((FIXTURES / other).iterdir())
    result = read(spec("gdelt_events"), file.read_bytes(), tmp_path)
    assert set(map(tuple, result.bad.values())) == {("row_too_short",)}
    assert "social_item" not in result.rows


def test_gdelt_file_that_has_a_header_sets_it_aside(tmp_path: Path) -> None:
    source = spec("gdelt_mentions")
    source["files"] |= {"compression": "none"}
    names = source["files"]["column_names"]
    row = ["7", "20260601164500", "20260601170000", "1", "s", "https://tin.example/a", *[""] * 10]
    data = "\t".join(names) + "\n" + "\t".join(row) + "\n"
    result = read(source, data, tmp_path)
    assert result.bad == {1: ["duplicate_header_row"]}
    assert len(result.rows["social_item"]) == 1


@pytest.mark.parametrize("file", [EVENTS, MENTIONS, GKG])
def test_gdelt_archive_with_any_byte_changed_is_read_or_refused(tmp_path: Path, file: str) -> None:
    path = next(FIXTURES.glob(f"gdelt_*/{file}"))
    data, source = path.read_bytes(), spec(path.parent.name)
    rejected = set()
    for at in range(len(data) - 120, len(data)):  # the archive's directory is its end
        flipped = bytearray(data)
        flipped[at] ^= 0xFF
        rejected.add(read(source, bytes(flipped), tmp_path).rejected)
    assert "bad_archive" in rejected
    assert rejected <= {None, "bad_archive", "wrong_format", "encrypted", "unsafe_name", "zip_bomb", "empty"}
