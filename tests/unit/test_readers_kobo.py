"""KoboToolbox's exports: CSV with 1/0 columns, XLSX with a repeat, and the API's JSON."""

import io
import json
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from pydantic import ValidationError
from reader_jobs import FIXTURES, Read, read, read_example, survey

from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.settings import PROJECT
from opinion_warehouse.sources import MissingCode, Source, load_source

EXAMPLES = PROJECT / "sources" / "_examples"
Answers = dict[str, dict[str, tuple[Any, ...]]]


def answers(result: Read) -> Answers:
    """Row number → question or question/item → (answer code, number, missing code)."""
    rows = {row["respondent_key"]: row["row_number"] for row in result.rows["survey_response"]}
    found: Answers = defaultdict(dict)
    for row in result.rows["survey_answer"]:
        name = f"{row['question_id']}/{row['item_code']}".rstrip("/")
        number = row["numeric_value"] and float(row["numeric_value"])
        found[rows[row["respondent_key"]]][name] = (
            row["answer_code"],
            number,
            MissingCode(int(row["missing_code"])).name,
        )
    return found


def assert_no_canary(folder: Path, source_id: str) -> None:
    for path in (FIXTURES / source_id).iterdir():
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        assert find_canaries(content), "the fixture carries the planted person"
    for path in [*folder.glob("*.csv"), folder / "summary.json"]:
        if path.name != "clean.csv":
            assert find_canaries(path.read_bytes()) == []


def test_csv_export_gives_answers_and_options_not_offered(tmp_path: Path) -> None:
    result = read_example("kobo_ward_csv", "ward_2026-03.csv", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        7: ["not_offered"],  # ticked, though the version has no such option
        8: ["unknown_code", "unknown_code", "out_of_range"],
        9: ["unknown_version"],
        10: ["duplicate_respondent"],
        11: ["unknown_code"],
    }
    yes, no = ("1", None, "VALID"), ("0", None, "VALID")
    nothing, not_offered = (None, None, "NO_ANSWER"), (None, None, "NOT_OFFERED")
    found = {
        row: {name.removeprefix("problems/"): cell for name, cell in cells.items()}
        for row, cells in answers(result).items()
    }
    problems = ("flood", "waste", "noise", "light")
    assert {row: tuple(cells[name] for name in problems) for row, cells in found.items()} == {
        "2": (yes, no, yes, not_offered),
        "3": (no, yes, not_offered, no),  # a 0 in the version that had no `noise`
        "4": (no, no, not_offered, yes),
        "5": (nothing, nothing, nothing, not_offered),
        "6": (no, no, no, not_offered),
    }
    assert {row: cells["trips"][1] for row, cells in found.items()} == {
        "2": 4.0,
        "3": 0.0,
        "4": 2.5,
        "5": None,
        "6": 1.0,
    }
    assert found["3"]["trust"] == ("98", None, "DONT_KNOW")
    assert_no_canary(tmp_path, "kobo_ward_csv")


def test_csv_blank_beside_filled_cells_is_not_offered_without_a_version(tmp_path: Path) -> None:
    section = survey()["survey"]
    section["questions"][1] |= {"blank_is_not_offered": True}
    section |= {"complete_when": None}
    data = 'id,w,sex,age,q1,m1,m2,n\n1,1,1,30,1,Y,,4\n2,1,1,30,1,,,4\n3,1,1,30,1,,N,4\n4,1,1,30,1,,"",4\n'
    found = answers(read(survey(section=section), data, tmp_path))
    assert [(row["m/a"][2], row["m/b"][2]) for row in found.values()] == [
        ("VALID", "NOT_OFFERED"),
        ("NOT_ASKED", "NOT_ASKED"),
        ("NOT_OFFERED", "VALID"),
        ("NOT_ASKED", "VALID"),
    ]


def test_xlsx_repeat_gives_a_row_a_member_with_the_household_beside(tmp_path: Path) -> None:
    result = read_example("kobo_household_xlsx", "household_2026-03.xlsx", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        5: ["out_of_range"],
        6: ["no_parent"],  # no such household
        7: ["no_parent"],  # two households of one number
        8: ["no_parent"],  # no number
        11: ["row_too_long"],
    }
    assert [
        (row["row_number"], row["psu_code"], row["ssu_code"], json.loads(row["groups"]))
        for row in result.rows["survey_response"]
    ] == [
        ("2", "T01", "9001", {"gender": "m", "water": "1"}),
        ("3", "T01", "9001", {"gender": "f", "water": "1"}),
        ("4", "T01", "9002", {"gender": "f", "water": "2"}),
        ("10", "T02", "9003", {"gender": "f", "water": "1"}),
    ]
    assert [cells["trips"][1] for cells in answers(result).values()] == [3.0, 2.5, None, 4.0]
    assert_no_canary(tmp_path, "kobo_household_xlsx")


def household(**changes: Any) -> dict[str, Any]:
    spec = load_source(EXAMPLES / "kobo_household_xlsx.yml").model_dump(mode="json")
    return spec | changes


