"""Wordings and options of a draft: what is known in a language, and what a person has to add."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from opinion_warehouse.drafting.emit import Flow, Said, todo
from opinion_warehouse.drafting.words import Column, language
from opinion_warehouse.readers.cells.values import plain_code
from opinion_warehouse.readers.inspection.words import ANSWERS
from opinion_warehouse.readers.text import fold

_CODE = re.compile(r"[^\s|_][^\s|]{0,63}")
_NAMES = {"vi": "Vietnamese", "en": "English"}
DOUBTFUL = re.compile(r"-?9{1,3}[6-9]?|9[6-9]|-[1-9]|8888?|7777?")


def both(words: Mapping[str, str]) -> dict[str, Any]:
    """A text in both languages; what is not known in one is left to a person."""
    known = _known(words)
    if len(known) == 2:
        return Flow(known)
    return {name: known.get(name) or todo(f"in {_NAMES[name]}") for name in _NAMES}


def _known(words: Mapping[str, str]) -> dict[str, str]:
    known = {name: words[name] for name in _NAMES if words.get(name)}
    if not known:
        other = next((text for text in words.values() if text), "")
        known = {language(other): other} if other else {}
    return {name: known[name] for name in _NAMES if name in known}


def option(
    code: str,
    words: Mapping[str, str],
    cell: str | None = None,
    file_label: str = "",
    is_gender: bool = False,
) -> Said:
    """An option, or a code of a group, in one line. `cell`: what the file writes for it."""
    known = _known(words)
    answer = next((ANSWERS[fold(text)] for text in words.values() if fold(text) in ANSWERS), None)
    if code == "-oth-":
        answer = ANSWERS["khác"]
    if is_gender and code.lower() in ("m", "f"):
        answer = ANSWERS["male" if code.lower() == "m" else "female"]
    if answer:
        known = {"vi": answer.vi, "en": answer.en}
    label = Flow({name: known.get(name) for name in _NAMES})
    made = Flow({"code": code})
    if cell is not None and cell != code:
        made["cells"] = [cell]
    if file_label:
        made["file_labels"] = [file_label]
    made["label"] = label
    if answer and answer.missing:
        made["missing"] = answer.missing
    absent = [_NAMES[name] for name in _NAMES if not known.get(name)]
    comment = f"TODO: the label in {' and '.join(absent)}" if absent else ""
    if absent and DOUBTFUL.fullmatch(cell or code):
        comment += "; if it is no answer, `missing: dont_know`, refused …"
    return Said(made, comment)


def options_of(
    column: Column,
    missing: Collection[str] = (),
    codes: Mapping[str, Any] | None = None,
    is_gender: bool = False,
) -> list[Any] | Said:
    """The options of a column: its labels, and the distinct cells that may be shown.

    `missing`: codes that are no answer anywhere in the survey.
    """
    labels = column.get("labels") or {}
    found = dict.fromkeys([*labels, *(codes if codes is not None else column.get("codes", {}))])
    made: list[Any] = []
    seen: set[str] = set()
    for number, written in enumerate(found, 1):
        cell = plain_code(written)  # 1.0 is the code 1
        if fold(cell) in seen or cell in missing:
            continue
        seen.add(fold(cell))
        label = labels.get(written, "")
        words = {language(label): label} if label else {} if _is_code(cell) else {language(cell): cell}
        code = cell if _CODE.fullmatch(cell) else str(number)
        made.append(option(code, words, cell, label, is_gender))
    hidden = column.get("hidden", 0) if codes is None else 0
    if not made:
        return todo("its options; none of its cells may be shown, for each stands in few rows")
    if hidden:
        made.append(
            Said(
                Flow(code=None), f"TODO: {hidden} more values, not shown, for they may be people's own words"
            )
        )
    return made


def _is_code(cell: str) -> bool:
    is_word = any(char.isalpha() for char in cell) and len(cell) > 3 and not cell.startswith("-")
    return fold(cell) not in ANSWERS and not is_word


def common_wording(labels: list[str]) -> tuple[str, list[str]]:
    """What the labels of a question's columns begin with, and the rest of each: its option."""
    first, last = min(labels), max(labels)
    length = next((at for at, char in enumerate(first) if at >= len(last) or char != last[at]), len(first))
    start = re.sub(r"[\s\-–—:|\[(]+$", "", re.sub(r"[^\s\-–—:|\[(]*$", "", first[:length]))
    if len(start) < 4:
        return "", labels
    return start, [label[len(start) :].strip(" -–—:|[]()") for label in labels]
