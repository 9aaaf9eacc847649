"""One source: `sources/<family>/<id>.yml` as a whole."""

import fnmatch
from itertools import combinations
from typing import Self

from pydantic import Field, model_validator

from opinion_warehouse.sources.base import Due, Family, Identifier, Keep, Model, Place, Text, repeated
from opinion_warehouse.sources.fetch import Fetch, HttpJsonFetch, KoboFetch, S3Fetch
from opinion_warehouse.sources.files import LABELLED, NAMED, TABLES, Files
from opinion_warehouse.sources.headings import Header, Ignored
from opinion_warehouse.sources.report import Report
from opinion_warehouse.sources.social import Social
from opinion_warehouse.sources.survey import Survey
from opinion_warehouse.sources.zone import Zone


class Source(Model):
    """One source: where it comes from, its shape, its licence, how often it is due, how long it is kept."""

    id: Identifier
    family: Family
    title: Text
    owner: str = Field(min_length=1, description="a desk, never a person")
    licence: str = Field(min_length=1)
    provenance: str = Field(min_length=1, description="where it comes from")
    is_made: bool = Field(False, description="true: the data are made up, and say so wherever they show")
    time_zone: Zone = "Asia/Ho_Chi_Minh"
    files: Files
    fetch: Fetch | None = Field(None, description="the night gets the files itself; else they are delivered")
    due: Due = Due()
    keep: Keep = Keep()
    ignore_columns: list[Ignored] = Field(
        [], description="columns known and never read; personal ones stand here. * stands for anything"
    )
    places: list[Place] = []
    survey: Survey | None = None
    report: Report | None = None
    social: Social | None = None

    @property
    def own_places(self) -> list[tuple[str, str | None, str]]:
        """Code, parent and name of the places the spec adds to the reference data."""
        return [(place.code, place.parent, place.name.vi) for place in self.places]

    @property
    def cells(self) -> list[str]:
        """Every column the parser reads of a file's main table."""
        section = (
            self.survey or (self.report and self.report.columns) or (self.social and self.social.columns)
        )
        columns = section.cells if section else []
        rows = self.files.rows
        return [*columns, rows.column] if rows and rows.column not in columns else columns

    @property
    def headers(self) -> list[Header]:
        """The headers its files may have; `with_header` goes by the place in this list."""
        first = Header(name="columns", wanted=self.cells, ignored=self.ignore_columns)
        others = self.social.other_headers if self.social else []
        return [
            first,
            *(
                Header(
                    name=header.name,
                    wanted=header.columns.cells,
                    ignored=[*self.ignore_columns, *header.ignore_columns],
                )
                for header in others
            ),
        ]

    def with_header(self, place: int) -> "Source":
        """The source as it is for files that have this header."""
        if place == 0 or self.social is None:
            return self
        header = self.social.other_headers[place - 1]
        changes = {
            "social": self.social.with_header(header),
            "ignore_columns": [*self.ignore_columns, *header.ignore_columns],
        }
        return self.model_copy(update=changes)

    @property
    def optional_cells(self) -> list[str]:
        """Columns that JSON may lack altogether: answers nobody gave."""
        return self.survey.answer_cells if self.survey else []

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
        for header in self.headers:
            both = [column for column in header.ignored if column in header.wanted]
            if both:
                raise ValueError(
                    f"column {both[0]!r} is read and stands in `ignore_columns`; remove it from one"
                )
        return self

    @model_validator(mode="after")
    def _headers_can_be_met(self) -> Self:
        headers, files = self.headers, self.files
        if len(headers) > 1 and (files.content_format not in TABLES or files.column_names):
            raise ValueError("`social.other_headers` are told apart by a header of csv, xlsx or ods")
        for one, two in combinations(headers, 2):
            if one.fits_together(two):
                raise ValueError(
                    f"a file could have both headers, {one.name!r} and {two.name!r}: let one read a column"
                    " the other does not know"
                )
        for heading in files.header_has:
            strange = [header.name for header in headers if not header.knows(heading)]
            if strange:
                raise ValueError(
                    f"`files.header_has` {heading!r} is neither read nor in `ignore_columns`"
                    + (f" of {strange[0]!r}" if len(headers) > 1 else "")
                )
        if files.column_names:
            absent = [column for column in self.cells if column not in files.column_names]
            if absent:
                raise ValueError(f"column {absent[0]!r} is none of `files.column_names`")
            if self.ignore_columns:
                raise ValueError(
                    "with `files.column_names` every column that is not read is left out; remove"
                    " `ignore_columns`"
                )
        return self

    @model_validator(mode="after")
    def _fits_the_format(self) -> Self:
        form = self.files.content_format
        for column in self.cells if form in NAMED else []:
            parts = column.split(".")
            inside = [".".join(parts[:end]) for end in range(1, len(parts))]
            if whole := [name for name in inside if name in self.ignore_columns]:
                raise ValueError(
                    f"column {column!r} is read, and {whole[0]!r}, which holds it, is in `ignore_columns`;"
                    " name the other parts there"
                )
        if self.survey and self.survey.expects_labels and form not in LABELLED:
            raise ValueError(f"`file_labels` are of formats that declare labels: {', '.join(LABELLED)}")
        if self.social and self.social.columns.item_count and "time_zone" not in self.model_fields_set:
            raise ValueError("counts are of whole days: say in which `time_zone` the vendor's days begin")
        narrative = self.report.narrative if self.report else None
        if form in ("pdf", "doc") and not narrative:
            raise ValueError(f"a {form} file is a text: it needs `report.narrative`")
        if narrative and form not in ("docx", "pdf", "doc"):
            raise ValueError("`report.narrative` reads docx, pdf or doc files; see `files.format`")
        followup = self.report.followup if self.report else None
        if followup and form not in ("xlsx", "ods", "docx"):
            raise ValueError("`report.followup` is a second sheet or table: of an xlsx, ods or docx file")
        if followup and (self.files.header_has or self.files.column_names):
            raise ValueError("`report.followup` is a second sheet: give both sheets' `header_row`")
        if followup and (followup.sheet is None) != (form == "docx"):
            raise ValueError("`report.followup.sheet` is needed in xlsx and ods files, and there alone")
        if self.report and self.report.submitted_at.mail_date and self.files.format != "eml":
            raise ValueError("`report.submitted_at.mail_date` needs e-mails: `files.format` must be eml")
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
