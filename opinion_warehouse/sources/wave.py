"""A wave of a survey and its disclosure record."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from opinion_warehouse.sources.base import Code, GroupPattern, Model, date_form
from opinion_warehouse.sources.design import IsoDate

Said = Annotated[str, StringConstraints(strip_whitespace=True)]


class Item(Model):
    """An item of the disclosure record. What is left empty keeps the wave from being published."""

    vi: Said = ""
    en: Said = ""


class Dispositions(Model):
    """Final dispositions of every case sampled (AAPOR Standard Definitions), for the response rates RR1–RR6.

    `complete` is I, `partial` P, `refusal` R, `non_contact` NC, `other` O, `unknown_household` UH,
    `unknown_other` UO; `eligible_share` is e, the share of UH and UO that is thought to be eligible.
    """

    complete: int = Field(ge=0)
    partial: int = Field(0, ge=0)
    refusal: int = Field(0, ge=0)
    non_contact: int = Field(0, ge=0)
    other: int = Field(0, ge=0)
    unknown_household: int = Field(0, ge=0)
    unknown_other: int = Field(0, ge=0)
    eligible_share: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.complete + self.partial + self.refusal + self.non_contact + self.other == 0:
            raise ValueError("nobody known to be eligible: there is no rate to give")
        return self


class Wave(Model):
    """A wave and its disclosure record (AAPOR Transparency Initiative, eleven items).

    An item may be absent while the record is being written: the wave waits for it and is not published.
    """

    id: Code
    fieldwork_start: IsoDate
    fieldwork_end: IsoDate
    mode: Literal["face_to_face", "telephone", "web", "paper", "mail", "mixed"]
    strategy: Item = Field(Item(), description="1 how the data were collected")
    sponsor: Item = Field(Item(), description="2 who paid and who conducted")
    # 3 exact wording: the questions themselves
    population: Item = Field(Item(), description="4")
    sample_generation: Item = Field(Item(), description="5")
    mode_detail: Item = Field(Item(), description="6 mode and language")
    # 7 dates: fieldwork_start, fieldwork_end
    precision: Item = Field(Item(), description="8 sample size and precision")
    weighting: Item = Field(Item(), description="9")
    processing: Item = Field(Item(), description="10 processing and quality checks")
    limitations: Item = Field(Item(), description="11")
    invited_count: int | None = Field(None, gt=0, description="for the response or participation rate")
    dispositions: Dispositions | None = None

    @model_validator(mode="after")
    def _start_before_end(self) -> Self:
        if self.fieldwork_start > self.fieldwork_end:
            raise ValueError("`fieldwork_start` is after `fieldwork_end`")
        return self

    @property
    def missing_items(self) -> list[str]:
        """Items of the disclosure record that are not said in both languages, such as `8 precision (en)`."""
        missing = []
        for name, field in type(self).model_fields.items():
            if field.annotation is Item:
                item: Item = getattr(self, name)
                languages = [language for language in ("vi", "en") if not getattr(item, language)]
                number = (field.description or "").split()[0]
                missing += [f"{number} {name} ({', '.join(languages)})"] if languages else []
        return missing


class WaveFrom(Model):
    """Where a row's wave id stands: exactly one of the four."""

    constant: Code | None = None
    column: str | None = None
    date_column: str | None = Field(
        None, description="a date; the wave is the one whose fieldwork it fell in"
    )
    date_format: str | None = Field(
        None, description="of its date, such as %d/%m/%Y; a time after it is passed over"
    )
    file_name: GroupPattern | None = Field(
        None, description="regular expression searched in the file's name; its first group is the wave id"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = (self.constant, self.column, self.date_column, self.file_name)
        if sum(value is not None for value in given) != 1:
            raise ValueError("give exactly one of `constant`, `column`, `date_column` and `file_name`")
        if (self.date_column is None) != (self.date_format is None):
            raise ValueError(
                "`date_column` and `date_format` go together: the order of a date is never guessed"
            )
        form = self.date_format
        if form and not (all(mark in form for mark in ("%d", "%m")) and ("%Y" in form or "%y" in form)):
            raise ValueError("`date_format` needs %d, %m and %Y, as in %d/%m/%Y")
        if form:
            date_form(form)
        return self
