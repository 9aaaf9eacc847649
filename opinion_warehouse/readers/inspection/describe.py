"""One file described for a person, in the limited child: names, types, distinct codes; no other cell."""

import dataclasses
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.containers.mail import attached_file, attachments
from opinion_warehouse.readers.inspection.columns import ColumnProfile, Words
from opinion_warehouse.readers.inspection.formats import format_of
from opinion_warehouse.readers.inspection.tables import Found, find_table, of_a_person
from opinion_warehouse.readers.inspection.tools import GDELT_FIELDS, Tool
from opinion_warehouse.readers.privacy.personal import plain_words
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.sources import Attachment
from opinion_warehouse.sources.files import LABELLED
from opinion_warehouse.sources.limesurvey import read_limesurvey
from opinion_warehouse.sources.structure import StructureInvalid
from opinion_warehouse.sources.xlsform import read_xlsform

PROFILE = "profile.json"
_SETTINGS = re.compile(r" (query|truy van|platform|channel|nen tang|source kind) ")
_OLDER = ("cp1258", "cp1252", "tcvn3", "vni")
_MAILED = {"csv", "xlsx", "ods", "docx", "pdf", "doc"}


def describe(order: dict[str, Any]) -> None:
    """Write the profile of the file an order names into its scratch folder; `failed`: why it is not read."""
    scratch = Path(order["scratch"])
    try:
        profile = _describe(Path(order["path"]), scratch)
        if order["structure"]:
            profile["structure"] = _structure(Path(order["structure"]))
    except FileRejected as rejected:
        profile = {"failed": rejected.reason}
    except StructureInvalid as invalid:
        profile = {"failed": {"code": "structure", "column": None, "detail": f"--structure: {invalid}"}}
    (scratch / PROFILE).write_text(json.dumps(profile), encoding="utf-8")


def _describe(path: Path, scratch: Path) -> dict[str, Any]:
    path, files, notes = format_of(path, scratch)
    if files["format"] != "eml":
        return _found(path, files, notes, scratch)
    names = attachments(path)
    endings = Counter(name.lower().rpartition(".")[2] for name in names)
    ending = next((each for each in ("xlsx", "ods", "docx", "csv", "pdf", "doc") if endings[each]), None)
    if ending is None:
        raise FileRejected("no_attachment", "the e-mail has no attachment that is a table or a document")
    attached = attached_file(path, Attachment(pattern=f"*.{ending}", format="csv"), scratch)
    inner, own, own_notes = format_of(attached.path, scratch)
    if own["format"] not in _MAILED or "compression" in own:
        raise FileRejected("wrong_format", "the attachment is of a format that is not read from e-mails")
    profile = _found(inner, own, own_notes, scratch)
    form = profile["files"].pop("format")
    attachment = {"pattern": f"*.{ending}", "format": form}
    profile["files"] = {"format": "eml", "attachment": attachment, **profile["files"]}
    profile["notes"] |= {"format": notes["format"], "attachment": f"one of {len(names)} attachments"}
    return profile


def _found(path: Path, files: dict[str, Any], notes: dict[str, str], scratch: Path) -> dict[str, Any]:
    """The profile; of a labelled file that states no encoding and is not UTF-8, in an older one."""
    try:
        return _profile(find_table(path, files, notes, scratch))
    except FileRejected as rejected:
        if files["format"] not in LABELLED or rejected.code != "encoding":
            raise
    for encoding in _OLDER:
        note = f"not UTF-8, and the first of {', '.join(_OLDER)} in which it can be read: look at its words"
        try:
            declared = {**files, "encoding": encoding}
            return _profile(find_table(path, declared, {**notes, "encoding": note}, scratch))
        except FileRejected as rejected:
            if rejected.code != "encoding":
                raise
    raise FileRejected("encoding", f"the file is neither UTF-8 nor {', '.join(_OLDER)}")


def _profile(found: Found) -> dict[str, Any]:
    if any(of_a_person(name) for name in [*found.names, *found.aside]):
        detail = "a heading holds what looks like a person's data; the names of its columns cannot be shown"
        raise FileRejected("no_header", detail)
    tool = found.tool
    columns = {name: ColumnProfile(name, _harmless(found.labels.get(name, ""))) for name in found.names}
    rows = 0
    bad: Counter[str] = Counter()
    codes: dict[str, dict[str, str]] = {}
    if found.table is not None:
        for batch in found.table.batches(None):
            rows += len(batch.row_numbers)
            for series in batch.frame.get_columns():
                columns[series.name].add(series)
        bad.update(reasons[0]["code"] for _, reasons in found.table.bad_rows)
        codes = found.table.labels.codes
    listed = []
    preset = found.files.get("column_names")
    fields = {str(value) for value in GDELT_FIELDS[preset].values()} if isinstance(preset, str) else set()
    for name, column in columns.items():
        bare = name.removeprefix("parent.")
        is_setting = _is_setting(name, tool)
        is_known = (
            is_setting or name in fields or (tool is not None and (tool.is_own(bare) or bare in tool.columns))
        )
        personal = tool.kind(bare) if tool else None
        words: Words = "none" if name.startswith("column_") else "settings" if is_setting else "common"
        result = column.result(personal if personal or is_known else column.personal(), words)
        result["is_own"] = bool(tool and tool.is_own(bare))
        if not result["personal"]:
            result["labels"] = {code: _harmless(label) for code, label in codes.get(name, {}).items()}
        listed.append(result)
    return {
        "failed": None,
        "files": found.files,
        "notes": found.notes,
        "tool": tool.name if tool else None,
        "rows": rows,
        "bad_rows": dict(bad),
        "columns": listed,
        "aside": found.aside,
        "followup": found.followup,
        "structure": None,
    }


def _harmless(label: str) -> str:
    """A label, or nothing where it holds a person's data."""
    return "" if of_a_person(label) else label


def _is_setting(name: str, tool: Tool | None) -> bool:
    """Whether its cells are what a desk or a vendor named: queries, platforms."""
    own = [tool.fields.get(field) for field in ("query", "platform")] if tool else []
    return name in own or bool(_SETTINGS.search(plain_words(name)))


def _structure(path: Path) -> dict[str, Any]:
    with path.open("rb") as raw:
        is_workbook = raw.read(2) == b"PK"
    return dataclasses.asdict(read_xlsform(path) if is_workbook else read_limesurvey(path))
