"""The file of population margins beside a survey's spec → the targets in its `weighting`.

They become part of the spec, so that other margins are another spec, and what depends on them is computed
anew.
"""

import csv
from typing import Any

from opinion_warehouse.sources.document import Document, SpecError

LOCATION = ("survey", "weighting", "margins")
TOTALS = ("population", "share")
_MEND = "write lines of dimension,code,population (or share); docs/surveys.md shows one"


def fill_margins(document: Document) -> list[SpecError]:
    """Read the file the spec names into `survey.weighting.targets`; returns what is wrong in it."""
    survey = document.values.get("survey")
    weighting = survey.get("weighting") if isinstance(survey, dict) else None
    if not isinstance(weighting, dict) or not isinstance(weighting.get("margins"), str):
        return []
    path = document.path.parent / weighting["margins"]
    try:
        # Beside the spec or below: a spec is no way to read the machine's other files.
        if not path.resolve().is_relative_to(document.path.parent.resolve()):
            raise ValueError("it must lie in the folder of the spec")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (OSError, ValueError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return [document.error(LOCATION, f"the file {path.name!r} cannot be read: {why}", _MEND)]
    header = rows[0][1] if rows else []
    given = [name for name in TOTALS if name in header]
    if len(given) != 1 or sorted(header) != sorted(["dimension", "code", *given]):
        message = f"{path.name}, line 1: has the columns {', '.join(header) or 'none'}"
        return [document.error(LOCATION, message, _MEND)]
    targets, wrong = _targets(header, rows[1:], given[0])
    weighting["targets"] = targets
    weighting["is_share"] = given[0] == "share"
    # The error is the spec's, and names the line of the margins: whose source it is, the spec's name tells.
    return [document.error(LOCATION, f"{path.name}, {message}", mend) for message, mend in wrong]


def _targets(
    header: list[str], rows: list[tuple[int, list[str]]], total: str
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    targets, wrong = [], []
    for line, cells in rows:
        if not any(cells):
            continue
        if len(cells) != len(header):
            wrong.append((f"line {line}: has {len(cells)} cells of {len(header)}", _MEND))
            continue
        named = dict(zip(header, cells, strict=True))
        try:
            number = float(named[total])
            if not 0 <= number < float("inf"):
                raise ValueError
        except ValueError:
            mend = "write digits and a decimal point: 1250000 or 0.47"
            message = f"line {line}, column {total}: {named[total]!r} is no number of people"
            wrong.append((message, mend))
            continue
        targets.append({"dimension": named["dimension"], "code": named["code"], "total": number})
    return targets, wrong
