"""Whole columns of plain cells at once. What is not plain goes to the readers of single cells, who judge it.

Only cells that a strict pattern knows are read here, so that both ways give the same values.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from opinion_warehouse.readers.cells.column import CellReader, Cells, constant
from opinion_warehouse.readers.cells.values import DAMAGED_ID, EARLIEST, EARLIEST_EPOCH, WHOLE_FLOAT
from opinion_warehouse.sources import Social

if TYPE_CHECKING:
    from datetime import date

    import polars as pl

_DIRECTIVES = {
    "%Y": r"[12]\d{3}",
    "%m": r"(?:0[1-9]|1[0-2])",
    "%d": r"(?:0[1-9]|[12]\d|3[01])",
    "%H": r"(?:[01]\d|2[0-3])",
    "%M": r"[0-5]\d",
    "%S": r"[0-5]\d",
    "%.f": r"(?:\.\d{1,6})?",
}
_ISO = "%Y-%m-%dT%H:%M:%S%.f"
_MAX_DIGITS = 15


def own_ids(cells: "pl.Series") -> "pl.Series":
    """The source's own ids (see `values.own_id`); null for what is none."""
    own = cells.str.replace(WHOLE_FLOAT.pattern, "$1")
    return own.set((own == "") | own.str.contains(DAMAGED_ID.pattern), None)


def composed_ids(parts: "Sequence[pl.Series]") -> "pl.Series":
    """Ids of several columns; null where the first has none, or where one is rounded.

    Each part stands with its length before it, so that no two lists of parts give one id.
    """
    import polars as pl

    ids = own_ids(parts[0])
    if len(parts) == 1:
        return ids
    more = [part.fill_null("") for part in parts[1:]]
    for part in more:
        ids = ids.set(part.str.contains(DAMAGED_ID.pattern), None)
    sized = [text for part in (ids, *more) for text in (part.str.len_bytes().cast(pl.String) + ":", part)]
    return pl.select(pl.concat_str(sized)).to_series()


def joined(parts: "Sequence[pl.Series]") -> "pl.Series":
    """The cells of several columns with a space between."""
    import polars as pl

    if len(parts) == 1:
        return parts[0]
    cells = [part.fill_null("") for part in parts]
    return pl.select(pl.concat_str(cells, separator=" ").str.strip_chars()).to_series()


def instants(
    column: Cells, reader: CellReader[datetime | None], form: str, zone: ZoneInfo, latest: "date"
) -> "pl.Series":
    """Moments in UTC, not after the day `latest`."""
    import polars as pl

    dtype = pl.Datetime("us", "UTC")

    def parse(plain: pl.Series) -> pl.Series:
        if form in ("epoch_s", "epoch_ms"):
            number = plain.str.extract(rf"^(\d{{1,{_MAX_DIGITS}}})$").cast(pl.Int64)
            return (number * (1_000_000 if form == "epoch_s" else 1_000)).cast(dtype)
        if form != "iso":
            return _local(_moments(plain, form), zone)
        is_utc = plain.str.ends_with("Z")
        naive = _moments(plain.str.strip_suffix("Z").str.replace(" ", "T", literal=True), _ISO)
        if is_utc.all():
            return naive.dt.replace_time_zone("UTC")
        return naive.dt.replace_time_zone("UTC").zip_with(is_utc, _local(naive, zone))

    earliest = EARLIEST_EPOCH if form in ("epoch_s", "epoch_ms") else EARLIEST
    begin = datetime.combine(earliest, time(), UTC)
    end = datetime.combine(latest, time(), UTC)
    return _either(column, reader, lambda plain: _within(parse(plain), begin, end))


def whole_numbers(column: Cells, reader: CellReader[int | None], high: int) -> "pl.Series":
    """Whole numbers from 0 to `high`."""
    import polars as pl

    def parse(plain: pl.Series) -> pl.Series:
        return _within(plain.str.extract(rf"^(0|[1-9]\d{{0,{_MAX_DIGITS - 1}}})$").cast(pl.Int64), 0, high)

    return _either(column, reader, parse)


def banded(column: Cells, reader: "CellReader[str | None]", social: Social, decimal: str) -> "pl.Series":
    """Sentiments of numbers, by the band each lies in."""
    import polars as pl

    def parse(plain: pl.Series) -> pl.Series:
        first = plain
        if social.sentiment_separator:
            first = plain.str.splitn(social.sentiment_separator, 2).struct.field("field_0").str.strip_chars()
        number = first.str.extract(r"^(-?[0-9]{1,9}(?:\.[0-9]{1,17})?)$").cast(pl.Float64)
        found = pl.lit(None, pl.String)
        for sentiment, band in social.sentiment_bands.items():
            low = number > band.start if band.above is not None else number >= band.start
            high = number < band.end if band.below is not None else number <= band.end
            found = pl.when(low & high).then(pl.lit(sentiment)).otherwise(found)
        return pl.select(found.alias("sentiment")).to_series()

    # a spec may call a number a word, and words go first
    has_numbers = decimal == "." and not any(re.search(r"\d", word) for word in social.sentiments)
    if not social.sentiment_bands or not has_numbers:
        return reader.values(column, pl.String)
    return _either(column, reader, parse)


def _moments(cells: "pl.Series", form: str) -> "pl.Series":
    """Naive moments of cells that have the form to the letter; null of all others."""
    import polars as pl

    parts = re.findall(r"%\.?.|[^%]", form)
    if {part for part in parts if part.startswith("%")} - set(_DIRECTIVES):
        return constant(None, pl.Datetime("us"), cells.len())
    pattern = "".join(_DIRECTIVES.get(part, re.escape(part)) for part in parts)
    return cells.str.extract(f"^({pattern})$").str.to_datetime(form, time_unit="us", strict=False)


def _local(naive: "pl.Series", zone: ZoneInfo) -> "pl.Series":
    """In UTC. Of an hour that comes twice, the first; one the clock leaves out is none."""
    local = naive.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def _within(values: "pl.Series", low: object, high: object) -> "pl.Series":
    return values.set(~values.is_between(low, high), None)  # type: ignore[arg-type]


def _either(
    column: Cells, reader: "CellReader[Any]", parse: "Callable[[pl.Series], pl.Series]"
) -> "pl.Series":
    values = parse(column.cells)
    rest = values.is_null().arg_true()
    return values.scatter(rest, reader.values(column.at(rest), values.dtype)) if rest.len() else values
