"""How a survey's sample was drawn and weighted: the design and weighting parts of a survey's spec."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import Model, Text

TOTAL = "_total"
"""Code of a margin that is the total of a numeric question."""


def _iso_date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("is no date; write YYYY-MM-DD") from None


IsoDate = Annotated[str, AfterValidator(_iso_date)]


class Design(Model):
    """How the sample was drawn.

    With replacement, unless the sizes of the populations sampled from are given: `stratum_psu_total` (PSUs in
    the population of the stratum) and `psu_size` (second-stage units in the population of the PSU).
    """

    sampling: Literal["probability", "quota", "opt_in", "census"]
    weight: str | None = None
    stratum: str | None = None
    psu: str | None = None
    ssu: str | None = Field(None, description="second-stage unit, such as a household; none: the respondent")
    stratum_psu_total: str | None = None
    psu_size: str | None = None

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        if self.psu_size and not self.psu:
            raise ValueError("`psu_size` needs `psu`")
        if self.ssu and not self.psu:
            raise ValueError("`ssu` (second stage) needs `psu` (first stage)")
        if self.psu_size and not self.stratum_psu_total:
            raise ValueError(
                "`psu_size` needs `stratum_psu_total`: with PSUs drawn with replacement"
                " the second stage adds no variance of its own"
            )
        return self

    @property
    def cells(self) -> list[str]:
        """The columns it is read from."""
        every = [self.weight, self.stratum, self.psu, self.ssu, self.stratum_psu_total, self.psu_size]
        return list(dict.fromkeys(column for column in every if column))


class Target(Model):
    """One line of the margins' file: how many people (or which share of them) the category has."""

    dimension: str = Field(min_length=1, description="a group dimension, `place`, or two joined by *")
    code: str = Field(min_length=1, description="its category; of joined ones, joined by |")
    total: float = Field(ge=0, allow_inf_nan=False)


class Weighting(Model):
    """Calibration of the design weight to known totals of the population."""

    method: Literal["rake", "poststratify", "greg"]
    margins: str = Field(min_length=1, description="CSV beside the spec: dimension, code, population")
    source: Text = Field(description="who published the totals")
    date: IsoDate = Field(description="the day they speak of")
    trim: float | None = Field(None, ge=2, le=100, description="no weight above so many times the median")
    is_share: bool = False
    targets: list[Target] = Field([], description="filled in from the file")

    @model_validator(mode="after")
    def _has_targets(self) -> Self:
        by_dimension: dict[str, list[Target]] = {}
        for target in self.targets:
            by_dimension.setdefault(target.dimension, []).append(target)
        if not by_dimension:
            raise ValueError("`margins` has no lines")
        if self.method == "poststratify" and len(by_dimension) > 1:
            raise ValueError(
                "poststratify takes one dimension (or several joined by *); `rake` takes more of them"
            )
        for dimension, targets in by_dimension.items():
            codes = [target.code for target in targets]
            if len(set(codes)) != len(codes):
                raise ValueError(f"{dimension!r} has a code twice in `margins`")
            if TOTAL in codes and (len(codes) > 1 or self.method != "greg"):
                raise ValueError(f"{TOTAL} (of a numeric question) is for `greg`, alone in its dimension")
            if not any(target.total > 0 for target in targets):
                raise ValueError(f"{dimension!r} has no total above 0 in `margins`")
            shares = sum(target.total for target in targets)
            if self.is_share and (TOTAL in codes or abs(shares - 1) > 0.001):
                raise ValueError(f"the shares of {dimension!r} add up to {shares:g}, not to 1")
        return self
