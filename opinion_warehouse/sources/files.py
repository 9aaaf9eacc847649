"""Which files of a source are read, and how their bytes become rows."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources import encodings  # noqa: F401  (its import registers tcvn3 and vni)
from opinion_warehouse.sources.base import Model


def _known_encoding(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except LookupError:
        raise ValueError(
            "is no encoding Python knows; write utf-8, utf-16, cp1258, cp1252, tcvn3, vni …"
        ) from None
    if not getattr(info, "_is_text_encoding", True):
        raise ValueError("is no text encoding; write utf-8, utf-16, cp1258, cp1252, tcvn3, vni …")
    return name


class Files(Model):
    """Which files of the source's inbox folder are read, and how their bytes become rows."""

    pattern: str = Field("*", min_length=1, description="glob in the inbox folder of the source")
    format: Literal["csv", "xlsx"]
    compression: Literal["none", "gz", "zip"] = Field(
        "none", description="of the whole file; a zip archive holds one file"
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    sheet: str | None = Field(None, description="xlsx: the one sheet that is read; required there")
    header_row: int = Field(1, ge=1, description="1-based row of the column names")
    max_bytes: int = Field(2_000_000_000, gt=0)

    @model_validator(mode="after")
    def _fits_the_format(self) -> Self:
        if self.format == "xlsx" and not self.sheet:
            raise ValueError("an xlsx source needs `sheet`: the one sheet that is read")
        if self.format == "csv" and self.sheet:
            raise ValueError("a csv source has no `sheet`; remove it")
        if "/" in self.pattern or "\\" in self.pattern:
            raise ValueError("`pattern` is matched in the source's own inbox folder; it takes no path")
        if self.delimiter in '"\r\n' or (self.delimiter == self.decimal and self.decimal == "."):
            raise ValueError("`delimiter` must be no quote, line end or full stop")
        return self
