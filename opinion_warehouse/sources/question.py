"""A survey's questions: the columns they are read from, and the answers that could be given."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from opinion_warehouse.sources.base import Code, MissingName, Model, Tendency, Text, alike, repeated
from opinion_warehouse.sources.categories import Coded, cells_of


class Option(Coded):
    """An answer a respondent could choose. `missing` marks one that is no valid answer (khó trả lời)."""

    missing: MissingName | None = None
    tendency: Tendency | None = None
    value: float | None = Field(None, allow_inf_nan=False, description="score for means")
    from_wave: Code | None = Field(None, description="the first wave that offers it; none: the first")
    to_wave: Code | None = Field(None, description="the last wave that offers it; none: the last")
    from_version: str | None = Field(None, description="multiple: the first form version that offers it")
    to_version: str | None = Field(None, description="multiple: the last form version that offers it")


class Version(Model):
    """A later wording of a question: a break, unless `harmonisation` says that it asks the same."""

    from_wave: Code
    wording: Text


class Question(Model):
    """One question.

    `multiple` is written in one of two ways. `columns` maps option code → column: a cell equal to `ticked`,
    or to one of the option's own `cells`, is a yes. Or one `column` holds the options chosen, joined by
    `separator`. `other` is the option that text of the respondent's own counts as; the text is not kept.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
    kind: Literal["single", "multiple", "numeric"]
    column: str | None = None
    columns: dict[str, str] = {}
    ticked: str = "Y"
    unticked: list[str] = Field(["", "N", "0"], description="cells that mean: shown, not ticked")
    none_ticked: MissingName | None = Field(
        None, description="why the answer is missing where no column is ticked; none: nothing was chosen"
    )
    separator: str | None = Field(None, min_length=1, max_length=8, description="between options in one cell")
    other: Code | None = Field(None, description="option code of a respondent's own text")
    blank_is_not_offered: bool = Field(
        False, description="multiple: an empty cell beside filled ones is an option the form did not have yet"
    )
    wording: Text
    versions: list[Version] = Field([], description="later wordings")
    topic: Code
    asks_for_topics: bool = Field(
        False, description="its options are topics: the share of each is its salience"
    )
    options: list[Option] = []
    missing: dict[str, MissingName] = Field({}, description="cell value → why it is missing")
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    percent: bool = Field(False, description="percentages: `20%` is 20, and a part of 1 without % is refused")
    number_words: bool = Field(False, description="nghìn, triệu, tỷ may follow: `1,5 triệu`")

    @property
    def cells(self) -> list[str]:
        """The columns it is read from."""
        return list(self.columns.values()) if self.columns else [self.column or ""]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        for problem in self._wrong_multiple() if self.kind == "multiple" else self._wrong_column():
            raise ValueError(problem)
        if self.kind != "numeric" and not self.options:
            raise ValueError(f"a {self.kind} question needs its `options`")
        if self.kind == "numeric" and self.options:
            raise ValueError("a numeric question has no `options`; use `missing` for its missing codes")
        if self.kind != "numeric" and (self.low is not None or self.high is not None):
            raise ValueError("only a numeric question has `low` and `high`")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("`low` is above `high`")
        if self.kind != "numeric" and (self.percent or self.number_words):
            raise ValueError("only a numeric question has `percent` and `number_words`")
        if self.percent and self.number_words:
            raise ValueError("a percentage has no `number_words`")
        if self.other is not None and self.other not in {option.code for option in self.options}:
            raise ValueError(f"`other` {self.other!r} is none of the `options`")
        codes, cells = [option.code for option in self.options], cells_of(self.options)
        if again := repeated([*codes, *cells]) or (self.kind == "single" and alike(cells)):
            raise ValueError(f"option {again[0]!r} stands twice; codes must differ")
        both = sorted({*codes, *cells} & set(self.missing))
        if both and self.kind == "single":
            raise ValueError(
                f"{both[0]!r} is an option and a missing code; keep one (an option may carry `missing`)"
            )
        return self

    def _wrong_column(self) -> Iterator[str]:
        if not self.column or self.columns:
            yield f"a {self.kind} question needs `column`, and no `columns`"
        if self.separator or self.none_ticked:
            yield "only a multiple question has `separator` and `none_ticked`"
        if self.blank_is_not_offered or any(each.from_version or each.to_version for each in self.options):
            yield "only options of a multiple question come and go with the form's version"

    def _wrong_multiple(self) -> Iterator[str]:
        codes = {option.code for option in self.options}
        if bool(self.column) == bool(self.columns):
            yield (
                "a multiple question needs `columns` (option code → column), and no `column`;"
                " or, where one cell holds several options, `column` and `separator` alone"
            )
        elif self.column:
            if not self.separator:
                yield "a multiple question in one `column` needs the `separator` between its options"
            if self.none_ticked:
                yield "`none_ticked` goes with `columns`; a blank cell is `null_means` or `empty_means`"
            if inside := [code for code in sorted(codes) if self.separator and self.separator in code]:
                yield f"the code {inside[0]!r} holds the separator; give it another, and the cell in `cells`"
        elif self.separator:
            yield "`separator` goes with `column`; with `columns` each option has a cell of its own"
        elif codes != set(self.columns):
            odd = sorted(codes ^ set(self.columns))
            yield f"`options` and `columns` must name the same codes; {odd} stand on one side only"
        elif both := {self.ticked, *cells_of(self.options)} & set(self.unticked):
            yield f"{min(both)!r} means ticked and also stands in `unticked`"
        elif both := {self.ticked, *cells_of(self.options), *self.unticked} & set(self.missing):
            yield f"{min(both)!r} says whether an option is ticked and also stands in `missing`; keep one"


class Ratio(Model):
    """The ratio of two numeric questions' totals, among those who answered both."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
    numerator: str
    denominator: str
    wording: Text
    topic: Code
