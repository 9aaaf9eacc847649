"""Which files of a source are read, and how their bytes become rows."""

import codecs
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from opinion_warehouse.sources import encodings  # noqa: F401  (its import registers tcvn3 and vni)
from opinion_warehouse.sources.base import Model, repeated
from opinion_warehouse.sources.column_names import PRESETS

_NO_FILES = ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7")
"""Codecs of Python that are of names, escapes or mail, not of files."""


def _known_encoding(name: str) -> str:
    try:
        info = codecs.lookup(name)
    except LookupError:
        raise ValueError(
            "is no encoding Python knows; write utf-8, utf-16, cp1258, cp1252, tcvn3, vni …"
        ) from None
    if info.name in _NO_FILES or not getattr(info, "_is_text_encoding", True):
        raise ValueError("is no text encoding; write utf-8, utf-16, cp1258, cp1252, tcvn3, vni …")
    return name


def _preset_names(value: Any) -> Any:
    """A shipped list of names by its word; a list as it is."""
    if not isinstance(value, str):
        return value
    if value not in PRESETS:
        raise ValueError(f"is no list of names that is known; write {', '.join(PRESETS)} or the names in […]")
    return PRESETS[value]


class RowFilter(Model):
    """Which rows are records, and which are previews, tests or spam, by one column's cells.

    A cell that stands in neither list makes its row bad.
    """

    column: str
    keep: list[str] = Field(min_length=1, description='cells of rows that count ("" for a blank one)')
    leave_out: list[str] = Field(min_length=1, description="cells of rows that do not; they are counted")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if both := sorted(set(self.keep) & set(self.leave_out)):
            raise ValueError(f"{both[0]!r} stands in `keep` and in `leave_out`; keep one")
        return self


class Repeat(Model):
    """Rows are those of a repeated group (a household's members), with the columns `parent.…` beside them."""

    path: str | None = Field(None, description="json, jsonl: the list in each record, as a column is named")
    sheet: str | None = Field(None, description="xlsx: the repeat's own sheet")
    parent_index: str = Field("_parent_index", description="xlsx: its column that names the main sheet's row")
    index: str = Field("_index", description="xlsx: the column of the main sheet that numbers its rows")


Format = Literal[
    "csv", "xlsx", "ods", "docx", "pdf", "doc", "json", "jsonl", "parquet", "sav", "dta", "triple_s"
]
SHEETS = ("xlsx", "ods")
TABLES = ("csv", *SHEETS)
"""Formats whose header and rows the spec has to tell apart."""
NAMED = ("json", "jsonl", "parquet")
"""Formats whose records name their columns themselves."""
LABELLED = ("sav", "dta", "triple_s")
"""Formats whose files declare what their codes mean."""
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "encoding": ("csv", *LABELLED),
    "delimiter": ("csv", "triple_s"),
    "quoting": ("csv",),
    "decimal": (*TABLES, "docx", "pdf", "doc", *LABELLED),
    "sheet": SHEETS,
    "header_row": (*TABLES, "docx"),
    "header_has": TABLES,
    "column_names": TABLES,
    "layout": TABLES,
    "records": ("json",),
    "repeat": ("xlsx", "json", "jsonl"),
}
"""Keys that are not of every format."""


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
        "none", description="of the whole file; a zip archive holds one file, or `member` says which is read"
    )
    member: str | None = Field(
        None, min_length=1, description='zip: glob on the names in the archive: "*-member.csv", "data/a.csv"'
    )
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    sheet: str | None = Field(None, description="xlsx, ods: the one sheet that is read; required there")
    header_row: int = Field(
        1, ge=1, description="1-based row of the column names (in a docx of its table); of several, the first"
    )
    header_has: list[str] = Field(
        [], description="instead of header_row: headings by which the row of column names is found"
    )
    column_names: Annotated[list[str], BeforeValidator(_preset_names)] = Field(
        [], description="of files without a header: the names by position, or a shipped list's word"
    )
    layout: Literal["plain", "limesurvey_vv", "qualtrics", "qualtrics_legacy", "surveymonkey"] = Field(
        "plain", description="how the tool lays its header rows out"
    )
    quoting: Literal["double", "none"] = Field(
        "double", description='none: a " in a cell is a character like any other'
    )
    records: str | None = Field(
        None, description="json: the key of the list of records; none: the file is it"
    )
    repeat: Repeat | None = Field(
        None, description="json, jsonl, xlsx: read this repeated group, not the main rows"
    )
    row_cap: int | None = Field(
        None, ge=1, description="rows the tool exports at most: a file with just as many is taken as cut off"
    )
    rows: RowFilter | None = Field(None, description="rows the spec leaves out")
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
        form = self.content_format if self.format != "eml" or self.attachment else "eml"
        if (self.format == "eml") != (self.attachment is not None):
            raise ValueError("an eml source, and no other, needs `attachment`: which one is read, its format")
        if form in SHEETS and not self.sheet:
            raise ValueError(f"an {form} source needs `sheet`: the one sheet that is read")
        for key, formats in _ONLY_FOR.items():
            if form not in formats and getattr(self, key) != Files.model_fields[key].default:
                raise ValueError(f"`{key}` is for {', '.join(formats)}, not for {form}; remove it")
        if self.format == "triple_s" and self.compression != "none":
            raise ValueError("a triple_s delivery is a zip archive as it is; remove `compression`")
        if self.member and self.compression != "zip":
            raise ValueError("`member` names a file in a zip archive: it needs `compression: zip`")
        if self.layout == "limesurvey_vv" and (self.format != "csv" or self.delimiter != "\t"):
            raise ValueError('a LimeSurvey VV file is text with tabs: `format: csv` and `delimiter: "\\t"`')
        if self.records is not None and not all(self.records.split(".")):
            raise ValueError("`records` is a key, or keys joined by dots: data.items")
        self._check_repeat()
        if "/" in self.pattern or "\\" in self.pattern:
            raise ValueError("`pattern` is matched in the source's own inbox folder; it takes no path")
        if self.delimiter in '"\r\n' or (self.delimiter == self.decimal and self.decimal == "."):
            raise ValueError("`delimiter` must be no quote, line end or full stop")
        if not self.delimiter.isascii() or self.delimiter.isalnum():
            raise ValueError("`delimiter` must be an ASCII character, and no letter or digit")
        return self

    @model_validator(mode="after")
    def _header_is_declared_once(self) -> Self:
        if (self.header_row != 1) + bool(self.header_has) + bool(self.column_names) > 1:
            raise ValueError("give one of `header_row`, `header_has` and `column_names`")
        if self.column_names and self.layout != "plain":
            raise ValueError(
                "`layout` is of header rows, and `column_names` says that there are none; keep one"
            )
        for name in ("header_has", "column_names"):
            names = getattr(self, name)
            if again := repeated(names):
                raise ValueError(f"{again[0]!r} stands twice in `{name}`; each may stand once")
            if not all(heading.strip() for heading in names):
                raise ValueError(f"`{name}` holds a blank name")
        return self

    def _check_repeat(self) -> None:
        if self.repeat is None:
            return
        if self.format == "eml":
            raise ValueError("`repeat` is not read out of an e-mail; deliver the file itself")
        if self.format == "xlsx" and (self.header_has or self.column_names or self.layout != "plain"):
            raise ValueError("`repeat` reads two sheets by their `header_row`; remove the other key")
        needed, other = ("sheet", "path") if self.format == "xlsx" else ("path", "sheet")
        if not getattr(self.repeat, needed) or getattr(self.repeat, other):
            raise ValueError(f"`repeat` of a {self.format} source has `{needed}`, and no `{other}`")
