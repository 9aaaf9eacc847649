"""Drafts of other files: encodings, doubtful dates, structures, people's data, hostile bytes."""

import csv
import gzip
import io
import json
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest
from draft_jobs import filled, rows_read, save
from reader_jobs import FIXTURES, SEEDS, workbook
from test_readers_docx import add_table, saved
from test_sources_limesurvey import answer, lss, question, sub, words
from test_sources_xlsform import form
from typer.testing import CliRunner

from opinion_warehouse.cli import app
from opinion_warehouse.drafting import Draft, DraftFailed, draft
from opinion_warehouse.sample.canaries import CCCD, EMAIL, HANDLE, INVITATION, IP, NAME, PHONE, find_canaries
from opinion_warehouse.sources import Source, load_source
from opinion_warehouse.sources.document import Document
from opinion_warehouse.sources.load import check_sources

REPORT = (
    "ma_don_vi,loai_bao_cao,ky_bao_cao,tu_ngay,den_ngay,ma_dia_ban,linh_vuc,ma_chu_de,noi_dung,pham_vi,"
    "khuynh_huong,cuong_do,nguon,so_y_kien,kien_nghi,co_quan_de_xuat,muc_do_khan\n"
)


def made(folder: Path, data: bytes | str, name: str = "file.csv", **options: Any) -> Draft:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return draft(path, SEEDS, **options)


def values(drafted: Draft, folder: Path) -> dict[str, Any]:
    document = Document(save(drafted, folder))
    assert not document.errors
    return dict(document.values)


def with_marks_apart(text: str) -> str:
    """As cp1258 has it: a vowel, then its tone mark."""
    marks = "\u0300\u0301\u0303\u0309\u0323"
    parts = [unicodedata.normalize("NFD", char) for char in text]
    bases = [unicodedata.normalize("NFC", "".join(c for c in part if c not in marks)) for part in parts]
    tones = ["".join(c for c in part if c in marks) for part in parts]
    return "".join(base + tone for base, tone in zip(bases, tones, strict=True))


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [
        *((encoding, ";") for encoding in ("utf-8", "utf-16", "utf-16-le", "tcvn3", "vni", "cp1258")),
        *(("utf-8", delimiter) for delimiter in (",", "\t", "|")),
    ],
)
def test_draft_of_text_names_its_encoding_and_delimiter(
    encoding: str, delimiter: str, tmp_path: Path
) -> None:
    answers = ["Đồng ý", "Không đồng ý", "Khó trả lời", "Rất hài lòng với chính quyền phường"]
    rows = [["ma phieu", "gioi tinh", "cau hoi", "ghi chu"]]
    rows += [[str(number), str(number % 2 + 1), answers[number % 4], "được"] for number in range(40)]
    text = "\n".join(delimiter.join(row) for row in rows) + "\n"
    text = with_marks_apart(text) if encoding == "cp1258" else text
    files = values(made(tmp_path, text.encode(encoding)), tmp_path)["files"]
    assert (files["encoding"], files["delimiter"]) == (encoding, delimiter)


def test_draft_with_dates_that_read_either_way_is_left_invalid_there(tmp_path: Path) -> None:
    rows = "".join(f"{n},0{n}/0{n + 1}/2026,news,tốt,https://a.example/{n}\n" for n in range(1, 8))
    drafted = made(tmp_path, "id,published,platform,sentiment,url\n" + rows, family="social")
    line = next(line for line in drafted.text.splitlines() if "date_format" in line)
    assert "%d/%m/%Y or %m/%d/%Y" in line
    assert "TODO" in line
    saved = save(drafted, tmp_path)
    at = drafted.text.splitlines().index(line) + 1
    assert [error.key for error in check_sources(tmp_path) if error.line == at] == ["social.date_format"]
    assert saved.exists()


