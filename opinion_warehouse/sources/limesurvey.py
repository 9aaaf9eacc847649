"""LimeSurvey's structure files (.lss, .lsg, .lsq) → the neutral structure.

Columns are named as in the CSV export with question codes: `Q1`, `Q1[SQ001]`, `Q1[SQ001][1]`, `Q1[other]`.
Since LimeSurvey 4 wordings stand in tables of their own, a row a language; before, each question had a row a
language. Both are read.
"""

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
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
Row = dict[str, str]
Options = tuple[StructureOption, ...]
_DOCUMENTS = ("Survey", "Group", "Question")
_SCRIPT = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[A-Za-z/!][^>]*>")

_ONE_COLUMN: dict[str, AnswerKind] = {
    **dict.fromkeys("L!OYG5I", "single"),
    "N": "numeric",
    "D": "date",
    **dict.fromkeys("STU*", "text"),
    "|": "other",
}
_GRIDS: dict[str, AnswerKind] = {
    **dict.fromkeys("ABCEFH", "single"),
    "K": "numeric",
    "Q": "text",
}
"""A column a subquestion."""
_CROSSED: dict[str, AnswerKind] = {":": "numeric", ";": "text"}
"""A column a pair of subquestions."""
_FIXED: dict[str, tuple[tuple[str, str], ...]] = {
    "Y": (("Y", "Yes"), ("N", "No")),
    "G": (("F", "Female"), ("M", "Male")),
    "C": (("Y", "Yes"), ("U", "Uncertain"), ("N", "No")),
    "E": (("I", "Increase"), ("S", "Same"), ("D", "Decrease")),
    **dict.fromkeys("5A", tuple((str(n), str(n)) for n in range(1, 6))),
    "B": tuple((str(n), str(n)) for n in range(1, 11)),
}
"""Options the tool brings along; it names them in English here."""


def read_limesurvey(path: Path) -> Structure:
    """Read a structure file; raises StructureInvalid for what is none, or is hostile."""
    return _Reader(_tables(path)).structure()


