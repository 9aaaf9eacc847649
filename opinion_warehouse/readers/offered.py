"""Options a version of the form did not have: no answer to them is a no."""

from opinion_warehouse.readers.answers import Cell
from opinion_warehouse.readers.job import RowCheck
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.table import Batch
from opinion_warehouse.readers.values import text_of
from opinion_warehouse.sources import MissingCode, Option, Question, Survey

TICKED = "1"
_NOT_OFFERED: Cell = (None, None, MissingCode.NOT_OFFERED)


def mark_not_offered(
    survey: Survey, batch: Batch, answers: list[tuple[str, str, list[Cell]]], check: RowCheck
) -> None:
    """Change, in `answers` (question id, item code, cell by row), those to options that were not offered."""
    cells = {(question, item): column for question, item, column in answers}
    versions = _versions(survey, batch, check)
    for question in survey.questions:
        if question.blank_is_not_offered:
            _mark_blank(question, batch, cells)
        for option in question.options:
            if option.from_version is not None or option.to_version is not None:
                _mark_by_version(survey, batch, option, (versions, cells[question.id, option.code]), check)


def _versions(survey: Survey, batch: Batch, check: RowCheck) -> list[int | None]:
    """The position of each row's form version; of an unknown one, nothing."""
    if survey.form_version is None:
        return []
    column, order = survey.form_version.column, survey.form_version.order
    positions = {version: position for position, version in enumerate(order)}
    found: list[int | None] = []
    for row, cell in zip(batch.row_numbers, batch.column(column), strict=True):
        found.append(positions.get(text_of(cell) or ""))
        if found[-1] is None:
            check.add(
                row, column, BadCell("unknown_version", "expected a version of the form the spec lists")
            )
    return found


def _mark_blank(question: Question, batch: Batch, cells: dict[tuple[str, str], list[Cell]]) -> None:
    columns = {item: batch.column(name) for item, name in question.columns.items()}
    filled = [any(row) for row in zip(*columns.values(), strict=True)]
    for item, column in columns.items():
        for at, cell in enumerate(column):
            if filled[at] and not cell:
                cells[question.id, item][at] = _NOT_OFFERED


def _mark_by_version(
    survey: Survey,
    batch: Batch,
    option: Option,
    found: tuple[list[int | None], list[Cell]],
    check: RowCheck,
) -> None:
    assert survey.form_version is not None  # noqa: S101  (the spec was checked)
    order = survey.form_version.order
    first = order.index(option.from_version) if option.from_version is not None else 0
    last = order.index(option.to_version) if option.to_version is not None else len(order) - 1
    versions, cells = found
    for at, version in enumerate(versions):
        if version is None or first <= version <= last:
            continue
        if cells[at][0] == TICKED:
            problem = BadCell(
                "not_offered", "an option is ticked that this version of the form does not have"
            )
            check.add(batch.row_numbers[at], survey.form_version.column, problem)
        cells[at] = _NOT_OFFERED