def test_draft_of_counts_by_what_its_cells_do_not_tell_is_left_invalid_there(tmp_path: Path) -> None:
    rows = "".join(
        f'{{"day": "2026-06-0{day}", "count": {day}, "series": "{name}"}}\n'
        for day in range(1, 8)
        for name in ("Cầu mới", "Chợ nổi")
    )
    drafted = made(tmp_path, rows, "counts.jsonl")
    save(drafted, tmp_path)
    lines = drafted.text.splitlines()
    [line] = [line for line in lines if line.startswith("    by: series   # TODO")]
    assert lines.index(line) + 1 in [error.line for error in check_sources(tmp_path)]


def test_draft_of_words_in_two_cases_maps_them_once(tmp_path: Path) -> None:
    moods = ["positive", "Positive", "NEGATIVE", "negative"]
    rows = "".join(f"{n},2026-03-1{n},{moods[n % 4]},https://a.example/{n}\n" for n in range(8))
    spec = values(made(tmp_path, "id,published,sentiment,url\n" + rows, family="social"), tmp_path)
    assert sorted(map(str.lower, spec["social"]["sentiments"])) == ["negative", "positive"]


def test_draft_with_one_day_above_twelve_proposes_the_form(tmp_path: Path) -> None:
    rows = "".join(f"{n},{n}/3/2026,news,tốt,https://a.example/{n}\n" for n in range(9, 15))
    drafted = made(tmp_path, "id,published,platform,sentiment,url\n" + rows, family="social")
    assert values(drafted, tmp_path)["social"]["date_format"] == "%d/%m/%Y"


def test_draft_of_the_template_lacks_only_what_no_file_says(tmp_path: Path) -> None:
    row = "CT-UBND-31135,DK,2026-W20,2026-05-11,2026-05-17,31135,x,F1,y,Đa số,Băn khoăn,3,Hội nghị,4,,,Khẩn\n"
    drafted = made(tmp_path, REPORT + row)
    saved = save(drafted, tmp_path)
    keys = {error.key for error in check_sources(tmp_path)}
    assert keys == {"title.vi", "title.en", "owner", "licence", "provenance"}
    for key in ("vi", "en", "owner", "licence", "provenance"):
        saved.write_text(saved.read_text().replace(f"{key}:   #", f"{key}: chữ   #"))
    assert check_sources(tmp_path) == []
    assert rows_read(load_source(saved).model_dump(mode="json"), tmp_path / "file.csv", tmp_path / "own") == 1


def test_draft_of_other_headings_and_words_maps_them(tmp_path: Path) -> None:
    heading = "Đơn vị,Loại báo cáo,Kỳ báo cáo,Từ ngày,Đến ngày,Chủ đề,Nội dung,Phạm vi,Thái độ,Người lập\n"
    row = f"CT-UBND-31135,định kỳ,2026-W20,11/05/2026,17/05/2026,F1,x,Phần lớn,Đồng tình,{NAME}\n"
    drafted = made(tmp_path, heading + row * 2)
    assert find_canaries(drafted.text) == []
    spec = values(drafted, tmp_path)
    assert spec["report"]["columns"]["unit"] == "Đơn vị"
    assert spec["report"]["columns"]["tendency"] == "Thái độ"
    assert spec["report"]["columns"]["urgency"] is None
    assert spec["report"]["date_format"] == "%d/%m/%Y"
    assert spec["report"]["tendencies"]["Đồng tình"] == "support"
    assert spec["report"]["scopes"]["Phần lớn"] == "3"
    assert spec["ignore_columns"] == ["Người lập"]
    Source.model_validate(filled(spec))


