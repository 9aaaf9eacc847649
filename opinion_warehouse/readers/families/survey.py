"""Survey files → responses and answers, column by column."""

import json
import re
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from opinion_warehouse.readers.cells.bulk import own_ids
from opinion_warehouse.readers.cells.column import CellReader, Cells, constant
from opinion_warehouse.readers.cells.values import DAMAGED, any_of, day, number, plain_code, text_of
from opinion_warehouse.readers.coding.places import place_reader
from opinion_warehouse.readers.families.answers import Answers, answer_columns, without_ticks
from opinion_warehouse.readers.families.design import DesignReader
from opinion_warehouse.readers.families.offered import check_waves, mark_not_offered
from opinion_warehouse.readers.families.repeats import Repeats, hashed
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.problems import BadCell, FileRejected, RowCheck
from opinion_warehouse.readers.tables.labels import check_labels
from opinion_warehouse.readers.tables.table import Batch, Table, ahead
from opinion_warehouse.readers.text import fold
from opinion_warehouse.sources import Group, Survey

if TYPE_CHECKING:
    import polars as pl


def read_survey(job: Job, table: Table) -> None:
    """Write the responses and answers of a survey file."""
    assert job.source.survey is not None  # noqa: S101  (the family says so)
    survey = job.source.survey
    check_labels(survey, table.labels)
    reader = _Reader(job, survey)
    if survey.respondent_id:
        identity = _identity(survey)
        repeats = Repeats(job.scratch)
        for batch in table.batches(identity):
            repeats.add(_identities(batch, identity), batch.row_numbers)
        reader.doubtful = repeats.last_rows()
    for batch in ahead(table.batches(None)):
        reader.take(batch)
    job.output.quarantine(table.bad_rows)


def _identity(survey: Survey) -> list[str]:
    """The columns that are alike in rows of one interview, and may be in others."""
    return [column for column in (survey.wave_from.column, survey.respondent_id) if column]


def _identities(batch: Batch, columns: list[str]) -> "pl.Series":
    """Wave and respondent as one text, alike in rows that may be one interview."""
    import polars as pl

    parts = [pl.col(name).str.replace(r"\.0+$", "") for name in columns]
    return batch.frame.select(pl.concat_str(parts, separator="\0", ignore_nulls=False)).to_series()


