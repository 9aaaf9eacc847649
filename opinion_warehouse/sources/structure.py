"""A questionnaire in one neutral form, whatever tool it was made with: what a spec can be drafted from.

It proposes; the spec decides. Nothing here is read when data are parsed.
"""

from dataclasses import dataclass, field
from typing import Literal

Words = dict[str, str]
"""Language code → plain text (no markup). A language may be missing."""

AnswerKind = Literal["single", "multiple", "numeric", "text", "date", "other"]
"""`single`, `multiple` and `numeric` as a spec's question has them. `text` and `other` (files, places) are no
opinion that can be counted, and may be personal: their columns are to be ignored, unless a person decides."""


class StructureInvalid(ValueError):
    """The file is no structure that can be read; the message says why and quotes nothing of it."""


@dataclass(frozen=True)
class StructureOption:
    """An answer that can be chosen. `column`: of a multiple question with a column an option."""

    code: str
    label: Words
    column: str | None = None


@dataclass(frozen=True)
class StructureQuestion:
    """One question; a grid's rows are a question each, for each has a column of its own.

    A `multiple` question has a column an option (`options[…].column`), or one `column` of codes that
    `separator` joins, or both where the tool exports both.
    """

    id: str
    """The tool's own code, unique in the structure."""
    kind: AnswerKind
    wording: Words
    tool_type: str
    """The tool's word for its kind."""
    column: str | None = None
    """Its heading in the tool's export."""
    separator: str | None = None
    options: tuple[StructureOption, ...] = ()
    other: str | None = None
    """Code of the option that the respondent's own words count as, as a spec's question has it."""
    text_columns: tuple[str, ...] = ()
    """Columns beside it that hold the respondent's own words or files: to be ignored."""


@dataclass(frozen=True)
class Structure:
    """A questionnaire: its title, its languages (the base language first), its questions in their order."""

    title: Words
    languages: tuple[str, ...]
    questions: tuple[StructureQuestion, ...]
    notes: tuple[str, ...] = field(default=())
    """What could not be taken over, for the person who reviews the draft."""
