"""The survey section of a spec: columns → answers, groups, design, waves."""

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from opinion_warehouse.sources.base import (
    Code,
    Identifier,
    MissingName,
    Model,
    Tendency,
    Text,
    repeated,
)
from opinion_warehouse.sources.design import TOTAL, Design, Weighting
from opinion_warehouse.sources.wave import Wave, WaveFrom

PLACE = "place"
"""Name of the place as a dimension of margins."""

RESERVED = {"all": "everyone's estimates", PLACE: "the place"}
"""Dimensions that are the warehouse's own."""


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

    @field_validator("dimension")
    @classmethod
    def _is_not_reserved(cls, dimension: str) -> str:
        if dimension in RESERVED:
            raise ValueError(f"{dimension!r} is the dimension of {RESERVED[dimension]}; choose another name")
        return dimension

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
    from_wave: Code | None = Field(None, description="the first wave that offers it; none: the first")
    to_wave: Code | None = Field(None, description="the last wave that offers it; none: the last")


class Version(Model):
    """A later wording of a question: a break, unless `harmonisation` says that it asks the same."""

    from_wave: Code
    wording: Text


class Question(Model):
    """One question. `multiple`: `columns` maps option code → column, a cell equal to `ticked` is a yes."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
    kind: Literal["single", "multiple", "numeric"]
    column: str | None = None
    columns: dict[str, str] = {}
    ticked: str = "Y"
    unticked: list[str] = Field(["", "N", "0"], description="cells that mean: shown, not ticked")
    wording: Text
    versions: list[Version] = Field([], description="later wordings")
    topic: Code
    asks_for_topics: bool = Field(False, description="its options are topics: the share of each is its salience")
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


class Ratio(Model):
    """The ratio of two numeric questions' totals, among those who answered both."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,62}$")]
    numerator: str
    denominator: str
    wording: Text
    topic: Code


class Harmonised(Model):
    """What a question, as asked from a wave on, and its answers are the same as.

    Waves are compared where question and answers have the same concept. Without a line that is the question's
    id and the answer's code, and a new wording (`versions`) is a concept of its own.
    """

    question: str
    from_wave: Code | None = Field(None, description="none: from the first wave")
    concept: Code
    answers: dict[str, Code] = Field({}, description="answer code → concept of the answer")


