"""Cells that have the right shape and say what cannot be, or what nobody declared."""

from typing import Any

from reader_jobs import FIXTURES, LABEL, example

from bad_files.made import (
    COUNT,
    Case,
    polled,
    report_table,
    reported,
    social,
    social_table,
    survey_table,
    with_cells,
    written,
)

_FORMS = ("csv", "xlsx", "ods", "jsonl", "parquet", "sav", "dta")
_NAN = float("nan")


def _items(reason: str | list[str], form: str = "csv", date_format: str = "iso", **cells: Any) -> Case:
    """One bad item."""
    source = social(form)
    source["social"]["date_format"] = date_format
    table = social_table()
    if date_format == "%d/%m/%Y":
        table = [[row[0], f"{1 + n % 28:02}/06/2026" if n else "at", *row[2:]] for n, row in enumerate(table)]
    codes = reason if isinstance(reason, list) else [reason]
    return Case(source, written(with_cells(table, **cells), form), bad={4: codes}, good=COUNT - 1)


def _answers(name: str, reason: str, section: dict[str, Any] | None = None, **cells: Any) -> dict[str, Case]:
    """One bad interview, in every format that can say it."""
    return {
        f"{name} in {form}": Case(
            polled(form, section),
            written(with_cells(survey_table(), **cells), form),
            bad={(4 if form in ("csv", "xlsx", "ods") else 3): [reason]},
            good=COUNT - 1,
        )
        for form in _FORMS
    }


def _interviews(rows: list[list[Any]], bad: dict[int, list[str]], good: int) -> Case:
    return Case(polled(), written(rows), bad=bad, good=good)


def _percent() -> dict[str, Any]:
    question = {"id": "n", "kind": "numeric", "column": "n", "wording": LABEL, "topic": "D", "percent": True}
    return {"questions": [*polled()["survey"]["questions"][:2], question]}


def _waves() -> dict[str, Any]:
    source = polled()
    source["survey"]["wave_from"] = {"file_name": r"_(\w+)\.csv$"}
    return source


def _drifted() -> bytes:
    """The sample's file, a label changed."""
    data = (FIXTURES / "spss_attitudes" / "thai_do_2026-03.sav").read_bytes()
    label = "Nữ".encode()
    assert label in data
    return data.replace(label, label[:-1] + b"\xa3")


def _ids(*ids: str) -> list[list[Any]]:
    table = survey_table()
    return [table[0], *([own, *row[1:]] for own, row in zip(ids, table[1:], strict=False))]


def _duplicate() -> list[list[Any]]:
    """The respondent of the first row once more, with other answers."""
    table = survey_table()
    again = [table[1][0], *table[2][1:]]
    return [*table, again]


def _in_milliseconds() -> Case:
    """Items of one export, one of them in seconds."""
    source = social()
    source["social"]["date_format"] = "epoch_ms"
    table = [[row[0], 1_779_000_000_000 if n else "at", *row[2:]] for n, row in enumerate(social_table())]
    return Case(source, written(with_cells(table, at=1_779_000_000)), bad={4: ["bad_date"]}, good=COUNT - 1)


