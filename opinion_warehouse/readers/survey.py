"""Survey files → responses and answers, column by column."""

import json
import re
from collections.abc import Callable
from typing import Any

from opinion_warehouse.readers.answers import Cell, answer_columns
from opinion_warehouse.readers.job import Job, RowCheck
from opinion_warehouse.readers.offered import mark_not_offered
from opinion_warehouse.readers.problems import BadCell, FileRejected
from opinion_warehouse.readers.table import Batch, Column, Table
from opinion_warehouse.readers.text import fold
from opinion_warehouse.readers.values import number, own_id, plain_code, text_of
from opinion_warehouse.sources import Survey
from opinion_warehouse.sources.survey import Group

MAX_CODE = 64
MIN_SIZE, MAX_SIZE = 1e-12, 1e12
"""Of weights and populations: far beyond any that is meant, and squares of their sums stay in range."""


def read_survey(job: Job, table: Table) -> None:
    """Write the responses and answers of a survey file."""
    assert job.source.survey is not None  # noqa: S101  (the family says so)
    reader = _Reader(job, job.source.survey)
    job.output.quarantine(table.bad_rows)
    for batch in table.batches(None):
        reader.take(batch)


def constant_wave(survey: Survey, file_name: str) -> str | None:
    """The wave of the whole file, or None where a column says it."""
    rule = survey.wave_from
    if rule.column:
        return None
    match = re.search(rule.file_name, file_name) if rule.file_name else None
    wave = rule.constant or (match[1] if match else None)
    if wave not in {wave.id for wave in survey.waves}:
        raise FileRejected("unknown_wave", "the file's name does not give a wave the spec declares")
    return wave


