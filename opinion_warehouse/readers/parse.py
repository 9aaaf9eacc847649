"""One file, read in the child: the job as JSON in, files of rows and a summary out."""

import json
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.coding.topics import TopicCoder
from opinion_warehouse.readers.containers.compression import plain_file
from opinion_warehouse.readers.containers.mail import attached_file
from opinion_warehouse.readers.families.counts import read_counts
from opinion_warehouse.readers.families.narrative import read_narrative
from opinion_warehouse.readers.families.report import read_report
from opinion_warehouse.readers.families.social import read_social
from opinion_warehouse.readers.families.survey import read_survey
from opinion_warehouse.readers.formats.csv_table import csv_header, read_csv
from opinion_warehouse.readers.formats.docx_file import docx_table, open_docx
from opinion_warehouse.readers.formats.json_table import read_json
from opinion_warehouse.readers.formats.parquet_table import read_parquet
from opinion_warehouse.readers.formats.readstat import read_dta, read_sav
from opinion_warehouse.readers.formats.triple_s import read_triple_s
from opinion_warehouse.readers.formats.xlsx_table import (
    has_sheet,
    open_workbook,
    read_repeat,
    read_sheet,
    sheet_header,
)
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.output import Output
from opinion_warehouse.readers.peek import peek, refused
from opinion_warehouse.readers.privacy.keys import Keyed
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.tables.header_choice import choose_header
from opinion_warehouse.readers.tables.misread import Misread
from opinion_warehouse.readers.tables.row_filter import filtered
from opinion_warehouse.readers.tables.table import Table
from opinion_warehouse.reference import read_reference
from opinion_warehouse.sources import Source

SUMMARY = "summary.json"


def parse(order: dict[str, Any]) -> None:
    """Read the file an order names; the summary in its scratch folder says what came of it.

    An order with a `row` asks for that row alone, as an operator may see it.
    """
    job = _job(order)
    summary = _row(job, order["row"]) if "row" in order else _whole(job)
    (job.scratch / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")


def _job(order: dict[str, Any]) -> Job:
    scratch = Path(order["scratch"])
    source = Source.model_validate(order["source"])
    own_units = [unit.code for unit in source.report.units] if source.report else []
    reference = read_reference(Path(order["reference_dir"]))
    return Job(
        source=source,
        path=Path(order["path"]),
        file_name=order["file_name"],
        received_at=datetime.fromisoformat(order["received_at"]),
        night=date.fromisoformat(order["night"]),
        reference=reference.with_own(source.own_places, own_units),
        keyed=Keyed(bytes.fromhex(order["key"])),
        topics=TopicCoder(reference.topic_rules if source.family != "survey" else ()),
        output=Output(scratch, order["file_id"], source.id),
        scratch=scratch,
    )


def _whole(job: Job) -> dict[str, Any]:
    source = job.source
    summary: dict[str, Any] = {"rejected": None, "topic_rules": job.topics.version}
    try:
        _read(job)
        output = job.output
        if output.rows_good + output.rows_bad == 0:
            raise FileRejected("empty", "the file has its header, but no row")
        if output.rows_good + output.rows_bad == source.files.row_cap:
            detail = f"the file has {source.files.row_cap} rows, as many as files.row_cap says are exported"
            raise FileRejected("cut_at_cap", detail)
        summary |= {
            "rows_good": output.rows_good,
            "rows_bad": output.rows_bad,
            "rows_harmless": output.rows_harmless,
            "landed": output.landed,
        }
    except FileRejected as rejected:
        summary["rejected"] = rejected.reason
    job.output.close()
    return summary


def _row(job: Job, row_number: int) -> dict[str, Any]:
    try:
        job, path = _opened(job)
        if job.source.report and job.source.report.narrative:
            return {"rows": [], "misshapen": True}
        tables = [table for table in _tables(job, path) if table]
        return peek(job.source, tables, row_number)
    except FileRejected as rejected:
        return refused(rejected)


def _opened(job: Job) -> tuple[Job, Path]:
    """The file itself, out of its compression or e-mail."""
    files = job.source.files
    if job.path.stat().st_size > files.max_bytes:
        raise FileRejected("too_large", f"the file has more than {files.max_bytes} bytes")
    if job.path.stat().st_size == 0:
        raise FileRejected("empty", "the file has no byte")
    path = plain_file(job.path, files, job.scratch)
    if files.attachment:
        attached = attached_file(path, files.attachment, job.scratch)
        return replace(job, file_name=attached.name, sent_at=attached.sent_at), attached.path
    return job, path


def _read(job: Job) -> None:
    job, path = _opened(job)
    source, files = job.source, job.source.files
    if source.report and source.report.narrative:
        read_narrative(job, path)
        return
    table, followup = _tables(job, path)
    misread = Misread(has_encoding=files.content_format in ("csv", "triple_s"))
    table = misread.watch(table)
    if files.rows:
        table = filtered(table, files.rows, job.output)
    if source.family == "survey":
        read_survey(job, table)
    elif source.family == "report":
        read_report(job, table, followup)
    elif source.social and source.social.columns.item_count:
        read_counts(job, table)
    else:
        read_social(job, table)
    job.output.quarantine(misread.bad_rows)


def _tables(job: Job, path: Path) -> tuple[Table, Table | None]:
    """The table of the file's format, and the follow-up sheet or table of a report."""
    files, form = job.source.files, job.source.files.content_format
    report = job.source.report
    once = report.columns.once if report else []
    second = report.followup if report else None
    drop_totals = report is not None
    if form == "csv":
        job.source = choose_header(job.source, lambda: csv_header(path, files))
    wanted, ignored = job.source.cells, job.source.ignore_columns
    if form == "csv":
        return read_csv(path, files, wanted, ignored, job.scratch, drop_totals=drop_totals), None
    if form in ("json", "jsonl"):
        return read_json(path, files, wanted, ignored, job.source.optional_cells, job.scratch), None
    if form == "parquet":
        return read_parquet(path, wanted, ignored), None
    if form == "sav":
        return read_sav(path, files, wanted, ignored, job.scratch), None
    if form == "dta":
        return read_dta(path, files, wanted, ignored), None
    if form == "triple_s":
        return read_triple_s(path, files, wanted, ignored, job.scratch), None
    if form == "docx":
        body = open_docx(path)
        table = docx_table(body, files, wanted, ignored, once, drop_totals=drop_totals)
        if table is None:
            raise FileRejected("no_header", "no table of the document has the spec's columns as its headings")
        if second is None:
            return table, None
        return table, docx_table(body, files, second.columns.cells, ignored, drop_totals=drop_totals)
    workbook, sheet = open_workbook(path, "ods" if form == "ods" else "xlsx"), files.sheet or ""
    if files.repeat:
        return read_repeat(workbook, files, wanted, ignored), None
    job.source = choose_header(job.source, lambda: sheet_header(workbook, sheet, files))
    wanted, ignored = job.source.cells, job.source.ignore_columns
    table = read_sheet(workbook, sheet, files, wanted, ignored, once, drop_totals=drop_totals)
    if second is None or not second.sheet or not has_sheet(workbook, second.sheet):
        return table, None
    cells = second.columns.cells
    return table, read_sheet(workbook, second.sheet, files, cells, ignored, drop_totals=drop_totals)
