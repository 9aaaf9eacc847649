"""A time zone's name, checked."""

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write one like Asia/Ho_Chi_Minh or UTC") from None
    return name


Zone = Annotated[str, AfterValidator(_known_zone)]
