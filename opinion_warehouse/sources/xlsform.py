"""XLSForm workbooks (KoboToolbox, ODK) → the neutral structure, from the sheets survey, choices and settings.

Columns are named as in the exports: groups joined by `/`, an option's own 1/0 column behind its question.
"""

import html
import re
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from opinion_warehouse.sources.structure import (
    AnswerKind,
    Structure,
    StructureInvalid,
    StructureOption,
    StructureQuestion,
    Words,
)

MAX_BYTES = 50_000_000
"""Of the workbook's parts, inflated."""
MAX_ROWS, MAX_COLUMNS = 20_000, 500
Row = dict[str, str]
_NO_LANGUAGE = "und"
_LANGUAGES = {"english": "en", "vietnamese": "vi", "tiếng việt": "vi", "tieng viet": "vi", "french": "fr"}
_SELECT = re.compile(
    r"^(?P<kind>select_one|select_multiple|select one from|select1|select all that apply from|rank)"
    r"(?P<outside>_external|_from_file)?\s+(?P<list>\S+)(?P<other>\s+or[ _](specify[ _])?other)?$",
    re.IGNORECASE,
)
_KINDS: dict[str, AnswerKind] = {
    **dict.fromkeys(("integer", "int", "decimal", "range"), "numeric"),
    **dict.fromkeys(("text", "string"), "text"),
    **dict.fromkeys(("date", "datetime", "dateTime", "time"), "date"),
}
_TAG = re.compile(r"<[A-Za-z/!][^>]*>")


def read_xlsform(path: Path) -> Structure:
    """Read a form; raises StructureInvalid for what is none, or is hostile."""
    sheets = _sheets(path)
    if "survey" not in sheets:
        raise StructureInvalid("the workbook has no sheet `survey`, so it is no XLSForm")
    settings = next(iter(sheets.get("settings", [])), {})
    return _Form(sheets["survey"], sheets.get("choices", []), settings).structure()


def _sheets(path: Path) -> dict[str, list[Row]]:
    """Sheet name → its rows, each heading → text; headings and names in lower case, `_` for a blank."""
    import openpyxl
    from openpyxl.xml import DEFUSEDXML

    if not DEFUSEDXML:
        raise RuntimeError("openpyxl reads hostile XML without defusedxml; install it")
    try:
        with zipfile.ZipFile(path) as archive:  # which gives no more of a part than it says it holds
            if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
                raise StructureInvalid(f"the workbook inflates to more than {MAX_BYTES} bytes")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that are not read
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        return {
            sheet.title.strip().lower(): list(_rows(sheet))
            for sheet in book.worksheets
            if sheet.title.strip().lower() in ("survey", "choices", "settings")
        }
    except StructureInvalid:
        raise
    except Exception as error:  # openpyxl's errors have no common base
        raise StructureInvalid(f"the file is no workbook that can be read ({type(error).__name__})") from None


def _rows(sheet: Any) -> Iterator[Row]:
    header: list[str] = []
    for cells in sheet.iter_rows(max_row=MAX_ROWS, max_col=MAX_COLUMNS, values_only=True):
        texts = [_text(cell) for cell in cells]
        if not header:
            header = [_heading(text) for text in texts]
        elif any(texts):
            yield {name: text for name, text in zip(header, texts, strict=False) if name and text}


def _heading(text: str) -> str:
    """`List Name` → `list_name`; a language behind colons stays as it is, but for its case."""
    name, colons, language = text.partition(":")
    return re.sub(r"\s+", "_", name.strip().lower()) + (":" + language.strip(": ").lower() if colons else "")


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


class _Form:
    def __init__(self, survey: list[Row], choices: list[Row], settings: Row) -> None:
        self.survey = survey
        self.settings = settings
        self.default = _language(settings.get("default_language", "")) or _NO_LANGUAGE
        self.notes: list[str] = []
        self.choices: dict[str, dict[str, Words]] = defaultdict(dict)
        for row in choices:
            code = row.get("name") or row.get("value")
            if code and "list_name" in row:  # filtered lists name an option once for each filter
                self.choices[row["list_name"]].setdefault(code, self._words(row))

    def structure(self) -> Structure:
        questions = list(self._questions())
        names = Counter(question.id for question in questions)
        own = [
            question
            if names[question.id] == 1
            else replace(question, id=(question.column or "").replace("/", "_"))
            for question in questions
        ]
        languages = dict.fromkeys(language for question in own for language in question.wording)
        title = self.settings.get("form_title", "")
        return Structure(
            title={self.default: _plain(title)} if title else {},
            languages=tuple(sorted(languages, key=lambda language: language != self.default)),
            questions=tuple(own),
            notes=tuple(self.notes),
        )

    def _questions(self) -> Iterator[StructureQuestion]:
        groups: list[str] = []
        for row in self.survey:
            kind, name = " ".join(row.get("type", "").split()), row.get("name", "")
            word = kind.lower().replace("_", " ")
            if word.startswith(("begin group", "begin repeat", "begin loop")):
                groups.append(name)
                if not word.startswith("begin group"):
                    self.notes.append(f"{name}: its questions are repeated; read them by files.repeat")
            elif word.startswith("end "):
                if groups:
                    groups.pop()
            elif kind and name and word != "note":
                yield self._question(kind, name, "/".join([*filter(None, groups), name]), row)

    def _question(self, kind: str, name: str, column: str, row: Row) -> StructureQuestion:
        select = _SELECT.match(kind)
        wording = self._words(row)
        if select is None:
            answer = _KINDS.get(kind, _KINDS.get(kind.lower(), "other"))
            beside = (column,) if answer in ("text", "other") else ()
            return StructureQuestion(name, answer, wording, kind, column, text_columns=beside)
        word = select["kind"].lower()
        is_multiple = word in ("select_multiple", "select all that apply from")
        options = self._options(name, select)
        if is_multiple:
            options = [(code, label, f"{column}/{code}") for code, label, _ in options]
        return StructureQuestion(
            id=name,
            kind="other" if word == "rank" else "multiple" if is_multiple else "single",
            wording=wording,
            tool_type=kind,
            column=column,
            separator=" " if is_multiple else None,
            options=tuple(StructureOption(*option) for option in options),
            other="other" if select["other"] else None,
            text_columns=(f"{column}_other",) if select["other"] else (),
        )

    def _options(self, name: str, select: "re.Match[str]") -> list[tuple[str, Words, str | None]]:
        if select["outside"]:
            self.notes.append(f"{name}: its options stand in another file or sheet and were not taken over")
            return []
        found = self.choices.get(select["list"], {})
        if not found:
            self.notes.append(f"{name}: the sheet choices has no list {select['list']}")
        labels = dict(found)
        if select["other"]:
            labels.setdefault("other", {self.default: "Other"})
        return [(code, label, None) for code, label in labels.items()]

    def _words(self, row: Row) -> Words:
        words: Words = {}
        for heading, text in row.items():
            name, _, language = heading.partition(":")
            if name == "label" and (plain := _plain(text)):
                words.setdefault(_language(language) or self.default, plain)
        return words


def _language(name: str) -> str:
    """`English (en)` → `en`; a name without a code, as it is written."""
    code = re.search(r"\(([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)\)\s*$", name)
    plain = name.strip().lower()
    return code[1].lower() if code else _LANGUAGES.get(plain, plain)
