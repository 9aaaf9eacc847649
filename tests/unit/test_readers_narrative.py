"""Narrative reports: declared rules make rows, other words of opinion are set aside, the rest is prose."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from reader_jobs import read, read_example, report
from report_files import pdf

from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.sources import Source

NAME = "bc_CT-MTTQ_2026-W20_20260518.x"
RULES: dict[str, Any] = {
    "unit": {"file_name": "^bc_([A-Z-]+)_"},
    "kind": {"constant": "DK"},
    "period": {"file_name": r"_(\d{4}-W\d{2})_"},
    "headings": [
        {"pattern": "^hạ tầng", "topic": "F1"},
        {"pattern": "^kết luận", "read": "false"},
    ],
    "items": ["{scope}.* {tendency}"],
}


def spec(form: str = "docx", **rules: Any) -> dict[str, Any]:
    return report(files={"format": form}, section={"narrative": RULES | rules}, ignore_columns=[])


def document(*paragraphs: str) -> bytes:
    made, stream = docx.Document(), io.BytesIO()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    made.save(stream)
    return stream.getvalue()


READ_OFF = ("row_number", "topic_code", "scope_rank", "tendency", "recommendation_id")


def items(result: Any) -> list[tuple[Any, ...]]:
    return [tuple(item[name] for name in READ_OFF) for item in result.rows.get("report_item", [])]


@pytest.mark.parametrize(
    ("form", "first", "bad"),
    [
        ("docx", 4, {8: ["ambiguous_passage"], 9: ["ambiguous_passage"], 10: ["no_rule"]}),
        ("pdf", 3, {7: ["ambiguous_passage"], 8: ["ambiguous_passage"], 9: ["no_rule"]}),
    ],
)
def test_example_gives_the_rows_its_rules_fit_and_nobodys_name(
    tmp_path: Path, form: str, first: int, bad: dict[int, list[str]]
) -> None:
    name = f"bc_CT-UBND-31135_2026-W20_20260518.{form}"
    result = read_example(f"ward_narratives_{form}", name, tmp_path)
    assert (result.rejected, result.bad) == (None, bad)
    assert items(result) == [
        (str(first), "A", "3", "support", None),
        (str(first + 1), "A", "4", "oppose", "CT-UBND-31135/2026-W20/2"),
        (str(first + 3), "F1", "2", "concerned", None),
        (str(first + 8), "F4", "1", "unclear", None),  # no topic is given: it is coded
    ]
    report_row = result.rows["report"][0]
    assert (report_row["unit_code"], report_row["item_count"]) == ("CT-UBND-31135", "4")
    assert (report_row["period_start"], report_row["period_end"]) == ("2026-05-11", "2026-05-17")
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.csv"))
    assert not find_canaries(written)
    assert not find_canaries((tmp_path / "summary.json").read_bytes())


def test_example_no_rule_fits_is_a_report_without_rows(tmp_path: Path) -> None:
    name = "bc_CT-UBND-31120_2026-W20_20260519.docx"
    result = read_example("ward_narratives_docx", name, tmp_path)
    assert (result.rejected, result.bad, items(result)) == (None, {}, [])
    assert [row["item_count"] for row in result.rows["report"]] == ["0"]


def test_read_narrative_without_rules_keeps_the_report_and_counts_what_was_read(tmp_path: Path) -> None:
    import json

    data = document("Đa số ý kiến tán thành.", "Không có gì mới.")
    result = read(spec(items=[]), data, tmp_path, NAME)
    assert result.bad == {1: ["no_rule"]}
    assert result.rows["report"][0]["item_count"] == "0"
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["rows_good"], summary["rows_bad"], summary["rows_harmless"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("passage", "row"),
    [
        ("Đa số ý kiến tán thành.", ("1", "Z9", "3", "support", None)),
        ("TUYỆT ĐẠI ĐA SỐ  ý kiến PHẢN ĐỐI", ("1", "Z9", "4", "oppose", None)),
        ("Đa số ý kiến còn chưa rõ", ("1", "Z9", "3", "unclear", None)),
        ("Đa số tán thành; đa số cũng rất tán thành", ("1", "Z9", "3", "support", None)),
        ("Đa số ý kiến tán thành", ("1", "Z9", "3", "support", None)),
        ("Đa số ý kiến không tán thành", "ambiguous_passage"),
        ("Đa số ý kiến chưa thực sự tán thành", "ambiguous_passage"),
        ("Đa số tán thành, một số ý kiến băn khoăn", "ambiguous_passage"),
        ("Đa số ý kiến tán thành nhưng băn khoăn về giá", "ambiguous_passage"),
        ("Người dân phản đối", "no_rule"),
        ("Đa số ý kiến đồng tình", "no_rule"),
        ("Hiện tán thànhh", None),
        ("Thời tiết tốt", None),
        ("đa số " * 200_000, "long_passage"),
        ("thời tiết " * 2_000, None),
    ],
)
def test_read_narrative_passage_is_a_row_or_set_aside_or_prose(
    tmp_path: Path, passage: str, row: tuple[Any, ...] | str | None
) -> None:
    result = read(spec(), document(passage), tmp_path, NAME)
    assert items(result) == ([row] if isinstance(row, tuple) else [])
    assert result.bad == ({1: [row]} if isinstance(row, str) else {})


def test_read_narrative_declared_words_of_negation_are_words(tmp_path: Path) -> None:
    words = spec()
    words["report"]["tendencies"] = {"tán thành": "support", "không tán thành": "oppose"}
    result = read(words, document("Đa số ý kiến không tán thành"), tmp_path, NAME)
    assert items(result) == [("1", "Z9", "3", "oppose", None)]


def test_read_narrative_sections_give_topics_until_one_that_is_not_read(tmp_path: Path) -> None:
    said = "Đa số ý kiến tán thành"
    result = read(spec(), document(said, "Hạ tầng", said, "Kết luận", said, "Hạ tầng", said), tmp_path, NAME)
    assert [(row[0], row[1]) for row in items(result)] == [("1", "Z9"), ("3", "F1"), ("7", "F1")]


def test_read_narrative_named_groups_give_the_templates_fields(tmp_path: Path) -> None:
    rule = r"{scope} \((?P<opinion_count>[\d.]+)\) {tendency}: (?P<content>.+); gửi (?P<agency>.+)"
    rules = spec(items=[rule])
    rules["report"]["agencies"] = {"sở xây dựng": "CT-SXD"}
    rules["files"]["decimal"] = ","
    data = document("Đa số (1.234) băn khoăn: kẹt xe; gửi Sở Xây dựng", "Đa số (x) băn khoăn")
    result = read(rules, data, tmp_path, NAME)
    item = result.rows["report_item"][0]
    assert (item["opinion_count"], item["agency_code"], item["topic_code"]) == ("1234", "CT-SXD", "F1.1")
    assert result.bad == {2: ["no_rule"]}


def test_read_narrative_lines_after_a_break_begin_passages_of_their_own(tmp_path: Path) -> None:
    data = document("Hạ tầng\nĐa số ý kiến tán thành\nviệc mở đường\n- Một số ý kiến băn khoăn")
    assert [row[:2] for row in items(read(spec(), data, tmp_path, NAME))] == [("2", "F1"), ("3", "F1")]


def changed(xml: str) -> bytes:
    made, stream = docx.Document(), io.BytesIO()
    paragraph = made.add_paragraph("Đa số ý kiến ")
    names = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    paragraph._p.append(parse_xml(xml.replace(" ", f" {names} ", 1)))
    made.save(stream)
    return stream.getvalue()


def test_read_narrative_tracked_change_is_set_aside(tmp_path: Path) -> None:
    data = changed('<w:ins w:id="1" w:author="x"><w:r><w:t>phản đối</w:t></w:r></w:ins>')
    assert read(spec(), data, tmp_path, NAME).bad == {1: ["tracked_change"]}


def test_read_narrative_deleted_opinion_waits_to_be_accepted_too(tmp_path: Path) -> None:
    data = changed('<w:del w:id="1"><w:r><w:delText>băn khoăn</w:delText></w:r></w:del>')
    assert read(spec(), data, tmp_path, NAME).bad == {1: ["tracked_change"]}
    data = document("Không có gì mới")
    assert read(spec(), data, tmp_path, NAME).bad == {}


def looked(properties: str, text: str) -> str:
    return f"<w:r ><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


RAISED = '<w:vertAlign w:val="superscript"/>'


@pytest.mark.parametrize(
    ("properties", "text", "bad"),
    [
        ("<w:vanish/>", "phản đối", {1: ["hidden_text"]}),
        ("<w:strike/>", "phản đối", {1: ["struck_text"]}),
        ("<w:dstrike/>", "phản đối", {1: ["struck_text"]}),
        ("<w:vanish/>", "", {1: ["no_rule"]}),
        ("<w:webHidden/>", "phản đối", {}),  # the page shows it
        (RAISED, "phản đối", {}),
        ("<w:vanish w:val='0'/>", "phản đối", {}),
    ],
)
def test_read_narrative_text_that_is_hidden_or_struck_makes_no_row(
    tmp_path: Path, properties: str, text: str, bad: dict[int, list[str]]
) -> None:
    result = read(spec(), changed(looked(properties, text)), tmp_path, NAME)
    assert result.bad == bad
    assert len(items(result)) == (not bad)


def test_read_narrative_raised_digits_run_into_no_number(tmp_path: Path) -> None:
    made, stream = docx.Document(), io.BytesIO()
    for before, after in (("Đa số (55", ") tán thành"), ("Đa số (55) tán thành 100 m", "")):
        paragraph = made.add_paragraph(before)
        paragraph.add_run("2").font.superscript = True
        paragraph.add_run(after)
    made.save(stream)
    rule = r"{scope} \((?P<opinion_count>\d+)\).*{tendency}"
    result = read(spec(items=[rule]), stream.getvalue(), tmp_path, NAME)
    assert result.bad == {1: ["raised_text"]}
    assert result.rows["report_item"][0]["opinion_count"] == "55"


@pytest.mark.parametrize("heading", ["Hạ tầng", "Kết luận"])
def test_read_narrative_what_stands_under_a_hidden_heading_is_set_aside(tmp_path: Path, heading: str) -> None:
    made, stream = docx.Document(), io.BytesIO()
    made.add_paragraph().add_run(heading).font.hidden = True
    for text in ("Đa số ý kiến tán thành", "Không có gì mới", "Hạ tầng", "Đa số ý kiến tán thành"):
        made.add_paragraph(text)
    made.save(stream)
    result = read(spec(), stream.getvalue(), tmp_path, NAME)
    assert result.bad == {2: ["hidden_text"]}
    assert [row[:2] for row in items(result)] == [("5", "F1")]


def test_read_narrative_hidden_row_of_a_layout_table_makes_no_row(tmp_path: Path) -> None:
    made, stream = docx.Document(), io.BytesIO()
    table = made.add_table(2, 1)
    for row in table.rows:
        row.cells[0].text = "Đa số ý kiến tán thành"
    hidden = parse_xml('<w:hidden xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>')
    table.rows[0]._tr.get_or_add_trPr().append(hidden)
    made.save(stream)
    result = read(spec(), stream.getvalue(), tmp_path, NAME)
    assert (result.bad, [row[0] for row in items(result)]) == ({1: ["hidden_text"]}, ["2"])


def test_read_narrative_text_box_is_a_passage_and_stands_once(tmp_path: Path) -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>Đa số ý kiến tán thành</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    both = f'<mc:Choice Requires="wps">{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>'
    result = read(
        spec(), changed(f"<w:r ><mc:AlternateContent {mc}>{both}</mc:AlternateContent></w:r>"), tmp_path, NAME
    )
    assert [row[0] for row in items(result)] == ["2"]
    assert result.bad == {1: ["no_rule"]}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("baocao.docx", "bad_file_name"),
        ("bc_XX-YY_2026-W20_.docx", "unknown_unit"),
        ("bc_CT-MTTQ_2026-W60_.docx", "bad_period"),
        (NAME, None),
    ],
)
def test_read_narrative_that_its_name_does_not_place_is_refused(
    tmp_path: Path, name: str, reason: str | None
) -> None:
    assert read(spec(), document("Không có gì"), tmp_path, name).rejected == reason


def test_read_narrative_days_of_an_administrative_period_are_declared(tmp_path: Path) -> None:
    days = {"period": {"constant": "2026-05"}, "period_start": {"constant": "2026-04-15"}}
    days["period_end"] = {"file_name": r"_den_(\d{4}-\d{2}-\d{2})"}
    name = "bc_CT-MTTQ_den_2026-05-14.docx"
    row = read(spec(**days), document("x"), tmp_path, name).rows["report"][0]
    assert (row["period_code"], row["period_start"], row["period_end"]) == (
        "2026-05",
        "2026-04-15",
        "2026-05-14",
    )
    late = days | {"period_end": {"constant": "2026-04-01"}}
    assert read(spec(**late), document("x"), tmp_path, name).rejected == "bad_period"


PAGES = [["Hạ tầng", "Đa số ý kiến tán thành việc", "mở rộng đường"], ["- Một số ý kiến băn khoăn"]]
PDF = pdf(PAGES)
SCRIPT = "/OpenAction << /S /JavaScript /JS (app.alert) >>"
LOCK = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (y) /P -4 >> /ID [(a) (b)]"
NAMES = "/Names << /JavaScript << /Names [(x) << /S /JavaScript /JS (x) >>] >> >>"


def test_read_pdf_lines_go_on_until_one_begins(tmp_path: Path) -> None:
    result = read(spec("pdf"), PDF, tmp_path, NAME)
    assert [row[:4] for row in items(result)] == [("2", "F1", "3", "support"), ("3", "F1", "1", "concerned")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html></html>", "wrong_format"),
        (document("x"), "wrong_format"),
        (PDF[:200], "bad_pdf"),
        (PDF[: len(PDF) // 2], "bad_pdf"),
        (PDF[:-40], "bad_pdf"),
        (PDF.replace(b"/Count 2", b"/Count 3"), "bad_pdf"),
        (PDF.replace(b"/Kids [10 0 R 12 0 R]", b"/Kids [10 0 R  2 0 R]"), "bad_pdf"),
        (PDF.replace(b"trailer <<", b"trailer << " + LOCK), "encrypted"),
        (pdf(PAGES, catalog=SCRIPT), "macros"),
        (pdf(PAGES, catalog=NAMES), "macros"),
        (pdf(PAGES, catalog="/OpenAction << /S /Launch /F (x) >>"), "macros"),
        (pdf([[]], image=True), "no_text_layer"),
        (pdf([["Đa số"], []], image=True), "no_text_layer"),
        (pdf([[]]), "no_text_layer"),
        (pdf(PAGES, has_map=False), "unreadable_text"),
        (pdf([["x"]] * 501), "too_many_pages"),
    ],
)  # fmt: skip
def test_read_pdf_that_is_hostile_or_a_picture_refuses_it(tmp_path: Path, data: bytes, reason: str) -> None:
    assert read(spec("pdf"), data, tmp_path, NAME).rejected == reason


OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_000)


def test_read_doc_without_libreoffice_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read(spec("doc"), OLD_WORD, tmp_path, NAME).rejected == "libreoffice_missing"
    assert read(spec("doc"), document("x"), tmp_path, NAME).rejected == "wrong_format"


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_read_doc_by_libreoffice_gives_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "made.docx"
    path.write_bytes(document("Hạ tầng", "Đa số ý kiến tán thành"))
    command = ["soffice", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless"]
    subprocess.run([*command, "--convert-to", "doc", "--outdir", str(tmp_path), str(path)], check=True)
    result = read(spec("doc"), path.with_suffix(".doc").read_bytes(), tmp_path, NAME)
    assert [row[:4] for row in items(result)] == [("2", "F1", "3", "support")]
    assert read(spec("doc"), OLD_WORD, tmp_path, NAME).rejected == "bad_archive"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"files": {"format": "pdf"}, "report": {}}, "needs `report.narrative`"),
        ({"files": {"format": "csv"}}, "docx, pdf or doc"),
        ({"report": {"narrative": RULES | {"items": ["{scope}"]}}}, "needs `{tendency}`"),
        ({"report": {"narrative": RULES | {"items": ["(?P<unit>x){tendency}"]}}}, "has a group 'unit'"),
        ({"report": {"narrative": RULES | {"items": ["({tendency}"]}}}, "no regular expression"),
        ({"report": {"narrative": RULES | {"kind": {}}}}, "either `file_name` or `constant`"),
        ({"report": {"narrative": RULES, "columns": {"unit": "x"}}}, "has no table"),
    ],
)
def test_spec_of_a_narrative_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Source.model_validate(spec() | change)
