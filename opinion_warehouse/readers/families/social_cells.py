"""A social export's cells → topics, places and sentiment, as the spec maps them. One cell, one value."""

import re
from collections.abc import Callable, Collection
from contextlib import suppress

from opinion_warehouse.readers.cells.values import lookup, number
from opinion_warehouse.readers.coding.places import place_reader
from opinion_warehouse.readers.problems import BadCell
from opinion_warehouse.reference import Reference
from opinion_warehouse.sources import Social
from opinion_warehouse.sources.social import SEPARATORS

_WORDS = ("positive", "negative", "neutral", "unknown")


def topic_of(social: Social, known: Collection[str]) -> Callable[[str], str | None]:
    """Tag → topic code. With a map only its tags are understood: a tag may look like a code."""
    code_of = lookup(social.topics, () if social.topics else known)

    def read(tag: str) -> str | None:
        try:
            return code_of(tag)
        except BadCell:
            if social.unmapped_topics == "none":
                return None
            expected = "tags the spec maps" if social.topics else "topic codes of the reference data"
            raise BadCell("unknown_topic", f"expected {expected}") from None

    return read


def topics_of(social: Social, known: Collection[str]) -> Callable[[str], list[str]]:
    """Cell → the sorted topic codes of its tags."""
    parting = re.compile(
        re.escape(social.topics_separator) if social.topics_separator else f"[{re.escape(SEPARATORS)}]"
    )
    code_of = topic_of(social, known)

    def read(cell: str) -> list[str]:
        tags = filter(None, map(str.strip, parting.split(cell)))
        return sorted({code for tag in tags if (code := code_of(tag))})

    return read


def query_of(social: Social) -> Callable[[str], str]:
    """Cell → query code, by code or label."""
    labels = {label: query.code for query in social.queries for label in (query.label.vi, query.label.en)}
    code_of = lookup(labels, [query.code for query in social.queries])

    def read(cell: str) -> str:
        try:
            return code_of(cell)
        except BadCell:
            detail = "expected the code or label of a query the spec declares"
            raise BadCell("unknown_query", detail) from None

    return read


def place_of(social: Social, reference: Reference) -> Callable[[str], str | None]:
    """Cell → place code. With a map only its cells are understood: FIPS and ISO use the same letters."""
    if not social.places:
        return place_reader(reference, social.place_names, social.coverage_place)
    code_of = lookup(social.places)

    def read(cell: str) -> str | None:
        try:
            return code_of(cell)
        except BadCell:
            if social.unmapped_places == "none":
                return None
            raise BadCell("unknown_place", "expected one of the places the spec maps") from None

    return read


def sentiment_of(social: Social, decimal: str) -> Callable[[str], str]:
    """Cell → sentiment: a word the spec maps, else a number in one of its bands."""
    word = lookup(social.sentiments, _WORDS)
    bands = social.sentiment_bands

    def read(cell: str) -> str:
        if social.sentiment_separator:
            cell = cell.split(social.sentiment_separator, 1)[0].strip()
        if not cell:
            return "unknown"
        if not bands:
            return word(cell)
        with suppress(BadCell):
            return word(cell)
        try:
            value = number(cell, decimal)
        except BadCell:
            detail = "expected a word of the spec's sentiments, or a number"
            raise BadCell("unknown_code", detail) from None
        for sentiment, band in bands.items():
            if band.holds(value):
                return sentiment
        raise BadCell("out_of_range", "expected a number in one of the spec's sentiment_bands")

    return read
