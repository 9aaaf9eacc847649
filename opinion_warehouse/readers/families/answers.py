"""Cells → answers, with why one is missing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from opinion_warehouse.readers.cells.column import CellReader, Cells
from opinion_warehouse.readers.cells.values import number, number_in_words, percentage, plain_code
from opinion_warehouse.readers.families.choices import choices
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.readers.text import fold
from opinion_warehouse.sources import MissingCode, MissingName, Option, Question, Survey, missing_code

if TYPE_CHECKING:
    import polars as pl

Cell = tuple[str | None, float | None, int]
"""Answer code, numeric value, missing code."""
Answers: TypeAlias = "tuple[pl.Series, pl.Series, pl.Series]"
"""The same of a column."""
ReadCell = Callable[[str | None, bool], Cell]
"""Of a cell and whether the interview is complete."""
_INVALID: Cell = (None, None, MissingCode.INVALID)


class AnswerColumn:
    """A column that holds answers, to a question or to one item of it."""

    def __init__(self, question: str, item: str, column: str, read: ReadCell) -> None:
        self.question = question
        self.item = item
        self.column = column
        self._done = CellReader(lambda cell: read(cell, True), _INVALID)
        self._begun = CellReader(lambda cell: read(cell, False), _INVALID)

    def read(self, cells: Cells, complete: "pl.Series") -> Answers:
        """The answers of complete interviews and of those broken off, by row."""
        if complete.all():
            return _parts(*self._done.look_up(cells))
        at, rest = complete.arg_true(), (~complete).arg_true()
        found = _parts(*self._begun.look_up(cells.at(rest)))
        if not at.len():
            return found
        whole = _parts(*self._done.look_up(cells.at(at)))
        order = at.append(rest).arg_sort()
        codes, numbers, missing = (
            of_done.append(of_begun).gather(order) for of_done, of_begun in zip(whole, found, strict=True)
        )
        return codes, numbers, missing


def _parts(found: list[Cell], which: "pl.Series") -> Answers:
    import polars as pl

    return (
        pl.Series([code for code, _, _ in found], dtype=pl.String).gather(which),
        pl.Series([value for _, value, _ in found], dtype=pl.Float64).gather(which),
        pl.Series([int(missing) for _, _, missing in found], dtype=pl.Int64).gather(which),
    )


def answer_columns(survey: Survey, decimal: str) -> list[AnswerColumn]:
    """Every column that holds answers, as often as items are read from it."""
    columns: list[AnswerColumn] = []
    for question in survey.questions:
        missing = {**survey.missing, **question.missing}
        if question.columns:
            for code, column in question.columns.items():
                ticks = _ticks(survey, question, code, missing)
                columns.append(AnswerColumn(question.id, code, column, ticks))
        elif question.kind == "multiple":
            read_choices = choices(question)
            for option in question.options:
                ticks = _or_empty(survey, _chosen(option, read_choices, missing))
                columns.append(AnswerColumn(question.id, option.code, question.column or "", ticks))
        else:
            read = (
                _single(question, missing)
                if question.kind == "single"
                else _numeric(question, missing, decimal)
            )
            columns.append(AnswerColumn(question.id, "", question.column or "", _or_empty(survey, read)))
    return columns


def without_ticks(items: Sequence[Answers], why: MissingName) -> list[Answers]:
    """The items of a question: where none is ticked, what is not ticked is missing."""
    import polars as pl

    ticked = pl.DataFrame({str(number): codes == "1" for number, (codes, _, _) in enumerate(items)})
    none = ~ticked.select(pl.any_horizontal(pl.all()).fill_null(False)).to_series()
    mended: list[Answers] = []
    for codes, numbers, missing in items:
        silent = none & (codes == "0").fill_null(False)
        mended.append((codes.set(silent, None), numbers, missing.set(silent, int(missing_code(why)))))
    return mended


def _empty(survey: Survey, cell: str | None, complete: bool) -> Cell:
    """Nothing was asked, or nothing was answered. Nothing after breaking off is breaking off."""
    if not complete and (cell is None or _are_alike(survey)):
        return None, None, MissingCode.BREAK_OFF
    return None, None, missing_code(survey.null_means if cell is None else survey.empty_means)


def _are_alike(survey: Survey) -> bool:
    """A file whose spec gives nothing and "" one meaning cannot tell them apart."""
    return survey.null_means == survey.empty_means


def _or_empty(survey: Survey, read: Callable[[str], Cell]) -> ReadCell:
    return lambda cell, complete: read(cell) if cell else _empty(survey, cell, complete)


def _single(question: Question, missing: Mapping[str, str]) -> Callable[[str], Cell]:
    options = {
        option.code: MissingCode[option.missing.upper()] if option.missing else MissingCode.VALID
        for option in question.options
    }
    cells = {fold(cell): option.code for option in question.options for cell in option.cells}

    def read(cell: str) -> Cell:
        for code in (cell, plain_code(cell)):
            if code in options:
                return code, None, options[code]
            if code in missing:
                return None, None, MissingCode[missing[code].upper()]
        if code := cells.get(fold(cell), question.other or ""):
            return code, None, options[code]
        raise BadCell("unknown_code", f"expected one of the {len(options)} options of {question.id}")

    return read


def _numeric(question: Question, missing: Mapping[str, str], decimal: str) -> Callable[[str], Cell]:
    low = float("-inf") if question.low is None else question.low
    high = float("inf") if question.high is None else question.high
    read_number = percentage if question.percent else number_in_words if question.number_words else number
    by_value = _by_value(missing)

    def read(cell: str) -> Cell:
        for code in (cell, plain_code(cell)):
            if code in missing:
                return None, None, MissingCode[missing[code].upper()]
        value = read_number(cell, decimal)
        if value in by_value and not cell.endswith("%"):  # 97,0 is 97 too
            return None, None, by_value[value]
        if not low <= value <= high:
            raise BadCell("out_of_range", f"expected a number from {low:g} to {high:g}")
        return None, value, MissingCode.VALID

    return read


def _by_value(missing: Mapping[str, str]) -> dict[float, MissingCode]:
    """The missing codes that are numbers."""
    found = {}
    for code, why in missing.items():
        with suppress(BadCell):
            found[number(code, ".")] = MissingCode[why.upper()]
    return found


def _when_ticked(option: Option) -> Cell:
    return "1", None, missing_code(option.missing) if option.missing else MissingCode.VALID


def _chosen(
    option: Option, read_choices: Callable[[str], frozenset[str]], missing: Mapping[str, str]
) -> Callable[[str], Cell]:
    when_ticked = _when_ticked(option)

    def read(cell: str) -> Cell:
        for code in (cell, plain_code(cell)):
            if code in missing:
                return None, None, MissingCode[missing[code].upper()]
        return when_ticked if option.code in read_choices(cell) else ("0", None, MissingCode.VALID)

    return read


def _ticks(survey: Survey, question: Question, item: str, missing: Mapping[str, str]) -> ReadCell:
    option = next(option for option in question.options if option.code == item)
    when_ticked = _when_ticked(option)
    words = {fold(cell) for cell in option.cells}
    unticked = set(question.unticked)
    alike = _are_alike(survey)

    def read(cell: str | None, complete: bool) -> Cell:
        # Where they are alike, both are `unticked`'s "" in a complete interview, and breaking off in another.
        shown = cell or ("" if complete else None) if alike else cell
        if shown is not None:
            for code in (shown, plain_code(shown)):
                if fold(code) in words if words else code == question.ticked:
                    return when_ticked
                if code in unticked:
                    return "0", None, MissingCode.VALID
                if code in missing:
                    return None, None, MissingCode[missing[code].upper()]
        if not shown:
            return _empty(survey, cell, complete)
        if item == question.other:
            return when_ticked
        raise BadCell("unknown_code", f"expected a tick of {question.id} or one of its values for none")

    return read
