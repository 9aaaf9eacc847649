"""What the spec models of all families share."""

import re
import unicodedata
from collections.abc import Hashable, Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{2,62}$")]


def _not_reserved(code: str) -> str:
    if code.startswith("_"):
        raise ValueError(
            "begins with _, as the warehouse's own codes do; give it another, and the cell in `cells`"
        )
    return code


Code = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s|]+$"), AfterValidator(_not_reserved)
]
Tendency = Literal["support", "oppose", "concerned", "unclear"]
Family = Literal["survey", "report", "social"]
_T = TypeVar("_T", bound=Hashable)


class MissingCode(IntEnum):
    """Why an answer is missing (one code an answer; 0 is a valid answer)."""

    VALID = 0
    NOT_ASKED = 1
    NO_ANSWER = 2
    DONT_KNOW = 3
    REFUSED = 4
    NOT_OFFERED = 5
    BREAK_OFF = 6
    INVALID = 7


MissingName = Literal["not_asked", "no_answer", "dont_know", "refused", "not_offered", "break_off", "invalid"]


def missing_code(name: MissingName) -> MissingCode:
    """The number of a spec's word for a missing answer."""
    return MissingCode[name.upper()]


def repeated(values: Iterable[_T]) -> list[_T]:
    """Values that occur more than once, in order of their second occurrence."""
    seen: set[_T] = set()
    again: dict[_T, None] = {}
    for value in values:
        if value in seen:
            again[value] = None
        seen.add(value)
    return list(again)


def alike(values: Iterable[str]) -> list[str]:
    """Values that occur more than once to readers, which compare words without case and double spaces."""
    words = [" ".join(unicodedata.normalize("NFC", value).casefold().split()) for value in values]
    return repeated(words)


def date_form(text: str) -> str:
    """A strptime form of a whole date; raises ValueError for one that gives none, or two."""
    day = datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)
    try:
        found = datetime.strptime(day.strftime(text), text).date()  # noqa: DTZ007
    except (ValueError, re.error):
        raise ValueError(f"{text!r} is no form of dates; see strptime in Python's documentation") from None
    if found != day.date():
        raise ValueError(f"{text!r} does not name day, month and year, as '%d/%m/%Y' does")
    if "%I" in text and "%p" not in text:
        raise ValueError("%I (1 to 12) needs %p (AM, PM); write %H for hours from 0 to 23")
    return text


def _one_group_pattern(pattern: str) -> str:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from None
    if compiled.groups < 1:
        raise ValueError("needs a group, e.g. '_(\\d{8})\\.xlsx$': its first group is what is read")
    return pattern


GroupPattern = Annotated[str, AfterValidator(_one_group_pattern)]
"""A regular expression whose first group is what is read."""


class Model(BaseModel):
    """A part of a spec: extra keys are forbidden, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Model):
    """A label in both languages."""

    vi: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Due(Model):
    """How often a delivery is expected; past it, plus the grace, the source is late."""

    every: Literal["never", "day", "week", "month", "quarter", "year"] = "never"
    grace_days: int = Field(3, ge=0)


class Keep(Model):
    """How long what is stored is kept."""

    raw_days: int = Field(90, ge=1)
    item_days: int = Field(90, ge=1, description="social items; their aggregates live on")


class Place(Model):
    """A place the shipped reference data do not have."""

    code: Code
    level: Literal["country", "province", "commune", "other"]
    parent: Code | None = None
    name: Text


class PlaceNames(Model):
    """The place column holds names. Present units bear former ones' names, so the spec says which count."""

    of: Literal["any", "current", "former"] = Field(
        description="whose names come first; any: a name that present and former units share is ambiguous"
    )
    without_accents: bool = Field(False, description="names without accents count where nothing else fits")


class Unit(Model):
    """A reporting organisation (never a person) the shipped reference data do not have."""

    code: Code
    name: Text
    level: Literal["city", "commune", "department", "organisation"]
    place: Code | None = None
