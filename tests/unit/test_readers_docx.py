"""DOCX tables: the one whose headings the spec names, merged cells and all; what Word hides is named."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import parse_xml
from reader_jobs import read, read_example, report
from report_files import FOLLOWUP, HEADER, row, with_part, zipped

from opinion_warehouse.sample.canaries import find_canaries

SPEC = report(files={"format": "docx", "decimal": ","})
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
COUNT = HEADER.index("so_y_kien")
CONTENT = HEADER.index("noi_dung")


def add_table(document: Any, rows: list[list[Any]]) -> Any:
    table = document.add_table(len(rows), len(rows[0]))
    for line, cells in zip(table.rows, rows, strict=True):
        for cell, value in zip(line.cells, cells, strict=True):
            cell.text = value or ""
    return table


def saved(document: Any) -> bytes:
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def made(rows: list[list[Any]], change: Callable[[Any, Any], Any] = lambda document, table: None) -> bytes:
    """A document with one table, changed by hand."""
    document = docx.Document()
    document.add_paragraph("Báo cáo tuần")
    change(document, add_table(document, rows))
    return saved(document)


GOOD = made([HEADER, row()])


def test_example_gives_its_rows_its_followup_and_nobodys_name(tmp_path: Path) -> None:
    result = read_example("ward_reports_docx", "bao_cao_CT-UBND-31135_2026-W20_20260518.docx", tmp_path)
    assert result.rejected is None
    assert result.bad == {4: ["tracked_change"], 5: ["nested_table"]}
    read_off = ("row_number", "unit_code", "topic_code", "opinion_count", "recommendation_id")
    assert [tuple(item[name] for name in read_off) for item in result.rows["report_item"]] == [
        ("2", "CT-UBND-31135", "F1", "1234", "CT-UBND-31135/2026-W20/1"),
        ("3", "CT-UBND-31135", "F1.1", None, None),  # the unit and the number are merged with those above
        ("6", "CT-UBND-31135", "F1", "3", None),
    ]
    assert result.rows["report"][0]["submitted_at"] == "2026-05-17T17:00:00+00:00"
    assert [row["recommendation_id"] for row in result.rows["report_followup"]] == [
        "CT-UBND-31135/2026-W19/1"
    ]
    written = b"".join(path.read_bytes() for path in tmp_path.glob("*.csv"))
    assert not find_canaries(written)
    assert not find_canaries((tmp_path / "summary.json").read_bytes())


def insertion(document: Any, table: Any) -> None:
    text = f'<w:ins {W} w:id="1" w:author="x"><w:r><w:t>3</w:t></w:r></w:ins>'
    table.cell(1, COUNT).paragraphs[0]._p.append(parse_xml(text))


def deletion(document: Any, table: Any) -> None:
    text = f'<w:del {W} w:id="1" w:author="x"><w:r><w:delText>3</w:delText></w:r></w:del>'
    table.cell(1, COUNT).paragraphs[0]._p.append(parse_xml(text))


def deleted_row(document: Any, table: Any) -> None:
    table.rows[1]._tr.get_or_add_trPr().append(parse_xml(f'<w:del {W} w:id="1" w:author="x"/>'))


def text_box(document: Any, table: Any) -> None:
    inner = "<w:txbxContent><w:p><w:r><w:t>3</w:t></w:r></w:p></w:txbxContent>"
    shape = f'<v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textbox>{inner}</v:textbox></v:shape>'
    box = f"<w:r {W}><w:pict>{shape}</w:pict></w:r>"
    table.cell(1, COUNT).paragraphs[0]._p.append(parse_xml(box))


def nested(document: Any, table: Any) -> None:
    table.cell(1, COUNT).add_table(1, 1).cell(0, 0).text = "3"


def merged_across(document: Any, table: Any) -> None:
    table.cell(1, COUNT).merge(table.cell(1, COUNT + 1))


def split(document: Any, table: Any) -> None:
    table.cell(0, COUNT)._tc.get_or_add_tcPr()
    first = table.cell(1, COUNT)._tc
    first.addnext(parse_xml(f"<w:tc {W}><w:p><w:r><w:t>3</w:t></w:r></w:p></w:tc>"))


def run(text: str, properties: str) -> Callable[[Any, Any], None]:
    """Adds a run of these properties to the count."""

    def change(document: Any, table: Any) -> None:
        made = f"<w:r {W}><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"
        table.cell(1, COUNT).paragraphs[0]._p.append(parse_xml(made))

    return change


def styled(properties: str, kind: str, own: str = "") -> Callable[[Any, Any], None]:
    """Adds a run whose character or paragraph style is based on one of these properties."""

    def change(document: Any, table: Any) -> None:
        for name, more in (("base", f"<w:rPr>{properties}</w:rPr>"), ("own", '<w:basedOn w:val="base"/>')):
            start = f'<w:style {W} w:type="{kind}" w:styleId="{name}">'
            style = parse_xml(f'{start}<w:name w:val="{name}"/>{more}</w:style>')
            document.styles.element.append(style)
        run("9", own if kind == "paragraph" else f'<w:rStyle w:val="own"/>{own}')(document, table)
        if kind == "paragraph":
            below = parse_xml(f'<w:pPr {W}><w:pStyle w:val="own"/></w:pPr>')
            table.cell(1, COUNT).paragraphs[0]._p.insert(0, below)

    return change


def of_all_text(document: Any, table: Any) -> None:
    defaults = document.styles.element.find(".//{*}docDefaults/{*}rPrDefault/{*}rPr")
    defaults.append(parse_xml(f"<w:strike {W}/>"))


def hidden_row(document: Any, table: Any) -> None:
    table.rows[1]._tr.get_or_add_trPr().append(parse_xml(f"<w:hidden {W}/>"))


def formula(document: Any, table: Any) -> None:
    m = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    parts = "".join(f"<m:{each}><m:r><m:t>1</m:t></m:r></m:{each}>" for each in ("num", "den"))
    table.cell(1, COUNT).paragraphs[0]._p.append(parse_xml(f"<m:oMath {m}><m:f>{parts}</m:f></m:oMath>"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (run("99", "<w:vanish/>"), "hidden_text"),
        (run("40", "<w:strike/>"), "struck_text"),
        (run("40", '<w:dstrike w:val="1"/>'), "struck_text"),
        (run("1", '<w:vertAlign w:val="superscript"/>'), "raised_text"),
        (run("1", '<w:vertAlign w:val="subscript"/>'), "raised_text"),
        (formula, "raised_text"),
        (styled("<w:vanish/>", "character"), "hidden_text"),
        (styled("<w:strike/>", "paragraph"), "struck_text"),
        (styled("<w:strike/>", "character", '<w:strike w:val="0"/><w:vanish/>'), "hidden_text"),
        (hidden_row, "hidden_text"),
        (insertion, "tracked_change"),
        (deletion, "tracked_change"),
        (deleted_row, "tracked_change"),
        (text_box, "text_box"),
        (nested, "nested_table"),
        (merged_across, "merged_across"),
    ],
)
def test_read_docx_cell_that_is_not_what_it_shows_is_set_aside(
    tmp_path: Path, change: Callable[[Any, Any], Any], reason: str
) -> None:
    result = read(SPEC, made([HEADER, row(), row()], change), tmp_path)
    assert result.bad[2][0] == reason
    assert [item["row_number"] for item in result.rows["report_item"]] == ["3"]


@pytest.mark.parametrize(
    "change",
    [
        run("", "<w:vanish/>"),
        run(" ", "<w:strike/>"),
        run("9", '<w:vanish w:val="0"/><w:strike w:val="false"/><w:vertAlign w:val="baseline"/>'),
        run("9", "<w:b/><w:u w:val='single'/>"),
        styled("<w:strike/>", "character", '<w:strike w:val="off"/>'),
    ],
)
def test_read_docx_run_that_is_shown_as_it_is_does_no_harm(
    tmp_path: Path, change: Callable[[Any, Any], Any]
) -> None:
    result = read(SPEC, made([HEADER, row(), row()], change), tmp_path)
    assert result.bad == {}
    assert result.rows["report_item"][0]["opinion_count"] in ("12", "129")


def test_read_docx_whose_every_run_is_struck_by_default_has_no_good_row(tmp_path: Path) -> None:
    result = read(SPEC, made([HEADER, row()], of_all_text), tmp_path)
    assert set(result.bad[2]) == {"struck_text"}


def test_read_docx_hidden_row_is_counted_and_a_blank_one_is_none(tmp_path: Path) -> None:
    for cells, bad in ((row(), {2}), ([""] * len(HEADER), set())):
        result = read(SPEC, made([HEADER, cells, row()], hidden_row), tmp_path)
        assert (set(result.bad), len(result.rows["report_item"])) == (bad, 1)


def test_read_docx_hidden_text_in_a_column_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    def change(document: Any, table: Any) -> None:
        hidden = parse_xml(f"<w:r {W}><w:rPr><w:vanish/></w:rPr><w:t>9</w:t></w:r>")
        table.cell(1, 0).paragraphs[0]._p.append(hidden)

    result = read(SPEC, made([["STT", *HEADER], ["1", *row()]], change), tmp_path)
    assert (result.bad, len(result.rows["report_item"])) == ({}, 1)


def test_read_docx_change_in_a_column_that_is_not_read_does_no_harm(tmp_path: Path) -> None:
    def change(document: Any, table: Any) -> None:
        text = f'<w:ins {W} w:id="1"><w:r><w:t>3</w:t></w:r></w:ins>'
        table.cell(1, 0).paragraphs[0]._p.append(parse_xml(text))

    result = read(SPEC, made([["STT", *HEADER], ["1", *row()]], change), tmp_path)
    assert (result.bad, len(result.rows["report_item"])) == ({}, 1)


def test_read_docx_row_with_a_cell_too_many_is_set_aside(tmp_path: Path) -> None:
    result = read(SPEC, made([HEADER, row(), row()], split), tmp_path)
    assert list(result.bad) == [2]
    assert len(result.rows["report_item"]) == 1


def test_read_docx_text_of_content_controls_and_hyperlinks_is_read(tmp_path: Path) -> None:
    def change(document: Any, table: Any) -> None:
        paragraph = table.cell(1, HEADER.index("khuynh_huong")).paragraphs[0]._p
        for run in list(paragraph):
            paragraph.remove(run)
        runs = "<w:r><w:t>Phản</w:t></w:r><w:r><w:t xml:space='preserve'> đối</w:t></w:r>"
        control = f"<w:sdt {W}><w:sdtContent>{runs}</w:sdtContent></w:sdt>"
        paragraph.append(parse_xml(control))

    assert read(SPEC, made([HEADER, row()], change), tmp_path).rows["report_item"][0]["tendency"] == "oppose"


def test_read_docx_finds_the_table_among_others_and_inside_one(tmp_path: Path) -> None:
    document = docx.Document()
    add_table(document, [["ỦY BAN", "CỘNG HÒA"]])
    outer = document.add_table(1, 1)
    inner = outer.cell(0, 0).add_table(2, len(HEADER))
    for number, cells in enumerate([HEADER, row()]):
        for cell, value in zip(inner.rows[number].cells, cells, strict=True):
            cell.text = value
    result = read(SPEC, saved(document), tmp_path)
    assert (result.rejected, len(result.rows["report_item"])) == (None, 1)


def test_read_docx_header_row_is_the_tables_row(tmp_path: Path) -> None:
    title = ["Biểu 1", *[""] * (len(HEADER) - 1)]

    def change(document: Any, table: Any) -> None:
        table.cell(0, 0).merge(table.cell(0, len(HEADER) - 1))

    spec = report(files={"format": "docx", "header_row": 2})
    result = read(spec, made([title, HEADER, row()], change), tmp_path)
    assert [item["row_number"] for item in result.rows["report_item"]] == ["3"]


def test_read_docx_without_a_followup_table_has_none(tmp_path: Path) -> None:
    spec = report(files={"format": "docx"}, section={"followup": {}})
    assert "report_followup" not in read(spec, GOOD, tmp_path).rows

    def change(document: Any, table: Any) -> None:
        add_table(
            document, [FOLLOWUP, ["CT-MTTQ/2026-W19/1", "2026-05-12", "Tiếp nhận", ""], ["x y", "", "", ""]]
        )

    result = read(spec, made([HEADER, row()], change), tmp_path)
    assert [each["status"] for each in result.rows["report_followup"]] == ["received"]
    assert result.bad == {3: ["unknown_code", "missing_value", "missing_value"]}


def twice(document: Any, table: Any) -> None:
    add_table(document, [HEADER, row()])


DTD = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
REL = f'<Relationship Id="r99" Type="{KIND}{{}}" Target="http://vidu.example/x" TargetMode="External"/>'


def related(kind: str) -> bytes:
    return with_part(
        GOOD, "word/_rels/document.xml.rels", "</Relationships>", REL.format(kind) + "</Relationships>"
    )


MAIN = "wordprocessingml.document.main+xml"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{\\rtf1 x}", "wrong_format"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "wrong_format"),
        (GOOD[:-300], "wrong_format"),
        (with_part(GOOD, "[Content_Types].xml", MAIN, "spreadsheetml.sheet.main+xml"), "wrong_format"),
        (with_part(GOOD, "[Content_Types].xml", MAIN, "ms-word.document.macroEnabled.main+xml"), "macros"),
        (zipped({"word/vbaProject.bin": b"x"}, GOOD), "macros"),
        (zipped({"customXml/x.xml": DTD}, GOOD), "xml_dtd"),
        (with_part(GOOD, "word/document.xml", "<w:document", "<!DOCTYPE w><w:document"), "xml_dtd"),
        (zipped({"../x": "x"}, GOOD), "unsafe_name"),
        (zipped({"word/more.docx": "x"}, GOOD), "unsafe_name"),
        (related("attachedTemplate"), "external_link"),
        (related("image"), "external_link"),
        (related("hyperlink"), None),
        (with_part(GOOD, "word/document.xml", "<w:sectPr", "<w:altChunk/><w:sectPr"), "wrong_format"),
        (with_part(GOOD, "word/document.xml", "<w:body>", "<w:body><w:p>"), "bad_archive"),
        (made([["a", "b"], ["1", "2"]]), "no_header"),
        (made([[*HEADER, "luong"], [*row(), "1"]]), "unknown_column"),
        (made([HEADER[:-1], row()[:-1]]), "missing_column"),
        (made([HEADER, row()], twice), "several_tables"),
        (made([HEADER]), "empty"),
    ],
)  # fmt: skip
def test_read_docx_that_is_hostile_or_another_refuses_it(tmp_path: Path, data: bytes, reason: str) -> None:
    assert read(SPEC, data, tmp_path).rejected == reason
