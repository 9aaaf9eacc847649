"""Taking files in by hand: the same steps as the ingest DAGs, without Airflow and without a release."""

import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from opinion_warehouse.settings import Settings

COLUMNS = ("source_id", "name", "outcome", "rows_read", "rows_loaded", "rows_quarantined", "reason_code")


@dataclass
class Ingested:
    """What became of the files."""

    files: list[dict[str, Any]] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """A file was refused, or its source is held back."""
        return bool(self.held) or any(each["outcome"] == "rejected" for each in self.files)


def run(
    settings: Settings, source_id: str | None, files: list[Path], night: date | None, console: Console
) -> Ingested:
    """Take in the files named, or what waits in the inbox; then the landing suites."""
    from opinion_warehouse import intake
    from opinion_warehouse.night import tonight
    from opinion_warehouse.prepare import prepare
    from opinion_warehouse.sources import load_sources

    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise ValueError(f"no such file: {', '.join(missing)}")
    sources = load_sources(settings.sources_dir)
    chosen = [each for each in sources if source_id in (None, each.id)]
    if not chosen:
        known = ", ".join(each.id for each in sources) or "none"
        raise ValueError(f"no source {source_id!r} in {settings.sources_dir}; there are: {known}")
    night, run_id = night or tonight(), f"by_hand__{time.time_ns()}"
    result = Ingested()
    with console.status("set-up") as status:
        prepare(settings, airflow=False)
        for family in sorted({each.family for each in chosen}):
            waiting = intake.discover(settings, family, night)  # syncs the specs too
            if files:
                waiting = [
                    {"source_id": chosen[0].id, "path": str(path.resolve()), "name": path.name}
                    for path in files
                ]
            wanted = {each.id for each in chosen}
            for each in waiting:
                if each["source_id"] in wanted:
                    status.update(f"{each['source_id']}: {each['name']}")
                    done = intake.load_file(
                        settings, each["source_id"], each["path"], night, run_id, take=not files
                    )
                    result.files.append(each | done)
            status.update(f"{family}: landing suites")
            for verdict in intake.check_landing(settings, family, night, run_id):
                if verdict.get("verdict") == "held" and verdict["source_id"] in wanted:
                    result.held[verdict["source_id"]] = str(
                        verdict.get("detail") or "its landing suite failed"
                    )
            intake.close_intake(settings, family, night, run_id)
    return result
