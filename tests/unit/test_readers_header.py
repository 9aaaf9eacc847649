"""Headers: found by their headings, absent, or one of several; and what a wrong file is told."""

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from reader_jobs import Read, read, social

HEADER = "id,at,mood,likes,url,words,author\n"
GOOD = "1,2026-06-01T10:00:00Z,Tốt,5,https://a.vn/x,giá điện tăng,Nguyễn Văn A\n"
HAS = {"header_has": ["id", "words"]}


def rows(result: Read) -> list[str]:
    return [row["row_number"] for row in result.rows["social_item"]]


def workbook(*lines: str) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for line in lines:
        page.append([cell or None for cell in line.rstrip("\n").split(",")])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("before", "row"),
    [
        ("", "2"),
        ("Report,weekly\n\n", "4"),
        ('Query:,"a" OR "b"\n', "3"),  # no CSV: the quote closes too early
        ('Query:,"never closed\n', "3"),
        ("id\nwords\n", "4"),  # one of the headings alone is no header
        ("\n" * 99, "101"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_header_is_found_by_its_headings_whatever_stands_before_it(
    tmp_path: Path, before: str, row: str, ending: str
) -> None:
    data = (before + HEADER + GOOD).replace("\n", ending)
    result = read(social(files=HAS), data, tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    assert rows(result) == [row]


def test_header_with_a_line_end_in_a_heading_is_found(tmp_path: Path) -> None:
    spec = social(files={"header_has": ["id", "words", "so\ncalled"]})
    spec["ignore_columns"].append("so\ncalled")
    data = "Report\n" + HEADER.replace("id,", '"so\ncalled",id,') + "x," + GOOD
    assert rows(read(spec, data, tmp_path)) == ["3"]


@pytest.mark.parametrize("before", ["\n" * 100, HEADER.replace("id", "ID"), "words,id\n" + GOOD])
def test_header_that_is_not_there_once_refuses_the_file(tmp_path: Path, before: str) -> None:
    data = before + (HEADER if "ID" not in before else "") + GOOD
    result = read(social(files=HAS), data, tmp_path)
    assert result.rejected == "no_header"
    assert "id, words" in result.detail
    assert "Nguyễn" not in result.detail


def test_header_that_stands_again_further_down_is_a_bad_row(tmp_path: Path) -> None:
    result = read(social(files=HAS), "Report\n" + HEADER + GOOD + HEADER, tmp_path)
    assert result.bad == {4: ["duplicate_header_row"]}


def test_header_is_found_in_another_encoding_and_the_wrong_one_is_said(tmp_path: Path) -> None:
    data = ("Report\n" + HEADER + GOOD).encode("utf-16")
    assert rows(read(social(files=HAS | {"encoding": "utf-16"}), data, tmp_path)) == ["3"]
    assert read(social(files=HAS), data, tmp_path).rejected == "encoding"
    ascii_only = ("Report\n" + HEADER).encode("utf-16-le")
    assert read(social(files=HAS), ascii_only, tmp_path).rejected == "nul_byte"


@pytest.mark.parametrize(
    ("lines", "rejected"),
    [
        (("Report,weekly", "", HEADER, GOOD), None),
        (("Report,weekly", GOOD), "no_header"),
        ((*["x"] * 100, HEADER, GOOD), "no_header"),
        (("words,id", HEADER, GOOD), "no_header"),
    ],
)
def test_header_of_a_sheet_is_found_by_its_headings(
    tmp_path: Path, lines: tuple[str, ...], rejected: str | None
) -> None:
    spec = social(files=HAS | {"format": "xlsx", "sheet": "Sheet"})
    result = read(spec, workbook(*lines), tmp_path)
    assert result.rejected == rejected
    assert rejected or rows(result) == ["4"]


NAMES = ["id", "at", "mood", "likes", "url", "words", "author"]


def nameless(**files: Any) -> dict[str, Any]:
    spec = social(files={"column_names": NAMES} | files)
    spec["ignore_columns"] = []
    return spec


def test_table_without_header_is_read_by_position(tmp_path: Path) -> None:
    result = read(nameless(), GOOD + GOOD.replace("1,", "2,", 1) + "3,x\n", tmp_path)
    assert rows(result) == ["1", "2"]
    assert result.bad == {3: ["row_too_short"]}


def test_sheet_without_header_is_read_by_position(tmp_path: Path) -> None:
    result = read(nameless(format="xlsx", sheet="Sheet"), workbook(GOOD, GOOD.rstrip() + ",more"), tmp_path)
    assert rows(result) == ["1"]
    assert result.bad == {2: ["row_too_long"]}


@pytest.mark.parametrize("words", ['"', '"open', 'a "b" c', 'close"', '""', "'", "\\"])
def test_cell_without_quoting_keeps_every_quote_and_loses_no_row(tmp_path: Path, words: str) -> None:
    data = "".join(GOOD.replace("giá điện tăng", words).replace("1,", f"{n},", 1) for n in range(1, 4))
    result = read(nameless(quoting="none"), data, tmp_path)
    assert (rows(result), result.bad) == (["1", "2", "3"], {})


def test_cell_that_is_too_large_without_quoting_spoils_its_row_only(tmp_path: Path) -> None:
    data = GOOD + GOOD.replace("1,", "2,", 1).replace("Nguyễn", "x" * 70_000)
    result = read(nameless(quoting="none"), data, tmp_path)
    assert (rows(result), result.bad) == (["1"], {2: ["cell_too_large"]})


def two_headers() -> dict[str, Any]:
    spec = social()
    spec["social"]["other_headers"] = [
        {
            "name": "short",
            "columns": {"item_id": ["link", "day"], "published_at": ["day", "hour"]},
            "date_format": "%d/%m/%Y %H:%M",
            "ignore_columns": ["text"],
        }
    ]
    return spec


def test_other_header_has_its_own_columns_and_date_format(tmp_path: Path) -> None:
    assert rows(read(two_headers(), HEADER + GOOD, tmp_path)) == ["2"]
    result = read(two_headers(), "link,day,hour,text\nl,03/06/2026,7:30,t\nl,04/06/2026,7:30,t\n", tmp_path)
    assert [row["published_at"] for row in result.rows["social_item"]] == [
        "2026-06-03T00:30:00.000000+00:00",
        "2026-06-04T00:30:00.000000+00:00",
    ]
    assert {row["sentiment"] for row in result.rows["social_item"]} == {"unknown"}


def test_other_header_is_found_below_other_lines_too(tmp_path: Path) -> None:
    spec = two_headers()
    spec["files"]["header_row"] = 3
    result = read(spec, "Report\n\nlink,day,hour,text\nl,03/06/2026,7:30,t\n", tmp_path)
    assert rows(result) == ["4"]


@pytest.mark.parametrize(
    ("header", "reason", "words"),
    [
        ("link,day,hour,text,more", "unknown_column", "not in the spec: more"),
        ("link,day,text", "missing_column", "not in the file: hour"),
        ("a,b,c", "no_header", "none of the spec's columns"),
    ],
)
def test_header_that_is_none_of_several_is_told_the_difference_to_the_nearest(
    tmp_path: Path, header: str, reason: str, words: str
) -> None:
    result = read(two_headers(), header + "\n1,2,3,4,5\n", tmp_path)
    assert result.rejected == reason
    assert words in result.detail
    assert "nearest of the spec's 2 headers: short" in result.detail


def test_id_of_several_columns_tells_its_parts_apart(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["columns"] |= {"item_id": ["id", "words"], "text": []}
    cells = [("a", "bc"), ("ab", "c"), ("a", ""), ("a", "bc"), ("", "a")]
    data = HEADER + "".join(f"{one},2026-06-01T10:00:00Z,Tốt,5,u,{two},x\n" for one, two in cells)
    result = read(spec, data, tmp_path)
    assert result.bad == {2: ["duplicate_item"], 6: ["missing_value"]}
    assert len({row["item_key"] for row in result.rows["social_item"]}) == 3


def test_id_that_no_row_has_sets_every_row_aside(tmp_path: Path) -> None:
    result = read(social(), HEADER + GOOD.replace("1,", ",", 1) * 2, tmp_path)
    assert result.bad == {2: ["missing_value"], 3: ["missing_value"]}


def test_id_of_one_column_listed_has_the_key_it_has_unlisted(tmp_path: Path) -> None:
    listed = social()
    listed["social"]["columns"]["item_id"] = ["id"]
    keys = [
        read(spec, HEADER + GOOD, tmp_path).rows["social_item"][0]["item_key"] for spec in (social(), listed)
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("cell", "sentiment"),
    [
        ("-1", "negative"),
        ("-0.99", "neutral"),
        ("0", "neutral"),
        ("1", "positive"),
        ("1e0", "positive"),
        ("Tốt", "positive"),
        ("", "unknown"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"5 sao": "positive"}])  # read in bulk, and cell by cell
@pytest.mark.parametrize("tail", ["", " |9|x"])
def test_sentiment_of_a_number_on_the_edge_of_its_band(
    tmp_path: Path, cell: str, sentiment: str, more: dict[str, str], tail: str
) -> None:
    spec = social()
    spec["social"]["sentiments"] |= more
    spec["social"]["sentiment_separator"] = "|"
    spec["social"]["sentiment_bands"] = {
        "negative": {"high": -1},
        "neutral": {"above": -1, "below": 1},
        "positive": {"low": 1},
    }
    result = read(spec, HEADER + GOOD.replace("Tốt", cell + tail), tmp_path)
    assert [row["sentiment"] for row in result.rows["social_item"]] == [sentiment]


def test_sentiment_that_is_called_a_word_is_no_number(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["sentiments"]["0"] = "unknown"
    spec["social"]["sentiment_bands"] = {"neutral": {"low": 0, "high": 0}, "positive": {"above": 0}}
    data = HEADER + GOOD.replace("Tốt", "0") + GOOD.replace("1,", "2,", 1).replace("Tốt", "0.0")
    assert [row["sentiment"] for row in read(spec, data, tmp_path).rows["social_item"]] == [
        "unknown",
        "neutral",
    ]


def test_place_of_a_map_is_no_code_that_looks_alike(tmp_path: Path) -> None:
    """US stands in the reference data; a map that does not name it does not mean it."""
    spec = social()
    spec["social"]["columns"]["place"] = "words"
    spec["social"]["places"] = {"VM": "VN"}
    data = HEADER + "".join(
        GOOD.replace("giá điện tăng", cell).replace("1,", f"{cell},", 1) for cell in ("VM", "US")
    )
    result = read(spec, data, tmp_path)
    assert [row["place_code"] for row in result.rows["social_item"]] == ["VN"]
    assert result.bad == {3: ["unknown_place"]}


def test_topics_without_a_map_are_codes_of_the_reference_data(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["columns"] |= {"topic": "words", "text": []}
    data = (
        HEADER
        + GOOD.replace("giá điện tăng", "F1| C1;F1")
        + GOOD.replace("giá điện tăng", "Q9").replace("1", "2", 1)
    )
    result = read(spec, data, tmp_path)
    assert [row["topic_codes"] for row in result.rows["social_item"]] == ['{"C1","F1"}']
    assert result.bad == {3: ["unknown_topic"]}


def test_time_without_offset_is_in_the_date_zone_and_the_day_in_the_time_zone(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["date_zone"] = "UTC"
    item = read(spec, HEADER + GOOD.replace("10:00:00Z", "20:00:00"), tmp_path).rows["social_item"][0]
    assert (item["published_at"], item["published_date"]) == (
        "2026-06-01T20:00:00.000000+00:00",
        "2026-06-02",
    )
