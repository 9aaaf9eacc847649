"""A YAML file → plain values, with the line each key stands on.

Every scalar is read as text and pydantic makes numbers of it where the model says so. YAML's own guessing
would turn the place code `01234` into a number, `no` into false and a date into an object.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 5_000_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is 10 times as fast, where it is built
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class SpecError:
    """What is wrong in a spec, where, and how to mend it."""

    file: Path
    line: int
    key: str
    message: str
    mend: str

    def __str__(self) -> str:
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}:{key} {self.message}. Mend: {self.mend}"


class SpecInvalid(ValueError):
    """One or more specs are wrong."""

    def __init__(self, errors: list[SpecError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class Document:
    """One YAML file: `values`, `lines` by location, and errors of its form."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.errors: list[SpecError] = []
        self.lines: dict[Location, int] = {(): 1}
        self.values: Any = None
        node = self._compose()
        if node is not None:
            self.values = self._value(node, ())

    def error(self, location: Location, message: str, mend: str) -> SpecError:
        """An error at a location; the line is that of its nearest known ancestor."""
        key = ".".join(str(part) for part in location)
        while location not in self.lines:
            location = location[:-1]
        return SpecError(self.path, self.lines[location], key, message, mend)

    def _compose(self) -> yaml.Node | None:
        try:
            if self.path.stat().st_size > MAX_BYTES:
                raise ValueError(f"is larger than {MAX_BYTES} bytes")
            node = yaml.compose(self.path.read_text(encoding="utf-8-sig"), Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = mark.line + 1 if mark else 1
            message = f"is no YAML: {error.problem or error.context}"
            self.errors.append(
                SpecError(self.path, line, "", message, "look at the indentation and the quotes")
            )
            return None
        except (OSError, ValueError, yaml.YAMLError) as error:
            self.errors.append(
                SpecError(self.path, 1, "", f"cannot be read: {error}", "save it as UTF-8 text")
            )
            return None
        if not isinstance(node, yaml.MappingNode):
            mend = "begin with `id: …`; sources/_template_*.yml show the whole"
            self.errors.append(SpecError(self.path, 1, "", "is empty or no mapping of keys", mend))
            return None
        return node

    def _value(self, node: yaml.Node, location: Location) -> Any:
        self.lines.setdefault(location, node.start_mark.line + 1)
        if len(location) > 20:  # an alias that holds itself
            self.errors.append(self.error(location, "is nested too deep", "write it out without aliases"))
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*location, number)) for number, item in enumerate(node.value)]
        plain = isinstance(node, yaml.ScalarNode) and not node.style
        return None if plain and node.value in ("", "~", "null") else node.value

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*location, key)
            if key in values:
                self.lines[here] = key_node.start_mark.line + 1
                message = "stands twice; the first would be lost"
                self.errors.append(self.error(here, message, "remove one of the two"))
                continue
            self.lines[here] = key_node.start_mark.line + 1
            values[key] = self._value(value_node, here)
        return values
