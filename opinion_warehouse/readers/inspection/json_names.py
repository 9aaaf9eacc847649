"""The columns a JSON file has, as a spec names them: keys from the outside in, joined by dots."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.formats.json_text import json_array, json_lines
from opinion_warehouse.readers.inspection.tools import TOOLS
from opinion_warehouse.readers.privacy.personal import personal_kind
from opinion_warehouse.readers.problems import BadCell, FileRejected
from opinion_warehouse.readers.tables.columns import MAX_COLUMNS
from opinion_warehouse.readers.text import clean
from opinion_warehouse.sources import Files

_DEEPEST = 2
_WHOLE = {name for tool in TOOLS for name in tool.whole}


@dataclass
class Names:
    """`plain`: columns of single values. `aside`: what is left out as a whole, with what it holds."""

    plain: list[str] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)


@dataclass
class _Seen:
    """How often a key held a plain value, an object that was looked into, and anything else."""

    values: int = 0
    objects: int = 0
    other: str = ""


def json_names(path: Path, files: Files) -> Names:
    """Read all records for their keys; raises FileRejected where there are none, or too many."""
    seen: dict[str, _Seen] = {}
    records = json_lines(path) if files.format == "jsonl" else json_array(path, files.records)
    for _, _, record in records:
        if not isinstance(record, BadCell):
            _walk(record, "", 1, seen)
        if len(seen) > MAX_COLUMNS:
            raise FileRejected("too_many_columns", f"the records have more than {MAX_COLUMNS} columns")
    if not seen:
        raise FileRejected("wrong_format", "nothing in the file is a JSON object of one of the known forms")
    # a plain value that is an object in some record is a bad cell there, and no column of its own
    odd = tuple(f"{name}." for name, each in seen.items() if each.values > each.objects > 0)
    kept = {name: each for name, each in seen.items() if not name.startswith(odd)}
    aside = {name: each.other for name, each in kept.items() if each.other and not each.values}
    inside = tuple(f"{name}." for name in aside)
    plain = [
        name for name, each in kept.items() if each.values > each.objects and not name.startswith(inside)
    ]
    return Names(plain, {name: what for name, what in aside.items() if not name.startswith(inside)})


def _walk(record: dict[str, Any], prefix: str, depth: int, seen: dict[str, _Seen]) -> None:
    for key, value in record.items():
        name = prefix + clean(key)
        each = seen.setdefault(name, _Seen())
        if (
            isinstance(value, dict)
            and value
            and depth <= _DEEPEST
            and name not in _WHOLE
            and not personal_kind(name)
        ):
            each.objects += 1
            _walk(value, f"{name}.", depth + 1, seen)
        elif isinstance(value, dict) or name in _WHOLE:
            each.other = "an object"
        elif isinstance(value, list) and any(isinstance(part, dict | list) for part in value):
            each.other = "a list of objects"
        else:
            each.values += 1
