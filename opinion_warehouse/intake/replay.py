"""Reading stored files again, after a spec, a rule or the parser was mended."""

from collections.abc import Callable
from datetime import date
from typing import Any

from opinion_warehouse.intake import ledger
from opinion_warehouse.intake.discover import sync_source
from opinion_warehouse.intake.load import Delivery, find_source, load_stored
from opinion_warehouse.intake.quarantine import NotThere, check_stored, find_file, quarantine_list
from opinion_warehouse.intake.store import StoreCorrupt
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import SpecInvalid

COUNTS = ("rows_loaded", "rows_quarantined")


def chosen_files(
    settings: Settings, file_ids: list[int], source_id: str | None, reason: str | None, night: date | None
) -> list[int]:
    """Those named, or what `quarantine list` shows of a source, reason or night; the oldest first."""
    if file_ids:
        return list(dict.fromkeys(file_ids))
    listed = quarantine_list(settings, source_id, reason, night)
    return sorted({line["file_id"] for line in listed if line["came_to"] != "mended"})


def quarantine_replay(settings: Settings, file_id: int, night: date, run_id: str) -> dict[str, Any]:
    """Read the stored file again with the spec as it is now, in the place of what was; checks come next.

    All or nothing: until the new reading is committed the old one stands. Returns the outcome, as loads give
    it, with what was `before` and the `new_file_id`: what is read again is another row of the ledger.
    """
    from opinion_warehouse.database.connect import connect
    from opinion_warehouse.database.secrets import hmac_key

    file = find_file(settings, file_id)
    source = find_source(settings, file["source_id"])
    check_stored(settings, file)
    with connect(settings, "loader", autocommit=True) as connection:
        row = connection.execute(
            "select byte_count from intake.file where file_id = %s", (file_id,)
        ).fetchone()
        if row is None:
            raise NotThere(f"file {file_id} is being read again by another process")
        delivery = Delivery(
            source, file["file_name"], file["sha256"], row[0], file["received_at"], night, run_id
        )
        with ledger.attempt(settings, connection, source.id, file["file_name"], night, run_id) as attempt:
            sync_source(connection, source, night)
            attempt.stored(file["sha256"])
            outcome = load_stored(settings, connection, delivery, hmac_key(settings), again=True)
            done = attempt.end(**outcome, name=file["file_name"])
        known = ledger.known_file(connection, source.id, file["sha256"])
    before = {"came_to": _came_to(file), **{name: file[name] for name in COUNTS}}
    return done | {"new_file_id": known.file_id if known else None, "before": before}


def replay_all(
    settings: Settings,
    file_ids: list[int],
    night: date,
    run_id: str,
    done: Callable[[str], None] = lambda name: None,
) -> list[dict[str, Any]]:
    """Replay several; what is wrong with one is its outcome `failed`, and the next has its turn."""
    results = []
    for file_id in file_ids:
        try:
            result = quarantine_replay(settings, file_id, night, run_id)
        except (NotThere, StoreCorrupt, SpecInvalid, OSError, RuntimeError) as error:
            result = {"outcome": "failed", "reason_code": type(error).__name__, "detail": str(error)}
        results.append({"file_id": file_id} | result)
        done(result.get("name") or str(file_id))
    return results


def _came_to(file: dict[str, Any]) -> str:
    if file["status"] == "rejected":
        return f"rejected ({file['reason_code']})"
    return "held" if file["landing_verdict"] == "held" else "loaded"
