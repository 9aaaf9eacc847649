"""LimeSurvey's structure files: every kind of question, both generations of the format, and hostile XML."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from opinion_warehouse.sources.limesurvey import read_limesurvey
from opinion_warehouse.sources.structure import Structure, StructureInvalid, StructureQuestion

Rows = list[dict[str, Any]]


def lss(kind: str = "Survey", **sections: Rows) -> str:
    """A structure file as LimeSurvey writes it."""
    text = f"<document><LimeSurveyDocType>{kind}</LimeSurveyDocType><DBVersion>641</DBVersion>"
    text += "<languages><language>vi</language><language>en</language></languages>"
    for section, rows in sections.items():
        cells = (
            "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in row.items()) for row in rows
        )
        text += (
            f"<{section}><fields/><rows>{''.join(f'<row>{each}</row>' for each in cells)}</rows></{section}>"
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}</document>'


def question(qid: int, kind: str, order: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "qid": qid,
        "gid": 1,
        "type": kind,
        "title": f"Q{qid}",
        "question_order": order,
        "other": "N",
    } | more


def sub(qid: int, parent: int, title: str, order: int = 0, scale: int = 0) -> dict[str, Any]:
    return {"qid": qid, "parent_qid": parent, "title": title, "question_order": order, "scale_id": scale}


def answer(aid: int, qid: int, code: str, order: int = 0, scale: int = 0) -> dict[str, Any]:
    return {"aid": aid, "qid": qid, "code": code, "sortorder": order, "scale_id": scale}


def words(key: str, text: str, number: int, vi: str, en: str) -> Rows:
    return [{key: number, text: vi, "language": "vi"}, {key: number, text: en, "language": "en"}]


def load(tmp_path: Path, text: str | bytes) -> Structure:
    path = tmp_path / "survey.lss"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_limesurvey(path)


def only(tmp_path: Path, kind: str, **sections: Any) -> list[StructureQuestion]:
    """What comes of one question of a kind, with two rows, columns x and y, and answers of two scales."""
    rows = [sub(11, 1, "SQ002", 2), sub(10, 1, "SQ001", 1), sub(12, 1, "x", 1, 1), sub(13, 1, "y", 2, 1)]
    rows = rows if kind in ":;" else rows[:2]
    answers = [answer(2, 1, "A2", 2), answer(1, 1, "A1", 1), answer(3, 1, "B1", 1, 1)]
    made = {"questions": [question(1, kind)], "subquestions": rows, "answers": answers} | sections
    return list(load(tmp_path, lss(**made)).questions)


def test_structure_has_titles_wordings_and_order_of_groups(tmp_path: Path) -> None:
    structure = load(
        tmp_path,
        lss(
            groups=[{"gid": 1, "group_order": 2}, {"gid": 2, "group_order": 1}],
            questions=[question(1, "L", other="Y"), question(2, "N", 2, gid=2), question(3, "X", 1, gid=2)],
            answers=[answer(2, 1, "A2", 2), answer(1, 1, "A1", 1)],
            question_l10ns=[
                *words("qid", "question", 1, "<p>Đúng &amp; <b>hướng</b>?</p>", "Right?<script>x()</script>"),
                *words("qid", "question", 2, "Tuổi < 99", "Age"),
            ],
            answer_l10ns=words("aid", "answer", 1, "Có", "Yes") + words("aid", "answer", 2, "Không", "No"),
            surveys_languagesettings=[{"surveyls_language": "vi", "surveyls_title": "<i>Ven Sông</i>"}],
        ),
    )
    assert (structure.title, structure.languages, structure.notes) == ({"vi": "Ven Sông"}, ("vi", "en"), ())
    age, direction = structure.questions
    assert (age.id, age.kind, age.column, age.wording["vi"]) == ("Q2", "numeric", "Q2", "Tuổi < 99")
    assert direction.wording == {"vi": "Đúng & hướng ?", "en": "Right?"}
    assert [(option.code, option.label) for option in direction.options] == [
        ("A1", {"vi": "Có", "en": "Yes"}),
        ("A2", {"vi": "Không", "en": "No"}),
        ("-oth-", {"vi": "Other", "en": "Other"}),
    ]
    assert direction.text_columns == ("Q1[other]",)


def test_structure_of_the_old_form_reads_the_same(tmp_path: Path) -> None:
    """Before LimeSurvey 4 questions and answers had a row a language, with the wording in it."""
    rows = [question(1, "F") | {"language": each, "question": f"Câu {each}"} for each in ("vi", "en")]
    subs = [sub(10, 1, "SQ001") | {"language": each, "question": f"Phần {each}"} for each in ("vi", "en")]
    answers = [
        {"qid": 1, "code": code, "answer": f"{code} {each}", "sortorder": order, "language": each}
        for each in ("vi", "en")
        for order, code in ((2, "2"), (1, "1"))
    ]
    (part,) = load(tmp_path, lss(questions=rows, subquestions=subs, answers=answers)).questions
    assert (part.id, part.column, part.kind) == ("Q1_SQ001", "Q1[SQ001]", "single")
    assert part.wording == {"vi": "Câu vi – Phần vi", "en": "Câu en – Phần en"}
    assert [(option.code, option.label["en"]) for option in part.options] == [("1", "1 en"), ("2", "2 en")]


@pytest.mark.parametrize(
    ("kind", "answer_kind", "columns", "options"),
    [
        ("L", "single", ["Q1"], "A1 A2"),
        ("!", "single", ["Q1"], "A1 A2"),
        ("O", "single", ["Q1"], "A1 A2"),
        ("Y", "single", ["Q1"], "Y N"),
        ("G", "single", ["Q1"], "F M"),
        ("5", "single", ["Q1"], "1 2 3 4 5"),
        ("I", "single", ["Q1"], "vi en"),
        ("N", "numeric", ["Q1"], ""),
        ("D", "date", ["Q1"], ""),
        ("S", "text", ["Q1"], ""),
        ("*", "text", ["Q1"], ""),
        ("|", "other", ["Q1"], ""),
        ("F", "single", ["Q1[SQ001]", "Q1[SQ002]"], "A1 A2"),
        ("C", "single", ["Q1[SQ001]", "Q1[SQ002]"], "Y U N"),
        ("K", "numeric", ["Q1[SQ001]", "Q1[SQ002]"], ""),
        ("Q", "text", ["Q1[SQ001]", "Q1[SQ002]"], ""),
        (":", "numeric", ["Q1[SQ001_x]", "Q1[SQ001_y]", "Q1[SQ002_x]", "Q1[SQ002_y]"], ""),
        (";", "text", ["Q1[SQ001_x]", "Q1[SQ001_y]", "Q1[SQ002_x]", "Q1[SQ002_y]"], ""),
        ("1", "single", ["Q1[SQ001][1]", "Q1[SQ001][2]", "Q1[SQ002][1]", "Q1[SQ002][2]"], "A1 A2"),
        ("R", "single", ["Q1[1]", "Q1[2]"], "A1 A2"),
        ("X", "", [], ""),
    ],
)
def test_structure_of_each_kind_names_the_columns_of_the_export(
    tmp_path: Path, kind: str, answer_kind: str, columns: list[str], options: str
) -> None:
    found = only(tmp_path, kind)
    assert [each.column for each in found] == columns
    assert {each.kind for each in found} == ({answer_kind} if answer_kind else set())
    assert len({each.id for each in found}) == len(found)
    if found and kind not in "KQ:;NDS*|":
        assert " ".join(option.code for option in found[0].options) == options
    if kind == "1":
        assert [option.code for option in found[1].options] == ["B1"]


def test_structure_of_multiple_choice_has_a_column_an_option(tmp_path: Path) -> None:
    (needs,) = only(tmp_path, "P", questions=[question(1, "P", other="Y")])
    assert [(option.code, option.column) for option in needs.options] == [
        ("SQ001", "Q1[SQ001]"),
        ("SQ002", "Q1[SQ002]"),
        ("other", "Q1[other]"),
    ]
    assert (needs.kind, needs.column, needs.other) == ("multiple", None, "other")
    assert needs.text_columns == ("Q1[SQ001comment]", "Q1[SQ002comment]", "Q1[othercomment]")


def test_structure_of_a_kind_nobody_knows_is_noted_and_not_lost(tmp_path: Path) -> None:
    structure = load(tmp_path, lss(questions=[question(1, "?"), question(2, "N")]))
    assert [each.id for each in structure.questions] == ["Q2"]
    assert structure.notes == ("Q1: a question of the type ? was not taken over",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no XML"),
        (b"PK\x03\x04", "no XML"),
        (lss()[:-20].encode(), "no XML"),
        (lss().replace("UTF-8", "none-such").encode(), "no XML"),
        (b"<html/>", "no LimeSurvey structure"),
        (lss(kind="Token table").encode(), "no LimeSurvey structure"),
        (b'<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]><document>&a;</document>', "entities"),
        (b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><document>&b;</document>', "entities"),
    ],
)
def test_structure_that_is_none_or_hostile_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(StructureInvalid, match=words):
        load(tmp_path, data)


def test_readers_do_not_import_structures() -> None:
    """Parsing is forked many times: what it does not need is not loaded."""
    code = "import sys, opinion_warehouse.readers.parse; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "opinion_warehouse.sources.survey" in loaded
    assert not [name for name in loaded if name.endswith((".structure", ".limesurvey"))]
