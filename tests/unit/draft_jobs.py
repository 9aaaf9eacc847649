"""Drafts of specs, filled in as a person would, and read as the night would."""

import json
from pathlib import Path
from typing import Any

from reader_jobs import order

from opinion_warehouse.drafting import Draft
from opinion_warehouse.readers.parse import parse

A_PERSON = {
    "vi": "chữ",
    "en": "words",
    "topic": "Z9",
    "sampling": "opt_in",
    "mode": "web",
    "fieldwork_start": "1990-01-01",
    "fieldwork_end": "2030-01-01",
    "queries": [{"code": "q", "label": {"vi": "chữ", "en": "words"}}],
    "options": [{"code": "any", "label": {"vi": "chữ", "en": "words"}}],
    "level": "commune",
    "ticked": "1",
    "time_zone": "Asia/Ho_Chi_Minh",
    "unit": {"constant": "CT-UBND-31135"},
    "period": {"constant": "2026-W20"},
}
"""What a person would write for a TODO, by its key; for any other, a word."""
MEANINGS = {
    "sentiments": "unknown",
    "platforms": "other",
    "missing": "no_answer",
    "tendencies": "unclear",
    "scopes": "1",
    "kinds": "periodic",
    "urgencies": "normal",
}


def filled(value: Any, key: str = "", inside: str = "", **known: Any) -> Any:
    """A draft's values with every TODO filled in."""
    if value is None:
        if inside == "columns":
            return None
        return known.get(key) or MEANINGS.get(inside) or A_PERSON.get(key, "words")
    if isinstance(value, dict):
        return {name: filled(each, name, key, **known) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, "", key, **known) for each in value if each != {"code": None}]
    return value


def save(made: Draft, folder: Path) -> Path:
    path = folder / made.family / f"{made.id}.yml"
    path.parent.mkdir(parents=True)
    path.write_text(made.text, encoding="utf-8")
    return path


def rows_read(source: dict[str, Any], path: Path, folder: Path) -> int:
    """Good and bad rows of a parse."""
    folder.mkdir()
    parse(order(source, path, folder, path.name))
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["rejected"] is None, summary["rejected"]
    return int(summary["rows_good"] + summary["rows_bad"])
