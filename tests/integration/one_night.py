"""A night in a process of its own, for test_night.py: prints what it came to as one line of JSON."""

import json
import sys
from datetime import date

from opinion_warehouse import release
from opinion_warehouse.database.connect import connect
from opinion_warehouse.night import run_night
from opinion_warehouse.settings import Settings

settings = Settings()
done = run_night(settings, date.fromisoformat(sys.argv[1]))
visible = release.visible(settings)
shown = release.show_release(settings, visible) if visible else {}
with connect(settings, "loader") as connection:
    nights = connection.execute(
        "select source_id, status from intake.source_night where night = %s", (done.night,)
    ).fetchall()
    files = connection.execute(
        "select source_id, file_name, status, reason_code, rows_read, rows_loaded, rows_quarantined"
        " from intake.file order by file_id"
    ).fetchall()
came_to = {
    "states": done.states,
    "failures": done.failures,
    "skipped": sorted(done.skipped),
    "visible": visible,
    "digest": shown.get("digest"),
    "is_partial": shown.get("is_partial"),
    "tables": shown.get("tables"),
    "statuses": {each["source_id"]: each["source_status"] for each in shown.get("sources", [])},
    "nights": dict(nights),
    "files": files,
}
print("NIGHT" + json.dumps(came_to))
