"""The survey section of a spec: columns → answers, groups, design, waves."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import (
    Code,
    GroupPattern,
    Identifier,
    MissingName,
    Model,
    Tendency,
    Text,
    repeated,
)


def _iso_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("is no date; write YYYY-MM-DD") from None


IsoDate = Annotated[str, AfterValidator(_iso_date)]


class Category(Model):
    """A code and what it means."""

    code: Code
    label: Text


class Coded(Category):
    """A code that cells hold. `cells`: what the file writes for it, where that is not the code itself."""

    cells: list[str] = []


def _cells(coded: Sequence[Coded]) -> list[str]:
    return [cell for each in coded for cell in each.cells]


class Band(Category):
    """A numeric band, both ends included; a missing end is open."""

    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _low_before_high(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("a band needs `low`, `high` or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("`low` is above `high`")
        return self


class Group(Model):
    """A dimension respondents are compared by. `codes` for coded columns, `bands` for numbers."""

    dimension: Identifier
    label: Text
    column: str
    codes: list[Coded] = []
    bands: list[Band] = []
    unknown: list[str] = Field([], description="cell values that mean: not known")

    @model_validator(mode="after")
    def _codes_or_bands(self) -> Self:
        if bool(self.codes) == bool(self.bands):
            raise ValueError("give either `codes` (a coded column) or `bands` (a number), not both or none")
        again = repeated([*(item.code for item in [*self.codes, *self.bands]), *_cells(self.codes)])
        if again:
            raise ValueError(f"code {again[0]!r} stands twice; codes must differ")
        ordered = sorted(self.bands, key=lambda band: float("-inf") if band.low is None else band.low)
        for lower, upper in pairwise(ordered):
            if lower.high is None or upper.low is None or lower.high >= upper.low:
                raise ValueError(f"bands {lower.code!r} and {upper.code!r} overlap; both ends are included")
        return self


class Option(Coded):
    """An answer a respondent could choose. `missing` marks one that is no valid answer (khó trả lời)."""

    missing: MissingName | None = None
    tendency: Tendency | None = None
    value: float | None = Field(None, allow_inf_nan=False, description="score for means")


class Question(Model):
    """One question. `multiple`: `columns` maps option code → column, a cell equal to `ticked` is a yes."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
    kind: Literal["single", "multiple", "numeric"]
    column: str | None = None
    columns: dict[str, str] = {}
    ticked: str = "Y"
    unticked: list[str] = Field(["", "N", "0"], description="cells that mean: shown, not ticked")
    wording: Text
    topic: Code
    options: list[Option] = []
    missing: dict[str, MissingName] = Field({}, description="cell value → why it is missing")
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)

    @property
    def cells(self) -> list[str]:
        """The columns it is read from."""
        return list(self.columns.values()) if self.kind == "multiple" else [self.column or ""]

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "multiple":
            if self.column or not self.columns:
                raise ValueError(
                    "a multiple question needs `columns` (option code → column), and no `column`"
                )
            codes = {option.code for option in self.options}
            if codes != set(self.columns):
                odd = sorted(codes ^ set(self.columns))
                raise ValueError(
                    f"`options` and `columns` must name the same codes; {odd} stand on one side only"
                )
            if self.ticked in self.unticked:
                raise ValueError("`ticked` also stands in `unticked`")
        elif not self.column or self.columns:
            raise ValueError(f"a {self.kind} question needs `column`, and no `columns`")
        if self.kind == "single" and not self.options:
            raise ValueError("a single question needs its `options`")
        if self.kind == "numeric" and self.options:
            raise ValueError("a numeric question has no `options`; use `missing` for its missing codes")
        if self.kind != "numeric" and (self.low is not None or self.high is not None):
            raise ValueError("only a numeric question has `low` and `high`")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("`low` is above `high`")
        if self.kind == "multiple" and _cells(self.options):
            raise ValueError("options of a multiple question have no `cells`; use `ticked` and `unticked`")
        again = repeated([*(option.code for option in self.options), *_cells(self.options)])
        if again:
            raise ValueError(f"option {again[0]!r} stands twice; codes must differ")
        both = sorted({option.code for option in self.options} & set(self.missing))
        if both and self.kind == "single":
            raise ValueError(
                f"{both[0]!r} is an option and a missing code; keep one (an option may carry `missing`)"
            )
        return self


