"""Which files of a source are read, and how their bytes become rows."""

import codecs
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from opinion_warehouse.sources.base import Model


def _known_encoding(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except LookupError:
        raise ValueError("is no encoding Python knows; write utf-8, utf-16, cp1258, cp1252 …") from None
    if not getattr(info, "_is_text_encoding", True):
        raise ValueError("is no text encoding; write utf-8, utf-16, cp1258, cp1252 …")
    return name


Format = Literal["csv", "xlsx", "ods", "docx", "pdf", "doc"]


class Attachment(Model):
    """The one attachment of an e-mail that is read."""

    pattern: str = Field(min_length=1, description="glob on the attachment's name, whatever its case")
    format: Format


class Files(Model):
    """Which files of the source's inbox folder are read, and how their bytes become rows."""

    pattern: str = Field("*", min_length=1, description="glob in the inbox folder of the source")
    format: Format | Literal["eml"]
    attachment: Attachment | None = Field(None, description="eml: which attachment is read; required there")
    compression: Literal["none", "gz", "zip"] = Field(
        "none", description="of the whole file; a zip archive holds one file"
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    sheet: str | None = Field(None, description="xlsx, ods: the one sheet that is read; required there")
    header_row: int = Field(1, ge=1, description="1-based row of the column names, in a docx of its table")
    max_bytes: int = Field(2_000_000_000, gt=0)

    @property
    def content_format(self) -> Format:
        """The format of what is read: of an e-mail, the attachment's."""
        if self.format == "eml":
            assert self.attachment is not None  # noqa: S101  (validated)
            return self.attachment.format
        return self.format

    @model_validator(mode="after")
    def _fits_the_format(self) -> Self:
        if (self.format == "eml") != (self.attachment is not None):
            raise ValueError("an eml source, and no other, needs `attachment`: which one is read, its format")
        if self.content_format in ("xlsx", "ods") and not self.sheet:
            raise ValueError(f"an {self.content_format} source needs `sheet`: the one sheet that is read")
        if self.content_format not in ("xlsx", "ods") and self.sheet:
            raise ValueError(f"a {self.content_format} source has no `sheet`; remove it")
        if "/" in self.pattern or "\\" in self.pattern:
            raise ValueError("`pattern` is matched in the source's own inbox folder; it takes no path")
        if self.delimiter in '"\r\n' or (self.delimiter == self.decimal and self.decimal == "."):
            raise ValueError("`delimiter` must be no quote, line end or full stop")
        return self