def workbook(change: Any) -> bytes:
    book = openpyxl.load_workbook(FIXTURES / "kobo_household_xlsx" / "household_2026-03.xlsx")
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda book: book.remove(book["thanh_vien"]), "missing_sheet"),
        (lambda book: book.remove(book["Hộ gia đình"]), "missing_sheet"),
        (lambda book: book["thanh_vien"].cell(1, 7, "_parent"), "missing_column"),
        (lambda book: book["Hộ gia đình"].cell(1, 13, "index"), "missing_column"),
        (lambda book: book["Hộ gia đình"].cell(1, 14, "hh/phone"), "unknown_column"),
        (lambda book: book["thanh_vien"].cell(1, 13, "member/phone"), "unknown_column"),
        (lambda book: book["thanh_vien"].cell(1, 3, "member/sex"), "duplicate_header"),
        (lambda book: book["Hộ gia đình"].delete_rows(1, 9), "empty"),
    ],
)
def test_xlsx_repeat_of_another_shape_is_refused(tmp_path: Path, change: Any, reason: str) -> None:
    assert read(household(), workbook(change), tmp_path).rejected == reason


def test_xlsx_main_sheet_alone_is_read_without_a_repeat(tmp_path: Path) -> None:
    spec = household()
    spec["files"]["repeat"] = None
    spec["ignore_columns"] = [
        name.removeprefix("parent.") for name in spec["ignore_columns"] if name.startswith("parent.")
    ] + ["hh/water"]
    spec["survey"] |= {
        "design": {"sampling": "quota", "psu": "hh/block"},
        "groups": [],
        "respondent_id": "_id",
    }
    spec["survey"]["questions"] = [
        spec["survey"]["questions"][0]
        | {
            "column": "hh/water",
            "options": [{"code": code, "label": {"vi": "a", "en": "a"}} for code in "12"],
        }
    ]
    spec["ignore_columns"].remove("hh/water")
    data = (FIXTURES / "kobo_household_xlsx" / "household_2026-03.xlsx").read_bytes()
    result = read(spec, data, tmp_path)
    assert [row["psu_code"] for row in result.rows["survey_response"]] == ["T01", "T01", "T02", "T02", "T03"]


def test_json_of_the_api_gives_answers(tmp_path: Path) -> None:
    result = read_example("kobo_ward_json", "data_2026-03.json", tmp_path)
    assert result.rejected is None
    assert result.bad == {
        4: ["unknown_code"],  # a list of two codes where one is expected
        5: ["not_a_value"],
        6: ["duplicate_respondent"],
        7: ["duplicate_key"],
        8: ["not_finite"],
    }
    assert answers(result) == {
        "1": {
            "trust": ("yes", None, "VALID"),
            "trips": (None, 4.0, "VALID"),
            "bus": (None, None, "NO_ANSWER"),
        },
        "2": {
            "trust": (None, None, "NO_ANSWER"),
            "trips": (None, 2.5, "VALID"),
            "bus": (None, None, "NO_ANSWER"),
        },
        "3": {
            "trust": (None, None, "NO_ANSWER"),
            "trips": (None, None, "NO_ANSWER"),
            "bus": (None, None, "NO_ANSWER"),
        },
    }
    keys = [row["respondent_key"] for row in result.rows["survey_response"]]
    assert len(set(keys)) == 3, "ids beyond 2^53 stay apart"
    assert_no_canary(tmp_path, "kobo_ward_json")


def test_json_repeat_gives_a_row_a_member(tmp_path: Path) -> None:
    spec = load_source(EXAMPLES / "kobo_ward_json.yml").model_dump(mode="json")
    spec["files"]["repeat"] = {"path": "household/member"}
    spec["ignore_columns"] = ["household/member/name"] + [
        f"parent.{name}"
        for name in [*spec["ignore_columns"], "issues/trust", "issues/trips", "issues/bus"]
        if name != "household/member"
    ]
    spec["survey"] |= {"respondent_id": None, "design": {"sampling": "quota", "psu": "parent._id"}}
    spec["survey"]["groups"][0]["column"] = "parent.respondent/sex"
    spec["survey"]["questions"] = [
        spec["survey"]["questions"][1] | {"column": "household/member/age", "high": 120}
    ]
    data = (FIXTURES / "kobo_ward_json" / "data_2026-03.json").read_bytes()
    result = read(spec, data, tmp_path)
    assert result.rejected is None
    assert result.bad == {3: ["duplicate_key"]}
    assert [(row["row_number"], row["psu_code"]) for row in result.rows["survey_response"]] == [
        ("1", "9007199254740993"),
        ("2", "9007199254740993"),
    ]
    assert [cells["trips"][1] for cells in answers(result).values()] == [34.0, 8.0]


@pytest.mark.parametrize(
    ("option", "version", "words"),
    [
        ({"from_version": "v1"}, None, "form_version"),
        ({"from_version": "v9"}, {"column": "v", "order": ["v1"]}, "form_version"),
        ({"from_version": "v2", "to_version": "v1"}, {"column": "v", "order": ["v1", "v2"]}, "ends before"),
    ],
)
def test_versions_of_options_must_stand_in_their_order(
    option: dict[str, str], version: dict[str, Any] | None, words: str
) -> None:
    spec = survey()
    spec["survey"]["questions"][1]["options"][0] |= option
    spec["survey"]["form_version"] = version
    with pytest.raises(ValidationError, match=words):
        Source.model_validate(spec)


def test_versions_are_of_multiple_questions_only() -> None:
    spec = survey()
    spec["survey"]["questions"][0]["options"][0] |= {"from_version": "v1"}
    with pytest.raises(ValidationError, match="multiple"):
        Source.model_validate(spec)
