"""Totals and blank rows: of a report they are no rows; elsewhere any word may be an answer."""

from pathlib import Path
from typing import Any

import pytest
import reader_jobs
from reader_jobs import answers_by_row, read
from report_files import HEADER, row
from table_formats import FORMATS

WORDS = ["Total", "Tổng", "Cộng", "Grand total", "Tổng cộng"]
ROW_WISE = ["csv", "tsv in utf-16", "xlsx", "ods", "docx", "eml"]
in_each = pytest.mark.parametrize("form", FORMATS)
in_row_wise = pytest.mark.parametrize("form", ROW_WISE)


def survey(form: str) -> dict[str, Any]:
    """A survey without ids, whose first column that is read is an answer in words."""
    spec = reader_jobs.survey(files=FORMATS[form][0], ignore_columns=["note"])
    question = spec["survey"]["questions"][0]
    question |= {
        "column": "brand",
        "options": [
            {"code": str(at), "cells": [word], "label": reader_jobs.LABEL} for at, word in enumerate(WORDS)
        ],
    }
    question.pop("missing")
    spec["survey"] |= {
        "questions": [question],
        "groups": [],
        "design": {"sampling": "opt_in"},
        "respondent_id": None,
        "complete_when": None,
    }
    return spec


@in_each
@pytest.mark.parametrize("note", [None, "x"], ids=["blank beside it", "a word beside it"])
def test_answers_called_total_are_answers(tmp_path: Path, form: str, note: str | None) -> None:
    _, write, first = FORMATS[form]
    rows = [[note, word] for word in WORDS] + [["x", "Nothing of these"]]
    result = read(survey(form), write(["note", "brand"], rows), tmp_path)
    assert result.bad == {first + len(WORDS): ["unknown_code"]}
    assert answers_by_row(result) == {first + at: [str(at)] for at in range(len(WORDS))}


@in_each
def test_totals_row_of_an_export_is_a_bad_row_that_is_counted(tmp_path: Path, form: str) -> None:
    files, write, first = FORMATS[form]
    header = ["id", "at", "mood", "likes", "url", "words", "author"]
    rows = [
        ["1", "2026-06-01T10:00:00Z", "Tốt", 5, "https://a.example", "x", "y"],
        ["Total", None, None, 200, None, None, None],
        ["Tổng cộng:", None, None, 200, None, None, None],
    ]
    result = read(reader_jobs.social(files=files), write(header, rows), tmp_path)
    assert result.bad == {first + 1: ["missing_value"], first + 2: ["missing_value"]}
    assert [each["row_number"] for each in result.rows["social_item"]] == [str(first)]


@in_row_wise
def test_totals_rows_of_a_report_are_none(tmp_path: Path, form: str) -> None:
    files, write, first = FORMATS[form]
    nothing = [None] * (len(HEADER) - 1)
    rows = [[1, *row()], ["Tổng cộng:", None, *nothing], [None, "Total", *nothing]]
    spec = reader_jobs.report(files=files, ignore_columns=["STT"])
    result = read(spec, write(["STT", *HEADER], rows), tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    assert [each["row_number"] for each in result.rows["report_item"]] == [str(first)]


@in_row_wise
def test_blank_rows_are_none_in_any_family(tmp_path: Path, form: str) -> None:
    _, write, first = FORMATS[form]
    data = write(["note", "brand"], [["x", "Total"], [None, None], ["x", "Tổng"], [None, None]])
    result = read(survey(form), data, tmp_path)
    assert (result.rejected, result.bad) == (None, {})
    assert answers_by_row(result) == {first: ["0"], first + 2: ["1"]}
