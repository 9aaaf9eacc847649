"""The same table in every format of rows lands as the same rows, and its bad rows have the same reasons."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import reader_jobs
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_jobs import LABEL, Read, read
from table_formats import FORMATS, Rows

OWN = ("file_id", "row_number")


def read_as(form: str, source: dict[str, Any], header: list[str], rows: Rows) -> Read:
    files, write, _ = FORMATS[form]
    with tempfile.TemporaryDirectory() as folder:
        return read(source | {"files": files}, write(header, rows), Path(folder))


def landed(form: str, result: Read) -> Any:
    """What a parse came to but for the numbers of rows, and its bad rows counted from the first."""
    first = FORMATS[form][2]
    tables = {
        table: [{name: cell for name, cell in row.items() if name not in OWN} for row in rows]
        for table, rows in result.rows.items()
    }
    return result.rejected, {row - first: codes for row, codes in result.bad.items()}, tables


SURVEY = ["id", "done", "w", "sex", "age", "q1", "m1", "m2", "n", "place", "free"]
WORDS = st.sampled_from(["Đồng ý", "đồng  ý ", "Không", "Hoà", "Hòa", "n.a.", None])
RESPONDENTS = st.tuples(
    st.sampled_from([2026, 2026, None]),
    st.sampled_from([1, 0.5, 2.25, 1.234, 1e-6, 123456.789, 0, -1, None]),
    st.sampled_from([1, 2, 9, 3, None]),
    st.sampled_from([18, 39, 40, 99, 39.5, None]),
    st.sampled_from([1, 2, 8, 97, 99, None]),
    st.sampled_from(["Y", "N", "maybe", None]),
    st.sampled_from(["Y", "N", None]),
    st.sampled_from([0, 10, 7.5, 0.1, 11, 1 / 3, None]),
    st.sampled_from(["92", "31117", "00000", None]),
    WORDS,
)
IDS = [
    st.lists(st.integers(1, 10**12), min_size=1, max_size=8),
    st.lists(st.sampled_from(["r1", "007", "7", "A-1 ", "B\u00a01", "é", "e\u0301"]), min_size=1, max_size=7),
]


def survey() -> dict[str, Any]:
    spec = reader_jobs.survey(ignore_columns=["free"], section={"place": "place"})
    spec["survey"]["questions"][2]["missing"] = {"7.5": "refused"}
    return spec


def worded() -> dict[str, Any]:
    spec = survey() | {"ignore_columns": ["q1"]}
    question = {
        "id": "q1",
        "kind": "single",
        "column": "free",
        "wording": LABEL,
        "topic": "B",
        "options": [
            {"code": "yes", "cells": ["đồng ý"], "label": LABEL},
            {"code": "no", "cells": ["Không", "hòa"], "label": LABEL},
        ],
    }
    spec["survey"]["questions"][0] = question
    return spec


@pytest.mark.parametrize("make", [survey, worded], ids=["codes", "words"])
@settings(max_examples=8, deadline=None)
@given(ids=st.one_of(IDS), answers=st.lists(RESPONDENTS, min_size=8, max_size=8))
def test_a_survey_is_the_same_in_every_format(make: Any, ids: list[Any], answers: list[Any]) -> None:
    rows = [[own, *cells] for own, cells in zip(ids, answers, strict=False)]
    results = {form: landed(form, read_as(form, make(), SURVEY, rows)) for form in FORMATS}
    for form, result in results.items():
        assert result == results["csv"], form


SOCIAL = ["id", "at", "mood", "likes", "url", "words", "author"]
EDGES = datetime(2020, 1, 1), datetime(2026, 6, 30)  # noqa: DTZ001  (files know no zone)
MOMENTS = st.datetimes(*EDGES).map(lambda at: at.replace(microsecond=0))
ITEMS = st.tuples(
    st.sampled_from(["Tốt", "tốt ", "Xấu", "Lạ", None]),
    st.sampled_from([0, 5, 1_234_567, -1, 2.5, None]),
    st.sampled_from(["https://a.vn/x", "//www.A.vn/y?p=1", "b.vn", None]),
    st.sampled_from(["giá điện tăng", "Kẹt xe", "x\ty", 'nói "thế"', "a,b;c", None]),
    st.just("Ẩn Danh"),
)


@settings(max_examples=8, deadline=None)
@given(
    ids=st.one_of(IDS),
    moments=st.lists(MOMENTS, min_size=8, max_size=8),
    items=st.lists(ITEMS, min_size=8, max_size=8),
)
def test_a_social_export_is_the_same_in_every_format(
    ids: list[Any], moments: list[datetime], items: list[Any]
) -> None:
    rows = [[own, at, *cells] for own, at, cells in zip(ids, moments, items, strict=False)]
    results = {form: landed(form, read_as(form, reader_jobs.social(), SOCIAL, rows)) for form in FORMATS}
    for form, result in results.items():
        assert result == results["csv"], form
