"""Narrative reports → rows, by the rules the spec declares and by nothing else.

A passage that one rule fits becomes a row, numbered by its place among the passages. One that holds words of
scope or tendency and fits no rule, or says several things, is set aside and counted. The rest is prose. A
report without rows is still a report: it was handed in.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.cells.values import day, lookup
from opinion_warehouse.readers.families.periods import check_period, period
from opinion_warehouse.readers.families.report import Head, read_report
from opinion_warehouse.readers.formats.doc_file import docx_of_doc
from opinion_warehouse.readers.formats.docx_file import docx_passages, open_docx
from opinion_warehouse.readers.formats.pdf_text import pdf_lines
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.problems import BadCell, BadRow, FileRejected, Reason
from opinion_warehouse.readers.tables.table import Table, table_of_cells
from opinion_warehouse.readers.text import clean, fold
from opinion_warehouse.sources import Narrative, Report, Said
from opinion_warehouse.sources.narrative import with_words

MAX_PASSAGE = 10_000
"""Characters; a longer one is a text that was not split, and some patterns take its length squared."""
_NEAR = 100
Line = tuple[str, str | None]
"""A text, and the reason code of one that cannot be read as it stands."""


def read_narrative(job: Job, path: Path) -> None:
    """Write the report of a text, and the rows its rules give."""
    report = job.source.report
    assert report is not None and report.narrative is not None  # noqa: S101  (the caller looked)
    head = _head(job, report, report.narrative)
    rules = _Rules(report, report.narrative)
    passages = list(split(_blocks(job, path), rules.begins, rules.is_heading))
    if not passages:
        raise FileRejected("empty", "the document has no text")
    read_report(job, _table(passages, rules, report, head), None, head)


def split(
    blocks: Iterable[Line], begins: Callable[[str], bool], is_heading: Callable[[str], bool]
) -> Iterator[Line]:
    """Blocks of lines → passages. A line that begins one, or is a heading, does not go on with the last."""
    for block, code in blocks:
        lines: list[str] = []
        for line in filter(None, map(clean, block.split("\n"))):
            if lines and (begins(line) or is_heading(line) or is_heading(lines[-1])):
                yield " ".join(lines), code
                lines = []
            lines.append(line)
        if lines:
            yield " ".join(lines), code


def _blocks(job: Job, path: Path) -> Iterator[Line]:
    form = job.source.files.content_format
    if form == "pdf":
        yield "\n".join(pdf_lines(path)), None
    else:
        yield from docx_passages(open_docx(docx_of_doc(path, job.scratch) if form == "doc" else path))


def _head(job: Job, report: Report, rules: Narrative) -> Head:
    """What holds of the report as a whole; a report that cannot be named is refused."""

    def said(name: str, where: Said) -> str:
        if where.constant is not None:
            return where.constant
        match = re.search(where.file_name or "", job.file_name)
        if match is None or not match[1]:
            detail = f"report.narrative.{name} finds nothing in the file's name"
            raise FileRejected("bad_file_name", detail, name)
        return clean(match[1])

    try:
        unit = said("unit", rules.unit)
        if unit not in job.reference.units:
            raise BadCell("unknown_unit", "the file's name gives no known unit")
        kind = lookup(report.kinds, report.kinds.values())(said("kind", rules.kind))
        code, start, end = period(said("period", rules.period))
        if rules.period_start:
            start = day(said("period_start", rules.period_start), report.date_format)
        if rules.period_end:
            end = day(said("period_end", rules.period_end), report.date_format)
        check_period(code, start, end)
    except BadCell as problem:
        raise FileRejected(problem.code, f"{problem.detail}; see report.narrative") from None
    return Head(unit, kind, code, start, end)


@dataclass(frozen=True)
class _Section:
    pattern: re.Pattern[str]
    topic: str | None
    is_read: bool


class _Rules:
    """The spec's rules, made ready for folded text."""

    def __init__(self, report: Report, rules: Narrative) -> None:
        scopes = [fold(word) for word in report.scopes]
        tendencies = [fold(word) for word in report.tendencies]

        def ready(pattern: str) -> re.Pattern[str]:
            return re.compile(with_words(pattern, scopes, tendencies), re.IGNORECASE)

        self._begins = ready(rules.begins)
        self._sections = [_Section(ready(each.pattern), each.topic, each.read) for each in rules.headings]
        self._items = [ready(pattern) for pattern in rules.items]
        self._words = ready("{scope}|{tendency}")
        either = "|".join(re.escape(fold(word)) for word in rules.negations)
        self._negation = re.compile(rf"\b(?:{either})(?:\s+\w+){{0,2}}\s+$") if either else None
        self._values: dict[str, Callable[[str], Any]] = {
            "scope": lookup(report.scopes),
            "tendency": lookup(report.tendencies),
        }

    def begins(self, line: str) -> bool:
        """Whether a line of a text without paragraphs begins one."""
        return self._begins.search(fold(line)) is not None

    def is_heading(self, line: str) -> bool:
        """Whether a line opens a section."""
        return self.section(fold(line)) is not None

    def section(self, text: str) -> _Section | None:
        """The section a folded passage opens."""
        return next((each for each in self._sections if each.pattern.search(text)), None)

    def groups(self, text: str) -> Mapping[str, str | None] | None:
        """What the first rule that fits finds in a folded passage."""
        matches = (pattern.search(text) for pattern in self._items)
        return next((match.groupdict() for match in matches if match), None)

    def opinion_words(self, text: str) -> tuple[dict[str, str], bool]:
        """The word of scope and that of tendency in a folded passage, and whether no other contradicts.

        They count, and not what a rule's group holds: `.*` would find the `tán thành` in `không tán thành`.
        """
        words: dict[str, str] = {}
        agree = True
        for match in self._words.finditer(text):
            name = match.lastgroup or ""
            value = self._values[name]
            agree &= value(match[0]) == value(words.setdefault(name, match[0]))
            if name == "tendency" and self._negation:
                before = text[max(0, match.start() - _NEAR) : match.start()]
                agree &= self._negation.search(before) is None
        return words, agree