def test_draft_with_a_limesurvey_structure_has_its_wordings_and_labels(tmp_path: Path) -> None:
    structure = tmp_path / "survey.lss"
    structure.write_text(
        lss(
            questions=[question(1, "L", other="Y"), question(2, "M", 2, other="Y"), question(5, "N", 5)],
            question_l10ns=[
                *words("qid", "question", 1, "Phường đi đúng hướng?", "Is the ward on track?"),
                *words("qid", "question", 2, "Trạm cần gì?", "What does the stop need?"),
                *words("qid", "question", 3, "Mái che", "Shade"),
                *words("qid", "question", 4, "Ghế", "Seats"),
                *words("qid", "question", 5, "Số chuyến", "Trips"),
            ],
            subquestions=[sub(3, 2, "SQ001", 0), sub(4, 2, "SQ002", 1)],
            answers=[answer(1, 1, "A1"), answer(2, 1, "A2", 1), answer(3, 1, "A9", 2)],
            answer_l10ns=[
                *words("aid", "answer", 1, "Đúng", "Yes, it is"),
                *words("aid", "answer", 2, "Chưa", "Not yet"),
                *words("aid", "answer", 3, "Khó trả lời", "Hard to say"),
            ],
        )
    )
    data = next((FIXTURES / "limesurvey_results").iterdir())
    drafted = draft(data, SEEDS, structure=structure)
    assert find_canaries(drafted.text) == []
    spec = values(drafted, tmp_path)
    asked = {each["id"]: each for each in spec["survey"]["questions"]}
    assert asked["q1"]["wording"] == {"vi": "Phường đi đúng hướng?", "en": "Is the ward on track?"}
    assert [each["code"] for each in asked["q1"]["options"]] == ["A1", "A2", "A9", "-oth-"]
    assert asked["q1"]["options"][2]["missing"] == "dont_know"
    assert asked["q2"]["columns"] == {"SQ001": "Q2[SQ001]", "SQ002": "Q2[SQ002]", "other": "Q2[other]"}
    assert asked["q2"]["other"] == "other"
    assert asked["q2"]["options"][0]["label"] == {"vi": "Mái che", "en": "Shade"}
    assert asked["q5"]["kind"] == "numeric"
    assert "Q1[other]" in spec["ignore_columns"]


def test_draft_with_an_xlsform_has_its_wordings_and_leaves_its_texts_out(tmp_path: Path) -> None:
    structure = form(
        tmp_path / "form.xlsx",
        survey=[
            ["type", "name", "label::Tiếng Việt (vi)", "label::English (en)"],
            ["begin group", "issues", None, None],
            ["select_one trust", "trust", "Có tin không?", "Do you trust?"],
            ["select_multiple problems", "problems", "Vấn đề gì?", "Which problems?"],
            ["integer", "trips", "Số chuyến", "Trips"],
            ["text", "comment", "Ý kiến", "Comment"],
            ["integer", "children", "Số con", "Children"],
            ["select_one_from_file wards.csv", "ward", "Phường", "Ward"],
            ["end group", None, None, None],
        ],
        choices=[
            ["list_name", "name", "label::Tiếng Việt (vi)", "label::English (en)"],
            *(["trust", code, vi, en] for code, vi, en in (("yes", "Có", "Yes"), ("no", "Không", "No"))),
            *(["problems", code, code, code] for code in ("flood", "waste", "noise", "light")),
        ],
    )
    data = next((FIXTURES / "kobo_ward_csv").iterdir())
    drafted = draft(data, SEEDS, structure=structure)
    said = " ".join(drafted.text.replace("#", " ").split())
    assert "not in this file: children, ward" in said
    assert "ward: its options stand in another file" in said
    spec = values(drafted, tmp_path)
    asked = {each["id"]: each for each in spec["survey"]["questions"]}
    assert asked["trust"]["wording"] == {"vi": "Có tin không?", "en": "Do you trust?"}
    assert asked["problems"]["columns"]["flood"] == "issues/problems/flood"
    assert asked["problems"]["ticked"] == "1"
    assert asked["trips"]["kind"] == "numeric"
    assert {"issues/comment", "issues/problems"} <= set(spec["ignore_columns"])


@pytest.mark.parametrize("has_header", [True, False])
def test_draft_shows_no_person_of_a_file_without_header_or_telling_headings(
    has_header: bool, tmp_path: Path
) -> None:
    people = [NAME, PHONE, CCCD, EMAIL, HANDLE, IP, INVITATION]
    header = [["a1", "b1", "c1", "d1", "e1", "f1", "g1", "ý kiến", "q"]] if has_header else []
    rows = [[*people, f"Tôi là {NAME}", str(number % 3)] for number in range(20)]
    text = "\n".join(",".join(row) for row in header + rows)
    drafted = made(tmp_path, text, family="survey")
    assert find_canaries(drafted.text) == []
    spec = values(drafted, tmp_path)
    assert ("column_names" in spec["files"]) is not has_header