def _tables(path: Path) -> dict[str, list[Row]]:
    """Section → its rows, each column → text."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, parse

    if path.stat().st_size > MAX_BYTES:
        raise StructureInvalid(f"the file has more than {MAX_BYTES} bytes")
    try:
        root: Any = parse(path, forbid_dtd=True).getroot()
    except DefusedXmlException:
        raise StructureInvalid("the file declares a document type or entities") from None
    except (ParseError, ValueError, LookupError) as error:
        raise StructureInvalid(f"the file is no XML ({type(error).__name__})") from None
    if root.tag != "document" or root.findtext("LimeSurveyDocType") not in _DOCUMENTS:
        raise StructureInvalid("the file is no LimeSurvey structure (.lss, .lsg, .lsq)")
    tables = {
        section.tag: [{cell.tag: cell.text or "" for cell in row} for row in section.iterfind("rows/row")]
        for section in root
    }
    tables["languages"] = [{"language": each.text or ""} for each in root.iterfind("languages/language")]
    return tables


def plain(text: str) -> str:
    """A wording without its markup."""
    return " ".join(html.unescape(_TAG.sub(" ", _SCRIPT.sub(" ", text))).split())


def _number(text: str | None) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else 0


class _Reader:
    def __init__(self, tables: dict[str, list[Row]]) -> None:
        self.tables = tables
        self.languages = tuple(
            dict.fromkeys(row["language"] for row in tables["languages"] if row["language"])
        )
        self.wordings = self._words("questions", "subquestions", "question_l10ns", key="qid", text="question")
        self.labels = self._words("answers", "answer_l10ns", key="aid", text="answer")
        self.children: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows("subquestions", "qid", "question_order"):
            self.children[row.get("parent_qid", "")].append(row)
        self.answers: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows("answers", "aid", "sortorder"):
            self.answers[row.get("qid", "")].append(row)

    def structure(self) -> Structure:
        """The whole."""
        groups = {
            row.get("gid", ""): _number(row.get("group_order")) for row in self.tables.get("groups", [])
        }
        rows = sorted(
            self._rows("questions", "qid", "question_order"),
            key=lambda row: groups.get(row.get("gid", ""), 0),
        )
        notes: list[str] = []
        questions: list[StructureQuestion] = []
        for row in rows:
            found = (
                [] if row.get("type") == "X" else list(self._questions(row))
            )  # X: a text that asks nothing
            if not found and row.get("type") != "X":
                notes.append(
                    f"{row.get('title')}: a question of the type {row.get('type')} was not taken over"
                )
            questions += found
        settings = self.tables.get("surveys_languagesettings", [])
        title = {
            row.get("surveyls_language", ""): plain(row["surveyls_title"])
            for row in settings
            if row.get("surveyls_title")
        }
        return Structure(title, self.languages, tuple(questions), tuple(notes))

    def _rows(self, section: str, key: str, order: str) -> list[Row]:
        """A section's rows in order; of the old form, which has a row a language, the first of each."""
        rows: dict[Any, Row] = {}
        for row in self.tables.get(section, []):
            rows.setdefault(row.get(key) or (row.get("qid"), row.get("code"), row.get("scale_id")), row)
        return sorted(rows.values(), key=lambda row: _number(row.get(order)))

    def _words(self, *sections: str, key: str, text: str) -> dict[Any, Words]:
        words: dict[Any, Words] = defaultdict(dict)
        for row in (row for section in sections for row in self.tables.get(section, [])):
            if row.get("language") and text in row:
                own = row.get(key) or (row.get("qid"), row.get("code"), row.get("scale_id"))
                words[own][row["language"]] = plain(row[text])
        return words

    def _questions(self, row: Row) -> Iterator[StructureQuestion]:
        kind, code = row.get("type", ""), row.get("title", "")
        wording = self.wordings[row.get("qid", "")]
        subquestions = self.children[row.get("qid", "")]
        has_other = row.get("other") == "Y"
        if kind in _ONE_COLUMN:
            options = self._options(row)
            beside = {"O": ["comment"], "|": ["filecount"]}.get(kind, [])
            if has_other and kind in "L!":
                options += (StructureOption("-oth-", dict.fromkeys(self.languages, "Other")),)
                beside = ["other"]
            texts = tuple(f"{code}[{name}]" for name in beside)
            yield StructureQuestion(
                code, _ONE_COLUMN[kind], wording, kind, code, options=options, text_columns=texts
            )
        elif kind in "MP":
            columns = [(sub.get("title", ""), self.wordings[sub.get("qid", "")]) for sub in subquestions]
            columns += [("other", dict.fromkeys(self.languages, "Other"))] if has_other else []
            ticks = tuple(StructureOption(own, words, f"{code}[{own}]") for own, words in columns)
            comments = tuple(f"{code}[{own}comment]" for own, _ in columns) if kind == "P" else ()
            other = (
                "other" if has_other else None
            )  # its column holds the text: whatever it says, it is a tick
            yield StructureQuestion(
                code, "multiple", wording, kind, options=ticks, other=other, text_columns=comments
            )
        elif kind in _GRIDS:
            for own, part in self._parts(row, subquestions):
                yield replace(part, kind=_GRIDS[kind], column=f"{code}[{own}]", options=self._options(row))
        elif kind in _CROSSED:
            across = [sub for sub in subquestions if sub.get("scale_id") == "1"]
            for down, part in self._parts(row, [sub for sub in subquestions if sub not in across]):
                for sub in across:
                    own, words = (
                        sub.get("title", ""),
                        _joined(part.wording, self.wordings[sub.get("qid", "")]),
                    )
                    column = f"{code}[{down}_{own}]"
                    yield replace(
                        part, id=f"{part.id}_{own}", kind=_CROSSED[kind], wording=words, column=column
                    )
        elif kind == "1":
            for own, part in self._parts(row, subquestions):
                for scale in (1, 2):
                    options = self._options(row, str(scale - 1))
                    column = f"{code}[{own}][{scale}]"
                    yield replace(part, id=f"{part.id}_{scale}", column=column, options=options)
        elif kind == "R":
            options = self._options(row) or tuple(
                StructureOption(sub.get("title", ""), self.wordings[sub.get("qid", "")])
                for sub in subquestions
            )
            for rank in range(1, len(options) + 1):
                words = {language: f"{text} ({rank})" for language, text in wording.items()}
                yield StructureQuestion(
                    f"{code}_{rank}", "single", words, kind, f"{code}[{rank}]", options=options
                )

    def _parts(self, row: Row, subquestions: Iterable[Row]) -> Iterator[tuple[str, StructureQuestion]]:
        """A grid's rows, each as a question that still lacks its column."""
        for sub in subquestions:
            own = sub.get("title", "")
            words = _joined(self.wordings[row.get("qid", "")], self.wordings[sub.get("qid", "")])
            yield (
                own,
                StructureQuestion(f"{row.get('title', '')}_{own}", "single", words, row.get("type", "")),
            )

    def _options(self, row: Row, scale: str = "0") -> Options:
        kind = row.get("type", "")
        if kind == "I":
            return tuple(StructureOption(each, {}) for each in self.languages)
        if kind in _FIXED:
            return tuple(StructureOption(code, {"en": label}) for code, label in _FIXED[kind])
        return tuple(
            StructureOption(answer["code"], self.labels[_answer_key(answer)])
            for answer in self.answers[row.get("qid", "")]
            if answer.get("code") and (answer.get("scale_id") or "0") == scale
        )


def _answer_key(answer: Row) -> Any:
    return answer.get("aid") or (answer.get("qid"), answer.get("code"), answer.get("scale_id"))


def _joined(question: Words, part: Words) -> Words:
    """A grid's wording and its row's, language by language."""
    languages = dict.fromkeys([*question, *part])
    return {
        language: " – ".join(words for words in (question.get(language), part.get(language)) if words)
        for language in languages
    }
