"""Landing suites: a source whose new files fail is held back; its last accepted data are carried forward."""

import logging
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.settings import PROJECT, Settings

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)
SUITES = PROJECT / "expectations" / "landing"
NOT_RUN = "the checks could not be run"
"""Begins the detail of a night on which a source was held for no fault of its data: it is checked again."""


def check_landing(settings: Settings, family: str, night: date, run_id: str) -> list[dict[str, Any]]:
    """Check each source's new files: accepted, or held with the checks that failed."""
    from opinion_warehouse.database.connect import connect

    with connect(settings, "loader", autocommit=True) as connection:
        waiting = connection.execute(
            "select f.source_id, array_agg(f.file_id order by f.file_id)"
            " from intake.file as f"
            " join intake.source as s using (source_id)"
            " left join lateral (select n.detail from intake.source_night as n"
            "   where n.source_id = f.source_id"
            "   order by n.night desc limit 1) as n on true"
            " where s.family = %s and f.status = 'loaded' and (f.landing_verdict = 'pending'"
            "   or (f.landing_verdict = 'held' and n.detail like %s))"
            " group by f.source_id order by f.source_id",
            (family, f"{NOT_RUN}%"),
        ).fetchall()
        return [
            _check_source(settings, connection, family, source_id, file_ids, night, run_id)
            for source_id, file_ids in waiting
        ]


def suite_files(family: str, source_id: str) -> list[Path]:
    """The family's suite, and the source's own where it has one."""
    own = SUITES / f"{source_id}.yml"
    return [SUITES / f"{family}.yml", *([own] if own.exists() else [])]


def _check_source(
    settings: Settings,
    connection: "psycopg.Connection[Any]",
    family: str,
    source_id: str,
    file_ids: list[int],
    night: date,
    run_id: str,
) -> dict[str, Any]:
    from opinion_warehouse import checks

    failed: list[str] = []
    warned: list[str] = []
    detail = None
    count = 0
    try:
        for suite_file in suite_files(family, source_id):
            results = checks.run_suite(
                settings,
                suite_file=suite_file,
                night=night,
                run_id=run_id,
                source_id=source_id,
                parameters={"file_ids": file_ids, "source_id": source_id, "night": night},
            )
            count += len(results)
            failed += [f"{result.check_id} {result.description}" for result in results if result.blocks]
            warned += [
                result.check_id for result in results if result.outcome != "pass" and not result.blocks
            ]
            if any(result.outcome == "error" and result.blocks for result in results):
                detail = f"{NOT_RUN}: {'; '.join(failed)}"
        if not count:
            detail = f"{NOT_RUN}: no check gave a result"
    except Exception as error:  # whatever happens to the checker, what it did not check is not accepted
        log.exception("landing checks of %s", source_id)
        detail = f"{NOT_RUN}: {type(error).__name__}"
    if failed and detail is None:
        detail = "; ".join(failed)
    verdict = "held" if failed or detail else "accepted"
    with connection.transaction():
        connection.execute(
            "update intake.file set landing_verdict = %s"
            " where file_id = any(%s) and landing_verdict <> 'accepted'",
            (verdict, file_ids),
        )
        note_night(connection, source_id, night, run_id, verdict, detail)
    return {
        "source_id": source_id,
        "verdict": verdict,
        "file_count": len(file_ids),
        "check_count": count,
        "failed": failed,
        "warned": warned,
        "detail": detail,
    }


def note_night(
    connection: "psycopg.Connection[Any]",
    source_id: str,
    night: date,
    run_id: str,
    status: str,
    detail: str | None,
) -> None:
    """What a source's night came to; a rerun replaces it."""
    connection.execute(
        "insert into intake.source_night (source_id, night, run_id, status, detail)"
        " values (%s, %s, %s, %s, %s)"
        " on conflict (source_id, night) do update"
        " set run_id = excluded.run_id, status = excluded.status, detail = excluded.detail",
        (source_id, night, run_id, status, detail),
    )
