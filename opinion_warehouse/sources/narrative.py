"""How the text of a narrative report becomes rows: only by rules that are declared here."""

import re
import unicodedata
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import Code, GroupPattern, Model

ITEM_FIELDS = {
    "scope", "tendency", "topic", "place", "content", "intensity", "channel", "opinion_count",
    "recommendation", "agency", "urgency",
}  # fmt: skip
"""Fields a passage can give, each by a group of its name."""


def with_words(pattern: str, scopes: list[str], tendencies: list[str]) -> str:
    """A pattern with `{scope}` and `{tendency}` written out as named groups; the longest word goes first."""
    for name, words in (("scope", scopes), ("tendency", tendencies)):
        either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        pattern = pattern.replace(f"{{{name}}}", rf"(?P<{name}>\b(?:{either})\b)")
    return unicodedata.normalize("NFC", pattern)


def _compiles(pattern: str) -> str:
    try:
        re.compile(with_words(pattern, ["x"], ["x"]))
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from None
    return pattern


def _item(pattern: str) -> str:
    groups = set(re.compile(with_words(_compiles(pattern), ["x"], ["x"])).groupindex)
    if "tendency" not in groups:
        raise ValueError("needs `{tendency}`, or a group (?P<tendency>…): an opinion has a tendency")
    if unknown := sorted(groups - ITEM_FIELDS):
        raise ValueError(f"has a group {unknown[0]!r}; groups are named {', '.join(sorted(ITEM_FIELDS))}")
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]
ItemPattern = Annotated[str, AfterValidator(_item)]


class Said(Model):
    """Where a fact of the report as a whole is said: in the file's name, or here."""

    file_name: GroupPattern | None = None
    constant: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file_name is None) == (self.constant is None):
            raise ValueError("takes either `file_name` or `constant`")
        return self


class Heading(Model):
    """A passage that opens a section: of a topic, or one that is not read."""

    pattern: Pattern
    topic: Code | None = Field(None, description="without it, the section's passages are topic-coded")
    read: bool = True


class Narrative(Model):
    """A text is split into passages: paragraphs; in a PDF, a line that `begins` one and those after it.

    Patterns are regular expressions, searched in a passage in lower case with one blank between words and
    the tone mark of oa, oe, uy on the first vowel (hòa). A passage gives one row, or none.
    """

    unit: Said
    kind: Said
    period: Said
    period_start: Said | None = Field(None, description="without it, the period's first calendar day")
    period_end: Said | None = Field(None, description="without it, the period's last calendar day")
    headings: list[Heading] = []
    items: list[ItemPattern] = Field([], description="none: the report is kept without rows")
    negations: list[str] = Field(
        ["không", "chưa", "chẳng"],
        description="one of them up to two words before a word of tendency: the passage is set aside",
    )
    begins: Pattern = Field(
        r"^([-–—+•*●▪]|\d{1,3}[.)]|[a-zđ][.)]|[ivxlc]{1,6}[.)])\s",
        description="PDF: a line that begins a passage",
    )