class Design(Model):
    """How the sample was drawn."""

    sampling: Literal["probability", "quota", "opt_in", "census"]
    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    stratum_psu_total: str | None = None
    psu_size: str | None = None

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        if self.psu_size and not self.psu:
            raise ValueError("`psu_size` needs `psu`")
        return self

    @property
    def cells(self) -> list[str]:
        """The columns it is read from."""
        every = [self.weight, self.stratum, self.psu, self.stratum_psu_total, self.psu_size]
        return [column for column in every if column]


class Wave(Model):
    """A wave and its disclosure record (AAPOR Transparency Initiative, eleven items)."""

    id: Code
    fieldwork_start: IsoDate
    fieldwork_end: IsoDate
    mode: Literal["face_to_face", "telephone", "web", "paper", "mail", "mixed"]
    strategy: Text = Field(description="1 how the data were collected")
    sponsor: Text = Field(description="2 who paid and who conducted")
    # 3 exact wording: the questions themselves
    population: Text = Field(description="4")
    sample_generation: Text = Field(description="5")
    mode_detail: Text = Field(description="6 mode and language")
    # 7 dates: fieldwork_start, fieldwork_end
    precision: Text = Field(description="8 sample size and precision")
    weighting: Text = Field(description="9")
    processing: Text = Field(description="10 processing and quality checks")
    limitations: Text = Field(description="11")
    invited_count: int | None = Field(None, gt=0, description="for the response or participation rate")

    @model_validator(mode="after")
    def _start_before_end(self) -> Self:
        if self.fieldwork_start > self.fieldwork_end:
            raise ValueError("`fieldwork_start` is after `fieldwork_end`")
        return self


class WaveFrom(Model):
    """Where a row's wave id stands: exactly one of the three."""

    constant: Code | None = None
    column: str | None = None
    file_name: GroupPattern | None = Field(
        None, description="regular expression searched in the file's name; its first group is the wave id"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for value in (self.constant, self.column, self.file_name)) != 1:
            raise ValueError("give exactly one of `constant`, `column` and `file_name`")
        return self


class Survey(Model):
    """How a file's rows become respondents and answers."""

    series: Identifier = Field(description="waves of one series are compared with each other")
    wave_from: WaveFrom
    respondent_id: str | None = Field(None, description="column; none: the row number")
    complete_when: str | None = Field(None, description="column that is not empty for a complete interview")
    place: str | None = Field(None, description="column of the place code")
    coverage_place: Code | None = Field(None, description="the place the whole survey speaks for")
    design: Design
    null_means: MissingName = Field("no_answer", description="nothing between the delimiters")
    empty_means: MissingName = Field("no_answer", description='a quoted empty string ("")')
    missing: dict[str, MissingName] = Field({}, description="cell value → why, for every question")
    groups: list[Group] = []
    questions: list[Question] = Field(min_length=1)
    waves: list[Wave] = Field(min_length=1)
    crossings: list[tuple[Identifier, Identifier]] = []

    @property
    def cells(self) -> list[str]:
        """Every column it reads."""
        single = [self.wave_from.column, self.respondent_id, self.complete_when, self.place]
        columns = [column for column in single if column]
        columns += self.design.cells + [group.column for group in self.groups]
        columns += [column for question in self.questions for column in question.cells]
        return list(dict.fromkeys(columns))

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        for what, values in (
            ("question id", [question.id for question in self.questions]),
            ("wave id", [wave.id for wave in self.waves]),
            ("group dimension", [group.dimension for group in self.groups]),
            ("question column", [column for question in self.questions for column in question.cells]),
        ):
            again = repeated(values)
            if again:
                raise ValueError(f"{what} {again[0]!r} stands twice; each may stand once")
        constant = self.wave_from.constant
        if constant is not None and constant not in {wave.id for wave in self.waves}:
            raise ValueError(f"wave_from.constant {constant!r} is none of the `waves`")
        dimensions = {group.dimension for group in self.groups}
        for crossing in self.crossings:
            unknown = [name for name in crossing if name not in dimensions]
            if unknown or crossing[0] == crossing[1]:
                raise ValueError(f"crossing {list(crossing)} must name two different dimensions of `groups`")
        for question in self.questions:
            for option in question.options:
                if question.kind == "single" and option.code in self.missing:
                    raise ValueError(
                        f"{option.code!r} is an option of {question.id} and a missing code of the survey;"
                        " move the code to `missing` of the questions that use it"
                    )
        return self
