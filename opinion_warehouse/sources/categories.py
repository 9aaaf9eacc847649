"""Codes and what they mean, and the dimensions respondents are compared by."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

from pydantic import Field, field_validator, model_validator

from opinion_warehouse.sources.base import Code, Identifier, Model, Text, alike, repeated

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
    file_labels: list[str] = Field(
        [], description="sav, dta, triple_s: the labels a file may declare for it; another refuses the file"
    )


def cells_of(coded: Sequence[Coded]) -> list[str]:
    """What the file writes for them, where that is not the code itself."""
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
        codes = [item.code for item in [*self.codes, *self.bands]]
        if again := repeated([*codes, *cells_of(self.codes)]) or alike(cells_of(self.codes)):
            raise ValueError(f"code {again[0]!r} stands twice; codes must differ")
        if both := sorted({*codes, *cells_of(self.codes)} & set(self.unknown)):
            raise ValueError(f"{both[0]!r} is a code and stands in `unknown`; keep one")
        ordered = sorted(self.bands, key=lambda band: float("-inf") if band.low is None else band.low)
        for lower, upper in pairwise(ordered):
            if lower.high is None or upper.low is None or lower.high >= upper.low:
                raise ValueError(f"bands {lower.code!r} and {upper.code!r} overlap; both ends are included")
        return self
