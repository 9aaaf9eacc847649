"""Specs that cannot work, or that say two things, are refused before a file is read by them."""

from typing import Any

import pytest
from pydantic import ValidationError
from reader_jobs import LABEL, report, social, survey

from opinion_warehouse.sources import Source


def in_social(**values: Any) -> dict[str, Any]:
    source = social()
    source["social"] |= values
    return source


def in_question(at: int, **values: Any) -> dict[str, Any]:
    source = survey()
    source["survey"]["questions"][at] |= values
    return source


def in_group(**values: Any) -> dict[str, Any]:
    source = survey()
    source["survey"]["groups"][0] |= values
    return source


WORDS = [
    {"code": code, "label": LABEL, "cells": [cell]} for code, cell in (("1", "Đồng ý"), ("2", "đồng  Ý"))
]
REPEAT = {"format": "xlsx", "sheet": "a", "repeat": {"sheet": "b"}}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (social(files={"delimiter": "¦"}), "ASCII"),
        (social(files={"delimiter": "a"}), "no letter"),
        (social(files={"encoding": "unicode_escape"}), "no text encoding"),
        (social(files={"encoding": "idna"}), "no text encoding"),
        (social(files={"format": "json", "records": "a..b"}), "keys joined by dots"),
        (social(files={"column_names": ["id"], "layout": "qualtrics"}), "keep one"),
        (survey(files=REPEAT | {"header_has": ["id"]}), "by their `header_row`"),
        (survey(files=REPEAT | {"layout": "qualtrics"}), "by their `header_row`"),
        (survey(files={"format": "sav", "header_row": 3}), "`header_row` is for csv, xlsx"),
        (in_social(date_format="%d/%m/%Y %Q"), "no form of dates"),
        (in_social(date_format="%d/%m/%Y %d"), "no form of dates"),
        (in_social(date_format="%d/%m/%Y %"), "no form of dates"),
        (in_social(date_format="%d/%m/%Y %I:%M"), "needs %p"),
        (in_social(sentiments={"Tốt": "positive", "TỐT ": "negative"}), "twice"),
        (in_social(platforms={"fb": "facebook", "FB": "news"}), "twice"),
        (report(section={"date_format": "%d/%m/%Y %Q"}), "no form of dates"),
        (report(section={"tendencies": {"ủng hộ": "support", "Ủng  hộ": "oppose"}}), "twice"),
        (survey(section={"wave_from": {"date_column": "at", "date_format": "%d/%m"}}), "needs %d, %m and %Y"),
        (in_question(0, options=WORDS), "stands twice"),
        (in_question(0, missing={"Đồng ý": "refused"}, options=WORDS[:1]), "and a missing code"),
        (in_question(1, missing={"N": "refused"}), "also stands in `missing`"),
        (in_question(1, missing={"Y": "refused"}), "also stands in `missing`"),
        (in_group(unknown=["2"]), "stands in `unknown`"),
    ],
)  # fmt: skip
def test_spec_that_cannot_work_is_refused(source: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Source.model_validate(source)
