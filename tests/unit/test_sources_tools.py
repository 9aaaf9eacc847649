"""Specs of survey tools: combinations that cannot be meant are refused, with what to write instead."""

from typing import Any

import pytest
from pydantic import ValidationError
from reader_jobs import example

from opinion_warehouse.sources import Source


def refused(spec: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        Source.model_validate(spec)
    return str(error.value)


def changed(source_id: str, question: int, **values: Any) -> dict[str, Any]:
    """A sample spec with other values in one question."""
    spec = example(source_id)
    spec["survey"]["questions"][question] |= values
    return spec


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (example("limesurvey_vv", delimiter=";"), "is text with tabs"),
        (example("limesurvey_vv", format="xlsx", sheet="a"), "`delimiter` is for csv"),
        (example("qualtrics_responses", layout="qualtrix"), "Input should be"),
        (
            example("qualtrics_responses", rows={"column": "status", "keep": ["0"], "leave_out": ["0"]}),
            "stands in `keep` and in `leave_out`",
        ),
        (
            example("qualtrics_responses", rows={"column": "status", "keep": ["0"], "leave_out": []}),
            "at least 1 item",
        ),
        (
            example("qualtrics_responses", rows={"column": "endDate", "keep": ["0"], "leave_out": ["1"]}),
            "is read and stands in `ignore_columns`",
        ),
        (changed("qualtrics_responses", 1, separator=None), "needs the `separator`"),
        (changed("qualtrics_responses", 1, columns={"1": "x"}), "`column` and `separator` alone"),
        (changed("qualtrics_responses", 1, column=None), "needs `columns`"),
        (changed("qualtrics_responses", 1, none_ticked="not_asked"), "`none_ticked` goes with `columns`"),
        (changed("qualtrics_responses", 1, options=[]), "needs its `options`"),
        (changed("qualtrics_responses", 1, separator="1"), "holds the separator"),
        (changed("qualtrics_responses", 1, other="4"), "is none of the `options`"),
        (changed("qualtrics_responses", 1, column="QID1"), "question column 'QID1' stands twice"),
        (changed("qualtrics_responses", 0, separator=","), "only a multiple question has `separator`"),
        (changed("qualtrics_responses", 0, none_ticked="refused"), "only a multiple question has"),
        (changed("qualtrics_responses", 2, separator=","), "`separator` goes with `column`"),
        (changed("qualtrics_responses", 2, ticked="0"), "means ticked and also stands in `unticked`"),
        (changed("surveymonkey_responses", 1, unticked=["Shade"]), "means ticked and also"),
        (changed("qualtrics_responses", 3, other="1"), "is none of the `options`"),
    ],
)
def test_spec_whose_parts_do_not_fit_is_refused(spec: dict[str, Any], words: str) -> None:
    assert words in refused(spec)


@pytest.mark.parametrize(
    ("wave_from", "words"),
    [
        ({"date_column": "Dấu thời gian"}, "go together"),
        ({"constant": "2026-05", "date_format": "%d/%m/%Y"}, "go together"),
        ({"date_column": "a", "date_format": "%d/%m/%Y", "constant": "2026-05"}, "exactly one"),
        ({"date_column": "Dấu thời gian", "date_format": "d/m/Y"}, "needs %d, %m and %Y"),
        ({"date_column": "Dấu thời gian", "date_format": "%d/%m"}, "needs %d, %m and %Y"),
        ({}, "exactly one"),
    ],
)
def test_wave_by_date_needs_the_order_of_the_date(wave_from: dict[str, str], words: str) -> None:
    spec = example("google_form_responses")
    spec["survey"]["wave_from"] = wave_from
    assert words in refused(spec)


def test_wave_by_date_with_waves_that_overlap_is_refused() -> None:
    spec = example("google_form_responses")
    spec["survey"]["waves"][1]["fieldwork_start"] = "2026-05-17"
    assert "waves '2026-05' and '2026-06' overlap" in refused(spec)


def test_complete_cells_without_their_column_are_refused() -> None:
    spec = example("qualtrics_responses")
    spec["survey"]["complete_when"] = None
    assert "`complete_cells` needs `complete_when`" in refused(spec)
