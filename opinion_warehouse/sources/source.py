"""One source: `sources/<family>/<id>.yml` as a whole."""

import fnmatch
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import Due, Family, Identifier, Keep, Model, Place, Text, repeated
from opinion_warehouse.sources.fetch import Fetch, HttpJsonFetch, KoboFetch, S3Fetch
from opinion_warehouse.sources.files import Files
from opinion_warehouse.sources.report import Report
from opinion_warehouse.sources.social import Social
from opinion_warehouse.sources.survey import Survey


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write one like Asia/Ho_Chi_Minh or UTC") from None
    return name


class Source(Model):
    """One source: where it comes from, its shape, its licence, how often it is due, how long it is kept."""

    id: Identifier
    family: Family
    title: Text
    owner: str = Field(min_length=1, description="a desk, never a person")
    licence: str = Field(min_length=1)
    provenance: str = Field(min_length=1, description="where it comes from")
    is_made: bool = Field(False, description="true: the data are made up, and say so wherever they show")
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Ho_Chi_Minh"
    files: Files
    fetch: Fetch | None = Field(None, description="the night gets the files itself; else they are delivered")
    due: Due = Due()
    keep: Keep = Keep()
    ignore_columns: list[str] = Field(
        [], description="columns known and never read; personal ones stand here"
    )
    places: list[Place] = []
    survey: Survey | None = None
    report: Report | None = None
    social: Social | None = None

    @property
    def cells(self) -> list[str]:
        """Every column the parser reads of a file's main table."""
        if self.survey:
            return self.survey.cells
        return self.report.columns.cells if self.report else self.social.columns.cells if self.social else []

    @model_validator(mode="after")
    def _one_section_of_its_family(self) -> Self:
        given = [name for name in ("survey", "report", "social") if getattr(self, name) is not None]
        if given != [self.family]:
            raise ValueError(
                f"a {self.family} source has the section `{self.family}` alone; here: {given or 'none'}"
            )
        return self

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        again = repeated(place.code for place in self.places)
        if again:
            raise ValueError(f"place {again[0]!r} stands twice in `places`; each may stand once")
        both = [column for column in self.ignore_columns if column in self.cells]
        if both:
            raise ValueError(f"column {both[0]!r} is read and stands in `ignore_columns`; remove it from one")
        if self.report and self.report.followup and self.files.format != "xlsx":
            raise ValueError("`report.followup` is a second sheet: `files.format` must be xlsx")
        return self

    @model_validator(mode="after")
    def _fetched_files_are_taken(self) -> Self:
        if self.fetch is None or isinstance(self.fetch, S3Fetch):
            return self
        written = "csv" if self.fetch.from_ == "limesurvey" else "jsonl"
        if (self.files.format, self.files.compression) != (written, "none"):
            raise ValueError(
                f"`fetch` from {self.fetch.from_} writes {written}: write `format: {written}` in `files`,"
                " and no `compression`"
            )
        name = f"{self.fetch.stem or self.id}_20260101T000000Z.{written}"
        if not fnmatch.fnmatch(name, self.files.pattern):
            raise ValueError(f"`fetch` writes files like {name}, and `files.pattern` does not take them")
        if self.survey and isinstance(self.fetch, KoboFetch | HttpJsonFetch) and self.fetch.since:
            raise ValueError(
                "a survey is fetched whole, for a wave's newest file speaks for it: remove `fetch.since`"
            )
        return self
