"""A file → the draft of its spec."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opinion_warehouse.drafting.emit import Flow, Said, guessed, todo, yaml_of
from opinion_warehouse.drafting.labels import both
from opinion_warehouse.drafting.report import report
from opinion_warehouse.drafting.social import social
from opinion_warehouse.drafting.survey import SurveyDraft
from opinion_warehouse.drafting.topics import Topics
from opinion_warehouse.drafting.words import REPORT, SOCIAL, fits, slug
from opinion_warehouse.intake.parsing import describe
from opinion_warehouse.readers.inspection.tools import Tool, tool_named
from opinion_warehouse.reference import Reference, read_reference
from opinion_warehouse.sources import Family
from opinion_warehouse.sources.files import Files

_HEAD = """\
# A draft made from one file: it proposes, and you decide. `guessed` says why something stands here, `TODO`
# what only you know: it is empty, and `opinion sources check` names its line.
"""
_LIMITS = {
    "memory_bytes": 3 << 30,
    "cpu_seconds": 900,
    "wall_seconds": 1800,
    "stall_seconds": 10,
    "file_bytes": 8 << 30,
}


class DraftFailed(ValueError):
    """No spec can be drafted from the file; the message says why and quotes nothing of it."""


@dataclass(frozen=True)
class Draft:
    """A spec's text, and what a person may want to hear of it."""

    text: str
    id: str
    family: str
    tool: str | None
    rows: int
    todos: int


def draft(
    path: Path,
    reference_dir: Path,
    *,
    family: Family | None = None,
    structure: Path | None = None,
    source_id: str | None = None,
) -> Draft:
    """Draft a spec; the file and the structure are read in a limited child. Raises DraftFailed."""
    with tempfile.TemporaryDirectory(prefix="draft-") as scratch:
        profile = describe(path.resolve(), structure and structure.resolve(), Path(scratch), _LIMITS)
    if profile["failed"]:
        raise DraftFailed(f"{profile['failed']['detail']} ({profile['failed']['code']})")
    tool = tool_named(profile["tool"])
    own_id = source_id or _id_of(path)
    chosen, why = (family, "") if family else _family(profile, tool)
    reference = read_reference(reference_dir)
    text = _HEAD + yaml_of(_spec(profile, tool, reference, chosen, why, own_id, path.name))
    todos = text.count("# TODO")
    name = profile["tool"] or profile["files"].get("column_names")
    return Draft(text, own_id, chosen, name if isinstance(name, str) else None, profile["rows"], todos)


def _id_of(path: Path) -> str:
    """From the file's name, without dates and numbers that change from delivery to delivery."""
    stem = re.sub(r"\d+([-_.]*[WT]?\d+)*Z?", " ", path.name.partition(".")[0])
    own = slug(stem, set())
    return own if len(own) >= 3 else f"{own}_source"


def _family(profile: dict[str, Any], tool: Tool | None) -> tuple[Family, str]:
    if tool:
        return tool.family, f"the headings are those of {tool.name}"
    files = profile["files"]
    if isinstance(files.get("column_names"), str):
        return "social", "GDELT's files"
    if not profile["columns"]:
        return "report", "a document without the template's table"
    if profile["structure"] or files["format"] in ("sav", "dta", "triple_s"):
        return "survey", "a questionnaire's structure or labels"
    counts = {
        family: sum(
            any(fits(pattern, column) for column in profile["columns"]) for pattern in patterns.values()
        )
        for family, patterns in (("report", REPORT), ("social", SOCIAL))
    }
    if counts["report"] >= 6:
        return "report", f"{counts['report']} headings are like the report template's"
    if counts["social"] >= 5:
        return "social", f"{counts['social']} headings are like a vendor's export of mentions"
    return "survey", "nothing speaks for a report or a vendor's export; --family says otherwise"


def _spec(
    profile: dict[str, Any],
    tool: Tool | None,
    reference: Reference,
    family: Family,
    why: str,
    source_id: str,
    file_name: str,
) -> dict[str, Any]:
    ignored: dict[str, str] = {}
    extra: dict[str, Any] = {}
    title = (profile["structure"] or {}).get("title") or {}
    if family == "survey":
        if not profile["columns"]:
            raise DraftFailed("the file holds no table, so it is no survey; see --family")
        own = SurveyDraft(profile, tool, Topics(reference), source_id)
        section = own.section()
        ignored, extra = own.ignored, own.files
    elif family == "report":
        section = report(profile, tool, reference, file_name, ignored)
    else:
        if not profile["columns"]:
            raise DraftFailed("the file holds no table, so it is no export of mentions; see --family")
        section = social(profile, tool, ignored)
        extra = (
            {"row_cap": guessed(tool.fields["row_cap"], "the tool stops there")}
            if tool and "row_cap" in tool.fields
            else {}
        )
    ignored |= {name: f"{what}; not looked at" for name, what in profile["aside"].items()}
    made: dict[str, Any] = {
        "id": source_id,
        "family": guessed(family, why) if why else family,
        "title": both(title),
        "owner": todo("the desk that answers for it, never a person"),
        "licence": todo("under which the data may be used"),
        "provenance": todo("where it comes from"),
        "files": _files(profile, extra, file_name),
    }
    if "item_count" in section.get("columns", {}):
        made["time_zone"] = todo("the zone in which the vendor's days begin, such as Asia/Ho_Chi_Minh")
    if ignored and "column_names" not in profile["files"]:
        made["ignore_columns"] = [Said(name, reason) for name, reason in ignored.items()]
    return made | {family: section}


def _files(profile: dict[str, Any], extra: dict[str, Any], file_name: str) -> dict[str, Any]:
    files, notes = profile["files"], profile["notes"]
    made: dict[str, Any] = {"pattern": guessed(_pattern(file_name), "the ending of the file's name")}
    for key, value in files.items():
        if (
            key in ("encoding", "delimiter")
            and value == Files.model_fields[key].default
            and files["format"] != "csv"
        ):
            continue
        shown = Flow(value) if isinstance(value, dict) else value
        made[key] = guessed(shown, notes[key]) if key in notes else shown
    marks = [
        column["decimals"]
        for column in profile["columns"]
        if column["type"] == "number" and "decimals" in column
    ]
    if any(each == [","] for each in marks) and not any(each == ["."] for each in marks):
        made["decimal"] = guessed(",", "numbers with a fraction are written so")
    bad = ", ".join(f"{count} {code}" for code, count in profile["bad_rows"].items())
    if bad:
        made["format"] = Said(
            made["format"].value, f"{made['format'].comment}; rows that cannot be read: {bad}"
        )
    return made | extra


def _pattern(file_name: str) -> str:
    ending = "".join(
        Path(file_name).suffixes[-2:]
        if file_name.endswith((".gz", ".zip"))
        else Path(file_name).suffixes[-1:]
    )
    return f"*{ending}" if ending.isascii() and re.fullmatch(r"(\.[A-Za-z0-9_]+)*", ending) else "*"
