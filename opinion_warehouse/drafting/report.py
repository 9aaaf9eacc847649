"""The report section of a draft: the template's columns under other headings, or a narrative's rules."""

import re
from typing import Any

from opinion_warehouse.drafting.emit import Flow, Said, guessed, todo
from opinion_warehouse.drafting.waves import date_form
from opinion_warehouse.drafting.words import REPORT, Column, fits
from opinion_warehouse.readers.inspection.tools import Tool
from opinion_warehouse.readers.inspection.words import KINDS, SCOPES, TENDENCIES, URGENCIES
from opinion_warehouse.readers.text import fold
from opinion_warehouse.reference import Reference
from opinion_warehouse.sources import Report, ReportColumns

_WORDS: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("kind", "kinds", KINDS, "periodic, thematic or ad_hoc"),
    ("scope", "scopes", SCOPES, "1 (some) to 4 (nearly all)"),
    ("tendency", "tendencies", TENDENCIES, "support, oppose, concerned or unclear"),
    ("urgency", "urgencies", URGENCIES, "normal, urgent or very_urgent"),
)
_DATED = re.compile(r"\d{8}")


def report(
    profile: dict[str, Any], tool: Tool | None, reference: Reference, file_name: str, ignored: dict[str, str]
) -> dict[str, Any]:
    """The section; `ignored` gets every column that no field reads."""
    if not profile["columns"]:
        return {"narrative": _narrative()} | _submitted_at(profile, file_name)
    columns: dict[str, Column] = {column["name"]: column for column in profile["columns"]}
    fields = {name: field.default for name, field in ReportColumns.model_fields.items()}
    found: dict[str, str | None] = {name: default for name, default in fields.items() if default in columns}
    others: dict[str, Any] = {}
    for name, pattern in REPORT.items():
        if name in found:
            continue
        free = [
            column
            for column in columns.values()
            if column["name"] not in found.values() and not column["personal"]
        ]
        match = next(((column["name"], why) for column in free if (why := fits(pattern, column))), None)
        found[name] = match[0] if match else None
        is_optional = "None" in str(ReportColumns.model_fields[name].annotation)
        others[name] = (
            guessed(*match) if match else Said(None, "no such column") if is_optional else todo("its column")
        )
    for name, column in columns.items():
        if name not in found.values():
            what = (
                f"personal: {column['personal']}"
                if column["personal"]
                else f"no field of a report ({column['type']})"
            )
            ignored[name] = what
    made: dict[str, Any] = {"columns": others} if others else {}
    made |= _date_format(found, columns)
    own = Report()
    for field, key, words, what in _WORDS:
        cells = columns.get(found.get(field) or "", {}).get("codes", {})
        strange = [cell for cell in cells if fold(cell) not in {fold(word) for word in getattr(own, key)}]
        strange = list({fold(cell): cell for cell in reversed(strange)}.values())  # case makes no difference
        known = {fold(word): meaning for word, meaning in words.items()}
        if strange:
            mapped = {cell: known.get(fold(cell)) or todo(what) for cell in strange}
            made[key] = Said(
                {**getattr(own, key), **mapped}, "guessed: the words; the template's own stand first"
            )
    made |= _submitted_at(profile, file_name)
    if profile["followup"] is not None:
        followup = Flow(profile["followup"])
        made["followup"] = guessed(followup, "it has the headings of a follow-up of recommendations")
    if units := _units(columns.get(found.get("unit") or "", {}), reference):
        made["units"] = units
    return made


def _date_format(found: dict[str, str | None], columns: dict[str, Column]) -> dict[str, Any]:
    said = [
        date_form(columns[name])
        for field in ("period_start", "period_end")
        if (name := found.get(field)) in columns
    ]
    forms = {each.value for each in said}
    if not said or forms == {"iso"}:
        return {}
    if len(forms - {None}) == 1:  # a day above 12 in one of the two tells for both
        [form] = forms - {None}
        return {"date_format": guessed(form, "the form that fits every cell; the template's is %Y-%m-%d")}
    return {"date_format": said[0] if said[0].value is None else todo("the two columns of dates differ")}


def _submitted_at(profile: dict[str, Any], file_name: str) -> dict[str, Any]:
    if profile["files"]["format"] == "eml":
        return {"submitted_at": guessed(Flow(mail_date=True), "when the e-mail says it was sent")}
    if _DATED.search(file_name):
        return {
            "submitted_at": guessed(
                Flow(file_name=r"(?<!\d)(\d{8})(?!\d)"), "eight digits in the file's name"
            )
        }
    return {}


def _narrative() -> dict[str, Any]:
    return {
        "unit": todo(r"where the unit's code stands: {file_name: '^bc_([A-Z0-9-]+?)_'}, or {constant: …}"),
        "kind": guessed(Flow(constant="DK"), "periodic; CD is thematic, DX ad hoc"),
        "period": todo(r"{file_name: '_(\d{4}-W\d{2})_'}, or {constant: 2026-W20}"),
        "items": Said(
            ["{scope}.* {tendency}"], "guessed: what makes a passage a row; see the samples of narratives"
        ),
    }


def _units(column: Column, reference: Reference) -> list[Any]:
    strange = [code for code in column.get("codes", {}) if code not in reference.units]
    return [
        Said(
            Flow(code=code, level=None, name=Flow(vi=None, en=None)),
            "TODO: level (city, commune, department, organisation) and name; it is no unit of seeds/unit.csv",
        )
        for code in strange
        if re.fullmatch(r"[^\s|_][^\s|]{0,63}", code)
    ]
