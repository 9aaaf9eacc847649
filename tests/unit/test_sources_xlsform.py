"""XLSForm: a made form with groups, a repeat and both languages → questions as the exports name them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from opinion_warehouse.sources.structure import StructureInvalid, StructureOption, StructureQuestion
from opinion_warehouse.sources.xlsform import read_xlsform

SURVEY = [
    ["type", "name", "label::Tiếng Việt (vi)", "label::English", "hint::English", "relevant"],
    ["start", "start", None, None, None, None],
    ["deviceid", "deviceid", None, None, None, None],
    ["note", "hello", "Xin chào", "Hello", None, None],
    ["begin_group", "issues", "Vấn đề", "Issues", None, None],
    ["select_one yes_no", "trust", "<b>Tin&nbsp;tưởng</b> chính quyền?", "Do you trust?", "hint", None],
    ["begin group", "inner", None, None, None, None],
    ["select_multiple problems or_other", "problems", "Vấn đề gì?", "Which problems?", None, "${trust}='1'"],
    ["end group", None, None, None, None, None],
    ["integer", "trips", "Số chuyến", None, None, None],
    ["end_group", None, None, None, None, None],
    [None, None, None, None, None, None],
    ["begin repeat", "member", None, None, None, None],
    ["text", "name", "Họ tên", "Name", None, None],
    ["integer", "trips", "Số chuyến", "Trips", None, None],
    ["end repeat", None, None, None, None, None],
    ["geopoint", "location", None, None, None, None],
    ["date", "day", "Ngày", "Day", None, None],
    ["rank problems", "order", "Xếp hạng", "Rank", None, None],
    ["select_one_from_file wards.csv", "ward", "Phường", "Ward", None, None],
    ["select one from missing_list", "gone", "Không có", "Gone", None, None],
]
CHOICES = [
    ["list name", "name", "label::Tiếng Việt (vi)", "label::English", "filter"],
    ["yes_no", 1.0, "Có", "Yes", None],
    ["yes_no", 0, "Không", "No", None],
    ["problems", "flood", "Ngập nước", "Flooding", "a"],
    ["problems", "flood", "Ngập nước", "Flooding", "b"],
    ["problems", "waste", "Rác thải", "Waste", "a"],
]
SETTINGS = [["form_title", "form_id", "default_language"], ["Khảo sát phường", "ward", "Tiếng Việt (vi)"]]


def form(path: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_form_gives_questions_as_the_exports_name_them(tmp_path: Path) -> None:
    path = form(tmp_path / "form.xlsx", survey=SURVEY, choices=CHOICES, settings=SETTINGS)
    structure = read_xlsform(path)
    assert structure.title == {"vi": "Khảo sát phường"}
    assert structure.languages == ("vi", "en")
    by_id = {question.id: question for question in structure.questions}
    assert [(each.id, each.kind, each.column) for each in structure.questions] == [
        ("start", "other", "start"),
        ("deviceid", "other", "deviceid"),
        ("trust", "single", "issues/trust"),
        ("problems", "multiple", "issues/inner/problems"),
        ("issues_trips", "numeric", "issues/trips"),
        ("name", "text", "member/name"),
        ("member_trips", "numeric", "member/trips"),
        ("location", "other", "location"),
        ("day", "date", "day"),
        ("order", "other", "order"),
        ("ward", "single", "ward"),
        ("gone", "single", "gone"),
    ]
    assert by_id["trust"] == StructureQuestion(
        id="trust",
        kind="single",
        wording={"vi": "Tin tưởng chính quyền?", "en": "Do you trust?"},
        tool_type="select_one yes_no",
        column="issues/trust",
        options=(
            StructureOption("1", {"vi": "Có", "en": "Yes"}),
            StructureOption("0", {"vi": "Không", "en": "No"}),
        ),
    )
    problems = by_id["problems"]
    assert [(option.code, option.column) for option in problems.options] == [
        ("flood", "issues/inner/problems/flood"),
        ("waste", "issues/inner/problems/waste"),
        ("other", "issues/inner/problems/other"),
    ]
    assert (problems.separator, problems.other, problems.text_columns) == (
        " ",
        "other",
        ("issues/inner/problems_other",),
    )
    assert by_id["deviceid"].text_columns == ("deviceid",)
    assert structure.notes == (
        "member: its questions are repeated; read them by files.repeat",
        "ward: its options stand in another file or sheet and were not taken over",
        "gone: the sheet choices has no list missing_list",
    )


def test_form_in_capitals_with_one_unnamed_language_is_read(tmp_path: Path) -> None:
    path = form(
        tmp_path / "form.xlsx",
        SURVEY=[["TYPE", "NAME", "LABEL"], ["Select_One  a", "q1", "Q"]],
        Choices=[["LIST_NAME", "VALUE", "LABEL"], ["a", "1", "One"]],
    )
    structure = read_xlsform(path)
    assert structure.languages == ("und",)
    assert structure.questions[0].options == (StructureOption("1", {"und": "One"}),)


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * 60_000_000)
    return buffer.getvalue()


def with_entity(path: Path) -> bytes:
    """A form whose sheet declares an entity."""
    form(path, survey=SURVEY)
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(buffer, "w") as target:
        for member in source.namelist():
            data = source.read(member)
            if member == "xl/worksheets/sheet1.xml":
                data = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>' + data
            target.writestr(member, data)
    return buffer.getvalue()


def test_what_is_no_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    for data in (b"", b"no workbook", bomb(), with_entity(tmp_path / "other.xlsx")):
        path.write_bytes(data)
        with pytest.raises(StructureInvalid):
            read_xlsform(path)
    with pytest.raises(StructureInvalid, match="survey"):
        read_xlsform(form(path, data=[["a"], [1]]))