@pytest.mark.parametrize("cell", ["1780300000000", "https://a.example/1", "2026-03-03T09:00:00+07:00"])
def test_draft_takes_a_row_that_holds_a_datum_for_no_header(cell: str, tmp_path: Path) -> None:
    drafted = made(tmp_path, f"yes,{cell},{HANDLE},x,y\n" * 9, family="survey")
    assert find_canaries(drafted.text) == []
    assert "column_names" in values(drafted, tmp_path)["files"]


@pytest.mark.parametrize("name", [f"điện thoại {PHONE}", f"hỏi {EMAIL}", f"số CCCD {CCCD}"])
def test_draft_of_headings_that_hold_a_person_shows_none(name: str, tmp_path: Path) -> None:
    drafted = made(tmp_path, f"a,{name}\n" + "1,2\n" * 9, family="survey")
    assert find_canaries(drafted.text) == []
    with pytest.raises(DraftFailed, match="no_header") as failed:
        made(tmp_path, json.dumps([{"a": 1, name: 2}]), "x.json", family="survey")
    assert find_canaries(str(failed.value)) == []


def test_draft_counts_what_stands_in_one_row_alone_and_does_not_show_it(tmp_path: Path) -> None:
    cells = ["Đúng hướng"] * 5 + ["Chưa đúng"] * 5 + ["Con gái bà Tư bán cá ở đầu hẻm nói vậy"]
    drafted = made(tmp_path, "huong\n" + "\n".join(cells) + "\n", family="survey")
    assert "bà Tư" not in drafted.text
    assert "Đúng hướng" in drafted.text
    assert "1 more values" in drafted.text


def test_draft_of_odd_digits_takes_them_for_words(tmp_path: Path) -> None:
    drafted = made(tmp_path, "q1\n" + "²\n³\n+-1\n1\n" * 9, family="survey")
    [asked] = values(drafted, tmp_path)["survey"]["questions"]
    assert asked["kind"] == "single"


def test_draft_quotes_headings_that_mean_something_in_yaml(tmp_path: Path) -> None:
    headings = ['no: "x"', "# y", "[z]", "*a", "&b", "null", "yes", "{c}", "- d", "\u202ee'"]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(headings)
    writer.writerows([[str(number % 3)] * len(headings) for number in range(9)])
    drafted = made(tmp_path, buffer.getvalue(), family="survey")
    assert "\u202e" not in drafted.text
    spec = values(drafted, tmp_path)
    assert {each["column"] for each in spec["survey"]["questions"]} == {*headings[:-1], "e'"}


