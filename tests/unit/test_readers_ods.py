"""ODS: sheets as a person sees them; what is hostile, or was never computed, is named."""

from pathlib import Path

import pytest
from reader_jobs import read, read_example, report
from report_files import HEADER, ods, ods_cell, ods_row, row, with_part, zipped

from opinion_warehouse.sample.canaries import find_canaries

SPEC = report(files={"format": "ods", "sheet": "bao_cao", "decimal": ","})
GOOD = ods_row(HEADER) + ods_row(row())


def test_example_gives_its_rows_its_followup_and_nobodys_name(tmp_path: Path) -> None:
    result = read_example("ward_reports_ods", "bao_cao_CT-UBND-31135_2026-W20_20260518.ods", tmp_path)
    assert result.rejected is None
    assert result.bad == {6: ["error_cell"], 7: ["formula_without_value"]}
    read_off = ("row_number", "unit_code", "topic_code", "tendency", "opinion_count", "recommendation_id")
    assert [tuple(item[name] for name in read_off) for item in result.rows["report_item"]] == [
        ("4", "CT-UBND-31135", "F1", "concerned", "1234", "CT-UBND-31135/2026-W20/1"),
        ("5", "CT-UBND-31135", "F1.1", "oppose", "7", None),  # the unit is merged; the topic is coded
        ("8", "CT-UBND-31135", "F1", "support", "3", None),
    ]
    assert result.rows["report"][0]["period_start"] == "2026-05-11"  # a date cell, shown as 11/05/2026
    assert result.rows["report"][0]["item_count"] == "3"
    assert [row["status"] for row in result.rows["report_followup"]] == ["resolved"]
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.csv"))
    assert not find_canaries(written)
    assert not find_canaries((tmp_path / "summary.json").read_bytes())


def test_read_ods_counts_a_merged_number_once(tmp_path: Path) -> None:
    over = 'table:number-rows-spanned="3"'
    first = row()
    first[0], first[13] = ods_cell("CT-MTTQ", over), ods_cell("12", over)
    others = row(ma_don_vi=None, so_y_kien=None)
    sheet = ods_row(HEADER) + ods_row(first) + ods_row(others) * 2
    result = read(SPEC, ods({"bao_cao": sheet}), tmp_path)
    assert result.bad == {}
    items = result.rows["report_item"]
    assert [(item["unit_code"], item["opinion_count"]) for item in items] == [
        ("CT-MTTQ", "12"),
        ("CT-MTTQ", None),
        ("CT-MTTQ", None),
    ]


def test_read_ods_blank_rows_to_the_end_of_the_sheet_are_no_rows(tmp_path: Path) -> None:
    blank = ods_row(
        [ods_cell(None, 'table:number-columns-repeated="16384"')], 'table:number-rows-repeated="1048574"'
    )
    assert len(read(SPEC, ods({"bao_cao": GOOD + blank}), tmp_path).rows["report_item"]) == 1


def test_read_ods_repeated_row_stands_as_often_as_it_says(tmp_path: Path) -> None:
    sheet = ods_row(HEADER) + ods_row(row(), 'table:number-rows-repeated="3"')
    assert len(read(SPEC, ods({"bao_cao": sheet}), tmp_path).rows["report_item"]) == 3


def test_read_ods_reads_only_the_declared_sheet(tmp_path: Path) -> None:
    data = ods({"khac": ods_row(HEADER) + ods_row(row()) * 5, "bao_cao": GOOD})
    assert len(read(SPEC, data, tmp_path).rows["report_item"]) == 1


def test_read_ods_with_two_sheets_of_the_name_refuses_it(tmp_path: Path) -> None:
    data = with_part(ods({"khac": GOOD, "bao_cao": GOOD}), "content.xml", 'name="khac"', 'name="bao_cao"')
    assert read(SPEC, data, tmp_path).rejected == "bad_archive"


def test_read_ods_error_in_a_column_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    sheet = ods_row(["STT", *HEADER]) + ods_row(["#N/A", *row()]) + ods_row(["=ROW()", *row()])
    result = read(SPEC, ods({"bao_cao": sheet}), tmp_path)
    assert (result.bad, len(result.rows["report_item"])) == ({}, 2)


ENCRYPTED = (
    '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>'
)
TEXT = "application/vnd.oasis.opendocument.text"
WIDE = ods_row([ods_cell("x", 'table:number-columns-repeated="99999999"')])


def repeated(times: str) -> bytes:
    return ods({"bao_cao": ods_row(HEADER) + ods_row(row(), f'table:number-rows-repeated="{times}"')})


DTD = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
LINK = '<table:table-source xlink:href="file:///home/x.ods"/>'
FORMULA = ods_cell("1").replace(
    "<table:table-cell", "<table:table-cell table:formula=\"of:='file:///x.ods'#$A.A1\""
)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html><table></table></html>", "wrong_format"),
        (ods({"bao_cao": GOOD})[:-200], "wrong_format"),
        (zipped({"mimetype": TEXT, "content.xml": "<x/>"}), "wrong_format"),
        (zipped({"content.xml": "<x/>"}), "wrong_format"),
        (ods({"bao_cao": GOOD}, {"mimetype": ""}), "wrong_format"),
        (ods({"khac": GOOD}), "missing_sheet"),
        (ods({"bao_cao": ""}), "empty"),
        (ods({"bao_cao": GOOD}, {"META-INF/manifest.xml": ENCRYPTED}), "encrypted"),
        (ods({"bao_cao": GOOD}, {"Basic/Standard/Module1.xml": "<x/>"}), "macros"),
        (ods({"bao_cao": GOOD}, {"Scripts/python/x.py": "x"}), "macros"),
        (ods({"bao_cao": "<script:event-listener/>" + GOOD}), "macros"),
        (ods({"bao_cao": LINK + GOOD}), "external_link"),
        (ods({"bao_cao": GOOD + ods_row([FORMULA])}), "external_link"),
        (ods({"bao_cao": GOOD}, {"styles.xml": DTD}), "xml_dtd"),
        (ods({"bao_cao": GOOD}, {"../x.xml": "x"}), "unsafe_name"),
        (ods({"bao_cao": GOOD}, {"bomb.bin": "0" * 30_000_000}), "zip_bomb"),
        (repeated("1048575"), "sparse_sheet"),
        (ods({"khac": WIDE, "bao_cao": GOOD}), "sparse_sheet"),
        (ods({"bao_cao": GOOD + "<table:table-row>"}), "bad_archive"),
        (repeated("x"), "bad_archive"),
    ],
)  # fmt: skip
def test_read_ods_that_is_hostile_refuses_it(tmp_path: Path, data: bytes, reason: str) -> None:
    assert read(SPEC, data, tmp_path).rejected == reason
