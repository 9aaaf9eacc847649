"""Options a version of the form did not have: no answer to them is a no."""

from typing import TYPE_CHECKING, TypeAlias

from opinion_warehouse.readers.problems import BadCell, RowCheck
from opinion_warehouse.readers.tables.table import Batch
from opinion_warehouse.sources import MissingCode, Option, Question, Survey

if TYPE_CHECKING:
    import polars as pl

TICKED = "1"
Item = tuple[str, str]
"""Question id and item code."""
Answers: TypeAlias = "tuple[str, str, tuple[pl.Series, pl.Series, pl.Series]]"
"""Question id, item code; answer codes, numbers and missing codes by row."""


def mark_not_offered(survey: Survey, batch: Batch, answers: list[Answers], check: RowCheck) -> list[Answers]:
    """The answers, where those to options that were not offered are missing for that."""
    absent = _absent(survey, batch, check)
    marked: list[Answers] = []
    for question, item, (codes, numbers, missing) in answers:
        gone = absent.get((question, item))
        if gone is None:
            marked.append((question, item, (codes, numbers, missing)))
            continue
        is_blank, is_outside = gone
        if is_outside is not None and survey.form_version:
            for at in (is_outside & (codes == TICKED).fill_null(False)).arg_true():
                detail = "an option is ticked that this version of the form does not have"
                problem = BadCell("not_offered", detail)
                check.add(batch.row_numbers[at], survey.form_version.column, problem)
        where = is_outside if is_blank is None else is_blank if is_outside is None else is_blank | is_outside
        assert where is not None  # noqa: S101  (one of the two is there)
        marked.append(
            (
                question,
                item,
                (codes.set(where, None), numbers, missing.set(where, int(MissingCode.NOT_OFFERED))),
            )
        )
    return marked


def check_waves(
    survey: Survey, batch: Batch, waves: "pl.Series", answers: list[Answers], check: RowCheck
) -> None:
    """Nobody gave an answer that the wave did not offer (`from_wave`, `to_wave` of an option)."""
    order = [wave.id for wave in survey.waves]
    limited = {
        question.id: question
        for question in survey.questions
        if any(option.from_wave or option.to_wave for option in question.options)
    }
    for wave in waves.drop_nulls().unique() if limited else ():
        is_wave = (waves == wave).fill_null(False)
        for question_id, item, (codes, _, _) in answers:
            if (question := limited.get(question_id)) is None:
                continue
            absent = [option.code for option in question.options if not _offers(option, wave, order)]
            given = codes.is_in(absent) if not item else (codes == TICKED) if item in absent else None
            if given is not None:
                column = question.columns.get(item) or question.column or ""
                for at in (given.fill_null(False) & is_wave).arg_true():
                    detail = "expected an option that the spec has the wave offer (from_wave, to_wave)"
                    check.add(batch.row_numbers[at], column, BadCell("not_offered", detail))


def _offers(option: Option, wave: str, order: list[str]) -> bool:
    first = order.index(option.from_wave) if option.from_wave else 0
    last = order.index(option.to_wave) if option.to_wave else len(order) - 1
    return first <= order.index(wave) <= last


def _absent(
    survey: Survey, batch: Batch, check: RowCheck
) -> "dict[Item, tuple[pl.Series | None, pl.Series | None]]":
    """Of each item that may not be offered: rows where it is blank beside others, outside its versions."""
    versions = _versions(survey, batch, check)
    found: dict[Item, tuple[pl.Series | None, pl.Series | None]] = {}
    for question in survey.questions:
        blank = _blank(question, batch) if question.blank_is_not_offered else {}
        for option in question.options:
            outside = None
            if versions is not None and (option.from_version is not None or option.to_version is not None):
                outside = _outside(survey, option, versions)
            if outside is not None or option.code in blank:
                found[question.id, option.code] = blank.get(option.code), outside
    return found


def _versions(survey: Survey, batch: Batch, check: RowCheck) -> "pl.Series | None":
    """The position of each row's form version; of an unknown one, nothing."""
    import polars as pl

    if survey.form_version is None:
        return None
    column, order = survey.form_version.column, survey.form_version.order
    cells = batch.frame.get_column(column)
    positions = cells.replace_strict(order, list(range(len(order))), default=None, return_dtype=pl.Int64)
    for at in positions.is_null().arg_true():
        problem = BadCell("unknown_version", "expected a version of the form that the spec lists")
        check.add(batch.row_numbers[at], column, problem)
    return positions


def _outside(survey: Survey, option: Option, versions: "pl.Series") -> "pl.Series":
    assert survey.form_version is not None  # noqa: S101  (the spec was checked)
    order = survey.form_version.order
    first = order.index(option.from_version) if option.from_version is not None else 0
    last = order.index(option.to_version) if option.to_version is not None else len(order) - 1
    return ((versions < first) | (versions > last)).fill_null(False)


def _blank(question: Question, batch: Batch) -> "dict[str, pl.Series]":
    import polars as pl

    blank = {
        code: batch.frame.get_column(name).fill_null("") == "" for code, name in question.columns.items()
    }
    is_filled = ~pl.DataFrame(blank).select(pl.all_horizontal(pl.all())).to_series()
    return {code: cells & is_filled for code, cells in blank.items()}
