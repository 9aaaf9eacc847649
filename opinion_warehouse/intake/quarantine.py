"""What was set aside: list it, look at it, and replay the stored file once spec or parser is mended."""

from datetime import date
from typing import Any

from opinion_warehouse.intake import ledger, store
from opinion_warehouse.intake.discover import sync_source
from opinion_warehouse.intake.load import Delivery, find_source, load_stored
from opinion_warehouse.readers.problems import MENDS
from opinion_warehouse.settings import Settings

_FILES = """
select f.file_id, f.source_id, f.file_name, f.night::text,
    case when f.status = 'rejected' then f.reason_code
        when f.landing_verdict = 'held' then 'held by checks' else 'some rows' end as why,
    f.rows_quarantined || ' of ' || f.rows_read as bad_rows
from intake.file as f
where (f.rows_quarantined > 0 or f.status = 'rejected' or f.landing_verdict = 'held')
    and (%(source)s::text is null or f.source_id = %(source)s)
order by f.night desc, f.file_id desc
"""
_ROWS = """
select row_number, row_count, reasons from intake.quarantine
where file_id = %s order by row_number nulls first, quarantine_id limit %s
"""


class NotThere(LookupError):
    """No such file in the ledger."""


def quarantine_list(settings: Settings, source_id: str | None = None) -> list[dict[str, Any]]:
    """Files that were refused, held back, or left rows behind; newest first."""
    from psycopg.rows import dict_row

    from opinion_warehouse.database.connect import connect

    with connect(settings, "loader") as connection, connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(_FILES, {"source": source_id}).fetchall())


def quarantine_show(settings: Settings, file_id: int, limit: int = 100) -> dict[str, Any]:
    """A file and its first quarantined rows: row number, column, reason and how to mend it; never a cell."""
    from psycopg.rows import dict_row

    from opinion_warehouse.database.connect import connect

    with connect(settings, "loader") as connection, connection.cursor(row_factory=dict_row) as cursor:
        file = cursor.execute(
            "select file_id, source_id, file_name, sha256, night, status, reason_code, landing_verdict,"
            " rows_read, rows_loaded, rows_quarantined, parser_version from intake.file where file_id = %s",
            (file_id,),
        ).fetchone()
        if file is None:
            raise NotThere(
                f"no file {file_id} in the ledger; `opinion quarantine list` shows those there are"
            )
        detail = cursor.execute(
            "select detail from intake.source_night where source_id = %s and night = %s",
            (file["source_id"], file["night"]),
        ).fetchone()
        rows = cursor.execute(_ROWS, (file_id, limit)).fetchall()
    reasons = [(row, reason) for row in rows for reason in row["reasons"]]
    codes = dict.fromkeys(reason["code"] for _, reason in reasons)
    return {
        **file,
        "detail": detail["detail"] if detail else None,
        "mend": "; ".join(f"{code}: {MENDS.get(code, 'see the detail')}" for code in codes) or None,
        "rows": [
            {
                "row": row["row_number"] or f"the file, {row['row_count']} rows",
                "column": reason["column"],
                "reason": reason["code"],
                "detail": reason["detail"],
            }
            for row, reason in reasons
        ],
    }


def quarantine_replay(settings: Settings, file_id: int, night: date, run_id: str) -> dict[str, Any]:
    """Read the stored file again with the spec as it is now, in the place of what was; checks come next.

    All or nothing: until the new reading is committed the old one stands.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.database.secrets import hmac_key

    file = quarantine_show(settings, file_id, limit=0)
    source = find_source(settings, file["source_id"])
    with connect(settings, "loader", autocommit=True) as connection:
        row = connection.execute(
            "select byte_count, received_at from intake.file where file_id = %s", (file_id,)
        ).fetchone()
        if row is None or not store.exists(settings, file["sha256"]):
            raise NotThere(f"the stored copy of file {file_id} is gone (keep.raw_days); deliver it again")
        delivery = Delivery(source, file["file_name"], file["sha256"], row[0], row[1], night, run_id)
        with ledger.attempt(settings, connection, source.id, file["file_name"], night, run_id) as attempt:
            sync_source(connection, source, night)
            attempt.stored(file["sha256"])
            outcome = load_stored(settings, connection, delivery, hmac_key(settings), again=True)
            return attempt.end(**outcome, name=file["file_name"])