class Survey(Model):
    """How a file's rows become respondents and answers."""

    series: Identifier = Field(description="waves of one series are compared with each other")
    is_panel: bool = Field(False, description="the same people are asked again, under the same respondent_id")
    wave_from: WaveFrom
    respondent_id: str | None = Field(None, description="column; none: the row number")
    complete_when: str | None = Field(None, description="column that is not empty for a complete interview")
    place: str | None = Field(None, description="column of the place code")
    coverage_place: Code | None = Field(None, description="the place the whole survey speaks for")
    design: Design
    weighting: Weighting | None = Field(None, description="none: the design weight is kept")
    null_means: MissingName = Field("no_answer", description="nothing between the delimiters")
    empty_means: MissingName = Field("no_answer", description='a quoted empty string ("")')
    missing: dict[str, MissingName] = Field({}, description="cell value → why, for every question")
    groups: list[Group] = []
    questions: list[Question] = Field(min_length=1)
    ratios: list[Ratio] = []
    waves: list[Wave] = Field(min_length=1)
    crossings: list[list[Identifier]] = Field([], description="two or three dimensions, published together")
    harmonisation: list[Harmonised] = []

    @property
    def cells(self) -> list[str]:
        """Every column it reads."""
        single = [self.wave_from.column, self.respondent_id, self.complete_when, self.place]
        columns = [column for column in single if column]
        columns += self.design.cells + [group.column for group in self.groups]
        columns += [column for question in self.questions for column in question.cells]
        return list(dict.fromkeys(columns))

    @property
    def reading(self) -> dict[str, Any]:
        """What a file is read by and keeps: which parts of the design are named, and what was asked."""
        design = self.design.model_dump(exclude={"sampling"})
        design |= {"respondent_id": self.respondent_id, "complete_when": self.complete_when}
        return {
            "named": sorted(name for name, column in design.items() if column),
            "is_panel": self.is_panel,
            "questions": [one.id for one in (*self.questions, *self.ratios)],
        }

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        waves = [wave.id for wave in self.waves]
        for what, values in (
            ("question id", [each.id for each in self.questions] + [each.id for each in self.ratios]),
            ("wave id", waves),
            ("group dimension", [group.dimension for group in self.groups]),
            ("question column", [column for question in self.questions for column in question.cells]),
            ("crossing", ["*".join(sorted(crossing)) for crossing in self.crossings]),
            ("harmonisation of", [(one.question, one.from_wave or waves[0]) for one in self.harmonisation]),
        ):
            again = repeated(values)
            if again:
                raise ValueError(f"{what} {again[0]!r} stands twice; each may stand once")
        constant = self.wave_from.constant
        if constant is not None and constant not in waves:
            raise ValueError(f"wave_from.constant {constant!r} is none of the `waves`")
        if self.is_panel and not self.respondent_id:
            raise ValueError("`is_panel` needs `respondent_id`: people are found again by it")
        for earlier, later in pairwise(self.waves):
            if later.fieldwork_start < earlier.fieldwork_start:
                raise ValueError(
                    f"wave {later.id!r} began before {earlier.id!r} and stands after it;"
                    " list `waves` in the order of their fieldwork"
                )
        for problem in (*self._wrong_crossings(), *self._wrong_questions(), *self._wrong_margins()):
            raise ValueError(problem)
        return self

    def _wrong_crossings(self) -> Iterator[str]:
        dimensions = {group.dimension for group in self.groups}
        for crossing in self.crossings:
            if (
                not 2 <= len(crossing) <= 3
                or len(set(crossing)) < len(crossing)
                or set(crossing) - dimensions
            ):
                yield f"crossing {crossing} must name two or three different dimensions of `groups`"

    def _wrong_questions(self) -> Iterator[str]:
        by_id = {question.id: question for question in self.questions}
        waves = [wave.id for wave in self.waves]
        for question in self.questions:
            for option in question.options:
                if question.kind == "single" and option.code in self.missing:
                    yield (
                        f"{option.code!r} is an option of {question.id} and a missing code of the survey;"
                        " move the code to `missing` of the questions that use it"
                    )
                offered = [wave for wave in (option.from_wave, option.to_wave) if wave is not None]
                if set(offered) - set(waves):
                    yield f"option {option.code!r} of {question.id} names a wave that is none of `waves`"
                elif sorted(offered, key=waves.index) != offered:
                    yield f"option {option.code!r} of {question.id} ends before it begins"
            begins = [version.from_wave for version in question.versions]
            if set(begins) - set(waves[1:]) or len(set(begins)) < len(begins):
                yield (
                    f"the versions of {question.id} must begin at different waves of `waves`, after the first"
                )
        for ratio in self.ratios:
            for name in (ratio.numerator, ratio.denominator):
                if name not in by_id or by_id[name].kind != "numeric":
                    yield f"{name!r}, of the ratio {ratio.id}, is no numeric question"
            if ratio.numerator == ratio.denominator:
                yield f"the ratio {ratio.id} is of a question to itself"
        for line in self.harmonisation:
            if line.question not in by_id:
                yield f"`harmonisation` names {line.question!r}, which is no question"
                continue
            if line.from_wave is not None and line.from_wave not in waves:
                yield f"`harmonisation` of {line.question} names {line.from_wave!r}, which is no wave"
            codes = {option.code for option in by_id[line.question].options}
            if unknown := sorted(set(line.answers) - codes):
                yield f"`harmonisation` names {unknown[0]!r}, which is no option of {line.question}"
        yield from self._shared_concepts()

    def _shared_concepts(self) -> Iterator[str]:
        """Answers of one wave that are the same thing; what a line says holds in later waves too."""
        for question in self.questions:
            concepts = {option.code: option.code for option in question.options}
            for wave in (None, *(wave.id for wave in self.waves)):
                for line in self.harmonisation:
                    if line.question == question.id and line.from_wave == wave:
                        concepts |= line.answers
                if again := repeated(concepts.values()):
                    yield f"`harmonisation` of {question.id} gives two answers the concept {again[0]!r}"
                    break

    def _wrong_margins(self) -> Iterator[str]:
        known: dict[str, set[str] | None] = {
            group.dimension: {category.code for category in [*group.codes, *group.bands]}
            for group in self.groups
        }
        known |= {PLACE: None} if self.place else {}
        numeric = {question.id for question in self.questions if question.kind == "numeric"}
        for target in self.weighting.targets if self.weighting else []:
            if target.code == TOTAL:
                if target.dimension not in numeric:
                    yield f"margins: {target.dimension!r} is no numeric question, so it has no {TOTAL}"
                continue
            dimensions, codes = target.dimension.split("*"), target.code.split("|")
            unknown = [name for name in dimensions if name not in known]
            if unknown or any(one == other for one, other in combinations(dimensions, 2)):
                yield f"margins: {target.dimension!r} names no dimensions of `groups` (or `{PLACE}`)"
            elif len(codes) != len(dimensions):
                yield f"margins: code {target.code!r} does not have a part for each of {target.dimension!r}"
            else:
                for name, code in zip(dimensions, codes, strict=True):
                    listed = known[name]
                    if listed is not None and code not in listed:
                        yield f"margins: {code!r} is no category of {name!r}"
