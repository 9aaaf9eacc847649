"""Reference data the parser and the spec check need: places, topics, units, platforms, topic rules.

They are dbt's seeds, so what the parser accepts is what the warehouse can join.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple


class TopicRule(NamedTuple):
    """A keyword that gives a topic, and the version of the rules it belongs to."""

    topic_code: str
    keyword: str
    rule_version: str


class PlaceName(NamedTuple):
    """A name, what the place lies in (parts between commas), and the present place it stands for.

    A former unit that was split has a name for each of its heirs.
    """

    name: str
    within: str
    place_code: str
    is_current: bool


@dataclass(frozen=True)
class Reference:
    """Known codes. Places and units of every age count: old data keep their old codes."""

    places: frozenset[str]
    topics: frozenset[str]
    units: frozenset[str]
    platforms: frozenset[str]
    topic_rules: tuple[TopicRule, ...]
    place_names: tuple[PlaceName, ...] = ()
    place_parents: Mapping[str, str] = field(default_factory=dict)

    def with_own(self, places: Iterable[tuple[str, str | None, str]], units: Iterable[str]) -> "Reference":
        """With what a source's own spec adds: places (code, parent, name) and units."""
        own = list(places)
        names = {name.place_code: name.name for name in self.place_names if name.is_current}
        names |= {code: name for code, _, name in own}
        parents = {**self.place_parents, **{code: parent for code, parent, _ in own if parent}}
        return replace(
            self,
            places=self.places.union(code for code, _, _ in own),
            units=self.units.union(units),
            place_names=(
                *self.place_names,
                *(PlaceName(name, _within(code, names, parents), code, True) for code, _, name in own),
            ),
            place_parents=parents,
        )


def _within(code: str, names: Mapping[str, str], parents: Mapping[str, str]) -> str:
    """The names of what a place lies in, the nearest first."""
    above: list[str] = []
    while (code := parents.get(code, "")) and code not in above:
        above.append(code)
    return ", ".join(names[code] for code in above if code in names)


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

    places = _rows(folder, "place", ("place_code", "parent_place_code", "name_vi", "valid_to"))
    parents = {code: parent for code, parent, _, _ in places if parent}
    names = {code: name for code, _, name, _ in places}
    former = _rows(folder, "place_alias", ("place_name", "within", "place_code"))
    rules = _rows(folder, "topic_rule", ("topic_code", "keyword", "rule_version"))
    return Reference(
        places=frozenset(names),
        topics=codes("topic"),
        units=codes("unit"),
        platforms=codes("platform"),
        topic_rules=tuple(TopicRule(*rule) for rule in rules if rule[1]),
        place_names=(
            *(PlaceName(name, _within(code, names, parents), code, not end) for code, _, name, end in places),
            *(PlaceName(name, within, code, False) for name, within, code in former),
        ),
        place_parents=parents,
    )
