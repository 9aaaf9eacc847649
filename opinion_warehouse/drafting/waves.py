"""The waves of a drafted survey, and forms of dates."""

from typing import Any

from opinion_warehouse.drafting.emit import Flow, Said, guessed, todo
from opinion_warehouse.drafting.words import WAVE, Column, fits

_ITEMS = {
    "strategy": "1 how the data were collected",
    "sponsor": "2 who paid and who conducted",
    "population": "4 whom the survey speaks for",
    "sample_generation": "5 how the sample was drawn, and from what",
    "mode_detail": "6 mode and language of the interviews",
    "precision": "8 sample size and precision",
    "weighting": "9 how weights were made",
    "processing": "10 processing and quality checks",
    "limitations": "11 what the survey cannot say",
}


def date_form(column: Column) -> Said:
    """The form of a column's dates: proposed where one alone fits every cell, else left to a person."""
    forms: dict[str, list[Any]] = column.get("forms", {})
    whole = [form for form, (count, _, _) in forms.items() if count == column["filled"]]
    if len(whole) == 1:
        return guessed(whole[0], "the one form known here that fits every cell")
    if whole:
        return todo(f"{' or '.join(whole)}: every cell can be read either way; ask who sent the file")
    shares = [f"{form} ({count} of {column['filled']} cells)" for form, (count, _, _) in forms.items()]
    return todo(f"no form fits every cell: {', '.join(shares)}" if shares else "the form of its dates")


def wave_from(
    columns: dict[str, Column], taken: set[str], date_column: str | None, ignored: dict[str, str]
) -> tuple[Any, list[str]]:
    """Where a row's wave stands, and the waves that are there."""
    if date_column in columns:
        taken.add(date_column)
        form = date_form(columns[date_column])
        if form.value == "iso":
            form = guessed("%Y-%m-%d", "the dates are written so")
        made = {"date_column": guessed(date_column, "the tool's date of an answer"), "date_format": form}
        return made if form.value else Said(made, "TODO: the form of its dates"), ["1"]
    for name, column in columns.items():
        if (
            name not in ignored
            and column.get("codes")
            and not column.get("hidden")
            and (why := fits(WAVE, column))
        ):
            taken.add(name)
            return {"column": guessed(name, why)}, list(column["codes"])
    said = guessed(
        "1", "no column of waves; or {file_name: '_(\\d{4}-\\d{2})'}, {column: …}, {date_column: …}"
    )
    return {"constant": said}, ["1"]


def waves(
    columns: dict[str, Column], codes: list[str], fields: dict[str, Any], complete: str | None
) -> list[dict[str, Any]]:
    """A skeleton of each wave, with the items of its disclosure record empty."""
    date = fields.get("wave_date") or complete
    own = next(
        (
            columns[name]
            for name in (date, "datestamp", "endDate", "_submission_time", "V9")
            if name in columns and columns[name].get("forms")
        ),
        {},
    )
    forms = own.get("forms", {})
    whole = [each for each in forms.values() if each[0] == own["filled"]] or list(forms.values())
    made = []
    for code in codes:
        wave: dict[str, Any] = {"id": code}
        if len(whole) == 1 and len(codes) == 1:
            _, first, last = whole[0]
            wave["fieldwork_start"] = guessed(first, f"the first day in {own['name']}")
            wave["fieldwork_end"] = guessed(last, f"the last day in {own['name']}")
        else:
            wave |= {"fieldwork_start": todo("YYYY-MM-DD"), "fieldwork_end": todo("YYYY-MM-DD")}
        wave["mode"] = todo("face_to_face, telephone, web, paper, mail or mixed")
        wave["strategy"] = Said(
            Flow(vi="", en=""), f"{_ITEMS['strategy']}; a wave with an empty item is not published"
        )
        wave |= {name: Said(Flow(vi="", en=""), what) for name, what in list(_ITEMS.items())[1:]}
        made.append(wave)
    return made
