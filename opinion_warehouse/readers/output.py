"""Rows → files in COPY's CSV form, written as they come.

They are written in the child, so that the process that holds the database only passes bytes on. Every valid
value is quoted and nothing is not: COPY keeps NULL and the empty string apart by that.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from opinion_warehouse.readers import parts
from opinion_warehouse.readers.problems import HARMLESS, BadRow

PART_BYTES = 4 << 20

if TYPE_CHECKING:
    import polars as pl

COLUMNS: dict[str, dict[str, str]] = {
    "survey_response": {
        "file_id": "int64",
        "respondent_key": "string",
        "source_id": "string",
        "wave_id": "string",
        "row_number": "int64",
        "is_complete": "bool",
        "weight": "float64",
        "stratum_code": "string",
        "psu_code": "string",
        "stratum_psu_total": "float64",
        "psu_size": "float64",
        "place_code": "string",
        "groups": "string",
        "ssu_code": "string",
        "panel_key": "string",
    },
    "survey_answer": {
        "file_id": "int64",
        "respondent_key": "string",
        "source_id": "string",
        "wave_id": "string",
        "question_id": "string",
        "item_code": "string",
        "answer_code": "string",
        "numeric_value": "float64",
        "missing_code": "int64",
    },
    "report": {
        "file_id": "int64",
        "source_id": "string",
        "unit_code": "string",
        "report_kind": "string",
        "period_code": "string",
        "period_start": "date32",
        "period_end": "date32",
        "submitted_at": "string",
        "item_count": "int64",
    },
    "report_item": {
        "file_id": "int64",
        "row_number": "int64",
        "source_id": "string",
        "unit_code": "string",
        "report_kind": "string",
        "period_code": "string",
        "place_code": "string",
        "topic_code": "string",
        "scope_rank": "int64",
        "tendency": "string",
        "intensity": "int64",
        "source_channel": "string",
        "opinion_count": "int64",
        "recommendation_id": "string",
        "agency_code": "string",
        "urgency": "string",
    },
    "report_followup": {
        "file_id": "int64",
        "row_number": "int64",
        "source_id": "string",
        "recommendation_id": "string",
        "status": "string",
        "status_date": "date32",
        "agency_code": "string",
    },
    "social_item": {
        "file_id": "int64",
        "item_key": "string",
        "source_id": "string",
        "row_number": "int64",
        "published_at": "string",
        "published_date": "date32",
        "platform": "string",
        "query_code": "string",
        "topic_codes": "string",
        "place_code": "string",
        "sentiment": "string",
        "sentiment_method": "string",
        "engagement_count": "int64",
        "domain_key": "string",
    },
    "social_count": {
        "file_id": "int64",
        "row_number": "int64",
        "source_id": "string",
        "published_date": "date32",
        "platform": "string",
        "query_code": "string",
        "topic_code": "string",
        "place_code": "string",
        "sentiment": "string",
        "sentiment_method": "string",
        "overlap": "string",
        "item_count": "int64",
        "engagement_count": "int64",
        "domain_count": "int64",
    },
    "quarantine": {"file_id": "int64", "row_number": "int64", "row_count": "int64", "reasons": "string"},
}


class Output:
    """The files of one parse. `constants` are the columns every row of the file shares."""

    def __init__(self, folder: Path, file_id: int, source_id: str) -> None:
        (folder / parts.FOLDER).mkdir()
        self._folder = folder
        self._constants: dict[str, Any] = {"file_id": file_id, "source_id": source_id}
        self._open: dict[str, _Part] = {}
        self._part_count = 0
        self.landed: dict[str, int] = {}
        """Rows by landing table: as many must come out of COPY."""
        self.rows_good = 0
        self.rows_bad = 0
        self.rows_harmless = 0

    def write(self, table: str, columns: "Mapping[str, Sequence[Any] | pl.Series]") -> None:
        """Append rows given by column; constants are filled in."""
        import pyarrow as pa

        count = len(next(iter(columns.values())))
        if not count:
            return
        part = self._open.get(table) or self._begin(table)
        arrays = []
        for field in part.schema:
            if field.name not in columns:
                arrays.append(pa.repeat(pa.scalar(self._constants[field.name], field.type), count))
                continue
            values = columns[field.name]
            arrays.append(
                values.to_arrow().cast(field.type)
                if hasattr(values, "to_arrow")
                else pa.array(values, field.type)
            )
        part.writer.write_batch(pa.record_batch(arrays, schema=part.schema))
        # Bad rows stay together: they are copied last, when it is known what the whole file comes to.
        if table == "quarantine":
            return
        self.landed[table] = self.landed.get(table, 0) + count
        if part.sink.tell() >= PART_BYTES:
            self._finish(table)

    def quarantine(self, rows: Sequence[BadRow]) -> None:
        """Set bad rows aside, with the reasons of each."""
        if not rows:
            return
        harmless = sum(all(reason["code"] in HARMLESS for reason in reasons) for _, reasons in rows)
        self.rows_bad += len(rows)
        self.rows_harmless += harmless
        self.write(
            "quarantine",
            {
                "row_number": [number for number, _ in rows],
                "row_count": [1] * len(rows),
                "reasons": [json.dumps(reasons, ensure_ascii=False) for _, reasons in rows],
            },
        )

    def close(self) -> None:
        """Finish the files."""
        for table in list(self._open):
            self._finish(table)

    def _begin(self, table: str) -> "_Part":
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        types = {
            "string": pa.string(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "bool": pa.bool_(),
            "date32": pa.date32(),
        }
        schema = pa.schema([pa.field(name, types[kind]) for name, kind in COLUMNS[table].items()])
        options = arrow_csv.WriteOptions(include_header=False, quoting_style="all_valid")
        sink = pa.OSFile(str(parts.unfinished(self._folder, table)), "wb")
        self._open[table] = _Part(schema, sink, arrow_csv.CSVWriter(sink, schema, write_options=options))
        return self._open[table]

    def _finish(self, table: str) -> None:
        part = self._open.pop(table)
        part.writer.close()
        part.sink.close()
        self._part_count += 1
        parts.finish(self._folder, table, self._part_count)


class _Part(NamedTuple):
    """A file that is being written."""

    schema: Any
    sink: Any
    writer: Any
