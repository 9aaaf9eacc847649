"""Which column of a social export holds what."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opinion_warehouse.sources.base import Model, date_form, repeated

_OF_ITEMS: dict[str, object] = {"url": None, "text": []}
"""Columns a count has none of, and what they are then."""


def _instant_format(text: str) -> str:
    if text in ("iso", "epoch_s", "epoch_ms", "vi_words"):
        return text
    if "%d" not in text or not ("%m" in text or "%b" in text) or not ("%Y" in text or "%y" in text):
        raise ValueError(
            "must be iso, epoch_s, epoch_ms, vi_words or name day, month and year, e.g. '%d/%m/%Y %H:%M'"
        )
    return date_form(text)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


InstantFormat = Annotated[str, AfterValidator(_instant_format)]
Columns = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1)]
"""One heading, or several that make up one value."""


class SocialColumns(Model):
    """Canonical field → column heading. `text` columns are topic-coded and dropped in the parser."""

    item_id: Columns | None = Field(
        None, description="several: hashed together; the first is never empty; none where rows are counts"
    )
    item_count: str | None = Field(None, description="rows are counts of items a day, not items")
    domain_count: str | None = Field(None, description="of counts: how many sites the items stand on")
    published_at: Columns = Field(
        description="several (date, time): joined by a space; of counts, the day they are of"
    )
    platform: str | None = None
    query: str | None = None
    topic: str | None = None
    place: str | None = None
    sentiment: str | None = None
    engagement: str | list[str] | None = Field(None, description="a count, or counts that are added up")
    url: str | None = Field(None, description="only its site's domain is used, as a keyed hash")
    text: list[str] = []

    @property
    def cells(self) -> list[str]:
        """Every column it reads. One column may serve two fields (a URL that is the id, too)."""
        single = [column for name, column in self if name != "engagement" and isinstance(column, str)]
        parts = [*(self.item_id or []), *self.published_at, *single, *self.counts, *self.text]
        return list(dict.fromkeys(parts))

    @property
    def counts(self) -> list[str]:
        """The columns that make up the engagement."""
        given = self.engagement
        return given if isinstance(given, list) else [given] if given else []

    @model_validator(mode="after")
    def _columns_stand_once(self) -> Self:
        for name in ("item_id", "published_at", "counts", "text"):
            if again := repeated(getattr(self, name) or []):
                raise ValueError(f"column {again[0]!r} stands twice in `{name}`; each may stand once")
        return self

    @model_validator(mode="after")
    def _items_or_counts(self) -> Self:
        if (self.item_id is None) == (self.item_count is None):
            raise ValueError("give `item_id` (a row is an item) or `item_count` (a row counts some)")
        if self.item_count is None and self.domain_count:
            raise ValueError("`domain_count` is of counts; of items the sites are counted by `url`")
        for name, nothing in _OF_ITEMS.items() if self.item_count else ():
            if getattr(self, name) != nothing:
                raise ValueError(f"`{name}` is of items; a count has none: name it in `ignore_columns`")
        return self
