"""Values of SPSS and Stata → text in the spec's manner."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from opinion_warehouse.readers.cells.values import EXACT_DOUBLE, EXACT_SINGLE, inexact

if TYPE_CHECKING:
    import polars as pl

_SPSS_EPOCH, _STATA_EPOCH = datetime(1582, 10, 14), datetime(1960, 1, 1)  # noqa: DTZ001  (neither knows a zone)
_SPSS_DATE = re.compile(r"^([AEJS]?DATE|MOYR|QYR|WKYR)\d")
_SPSS_MOMENT = re.compile(r"^(DATETIME|YMDHMS)\d")
_SPSS_TIME = re.compile(r"^[DM]?TIME\d")
_STATA_DATE = re.compile(r"^%-?t?d")
_STATA_MOMENT = re.compile(r"^%-?tc")


def number_cells(values: list[Any], form: str, kind: str, decimal: str) -> "pl.Series":
    """A numeric variable's values as text. `form`: display format; `kind`: storage, in ReadStat's words."""
    import polars as pl

    if read := _moment_reader(form):
        known = {value: read(value) for value in set(values) - {None}}
        return pl.Series([known.get(value) for value in values], dtype=pl.String)
    doubles = pl.Series(values, dtype=pl.Float64, strict=False)
    # A single is written 0.1, and as a double it would be 0.10000000149011612.
    return _number_text(doubles, pl.Float32 if kind == "float" else pl.Float64, decimal)


def tagged_cells(values: list[Any], form: str, kind: str, decimal: str) -> "pl.Series":
    """The same where some values are letters, as Stata's tagged missing ones are read: `a` becomes `.a`."""
    import polars as pl

    tags = pl.Series([f".{value}" if isinstance(value, str) else None for value in values], dtype=pl.String)
    numbers = [None if isinstance(value, str) else value for value in values]
    return tags.zip_with(tags.is_not_null(), number_cells(numbers, form, kind, decimal))


def code_text(value: float | str, kind: str) -> str:
    """The code of a value label, as the variable's cells are written."""
    if isinstance(value, str):
        return value.strip() if kind == "string" else f".{value}"
    return str(int(value)) if float(value).is_integer() else repr(value)


def _number_text(doubles: "pl.Series", storage: "type[pl.DataType]", decimal: str) -> "pl.Series":
    import polars as pl

    exact = EXACT_SINGLE if storage == pl.Float32 else EXACT_DOUBLE
    value, size = pl.col("value"), pl.col("value").abs()
    frame = pl.DataFrame({"value": doubles.fill_nan(None)})
    text = frame.select(
        pl.when((value == value.floor()) & (size < exact))
        .then(value.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(value.cast(storage).cast(pl.String).str.replace(".", decimal, literal=True))
    ).to_series()
    is_large = frame.select((size >= exact).fill_null(False)).to_series()
    if not is_large.any():
        return text
    large = [inexact(each).replace(".", decimal) for each in doubles.filter(is_large)]
    return text.scatter(is_large.arg_true(), large)


def _moment_reader(form: str) -> Callable[[float], str] | None:
    """What makes text of a date or time; None for a plain number."""
    if _SPSS_DATE.match(form):
        return _written(lambda value: (_SPSS_EPOCH + timedelta(seconds=value)).date().isoformat())
    if _SPSS_MOMENT.match(form):
        return _written(lambda value: (_SPSS_EPOCH + timedelta(seconds=value)).isoformat(sep=" "))
    if _SPSS_TIME.match(form):
        return _written(_clock)
    if _STATA_DATE.match(form):
        return _written(lambda value: (_STATA_EPOCH + timedelta(days=value)).date().isoformat())
    if _STATA_MOMENT.match(form):
        return _written(lambda value: (_STATA_EPOCH + timedelta(milliseconds=value)).isoformat(sep=" "))
    return None


def _written(make: Callable[[float], str]) -> Callable[[float], str]:
    def text(value: float) -> str:
        try:
            return make(value)
        except (OverflowError, ValueError):
            return repr(value)  # no date: the spec's rules will say so

    return text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 6), 60)
    hours, minutes = divmod(int(minutes), 60)
    fraction = f"{rest:09.6f}".rstrip("0").rstrip(".")
    return f"{hours:02}:{minutes:02}:{fraction:0>2}"