class _Reader:
    def __init__(self, job: Job, survey: Survey) -> None:
        self.job = job
        self.survey = survey
        self.decimal = job.source.files.decimal
        self.wave = constant_wave(survey, job.file_name)
        self.waves = {wave.id for wave in survey.waves}
        self.groups = [(group, _group_reader(group, survey, self.decimal)) for group in survey.groups]
        self.questions = answer_columns(survey, self.decimal)
        self.seen: set[str] = set()

    def take(self, batch: Batch) -> None:
        """One batch: every cell is looked at, so that a bad row names all that is wrong with it."""
        check = RowCheck()
        survey, numbers = self.survey, batch.row_numbers
        complete = [not survey.complete_when or bool(cell) for cell in batch.column(survey.complete_when)]
        waves = self._each(batch, survey.wave_from.column, self._wave, check)
        columns = self._design(batch, complete, check)
        columns["place_code"] = self._each(batch, survey.place, self._place, check)
        groups = [
            (group.dimension, self._each(batch, group.column, read, check)) for group, read in self.groups
        ]
        answers = [
            (question, item, self._answers(batch, column, complete, read, check))
            for question, item, column, read in self.questions
        ]
        mark_not_offered(survey, batch, answers, check)
        keys = self._keys(batch, waves, check)
        columns["panel_key"] = self._panel_keys(batch)
        good = [position for position, row in enumerate(numbers) if row not in check.reasons]
        self.job.output.quarantine(check.sorted())
        self.job.output.rows_good += len(good)
        if not good:
            return
        lineage: dict[str, list[Any]] = {
            "respondent_key": [keys[at] for at in good],
            "wave_id": [waves[at] for at in good],
        }
        self.job.output.write(
            "survey_response",
            {
                **lineage,
                "row_number": [numbers[at] for at in good],
                "is_complete": [complete[at] for at in good],
                **{name: [cells[at] for at in good] for name, cells in columns.items()},
                "groups": [
                    json.dumps({name: codes[at] for name, codes in groups if codes[at] is not None})
                    for at in good
                ],
            },
        )
        for question, item, cells in answers:
            self.job.output.write(
                "survey_answer",
                {
                    **lineage,
                    "question_id": [question] * len(good),
                    "item_code": [item] * len(good),
                    "answer_code": [cells[at][0] for at in good],
                    "numeric_value": [cells[at][1] for at in good],
                    "missing_code": [int(cells[at][2]) for at in good],
                },
            )

    def _each(
        self, batch: Batch, column: str | None, read: Callable[[str | None], Any], check: RowCheck
    ) -> list[Any]:
        values: list[Any] = []
        for row, cell in zip(batch.row_numbers, batch.column(column), strict=True):
            try:
                values.append(read(cell))
            except BadCell as problem:
                check.add(row, column, problem)
                values.append(None)
        return values

    def _answers(
        self,
        batch: Batch,
        column: str,
        complete: list[bool],
        read: Callable[[str | None, bool], Cell],
        check: RowCheck,
    ) -> list[Cell]:
        # The same few cells come again and again; the reader is asked once for each.
        known: dict[tuple[str | None, bool], Cell | BadCell] = {}
        values: list[Cell] = []
        for row, cell, done in zip(batch.row_numbers, batch.column(column), complete, strict=True):
            found = known.get((cell, done))
            if found is None:
                try:
                    found = read(cell, done)
                except BadCell as problem:
                    found = problem
                known[cell, done] = found
            if isinstance(found, BadCell):
                check.add(row, column, found)
                values.append((None, None, 7))
            else:
                values.append(found)
        return values

    def _wave(self, cell: str | None) -> str:
        wave = self.wave or plain_code(text_of(cell) or "")
        if wave not in self.waves:
            raise BadCell("unknown_wave", "expected a wave the spec declares")
        return wave

    def _place(self, cell: str | None) -> str | None:
        place = text_of(cell)
        if place is None or place in self.survey.missing:
            return None
        if place not in self.job.reference.places:
            raise BadCell("unknown_place", "expected a place code of the reference data or of the spec")
        return place

    def _design(self, batch: Batch, complete: list[bool], check: RowCheck) -> dict[str, list[Any]]:
        design = self.survey.design

        def size(cell: str | None) -> float:
            value = number(text_of(cell) or "", self.decimal)
            if not MIN_SIZE <= value <= MAX_SIZE:
                raise BadCell("out_of_range", f"expected a number from {MIN_SIZE:g} to {MAX_SIZE:g}")
            return value

        def weight(cell: str | None) -> float:
            try:
                return size(cell)
            except BadCell:
                limits = f"from {MIN_SIZE:g} to {MAX_SIZE:g}, with the decimal mark {self.decimal}"
                raise BadCell("bad_weight", f"expected a number {limits}") from None

        def code(cell: str | None) -> str:
            value = text_of(cell)
            if value is None:
                raise BadCell("missing_value", "expected the respondent's place in the design")
            if len(value) > MAX_CODE:
                raise BadCell("code_too_long", f"expected a code of at most {MAX_CODE} characters")
            return plain_code(value)

        readers: dict[str, tuple[str | None, Callable[[str | None], Any]]] = {
            "weight": (design.weight, weight),
            "stratum_code": (design.stratum, code),
            "psu_code": (design.psu, code),
            "ssu_code": (design.ssu, code),
            "stratum_psu_total": (design.stratum_psu_total, size),
            "psu_size": (design.psu_size, size),
        }
        columns: dict[str, list[Any]] = {}
        for name, (column, read) in readers.items():
            own: list[Any] = []
            for row, cell, done in zip(batch.row_numbers, batch.column(column), complete, strict=True):
                own.append(None)
                if column is None:
                    continue
                try:
                    own[-1] = read(cell)
                except BadCell as problem:
                    if done:  # who broke off has no weight yet, and counts nowhere
                        check.add(row, column, problem)
            columns[name] = own
        return columns

    def _keys(self, batch: Batch, waves: list[str | None], check: RowCheck) -> list[str | None]:
        survey, source = self.survey, self.job.source.id
        keys: list[str | None] = []
        ids: Column = batch.column(survey.respondent_id)
        for row, wave, cell in zip(batch.row_numbers, waves, ids, strict=True):
            keys.append(None)
            try:
                respondent = own_id(cell) if survey.respondent_id else f"row {row}"
            except BadCell as problem:
                check.add(row, survey.respondent_id, problem)
                continue
            if respondent is None:
                check.add(row, survey.respondent_id, BadCell("missing_value", "expected the respondent's id"))
            elif wave is not None and row not in check.reasons:
                key = self.job.keyed("respondent", source, wave, respondent)
                if key in self.seen:
                    detail = "the same respondent stands in the wave twice; the first row is kept"
                    check.add(row, survey.respondent_id, BadCell("duplicate_respondent", detail))
                self.seen.add(key)
                keys[-1] = key
        return keys

    def _panel_keys(self, batch: Batch) -> list[str | None]:
        """The same person in every wave of a panel, and only there: change must know who was asked again."""
        survey, source = self.survey, self.job.source.id
        if not survey.is_panel:
            return [None] * len(batch.row_numbers)
        keys: list[str | None] = []
        for cell in batch.column(survey.respondent_id):
            try:
                respondent = own_id(cell)
            except BadCell:
                respondent = None  # the row is bad already
            keys.append(self.job.keyed("panel", source, respondent) if respondent else None)
        return keys


def _group_reader(group: Group, survey: Survey, decimal: str) -> Callable[[str | None], str | None]:
    codes = {category.code for category in group.codes}
    cells = {fold(cell): category.code for category in group.codes for cell in category.cells}
    unknown = set(group.unknown) | (set(survey.missing) - codes)

    def read(cell: str | None) -> str | None:
        text = text_of(cell)
        if text is None or text in unknown or plain_code(text) in unknown:
            return None
        if codes:
            code = next((code for code in (text, plain_code(text)) if code in codes), cells.get(fold(text)))
            if code is None:
                raise BadCell("unknown_code", f"expected one of the {len(codes)} codes of {group.dimension}")
            return code
        value = number(text, decimal)
        for band in group.bands:
            if (band.low is None or value >= band.low) and (band.high is None or value <= band.high):
                return band.code
        raise BadCell("out_of_range", f"expected a number in a band of {group.dimension}")

    return read
