"""The columns a JSON file has, as a spec names them: keys from the outside in, joined by dots."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.inspection.tools import TOOLS
from opinion_warehouse.readers.json_text import json_array, json_lines
from opinion_warehouse.readers.personal import personal_kind
from opinion_warehouse.readers.problems import BadCell, FileRejected
from opinion_warehouse.readers.table import MAX_COLUMNS
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Files

_DEEPEST = 2
_WHOLE = {name for tool in TOOLS for name in tool.whole}


@dataclass
class Names:
    """`plain`: columns of single values. `aside`: what is left out as a whole, with what it holds."""

    plain: list[str] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)


def json_names(path: Path, files: Files) -> Names:
    """Read all records for their keys; raises FileRejected where there are none, or too many."""
    seen: dict[str, str] = {}
    records = json_lines(path) if files.format == "jsonl" else json_array(path, files.records)
    for _, _, record in records:
        if not isinstance(record, BadCell):
            _walk(record, "", 1, seen)
        if len(seen) > MAX_COLUMNS:
            raise FileRejected("too_many_columns", f"the records have more than {MAX_COLUMNS} columns")
    if not seen:
        raise FileRejected("wrong_format", "nothing in the file is a JSON object of one of the known forms")
    aside = {name: what for name, what in seen.items() if what != "value"}
    inside = tuple(f"{name}." for name in aside)
    plain = [name for name in seen if name not in aside and not name.startswith(inside)]
    outer = {name: what for name, what in aside.items() if not name.startswith(inside)}
    return Names(plain, outer)


def _walk(record: dict[str, Any], prefix: str, depth: int, seen: dict[str, str]) -> None:
    for key, value in record.items():
        name = prefix + clean(key)
        if isinstance(value, dict):
            is_nested = any(isinstance(each, dict | list) for each in value.values())
            if not value or is_nested or depth >= _DEEPEST or name in _WHOLE or personal_kind(name):
                seen[name] = "an object"
            else:
                _walk(value, f"{name}.", depth + 1, seen)
        elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
            seen[name] = "a list of objects"
        elif name in _WHOLE:
            seen.setdefault(name, "an object")
        else:
            seen.setdefault(name, "value")
