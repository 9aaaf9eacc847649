"""Which files of a source are read, and how their bytes become rows."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import Model

SELF_DESCRIBED = ("json", "jsonl", "parquet")
"""Formats that need no word of a spec on encoding, marks and header."""


def _known_encoding(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except LookupError:
        raise ValueError("is no encoding Python knows; write utf-8, utf-16, cp1258, cp1252 …") from None
    if not getattr(info, "_is_text_encoding", True):
        raise ValueError("is no text encoding; write utf-8, utf-16, cp1258, cp1252 …")
    return name


class Repeat(Model):
    """Rows are those of a repeated group (a household's members), with the columns `parent.…` beside them."""

    path: str | None = Field(None, description="json, jsonl: the list in each record, as a column is named")
    sheet: str | None = Field(None, description="xlsx: the repeat's own sheet")
    parent_index: str = Field("_parent_index", description="xlsx: its column that names the main sheet's row")
    index: str = Field("_index", description="xlsx: the column of the main sheet that numbers its rows")


class Files(Model):
    """Which files of the source's inbox folder are read, and how their bytes become rows."""

    pattern: str = Field("*", min_length=1, description="glob in the inbox folder of the source")
    format: Literal["csv", "xlsx", "json", "jsonl", "parquet"]
    compression: Literal["none", "gz", "zip"] = Field(
        "none", description="of the whole file; a zip archive holds one file"
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    sheet: str | None = Field(None, description="xlsx: the one sheet that is read; required there")
    header_row: int = Field(1, ge=1, description="1-based row of the column names")
    records: str | None = Field(
        None, description="json: the key of the list of records; none: the file is it"
    )
    repeat: Repeat | None = Field(
        None, description="json, jsonl, xlsx: read this repeated group, not the main rows"
    )
    max_bytes: int = Field(2_000_000_000, gt=0)

    @model_validator(mode="after")
    def _fits_the_format(self) -> Self:
        if self.format == "xlsx" and not self.sheet:
            raise ValueError("an xlsx source needs `sheet`: the one sheet that is read")
        if self.format != "xlsx" and self.sheet:
            raise ValueError(f"a {self.format} source has no `sheet`; remove it")
        if self.records and self.format != "json":
            raise ValueError("`records` is the list's key in a json file; remove it")
        self._check_repeat()
        for name in ("encoding", "delimiter", "decimal", "header_row"):
            if self.format in SELF_DESCRIBED and getattr(self, name) != Files.model_fields[name].default:
                raise ValueError(f"a {self.format} file says that itself; remove `{name}`")
        if "/" in self.pattern or "\\" in self.pattern:
            raise ValueError("`pattern` is matched in the source's own inbox folder; it takes no path")
        if self.delimiter in '"\r\n' or (self.delimiter == self.decimal and self.decimal == "."):
            raise ValueError("`delimiter` must be no quote, line end or full stop")
        return self

    def _check_repeat(self) -> None:
        if self.repeat is None:
            return
        if self.format not in ("xlsx", "json", "jsonl"):
            raise ValueError(f"a {self.format} file has no `repeat`; export it as xlsx or json")
        needed, other = ("sheet", "path") if self.format == "xlsx" else ("path", "sheet")
        if not getattr(self.repeat, needed) or getattr(self.repeat, other):
            raise ValueError(f"`repeat` of a {self.format} source has `{needed}`, and no `{other}`")
