"""Reference data the parser and the spec check need: places, topics, units, platforms, topic rules.

They are dbt's seeds, so what the parser accepts is what the warehouse can join.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple


class TopicRule(NamedTuple):
    """A keyword that gives a topic, and the version of the rules it belongs to."""

    topic_code: str
    keyword: str
    rule_version: str


@dataclass(frozen=True)
class Reference:
    """Known codes. Places and units of every age count: old data keep their old codes."""

    places: frozenset[str]
    topics: frozenset[str]
    units: frozenset[str]
    platforms: frozenset[str]
    topic_rules: tuple[TopicRule, ...]

    def with_own(self, places: Iterable[str], units: Iterable[str]) -> "Reference":
        """With the places and units a source's own spec adds."""
        return replace(self, places=self.places.union(places), units=self.units.union(units))


def _rows(folder: Path, name: str, columns: tuple[str, ...]) -> list[tuple[str, ...]]:
    path = folder / f"{name}.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            absent = [column for column in columns if column not in (reader.fieldnames or [])]
            if absent:
                raise ValueError(f"{path}: column {absent[0]!r} is missing; it needs {', '.join(columns)}")
            return [tuple((row[column] or "").strip() for column in columns) for row in reader]
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing; the reference data are dbt's seeds") from None


def read_reference(folder: Path) -> Reference:
    """Read the seeds of `folder`."""

    def codes(name: str) -> frozenset[str]:
        return frozenset(row[0] for row in _rows(folder, name, (f"{name}_code",)))

    rules = _rows(folder, "topic_rule", ("topic_code", "keyword", "rule_version"))
    return Reference(
        places=codes("place"),
        topics=codes("topic"),
        units=codes("unit"),
        platforms=codes("platform"),
        topic_rules=tuple(TopicRule(*rule) for rule in rules if rule[1]),
    )
