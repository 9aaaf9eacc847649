"""The survey section of a spec: columns → answers, groups, design, waves."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any, Self

from pydantic import Field, model_validator

from opinion_warehouse.sources.base import Code, Identifier, MissingName, Model, PlaceNames, repeated
from opinion_warehouse.sources.categories import PLACE, Group
from opinion_warehouse.sources.design import TOTAL, Design, Weighting
from opinion_warehouse.sources.question import Question, Ratio
from opinion_warehouse.sources.wave import Wave, WaveFrom


class FormVersion(Model):
    """Which version of the form a row was filled in with. Options come and go with it."""

    column: str
    order: list[str] = Field(min_length=1, description="the column's cells, oldest first")


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
    form_version: FormVersion | None = Field(None, description="where options differ by form version")
    complete_when: str | None = Field(None, description="column that is not empty for a complete interview")
    complete_cells: list[str] = Field(
        [], description="cells of `complete_when` that say so; none: any that is not empty"
    )
    place: str | None = Field(None, description="column of the place code, or of its name")
    place_names: PlaceNames | None = None
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
        wave = self.wave_from
        single = [wave.column, wave.date_column, self.respondent_id, self.complete_when, self.place]
        columns = [column for column in single if column]
        columns += [self.form_version.column] if self.form_version else []
        columns += self.design.cells + [group.column for group in self.groups]
        return list(dict.fromkeys([*columns, *self._answers]))

    @property
    def answer_cells(self) -> list[str]:
        """The columns that hold answers and nothing else."""
        others = [self.respondent_id, self.complete_when, self.wave_from.column, self.place]
        return [column for column in self._answers if column not in others]

    @property
    def _answers(self) -> list[str]:
        return [column for question in self.questions for column in question.cells]

    @property
    def reading(self) -> dict[str, Any]:
        """What a file is read by and keeps: which parts of the design are named, and what was asked."""
        design = self.design.model_dump(exclude={"sampling"})
        design |= {"respondent_id": self.respondent_id, "complete_when": self.complete_when}
        return {
            "named": sorted(name for name, column in design.items() if column),
            "is_panel": self.is_panel,
            "questions": [one.id for one in self.questions] + [one.id for one in self.ratios],
        }

    @property
    def expects_labels(self) -> bool:
        """Whether the spec says what labels a file declares."""
        codes = [code for group in self.groups for code in group.codes]
        options = [option for question in self.questions for option in question.options]
        return any(coded.file_labels for coded in [*codes, *options])

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
        if self.place_names and not self.place:
            raise ValueError("`place_names` needs the column of the names: `place`")
        if self.complete_cells and not self.complete_when:
            raise ValueError("`complete_cells` needs `complete_when`: the column they stand in")
        if self.is_panel and not self.respondent_id:
            raise ValueError("`is_panel` needs `respondent_id`: people are found again by it")
        for earlier, later in pairwise(self.waves):
            if later.fieldwork_start < earlier.fieldwork_start:
                raise ValueError(
                    f"wave {later.id!r} began before {earlier.id!r} and stands after it;"
                    " list `waves` in the order of their fieldwork"
                )
        for problem in (
            *self._wrong_dates(),
            *self._wrong_crossings(),
            *self._wrong_questions(),
            *self._wrong_margins(),
        ):
            raise ValueError(problem)
        return self

    def _wrong_dates(self) -> Iterator[str]:
        for earlier, later in pairwise(self.waves) if self.wave_from.date_column else ():
            if later.fieldwork_start <= earlier.fieldwork_end:
                yield f"waves {earlier.id!r} and {later.id!r} overlap: a `date_column` cannot part them"

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
            yield from self._wrong_versions(question)
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

    def _wrong_versions(self, question: Question) -> Iterator[str]:
        order = self.form_version.order if self.form_version else []
        for option in question.options:
            given = [version for version in (option.from_version, option.to_version) if version is not None]
            if unknown := [version for version in given if version not in order]:
                yield f"{unknown[0]!r}, of an option of {question.id}, does not stand in `form_version.order`"
            elif given != sorted(given, key=order.index):
                yield f"an option of {question.id} ends before it begins; see `form_version.order`"

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
