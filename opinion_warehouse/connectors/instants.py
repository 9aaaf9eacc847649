"""Moments as APIs write them: in parameters and in records."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from opinion_warehouse.connectors.base import FetchFailed
from opinion_warehouse.sources.fetch import InstantFormat, Overlap


def write_instant(moment: datetime, how: InstantFormat, zone: ZoneInfo) -> str:
    """A moment as a parameter's value."""
    if how == "date":
        return moment.astimezone(zone).date().isoformat()
    if how == "iso":
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(round(moment.timestamp() * 1000) if how == "epoch_ms" else int(moment.timestamp()))


def read_instant(value: object, how: InstantFormat, zone: ZoneInfo) -> datetime:
    """A moment of a record, in UTC. `zone` is that of times without an offset."""
    try:
        if how in ("epoch_s", "epoch_ms"):
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            return datetime.fromtimestamp(float(value) / (1000 if how == "epoch_ms" else 1), UTC)
        if not isinstance(value, str):
            raise ValueError
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise FetchFailed("bad_time", f"a record's time is none in the format {how!r}") from None


def begin(since: Overlap, mark: str | None, zone: ZoneInfo) -> datetime:
    """From when on is fetched: the mark less the overlap, or the first day of all."""
    first = midnight(date.fromisoformat(since.first), zone)
    if mark is None:
        return first
    return max(first, datetime.fromisoformat(mark) - timedelta(days=since.overlap_days))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins."""
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
