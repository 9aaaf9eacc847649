"""How a survey tool lays a table out: its header rows → one heading a column, and its marks in cells.

The headings go by what the tool itself keys its columns on, so that an edited wording changes no mapping.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.text import clean

if TYPE_CHECKING:
    import polars as pl

HeaderRow = Sequence[str | None]


@dataclass(frozen=True)
class Layout:
    """`header_rows` rows → headings; `marks` turns the tool's own marks in cells into plain cells."""

    header_rows: int
    headings: Callable[[Sequence[HeaderRow]], list[str]]
    marks: Callable[["pl.DataFrame"], "pl.DataFrame"] | None = None


def heading(text: str | None) -> str:
    """A heading as it is compared: line ends and runs of blanks are one blank."""
    return " ".join(clean(text or "").split())


def _row(number: int) -> Callable[[Sequence[HeaderRow]], list[str]]:
    return lambda rows: [heading(cell) for cell in rows[number]]


def _import_ids(rows: Sequence[HeaderRow]) -> list[str]:
    """Qualtrics' third row, `{"ImportId": …}`; where one id has a column an option, the option's is added."""
    found: list[tuple[str, str]] = []
    for number, cell in enumerate(rows[2], 1):
        try:
            said = json.loads(cell) if cell else {}
            found.append((str(said.get("ImportId", "")), str(said.get("choiceId", ""))))
        except (ValueError, AttributeError, RecursionError):
            detail = f'column {number} has no {{"ImportId": …}} in the third header row; is layout right?'
            raise FileRejected("no_header", detail) from None
    count = Counter(own for own, _ in found)
    return [heading(f"{own}_{choice}" if choice and count[own] > 1 else own) for own, choice in found]


def _question_and_option(rows: Sequence[HeaderRow]) -> list[str]:
    """SurveyMonkey: `question | option`; a question stands once, over the first of its columns."""
    headings: list[str] = []
    question = ""
    for above, below in zip_longest(*rows[:2]):
        option = heading(below)
        question = heading(above) or question
        is_blank = not option and not heading(above)
        headings.append("" if is_blank else f"{question} | {option}" if option else question)
    return headings


_NOT_SHOWN = "{question_not_shown}"
_ESCAPES = {"{newline}": "\n", "{cr}": "\r", "{tab}": "\t", "{quote}": '"', "{lbrace}": "{"}


def _vv_marks(frame: "pl.DataFrame") -> "pl.DataFrame":
    """LimeSurvey VV: a mark stands for nothing, and nothing for the empty string."""
    import polars as pl

    def plain(column: pl.Series) -> pl.Expr:
        cell = pl.col(column.name)
        text = cell.fill_null("").str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
        return pl.when(cell == _NOT_SHOWN).then(None).otherwise(text).alias(column.name)

    return frame.select(plain(column) for column in frame.get_columns())


LAYOUTS: dict[str, Layout] = {
    "plain": Layout(1, _row(0)),
    "limesurvey_vv": Layout(2, _row(1), _vv_marks),
    "qualtrics": Layout(3, _import_ids),
    "qualtrics_legacy": Layout(2, _row(0)),
    "surveymonkey": Layout(2, _question_and_option),
}
"""By the name `files.layout` gives it."""
