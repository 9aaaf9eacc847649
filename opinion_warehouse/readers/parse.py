"""One file, read in the child: the job as JSON in, files of rows and a summary out."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

from opinion_warehouse.readers.compression import plain_file
from opinion_warehouse.readers.csv_table import read_csv
from opinion_warehouse.readers.job import Job
from opinion_warehouse.readers.json_table import read_json
from opinion_warehouse.readers.keys import Keyed
from opinion_warehouse.readers.output import Output
from opinion_warehouse.readers.parquet_table import read_parquet
from opinion_warehouse.readers.problems import FileRejected
from opinion_warehouse.readers.report import read_report
from opinion_warehouse.readers.social import read_social
from opinion_warehouse.readers.survey import read_survey
from opinion_warehouse.readers.table import Table
from opinion_warehouse.readers.topics import TopicCoder
from opinion_warehouse.readers.xlsx_table import has_sheet, open_workbook, read_repeat, read_sheet
from opinion_warehouse.reference import read_reference
from opinion_warehouse.sources import Source

SUMMARY = "summary.json"


def parse(order: dict[str, Any]) -> None:
    """Read the file an order names; the summary in its scratch folder says what came of it."""
    scratch = Path(order["scratch"])
    source = Source.model_validate(order["source"])
    own_units = [unit.code for unit in source.report.units] if source.report else []
    reference = read_reference(Path(order["reference_dir"]))
    job = Job(
        source=source,
        path=Path(order["path"]),
        file_name=order["file_name"],
        received_at=datetime.fromisoformat(order["received_at"]),
        night=date.fromisoformat(order["night"]),
        reference=reference.with_own((place.code for place in source.places), own_units),
        keyed=Keyed(bytes.fromhex(order["key"])),
        topics=TopicCoder(reference.topic_rules if source.family != "survey" else ()),
        output=Output(scratch, order["file_id"], source.id),
        scratch=scratch,
    )
    summary: dict[str, Any] = {"rejected": None, "files": {}}
    try:
        _read(job)
        output = job.output
        if output.rows_good + output.rows_bad == 0:
            raise FileRejected("empty", "the file has its header, but no row")
        summary |= {
            "rows_good": output.rows_good,
            "rows_bad": output.rows_bad,
            "rows_harmless": output.rows_harmless,
        }
    except FileRejected as rejected:
        summary["rejected"] = rejected.reason
    summary["files"] = job.output.close()
    (scratch / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")


def _read(job: Job) -> None:
    source, files = job.source, job.source.files
    if job.path.stat().st_size > files.max_bytes:
        raise FileRejected("too_large", f"the file has more than {files.max_bytes} bytes")
    if job.path.stat().st_size == 0:
        raise FileRejected("empty", "the file has no byte")
    table, followup = _tables(job, plain_file(job.path, files, job.scratch))
    if source.family == "survey":
        read_survey(job, table)
    elif source.family == "report":
        read_report(job, table, followup)
    else:
        read_social(job, table)


def _tables(job: Job, path: Path) -> tuple[Table, Table | None]:
    """The table of the file's format, and the follow-up sheet of a report."""
    files, wanted, ignored = job.source.files, job.source.cells, job.source.ignore_columns
    if files.format == "csv":
        return read_csv(path, files, wanted, ignored, job.scratch), None
    if files.format in ("json", "jsonl"):
        return read_json(path, files, wanted, ignored, job.source.optional_cells, job.scratch), None
    if files.format == "parquet":
        return read_parquet(path, wanted, ignored), None
    workbook = open_workbook(path)
    if files.repeat:
        return read_repeat(workbook, files, wanted, ignored), None
    table = read_sheet(workbook, files.sheet or "", files, wanted, ignored)
    second = job.source.report.followup if job.source.report else None
    if second and has_sheet(workbook, second.sheet):
        return table, read_sheet(workbook, second.sheet, files, second.columns.cells, ignored)
    return table, None
