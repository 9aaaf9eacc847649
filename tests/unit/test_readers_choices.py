"""Several answers in a cell, rows left out by rule: read in one way or not at all, every row counted."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader_jobs import FIXTURES, LABEL, answers_by_row, read, social, survey

from opinion_warehouse.readers.families.choices import choices
from opinion_warehouse.readers.problems import HARMLESS, MENDS, BadCell
from opinion_warehouse.sample.canaries import find_canaries
from opinion_warehouse.sources import Question

TOOLS = ("limesurvey", "qualtrics", "surveymonkey", "google_form")


def asked(*cells: str, other: bool = False, separator: str = ", ") -> Question:
    """A question whose options have the codes a, b, c … and these labels."""
    options: list[dict[str, Any]] = [
        {"code": chr(ord("a") + number), "cells": [cell], "label": LABEL} for number, cell in enumerate(cells)
    ]
    return Question.model_validate(
        {
            "id": "q",
            "kind": "multiple",
            "column": "q",
            "separator": separator,
            "wording": LABEL,
            "topic": "B",
            "other": "own" if other else None,
            "options": [*options, {"code": "own", "label": LABEL}],
        }
    )


@pytest.mark.parametrize(
    ("question", "cell", "chosen"),
    [
        (asked("Giá", "Điện"), "Giá, Điện", "a b"),
        (asked("Giá", "Điện"), "Điện", "b"),
        (asked("Giá", "Điện"), "điện,  GIÁ", "a b"),
        (asked("Giá", "Điện", separator=","), "điện,  GIÁ", "a b"),
        (asked("Hoà bình"), "Hòa bình", "a"),  # the tone mark in its other place
        (asked("Giá, điện", "Nước"), "Giá, điện, Nước", "a b"),
        (asked("Giá, điện", "Nước"), "Giá, Nước", None),
        (asked("Giá", "Giá, điện"), "Giá, điện", "b"),
        (asked("Giá", "Giá, điện"), "Giá", "a"),
        (asked("Giá", "Giá, điện"), "Giá, Giá, điện", "a b"),
        (asked("Giá", "Điện", "Giá, điện"), "Giá, điện", "two ways"),
        (asked("A, B", "C", "A", "B, C"), "A, B, C", "two ways"),
        (asked("Hòa", "HOÀ"), "hòa", "two ways"),
        (asked("Giá"), "Giá, gì đó", None),
        (asked("Giá"), "gì đó", None),
        (asked("Giá", other=True), "gì đó", "own"),
        (asked("Giá", other=True), "Giá, gì đó, thế thôi", "a own"),
        (asked("Giá", other=True), "gì đó, Giá", None),  # said, or ticked?
        (asked("Giá", "Giá, điện", other=True), "Giá, điện", "b"),
        (asked("Giá", "Giá, điện", other=True), "Giá, điện, gì đó", "b own"),
        (asked("Giá", "Điện", separator=";"), "Giá;Điện;", "a b"),
        (asked("x", separator=" "), "a own", "a own"),
        (asked("x", separator=";"), ";", None),
        (asked("x", separator=";"), "a;a", "a"),
    ],
)
def test_choices_of_a_cell_are_whole_options(question: Question, cell: str, chosen: str | None) -> None:
    try:
        found = " ".join(sorted(choices(question)(cell)))
    except BadCell as problem:
        found = {"ambiguous_choice": "two ways", "unknown_code": ""}[problem.code]
        assert len(cell) < 4 or cell not in problem.detail
    assert found == (chosen or "")


LABELS = st.lists(st.text("xyz, ;", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)


@given(labels=LABELS, picks=st.sets(st.integers(0, 5)), separator=st.sampled_from([", ", ",", ";", "; "]))
def test_choices_of_any_labels_joined_are_those_joined_or_none(
    labels: list[str], picks: set[int], separator: str
) -> None:
    """Never other options than those that were ticked."""
    ticked = [number for number in sorted(picks) if number < len(labels)]
    question = asked(*labels, separator=separator)
    try:
        found = choices(question)(separator.join(labels[number] for number in ticked))
    except BadCell as problem:
        assert problem.code in ("ambiguous_choice", "unknown_code")
        return
    said = {chr(ord("a") + number) for number in ticked}
    blank = {code for code in said if not labels[ord(code) - ord("a")].strip(" ,;")}
    assert found | blank == said | blank


def test_choices_of_many_options_that_begin_alike_take_no_time() -> None:
    options = [", ".join(f"x{number}" for number in range(at, at + 2)) for at in range(20)]
    question = asked(*options, *(f"x{number}" for number in range(5)))
    cell = ", ".join(f"x{number % 20}" for number in range(4_000))
    with pytest.raises(BadCell):
        choices(question)(cell + ", nothing known")


def one_cell(**more: Any) -> dict[str, Any]:
    spec = survey()
    spec["survey"]["questions"][1] |= {"columns": {}, "column": "m1", "separator": ";"} | more
    spec["ignore_columns"] = ["m2"]
    return spec


HEADER = "id,done,w,sex,age,q1,m1,m2,n\n"


def test_survey_of_choices_in_one_cell_keeps_each_option_an_item(tmp_path: Path) -> None:
    rows = ["a;b,,1", "b,,1", ",,1", '"",,1', "97,,1", "c,,1", "a;c,,1"]
    data = HEADER + "".join(f"r{number},2026,1,1,30,1,{row}\n" for number, row in enumerate(rows))
    result = read(one_cell(missing={"97": "refused"}), data, tmp_path)
    assert {row: said[1:3] for row, said in answers_by_row(result).items()} == {
        2: ["1", "1"],
        3: ["0", "1"],
        4: ["not_asked", "not_asked"],
        5: ["no_answer", "no_answer"],
        6: ["refused", "refused"],
    }
    assert result.bad == {7: ["unknown_code"], 8: ["unknown_code"]}


def test_survey_single_with_text_of_ones_own_counts_it_as_the_declared_option(tmp_path: Path) -> None:
    spec = survey()
    data = HEADER + "r1,2026,1,1,30,Nguyễn Văn A,N,N,1\nr2,2026,1,1,30,97,N,N,1\n"
    assert read(spec, data, tmp_path).bad == {2: ["unknown_code"]}
    spec["survey"]["questions"][0]["other"] = "2"
    result = read(spec, data, tmp_path)
    assert {row: said[0] for row, said in answers_by_row(result).items()} == {2: "2", 3: "refused"}
    assert "Nguyễn" not in json.dumps(result.rows, ensure_ascii=False)


def test_survey_option_with_cells_of_its_own_is_ticked_by_them_alone(tmp_path: Path) -> None:
    spec = survey()
    spec["survey"]["questions"][1]["options"][0]["cells"] = ["Mái che"]
    data = HEADER + "r1,2026,1,1,30,1,mái  CHE,Y,1\nr2,2026,1,1,30,1,N,N,1\nr3,2026,1,1,30,1,Y,N,1\n"
    result = read(spec, data, tmp_path)
    assert {row: said[1:3] for row, said in answers_by_row(result).items()} == {2: ["1", "1"], 3: ["0", "0"]}
    assert result.bad == {4: ["unknown_code"]}


def test_survey_broken_off_is_so_whether_blanks_are_quoted_or_not(tmp_path: Path) -> None:
    spec = survey(section={"null_means": "no_answer"})
    data = HEADER + 'r1,,1,1,30,1,"","",""\nr2,,1,1,30,1,,,\nr3,2026,1,1,30,1,"",,""\n'
    answers = answers_by_row(read(spec, data, tmp_path))
    assert answers == {
        2: ["1", *["break_off"] * 3],
        3: ["1", *["break_off"] * 3],
        4: ["1", "0", "0", "no_answer"],
    }


def test_survey_without_any_tick_says_why_only_where_the_spec_does(tmp_path: Path) -> None:
    spec = survey(section={"null_means": "no_answer"})
    spec["survey"]["questions"][1]["missing"] = {"-99": "refused"}
    data = HEADER + "r1,2026,1,1,30,1,,,1\nr2,2026,1,1,30,1,Y,,1\nr3,2026,1,1,30,1,-99,,1\nr4,,1,1,30,1,,,1\n"

    def needs() -> dict[int, list[str]]:
        return {row: said[1:3] for row, said in answers_by_row(read(spec, data, tmp_path)).items()}

    others = {3: ["1", "0"], 5: ["break_off", "break_off"]}
    assert needs() == {2: ["0", "0"], 4: ["refused", "0"]} | others
    spec["survey"]["questions"][1]["none_ticked"] = "not_asked"
    assert needs() == {2: ["not_asked"] * 2, 4: ["refused", "not_asked"]} | others


LANGUAGES = ("vi", "en", "xx", "")


def test_social_rows_left_out_are_counted_and_are_nobodys_duplicates(tmp_path: Path) -> None:
    rule = {"column": "lang", "keep": ["vi", ""], "leave_out": ["en"]}
    header = "id,at,mood,likes,url,words,author,lang\n"
    rows = [
        f"{item},2026-06-01T10:00:00Z,Tốt,5,u,w,a,{lang}\n"
        for item, lang in zip("1123", LANGUAGES, strict=True)
    ]
    result = read(social(files={"rows": rule}), header + "".join(rows), tmp_path)
    assert [row["row_number"] for row in result.rows["social_item"]] == ["2", "5"]
    assert result.bad == {3: ["left_out"], 4: ["unknown_code"]}
    assert "left_out" in HARMLESS & set(MENDS)


@pytest.mark.parametrize("tool", TOOLS)
def test_fixtures_of_survey_tools_hold_canaries(tool: str) -> None:
    files = [path for path in FIXTURES.glob(f"{tool}*/*") if path.is_file()]
    assert files
    assert all(find_canaries(path.read_bytes()) for path in files)