def _table(passages: list[Line], rules: _Rules, report: Report, head: Head) -> Table:
    """The passages that rules fit, as the structured template's rows."""
    columns = report.columns.model_dump()
    numbers: list[int] = []
    rows: list[list[str | None]] = []
    bad: list[BadRow] = []
    section: _Section | None = None
    doubt: str | None = None  # of a heading that may be none
    for number, (passage, code) in enumerate(passages, 1):
        text = fold(passage)
        opened = rules.section(text)
        if opened:
            section, doubt = opened, code
        if section and not section.is_read and not doubt:
            continue
        is_long = len(text) > MAX_PASSAGE
        groups = None if is_long else rules.groups(text)
        words, agree = rules.opinion_words(text)
        if groups is None and (opened or not words):
            continue
        if reason := _unfit("long_passage" if is_long else code or doubt, groups is not None, agree):
            bad.append((number, [reason]))
            continue
        fields: dict[str, str | None] = {
            "unit": head.unit,
            "kind": head.kind,
            "period": head.period,
            "period_start": head.start.isoformat(),
            "period_end": head.end.isoformat(),
            "topic": section.topic if section else None,
            "content": passage,
        }
        fields |= {name: value.strip() for name, value in (groups or {}).items() if value} | words
        numbers.append(number)
        rows.append([fields.get(field) for field in columns])
    return table_of_cells(numbers, rows, list(columns.values()), report.columns.cells, bad)


_DETAILS = {
    "tracked_change": "the passage or its heading has a change that is neither accepted nor rejected",
    "hidden_text": "the passage or its heading has text that is hidden",
    "struck_text": "the passage or its heading has text that is struck through",
    "raised_text": "the passage or its heading has raised or lowered digits that run into a number",
    "long_passage": f"words of opinion in a passage of more than {MAX_PASSAGE} characters",
}


def _unfit(code: str | None, has_rule: bool, agree: bool) -> Reason | None:
    """Why a passage that says an opinion is no row."""
    if code:
        return {"code": code, "column": None, "detail": _DETAILS[code]}
    if not has_rule:
        return {"code": "no_rule", "column": None, "detail": "words of opinion, and no rule that fits"}
    if not agree:
        detail = "several scopes or tendencies in one passage, or one that is negated"
        return {"code": "ambiguous_passage", "column": None, "detail": detail}
    return None
