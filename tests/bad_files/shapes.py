"""Tables that are not as wide, long, ordered or delimited as the spec says."""

from collections.abc import Callable
from typing import Any

from table_formats import FORMATS, delimited

from bad_files.made import (
    COUNT,
    Case,
    Table,
    beside,
    csv_text,
    in_text,
    polled,
    report_table,
    reported,
    social,
    social_table,
    survey_table,
    with_cells,
    without,
    written,
)
from opinion_warehouse.sample.canaries import NAME

_LINES = csv_text().splitlines(keepends=True)
_SOUND = csv_text().encode()


def _file(*lines: str) -> bytes:
    return "".join(lines).encode()


def _refused(data: bytes, reason: str, **files: Any) -> Case:
    return Case(social(**files), data, refused=reason)


def _bad_row(data: bytes, reason: str, good: int = COUNT - 1) -> Case:
    return Case(social(), data, bad={4: [reason]}, good=good)


def _same(data: bytes) -> Case:
    return Case(social(), data, sound=_SOUND)


def _cut(line: str) -> str:
    return ",".join(line.split(",")[:4]) + "\n"


def _header_twice() -> bytes:
    return _file(*_LINES[:3], _LINES[0], *_LINES[3:])


def _reordered() -> bytes:
    table = [row[::-1] for row in social_table()]
    return delimited(table[0], table[1:])


def _in_each(name: str, change: Callable[[Table], Table], reason: str, *forms: str) -> dict[str, Case]:
    """The same fault of a survey's table in each of some formats."""
    return {
        f"{name} in {form}": Case(polled(form), written(change(survey_table()), form), refused=reason)
        for form in forms
    }


def _unnamed() -> Table:
    table = [[row[-1], *row[:-1]] for row in survey_table()]
    return [[None, *table[0][1:]], *table[1:]]


_ALL = tuple(FORMATS)
_SHEETS = ("xlsx", "ods")
_TEN_MB = with_cells(social_table(), words="x" * 10_000_000)

SHAPES: dict[str, Case] = {
    "unbalanced quote": _refused(in_text(lambda text: text.replace('"Tốt"', '"Tốt', 1)), "unbalanced_quote"),
    "unbalanced quote to the end": _refused(_SOUND.rstrip(b'"\n'), "unbalanced_quote"),
    "quote within a cell": _refused(
        in_text(lambda text: text.replace('"Tốt"', '"T"ốt', 1)), "unbalanced_quote"
    ),
    "embedded newline": Case(
        social(),
        in_text(lambda text: text.replace("giá điện", "giá\nđiện")),
        sound=None,
    ),
    "CR-only": _same(_SOUND.replace(b"\n", b"\r")),
    "CR LF": _same(_SOUND.replace(b"\n", b"\r\n")),
    "wrong delimiter": _refused(delimited(social_table()[0], social_table()[1:], ";"), "no_header"),
    "ragged to one column": _refused(_SOUND, "no_header", delimiter="|"),
    "decimal comma": Case(
        polled(), written(with_cells(survey_table(), w="1,5")), bad={4: ["bad_weight"]}, good=59
    ),
    "decimal point where a comma is declared": Case(
        polled(decimal=",", delimiter=";"),
        delimited(
            survey_table()[0], [[*row[:2], "1,5", *row[3:]] for row in with_cells(survey_table(), 1)[1:]], ";"
        ).replace(b'"1,5"', b'"0.85"', 1),
        bad={2: ["bad_weight"]},
        good=59,
    ),
    **_in_each(
        "duplicate header",
        lambda table: [[*row, row[3]] for row in table],
        "duplicate_header",
        "csv",
        "tsv in utf-16",
        "xlsx",
        "ods",
        "docx",
        "eml",
        "parquet",
    ),
    **_in_each(
        "blank header", lambda table: beside(table, ""), "blank_header", "csv", "eml", "jsonl", "json"
    ),
    "blank header in a sheet": Case(polled("xlsx"), written(_unnamed(), "xlsx"), refused="blank_header"),
    "cells beyond the header of a sheet": Case(
        reported(),
        written([*report_table()[:3], [*report_table()[3], "more"], *report_table()[4:]], "xlsx"),
        bad={4: ["row_too_long"]},
        good=COUNT - 1,
    ),
    "reordered columns": _same(_reordered()),
    **_in_each("extra column", lambda table: beside(table, "wages"), "unknown_column", *_ALL),
    **_in_each("missing column", lambda table: without(table, "w"), "missing_column", *_ALL),
    "short row": _bad_row(_file(*_LINES[:3], _cut(_LINES[3]), *_LINES[4:]), "row_too_short"),
    "long row": _bad_row(_file(*_LINES[:3], _LINES[3].rstrip() + ",more\n", *_LINES[4:]), "row_too_long"),
    "short row below a quote that is doubtful": _refused(
        _file(*_LINES[:3], _cut(_LINES[3]), *_LINES[4:], 'x,"a"b,,,,,\n'), "unbalanced_quote"
    ),
    "header repeated mid-file": _bad_row(_header_twice(), "duplicate_header_row", COUNT),
    "header repeated mid-sheet": Case(
        reported(),
        written(report_table()[:3] + report_table()[:1] + report_table()[3:], "xlsx"),
        bad={4: ["duplicate_header_row"]},
    ),
    "totals row": Case(
        reported(),
        written([*report_table(), ["Tổng cộng:", *[None] * 13, "720", None, None, None, None]], "xlsx"),
        sound=written(report_table(), "xlsx"),
    ),
    "10 MB cell": _refused(written(_TEN_MB), "cell_too_large"),
    "10 MB cell in JSON Lines": Case(
        social("jsonl"), written(_TEN_MB, "jsonl"), bad={3: ["cell_too_large"]}, good=59
    ),
    "10 MB cell in Parquet": Case(social("parquet"), written(_TEN_MB, "parquet"), refused="cell_too_large"),
    "100 KB cell in ods": Case(
        social("ods"),
        written(with_cells(social_table(), words="x" * 100_000), "ods"),
        bad={4: ["cell_too_large"]},
        good=59,
    ),
    "cell of 64 KB and a letter": _refused(
        written(with_cells(social_table(), words="x" * 65_537)), "cell_too_large"
    ),
    "line of 16 MB": _refused(b"x" * 16_100_000, "line_too_long"),
    **_in_each(
        "10,000 columns",
        lambda table: [[*row, *(f"c{at}" for at in range(10_000))] for row in table[:2]],
        "too_many_columns",
        "csv",
        "xlsx",
        "ods",
        "jsonl",
        "parquet",
    ),
    **{f"empty {form}": Case(polled(form), b"", refused="empty") for form in FORMATS},
    **_in_each(
        "header only", lambda table: table[:1], "empty", "csv", "tsv in utf-16", "xlsx", "ods", "docx", "eml"
    ),
    "no record in JSON Lines": Case(polled("jsonl"), b"\n\n", refused="empty"),
    "no record in JSON": Case(polled("json"), b"[]", refused="empty"),
    "header and first row in one line": _refused(_file(_LINES[0].rstrip(), *_LINES[1:]), "unknown_column"),
    "a person's name for a key": Case(
        social("jsonl"), written(beside(social_table(), NAME), "jsonl"), refused="unknown_column"
    ),
    "no header": _refused(_file(*_LINES[1:]), "no_header"),
}