MEANING: dict[str, Case] = {
    "ambiguous day and month": _items("bad_date", at="03/04/2025"),
    "month before day": _items("bad_date", date_format="%d/%m/%Y", at="06/25/2026"),
    "future date": _items("future_date", at="2031-06-01T10:00:00Z"),
    "now as a date": _items("bad_date", at="now"),
    "infinity as a date": _items("bad_date", at="infinity"),
    "year 99999": _items("bad_date", at="99999-01-01T00:00:00Z"),
    "year 0": _items("bad_date", at="0000-01-01T00:00:00Z"),
    "30 February": _items("bad_date", at="2026-02-30T10:00:00Z"),
    "24 o'clock": _items("bad_date", at="2026-06-01T24:61:00Z"),
    "seconds for milliseconds": _in_milliseconds(),
    "30 February in a report": Case(
        reported(),
        written(with_cells(report_table(), tu_ngay="2026-02-30"), "xlsx"),
        bad={4: ["bad_date"]},
        good=59,
    ),
    **_answers("code out of range", "unknown_code", q1=3),
    **_answers("number out of range", "out_of_range", n=11),
    **_answers("undeclared missing 97", "unknown_code", q1=99),
    **_answers("undeclared missing 98 of a number", "out_of_range", n=98),
    **_answers("undeclared code of a group", "unknown_code", sex=98),
    **_answers("weight of 0", "bad_weight", w=0),
    **_answers("negative weight", "bad_weight", w=-1.5),
    **_answers("extreme weight", "bad_weight", w=1e300),
    **_answers("missing weight", "bad_weight", w=None),
    "weight NaN": _interviews(with_cells(survey_table(), w="NaN"), {4: ["bad_weight"]}, 59),
    "weight NaN in Parquet": Case(
        polled("parquet"),
        written(with_cells(survey_table(), w=_NAN), "parquet"),
        bad={3: ["bad_weight"]},
        good=59,
    ),
    "weight NaN in JSON": Case(
        polled("jsonl"),
        written(with_cells(survey_table(), w=_NAN), "jsonl"),
        bad={3: ["not_finite"]},
        good=59,
    ),
    "weight Infinity": _interviews(with_cells(survey_table(), w="Infinity"), {4: ["bad_weight"]}, 59),
    "weight Infinity in Parquet": Case(
        polled("parquet"),
        written(with_cells(survey_table(), w=float("inf")), "parquet"),
        bad={3: ["bad_weight"]},
        good=59,
    ),
    "duplicate respondent in a wave, conflicting answers": _interviews(
        _duplicate(), {62: ["duplicate_respondent"]}, COUNT
    ),
    "ids with leading zeros": _interviews(_ids("007", "07", "7"), {}, 3),
    "id 1.0 beside 1": _interviews(
        _ids("1", "1.0", *(f"r{n}" for n in range(58))), {3: ["duplicate_respondent"]}, 59
    ),
    "id rounded by a spreadsheet": _interviews(
        with_cells(survey_table(), id="1.14E+11"), {4: ["damaged_id"]}, 59
    ),
    "id of 16 digits in a sheet": Case(
        polled("xlsx"),
        written(with_cells(survey_table(), id=1234567890123456), "xlsx"),
        bad={4: ["damaged_id"]},
        good=59,
    ),
    "id that is a spreadsheet's error": _items("damaged_id", id="#NAME?"),
    "id that is blank": _items("missing_value", id=None),
    "0-1 against 0-100": Case(
        polled(section=_percent()),
        written(with_cells(survey_table(), n="0.5")),
        bad={4: ["ambiguous_share"]},
        good=59,
    ),
    "NA is a code nobody declared, not nothing": _interviews(
        with_cells(survey_table(), q1="NA"), {4: ["unknown_code"]}, 59
    ),
    "one wrong format of dates": Case(
        social(),
        written(
            [
                [*row[:1], "05/06/2026 10:00" if number else "at", *row[2:]]
                for number, row in enumerate(social_table())
            ]
        ),
        bad={number: ["bad_date"] for number in range(2, COUNT + 2)},
        good=0,
    ),
    "place name that is several": Case(
        reported(),
        written(with_cells(report_table(), ma_dia_ban="Phường 1"), "xlsx"),
        bad={4: ["unknown_place"]},
        good=59,
    ),
    "agency that is a person": Case(
        reported(),
        written(with_cells(report_table(), co_quan_de_xuat="Nguyễn Thị Kim Tước"), "xlsx"),
        bad={4: ["unknown_unit"]},
        good=59,
    ),
    "label drift between waves": Case(
        example("spss_attitudes"), _drifted(), refused="label_drift", name="thai_do_2026-03.sav"
    ),
    "file of the wrong wave": Case(
        _waves(), written(survey_table()), refused="unknown_wave", name="x_w9.csv"
    ),
    **{
        f"file of the wrong source in {form}": Case(
            polled(form), written(social_table(), form), refused="unknown_column"
        )
        for form in _FORMS
    },
    "file of another family": Case(reported(), written(survey_table(), "xlsx"), refused="no_header"),
}