def constant_wave(survey: Survey, file_name: str) -> str | None:
    """The wave of the whole file, or None where a column says it."""
    rule = survey.wave_from
    if rule.column or rule.date_column:
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
        self.fieldwork = [
            (date.fromisoformat(wave.fieldwork_start), date.fromisoformat(wave.fieldwork_end), wave.id)
            for wave in survey.waves
        ]
        self.read_wave = CellReader(self._wave, None)
        self.place = place_reader(job.reference, survey.place_names, survey.coverage_place)
        self.read_place = CellReader(self._place, None)
        self.design = DesignReader(survey.design, self.decimal)
        self.groups = [
            (group, CellReader(_group_reader(group, survey, self.decimal), None)) for group in survey.groups
        ]
        self.answers = answer_columns(survey, self.decimal)
        self.doubtful: dict[int, int] = {}
        self.seen: set[str] = set()

    def take(self, batch: Batch) -> None:
        """One batch: every cell is looked at, so that a bad row names all that is wrong with it."""
        import polars as pl

        check, survey, rows = RowCheck(), self.survey, batch.row_numbers

        def cells(name: str) -> Cells:
            return Cells(batch.frame.get_column(name), rows, name, check)

        complete = constant(True, pl.Boolean, len(rows))
        if survey.complete_when:
            said = batch.frame.get_column(survey.complete_when).fill_null("")
            complete = any_of(said, survey.complete_cells) if survey.complete_cells else said != ""
        wave_column = survey.wave_from.column or survey.wave_from.date_column
        waves = (
            self.read_wave.values(cells(wave_column), pl.String)
            if wave_column
            else constant(self.wave, pl.String, len(rows))
        )
        columns = self.design.columns(batch, complete, check)
        columns["place_code"] = (
            self.read_place.values(cells(survey.place), pl.String)
            if survey.place
            else constant(None, pl.String, len(rows))
        )
        groups = [
            reader.values(cells(group.column), pl.String).alias(group.dimension)
            for group, reader in self.groups
        ]
        answers = [
            (each.question, each.item, each.read(cells(each.column), complete)) for each in self.answers
        ]
        check_waves(survey, batch, waves, answers, check)
        answers = self._silent(mark_not_offered(survey, batch, answers, check))
        keys = self._keys(batch, waves, check)
        columns["panel_key"] = self._panel_keys(batch)
        self.job.output.quarantine(check.sorted())
        good = pl.Series([at for at, row in enumerate(rows) if row not in check.reasons], dtype=pl.UInt32)
        self.job.output.rows_good += good.len()
        if not good.len():
            return
        lineage = {"respondent_key": keys.gather(good), "wave_id": waves.gather(good)}
        self.job.output.write(
            "survey_response",
            {
                **lineage,
                "row_number": [rows[at] for at in good],
                "is_complete": complete.gather(good),
                **{name: values.gather(good) for name, values in columns.items()},
                "groups": _as_objects(groups, len(rows)).gather(good),
            },
        )
        for question, item, (codes, numbers, missing) in answers:
            self.job.output.write(
                "survey_answer",
                {
                    **lineage,
                    "question_id": constant(question, pl.String, good.len()),
                    "item_code": constant(item, pl.String, good.len()),
                    "answer_code": codes.gather(good),
                    "numeric_value": numbers.gather(good),
                    "missing_code": missing.gather(good),
                },
            )

    def _silent(self, answers: list[tuple[str, str, Answers]]) -> list[tuple[str, str, Answers]]:
        """The answers, where a question without any tick was none that was asked, or answered."""
        for question in self.survey.questions:
            if question.none_ticked:
                at = [number for number, (asked, _, _) in enumerate(answers) if asked == question.id]
                mended = without_ticks([answers[number][2] for number in at], question.none_ticked)
                for number, values in zip(at, mended, strict=True):
                    answers[number] = (*answers[number][:2], values)
        return answers

    def _wave(self, cell: str | None) -> str:
        if form := self.survey.wave_from.date_format:
            return self._wave_of(cell, form)
        wave = self.wave or plain_code(text_of(cell) or "")
        if wave not in self.waves:
            raise BadCell("unknown_wave", "expected a wave the spec declares")
        return wave

    def _wave_of(self, cell: str | None, form: str) -> str:
        text = text_of(cell)
        if text is None:
            raise BadCell("missing_value", "expected the date the wave is known by")
        if " " not in form:  # of `05/03/2026 9:12:33 SA` the date is read
            text = text.replace("T", " ").split(" ")[0]
        asked = day(text, form)
        for start, end, wave in self.fieldwork:
            if start <= asked <= end:
                return wave
        raise BadCell("unknown_wave", "expected a date within the fieldwork of a wave the spec declares")

    def _place(self, cell: str | None) -> str | None:
        place = text_of(cell)
        if place is None or place in self.survey.missing:
            return None
        return self.place(place)

    def _keys(self, batch: Batch, waves: "pl.Series", check: RowCheck) -> "pl.Series":
        import polars as pl

        survey, source, rows = self.survey, self.job.source.id, batch.row_numbers
        if not survey.respondent_id:
            ids = pl.Series([f"row {row}" for row in rows], dtype=pl.String)
        else:
            column = Cells(batch.frame.get_column(survey.respondent_id), rows, survey.respondent_id, check)
            ids = own_ids(column.cells)
            column.note(ids.is_null(), _no_id)
        keys: list[str | None] = [None] * len(rows)
        for wave in waves.drop_nulls().unique():
            at = (waves == wave).arg_true()
            own = self.job.keyed.each(("respondent", source, wave), ids.gather(at).to_list())
            for position, key in zip(at.to_list(), own, strict=True):
                keys[position] = key
        if self.doubtful:
            self._note_repeats(batch, keys, check)
        return pl.Series(keys, dtype=pl.String)

    def _note_repeats(self, batch: Batch, keys: list[str | None], check: RowCheck) -> None:
        """The first sound row of a respondent counts."""
        survey = self.survey
        hashes = hashed(_identities(batch, _identity(survey)))
        for at in np.flatnonzero(np.isin(hashes, np.fromiter(self.doubtful, np.uint64))).tolist():
            row, key = batch.row_numbers[at], keys[at]
            if key is None or row in check.reasons:
                continue
            if key in self.seen:
                detail = "the same respondent stands in the wave twice; the first row is kept"
                check.add(row, survey.respondent_id, BadCell("duplicate_respondent", detail))
            self.seen.add(key)

    def _panel_keys(self, batch: Batch) -> "pl.Series":
        """The same person in every wave of a panel, and only there: change must know who was asked again."""
        import polars as pl

        survey, source = self.survey, self.job.source.id
        ids: list[str | None] = [None] * len(batch.row_numbers)
        if survey.is_panel and survey.respondent_id:
            ids = self.job.keyed.each(
                ("panel", source), own_ids(batch.frame.get_column(survey.respondent_id)).to_list()
            )
        return pl.Series(ids, dtype=pl.String)


def _as_objects(columns: "list[pl.Series]", count: int) -> "pl.Series":
    """JSON objects of the columns' names and values, nulls left out; each distinct one is written once."""
    import polars as pl

    if not columns:
        return constant("{}", pl.String, count)
    frame = pl.DataFrame(columns)
    distinct = frame.unique()
    texts = [
        json.dumps({name: value for name, value in row.items() if value is not None})
        for row in distinct.iter_rows(named=True)
    ]
    named = distinct.with_columns(pl.Series("", texts))
    joined = frame.join(named, on=frame.columns, how="left", nulls_equal=True, maintain_order="left")
    return joined.get_column("")


def _no_id(cell: str | None) -> BadCell:
    if cell:
        return BadCell("damaged_id", DAMAGED)
    return BadCell("missing_value", "expected the respondent's id")


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
