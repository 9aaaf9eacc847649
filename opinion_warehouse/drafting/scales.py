"""Which columns of a survey are numbers, and which are the options of one question."""

import re
from collections import Counter
from collections.abc import Collection
from typing import Any

from opinion_warehouse.drafting.emit import Flow, guessed, todo
from opinion_warehouse.drafting.labels import DOUBTFUL
from opinion_warehouse.drafting.words import Column
from opinion_warehouse.readers.inspection.words import ANSWERS
from opinion_warehouse.readers.text import fold

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_LARGEST_CODE = 12
_BANDS = ((None, 29), (30, 44), (45, 59), (60, None))


def scale_of(column: Column, missing: Collection[str]) -> dict[str, Any] | None:
    """Of a column of numbers the cells that are none, and why; None for codes of options."""
    labels = column.get("labels") or {}
    codes = {*column.get("codes", {}), *labels} - set(missing)
    odd = {code for code in codes if not _NUMBER.fullmatch(code) or code in labels}
    doubtful = {code for code in codes - odd if DOUBTFUL.fullmatch(code)}
    if column["type"] != "number" and not any(float(code) > _LARGEST_CODE for code in codes - odd - doubtful):
        return None
    meanings = {code: ANSWERS.get(fold(labels.get(code, code))) for code in odd}
    no_answer = {code for code, answer in meanings.items() if answer and answer.missing}
    if len(odd - no_answer - {code for code in odd if DOUBTFUL.fullmatch(code)}) > 1:
        return None
    return {code: why(labels.get(code, code)) for code in sorted(odd)}


def why(label: str) -> Any:
    """Why an answer of this label is missing, where its words are common ones."""
    answer = ANSWERS.get(fold(label))
    if answer and answer.missing:
        return answer.missing
    return todo(f"dont_know, refused …; the file calls it {label}")


def is_other(part: str, column: Column) -> bool:
    """Whether a column holds what a respondent wrote beside the options."""
    is_word = part.casefold() in ("other", "khác") or part.casefold().startswith(("other (", "khác ("))
    return is_word and not column["says_heading"]


def are_ticks(members: list[tuple[str, Column]], missing: Collection[str], has_own: bool) -> bool:
    """Whether columns of one stem are the options of one question. `has_own`: the stem is a column too."""
    ticks = [column for part, column in members if not is_other(part, column)]
    if len(ticks) < 2 or (has_own and len(ticks) < len(members)):
        return False  # `Q1[other]` beside `Q1` is the text of a single answer
    if any(column["says_heading"] for column in ticks):
        return all(column["says_heading"] or not column["filled"] for column in ticks)
    counts = _counts(ticks, missing)
    return any(
        counts[tick] and sum(counts[code] for code in codes) >= 0.8 * counts.total()
        for tick, codes in (("Y", ("Y", "N")), ("1", ("0", "1")))
    )


def _counts(columns: list[Column], missing: Collection[str]) -> Counter[str]:
    counts = Counter[str]()
    for column in columns:
        counts.update({code: n for code, n in column.get("codes", {}).items() if code not in missing})
    return counts


def ticks_of(columns: list[Column], missing: Collection[str], other: str | None = None) -> dict[str, Any]:
    """Which cells of a question's columns are a tick; nothing where they are the spec's own, Y and N."""
    counts = _counts(columns, missing)
    if counts["Y"]:
        return {}
    if counts["2"] and counts["2"] + counts["1"] >= 0.8 * counts.total():
        reason = "1 and 2 are LimeSurvey's yes and no, where it converts them"
        return {"ticked": guessed("1", reason), "unticked": ["2", ""]}
    if counts["1"]:
        return {"ticked": guessed("1", "its columns hold 0 and 1, or 1 alone"), "unticked": ["0", ""]}
    return {} if other or not counts else {"ticked": todo("the cell that means ticked; and see `unticked`")}


def age_bands() -> list[Any]:
    """Bands of age that leave nobody out."""
    made = []
    for low, high in _BANDS:
        name = f"{low}_{high}" if low and high else f"under_{high + 1}" if high else f"{low}_plus"
        ends = {key: value for key, value in (("low", low), ("high", high)) if value is not None}
        words = (
            {"vi": f"{low}–{high} tuổi", "en": f"Age {low}–{high}"}
            if low and high
            else {"vi": f"Dưới {high + 1} tuổi", "en": f"Under {high + 1}"}
            if high
            else {"vi": f"Từ {low} tuổi", "en": f"Age {low} and over"}
        )
        made.append(Flow({"code": name, **ends, "label": Flow(words)}))
    return made
