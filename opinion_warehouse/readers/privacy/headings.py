"""Headings as they may be shown: of a file without its header, people's data stand where headings should."""

from collections.abc import Mapping

from opinion_warehouse.readers.privacy.redact import redact

_SHOWN = 64
_OF_WORDS = frozenset({"handle", "link", "token"})
"""Kinds of personal data that ordinary headings look like (`q1_other`)."""


def safe_heading(heading: str, position: int) -> str:
    """A heading as it may be shown."""
    if _is_data(heading):
        return f"(column {position})"
    return heading if len(heading) <= _SHOWN else f"{heading[:60]}… (column {position})"


def safe_headings(headings: Mapping[int, str]) -> list[str]:
    """Headings by position, as they may be shown: beside one that is data, the others are data too."""
    if any(_is_data(heading) for heading in headings.values()):
        return [f"(column {position})" for position in headings]
    return [safe_heading(heading, position) for position, heading in headings.items()]


def _is_data(heading: str) -> bool:
    digits = sum(map(str.isdigit, heading))
    is_number = digits and not any(char.isalpha() and char not in "TZ" for char in heading)
    if digits >= 6 or is_number or "@" in heading:
        return True
    return bool(redact(heading[:_SHOWN]).counts.keys() - _OF_WORDS)