def test_draft_of_other_letterheads_and_tables_of_a_document_takes_the_list(tmp_path: Path) -> None:
    document = docx.Document()
    add_table(document, [["ỦY BAN NHÂN DÂN", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA"]])
    heading = ["Đơn vị", "Loại báo cáo", "Kỳ báo cáo", "Từ ngày", "Đến ngày", "Chủ đề", "Phạm vi", "Thái độ"]
    cells = ["CT-UBND-31135", "DK", "2026-W20", "2026-05-11", "2026-05-17", "F1", "Đa số", "Băn khoăn"]
    add_table(document, [heading, cells])
    drafted = made(tmp_path, saved(document), "x.docx")
    spec = filled(values(drafted, tmp_path))
    assert spec["report"]["columns"]["scope"] == "Phạm vi"
    assert rows_read(spec, tmp_path / "x.docx", tmp_path / "own") == 1


def test_draft_of_an_old_triple_s_delivery_proposes_an_encoding(tmp_path: Path) -> None:
    definition = (
        "<sss version='2.0'><survey><record ident='A'>"
        "<variable ident='1' type='character'><name>TOWN</name><label>Town</label>"
        "<position start='1' finish='4'/><size>4</size></variable>"
        "<variable ident='2' type='single'><name>Q1</name><label>Bus?</label><position start='5'/>"
        "<values><value code='1'>Yes</value><value code='2'>No</value></values></variable>"
        "</record></survey></sss>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.xml", definition)
        archive.writestr(
            "a.asc", "Huế 1\r\nCafé2\r\n".replace("ế", "ê\u0301").replace("ê\u0301 ", "ê ").encode("cp1258")
        )
    spec = values(made(tmp_path, out.getvalue(), "a.zip"), tmp_path)
    assert spec["files"]["encoding"] == "cp1258"
    assert spec["survey"]["questions"][0]["options"][0]["label"] == {"vi": "Có", "en": "Yes"}


def bomb() -> bytes:
    """A workbook whose sheet inflates a thousandfold."""
    data = workbook([["a", "b"], ["1", "2"]])
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            content = source.read(member)
            extra = b" " * 50_000_000 if member.filename.endswith("sheet1.xml") else b""
            target.writestr(member.filename, content + extra)
    return out.getvalue()


HOSTILE = {
    "a bomb": (bomb(), "zip_bomb"),
    "a gz bomb": (gzip.compress(b"a,b\n" + b" " * 300_000_000), "zip_bomb"),
    "nothing": (b"", "empty"),
    "blanks": (b"\n\n \n", "empty"),
    "a web page": (b"<html><table><tr><td>a</td></tr></table></html>", "wrong_format"),
    "old Excel": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512 + "Workbook".encode("utf-16-le"),
        "wrong_format",
    ),
    "a cut SPSS file": (next((FIXTURES / "spss_attitudes").glob("*.sav")).read_bytes()[:900], "damaged_file"),
    "a cut workbook": (workbook([["a"], ["1"]])[:900], "bad_archive"),
    "a cut Parquet file": (b"PAR1" + b"\0" * 100, "bad_archive"),
    "a list of numbers": (b"[1, 2, 3]", "wrong_format"),
    "nested arrays": (b"[" * 100_000, "too_deep"),
    "columns without end": (",".join(f"c{n}" for n in range(6_000)).encode() + b"\n1\n", "too_many_columns"),
    "an archive in an archive": (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "unsafe_name"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_draft_of_hostile_bytes_says_why_and_shows_none(name: str, tmp_path: Path) -> None:
    data, code = HOSTILE[name]
    with pytest.raises(DraftFailed) as failed:
        made(tmp_path, data)
    assert f"({code})" in str(failed.value)


def test_draft_with_a_hostile_structure_says_why(tmp_path: Path) -> None:
    structure = tmp_path / "x.lss"
    structure.write_text('<!DOCTYPE a [<!ENTITY b "c">]><document>&b;</document>')
    with pytest.raises(DraftFailed, match=r"--structure: .*document type"):
        made(tmp_path, "a,b\n1,2\n", structure=structure)


def test_command_prints_writes_once_and_overwrites_only_by_force(tmp_path: Path) -> None:
    data = tmp_path / "poll 2026-05.csv"
    data.write_text("id,q1\n" + "".join(f"{n},{n % 3}\n" for n in range(30)))
    printed = CliRunner().invoke(app, ["sources", "new", str(data)])
    assert printed.exit_code == 0
    assert printed.stdout.startswith("# A draft")
    assert "id: poll\n" in printed.stdout
    target = tmp_path / "sources" / "survey" / "ward_poll.yml"
    once = CliRunner().invoke(app, ["sources", "new", str(data), "--out", str(target)])
    assert once.exit_code == 0
    assert "id: ward_poll\n" in target.read_text()
    target.write_text("mine")
    again = CliRunner().invoke(app, ["sources", "new", str(data), "--out", str(target)])
    assert isinstance(again.exception, DraftFailed)
    assert target.read_text() == "mine"
    CliRunner().invoke(app, ["sources", "new", str(data), "--out", str(target), "--force"])
    assert target.read_text() != "mine"


def test_help_of_the_command_says_what_comes_next() -> None:
    shown = CliRunner().invoke(app, ["sources", "new", "--help"]).stdout
    for word in ("--structure", "--family", "--force", "TODO", "opinion sources check"):
        assert word in shown
