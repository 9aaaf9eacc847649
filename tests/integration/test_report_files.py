"""Report files of every format on a real server: each row accounted for, a report without rows accepted."""

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

from opinion_warehouse import intake
from opinion_warehouse.database.connect import connect
from opinion_warehouse.intake.landing import check_landing
from opinion_warehouse.settings import PROJECT, Settings

NIGHT = date(2026, 7, 20)
SOURCES = (
    "ward_narratives_docx",
    "ward_narratives_pdf",
    "ward_reports_docx",
    "ward_reports_mail",
    "ward_reports_ods",
)


def test_intake_of_report_files_accounts_for_each_row_and_keeps_reports_without_rows(
    new_warehouse: Callable[[], AbstractContextManager[Settings]], tmp_path: Path
) -> None:
    with new_warehouse() as base:
        specs = tmp_path / "specs" / "report"
        specs.mkdir(parents=True)
        settings = Settings(
            home=tmp_path / "home", dsn=base.dsn, sources=specs.parent, secrets=base.secrets_dir
        )
        for source_id in SOURCES:
            shutil.copy(PROJECT / "sources" / "_examples" / f"{source_id}.yml", specs)
            inbox = settings.inbox_dir / source_id
            shutil.copytree(PROJECT / "tests" / "fixtures" / source_id, inbox)
            for path in inbox.iterdir():
                os.utime(path, (1_780_000_000,) * 2)
        outcomes = {}
        for file in intake.discover(settings, "report", NIGHT):
            done = intake.load_file(settings, file["source_id"], file["path"], NIGHT, "r")
            counts = tuple(done[name] for name in ("rows_read", "rows_loaded", "rows_quarantined"))
            outcomes[file["source_id"], file["name"][:18]] = (done["reason_code"], *counts)
        assert outcomes == {
            ("ward_narratives_docx", "bc_CT-UBND-31120_2"): (None, 1, 1, 0),
            ("ward_narratives_docx", "bc_CT-UBND-31135_2"): (None, 7, 4, 3),
            ("ward_narratives_pdf", "bc_CT-UBND-31135_2"): (None, 7, 4, 3),
            ("ward_reports_docx", "bao_cao_CT-UBND-31"): ("bad_row_share", 6, 0, 6),
            ("ward_reports_mail", "thu_20260518.eml"): ("bad_row_share", 3, 0, 3),
            ("ward_reports_ods", "bao_cao_CT-UBND-31"): ("bad_row_share", 6, 0, 6),
        }
        verdicts = check_landing(settings, "report", NIGHT, "r")
        assert [(each["source_id"], each["verdict"], each["failed"]) for each in verdicts] == [
            ("ward_narratives_docx", "accepted", []),
            ("ward_narratives_pdf", "accepted", []),
        ]
        with connect(settings, "admin") as connection:
            found = connection.execute(
                "select unit_code, item_count from landing.report order by source_id, unit_code"
            ).fetchall()
        assert found == [("CT-UBND-31120", 0), ("CT-UBND-31135", 4), ("CT-UBND-31135", 4)]
