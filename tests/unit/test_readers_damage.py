"""What spreadsheets, code pages and people do to a file on its way: refused or mended, never misread."""

import json
import re
from pathlib import Path

import pytest
from reader_jobs import LABEL, read, social, survey

from opinion_warehouse.readers import problems
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import Source

HEADER = "id,at,mood,likes,url,words,author\n"
S_HEADER = "id,done,w,sex,age,q1,m1,m2,n\n"


def item(number: str, at: str = "2026-06-01T10:00:00Z", likes: str = "5") -> str:
    return f'{number},{at},Tốt,"{likes}",u,w,a\n'


def test_read_number_with_the_other_decimal_mark_is_no_number(tmp_path: Path) -> None:
    spec = survey(files={"decimal": ",", "delimiter": ";"})
    data = (S_HEADER + "r1,2026,0.850,1,30,1,N,N,1\nr2,2026,W,1,30,1,N,N,1\n").replace(",", ";")
    result = read(spec, data.replace("W", "1.234,5"), tmp_path)
    assert result.bad == {2: ["bad_weight"]}
    assert result.rows["survey_response"][0]["weight"] == "1234.5"


def test_read_social_ids_a_spreadsheet_rounded_are_no_duplicates(tmp_path: Path) -> None:
    data = HEADER + item("1.14E+11") + item("1.14E+11") + item("114000000001")
    result = read(social(), data, tmp_path)
    assert result.bad == {2: ["damaged_id"], 3: ["damaged_id"]}
    assert len(result.rows["social_item"]) == 1


def test_read_survey_id_a_spreadsheet_rounded_is_named(tmp_path: Path) -> None:
    result = read(survey(), S_HEADER + "9.14E+10,2026,1,1,30,1,N,N,1\n", tmp_path)
    assert result.bad == {2: ["damaged_id"]}


def test_read_social_rounded_epoch_is_no_date(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["date_format"] = "epoch_ms"
    result = read(spec, HEADER + item("1", "1.78E+12") + item("2", "1779000000000"), tmp_path)
    assert result.bad == {2: ["bad_date"]}
    assert result.rows["social_item"][0]["published_date"] == "2026-05-17"


def test_read_social_date_cell_of_a_spreadsheet_needs_no_form(tmp_path: Path) -> None:
    spec = social()
    spec["social"]["date_format"] = "%d/%m/%Y %H:%M"
    data = HEADER + item("1", "02/06/2026 10:00") + item("2", "2026-06-02 10:00:00")
    rows = read(spec, data, tmp_path).rows["social_item"]
    assert rows[0]["published_at"] == rows[1]["published_at"]


def test_read_csv_rows_of_nothing_but_delimiters_are_no_rows(tmp_path: Path) -> None:
    result = read(social(), HEADER + item("1") + ",,,,,,\n" * 20 + " , ,,,,,\n", tmp_path)
    assert result.bad == {}
    assert len(result.rows["social_item"]) == 1


def test_read_csv_in_utf8_where_a_code_page_is_declared_is_refused(tmp_path: Path) -> None:
    spec = social(files={"encoding": "cp1252"})
    spec["social"]["sentiments"] = {"été": "positive"}
    data = HEADER + item("1").replace("Tốt", "été")
    assert read(spec, data.encode(), tmp_path).rejected == "encoding"
    assert len(read(spec, data.encode("cp1252"), tmp_path).rows["social_item"]) == 1


def worded() -> dict[str, object]:
    spec = survey()
    question, group = spec["survey"]["questions"][0], spec["survey"]["groups"][0]
    question["options"][0]["cells"] = ["Đồng ý", "Thoả thuận"]
    question["options"][2]["cells"] = ["Khó trả lời"]
    group["codes"][0]["cells"] = ["Nam"]
    return spec


def test_survey_cells_of_words_give_the_codes_they_stand_for(tmp_path: Path) -> None:
    rows = (
        "r1,2026,1,Nam,30,đồng ý,N,N,1",
        "r2,2026,1,2,30,Thỏa thuận,N,N,1",
        "r3,2026,1,nam,30,Khó trả lời,N,N,1",
    )
    result = read(worded(), S_HEADER + "\n".join([*rows, "r4,2026,1,Nữ,30,Không,N,N,1"]), tmp_path)
    assert result.bad == {5: ["unknown_code", "unknown_code"]}
    answers = [row for row in result.rows["survey_answer"] if row["question_id"] == "q1"]
    assert [(row["answer_code"], row["missing_code"]) for row in answers] == [
        ("1", "0"),
        ("1", "0"),
        ("8", "3"),
    ]
    assert [json.loads(row["groups"])["sex"] for row in result.rows["survey_response"]] == ["1", "2", "1"]


def test_survey_cells_stand_for_one_answer() -> None:
    spec = worded()
    spec["survey"]["questions"][0]["options"][1]["cells"] = ["Đồng ý"]  # type: ignore[index]
    with pytest.raises(ValueError, match="stands twice"):
        Source.model_validate(spec)
    spec = survey()
    spec["survey"]["questions"][1]["options"][0] = {"code": "a", "label": LABEL, "cells": ["N"]}
    with pytest.raises(ValueError, match="means ticked and also stands in `unticked`"):
        Source.model_validate(spec)


def test_survey_design_cell_longer_than_a_code_is_refused(tmp_path: Path) -> None:
    spec = survey(section={"design": {"sampling": "probability", "psu": "w"}})
    result = read(spec, S_HEADER + f"r1,2026,{'x' * 65},1,30,1,N,N,1\n", tmp_path)
    assert result.bad == {2: ["code_too_long"]}


def test_problems_every_reason_code_has_its_mend() -> None:
    text = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("readers", "intake")
        for path in (PROJECT / "opinion_warehouse" / folder).rglob("*.py")
    )
    raised = set(re.findall(r'(?:FileRejected|BadCell)\(\s*"(\w+)"', text)) | set(
        re.findall(r'"code": "(\w+)"', text)
    )
    assert len(raised) > 80
    raised.remove("structure")  # of the form that a draft is given: no file is set aside for it
    assert raised <= set(problems.MENDS)
    assert set(problems.HARMLESS) <= set(problems.MENDS)
