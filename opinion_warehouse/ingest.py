"""Taking files in by hand: the same steps as the ingest DAGs, without Airflow and without a release."""

import logging
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from opinion_warehouse.commands.console import plain, untaken_line
from opinion_warehouse.settings import Settings

log = logging.getLogger(__name__)
COLUMNS = {
    "source": "source_id",
    "file": "name",
    "outcome": "outcome",
    "read": "rows_read",
    "loaded": "rows_loaded",
    "quarantined": "rows_quarantined",
    "why": "why",
}
"""Heading → what it shows of a file."""
NO_SPEC = (
    "{folder} holds no spec, so nothing says how a file is read. Draft one from a file as it is delivered:"
    " `opinion sources new FILE --out {folder}/<survey|report|social>/<id>.yml` (docs/add-a-source.md);"
    " or name the folder that has them in OPINION_SOURCES"
)


@dataclass
class Ingested:
    """What became of the files."""

    files: list[dict[str, Any]] = field(default_factory=list)
    held: dict[str, str] = field(default_factory=dict)
    untaken: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By source, the name of each thing in the inbox that is never taken, and why."""
    has_wrong_spec: bool = False

    @property
    def refused(self) -> bool:
        """A file was refused or is not taken at all, its source is held back, or a spec is wrong."""
        failed = any(each["outcome"] in ("rejected", "failed") for each in self.files)
        return bool(self.held or self.untaken) or failed or self.has_wrong_spec


def run(
    settings: Settings, source_id: str | None, files: list[Path], night: date | None, console: Console
) -> Ingested:
    """Take in the files named, or what waits in the inbox; then the landing suites.

    What is wrong with one spec or one file never keeps the others out.
    """
    from opinion_warehouse import intake
    from opinion_warehouse.intake.discover import is_text
    from opinion_warehouse.night import tonight
    from opinion_warehouse.prepare import prepare
    from opinion_warehouse.sources import SpecInvalid, read_sources, spec_paths

    missing = [str(path) for path in files if not path.is_file()]
    if missing:
        raise ValueError(f"no such file: {', '.join(missing)}")
    unnamed = [path.name for path in files if not is_text(path.name)]
    if unnamed:
        raise ValueError(f"control characters or undecodable bytes in a name; rename: {', '.join(unnamed)}")
    sources, errors = read_sources(settings.sources_dir)
    chosen = [each for each in sources if source_id in (None, each.id)]
    wrong = [error for error in errors if source_id in (None, error.file.stem)]
    if not chosen and wrong:
        raise SpecInvalid(wrong)
    if not spec_paths(settings.sources_dir):
        raise ValueError(NO_SPEC.format(folder=settings.sources_dir))
    if not chosen:
        known = ", ".join(each.id for each in sources) or "none"
        raise ValueError(f"no source {source_id!r} in {settings.sources_dir}; there are: {known}")
    for error in wrong:
        console.print(f"[red]wrong spec[/red] {plain(str(error))}", soft_wrap=True)
    night, run_id = night or tonight(), f"by_hand__{time.time_ns()}"
    result = Ingested(has_wrong_spec=bool(wrong))
    wanted = {each.id for each in chosen}
    closed: dict[str, Any] = {}
    with console.status("set-up") as status:
        prepare(settings, airflow=False)
        for family in sorted({each.family for each in chosen}):
            waiting = intake.discover(settings, family, night)  # syncs the specs too
            if files:
                waiting = [
                    {"source_id": chosen[0].id, "path": str(path.resolve()), "name": path.name}
                    for path in files
                ]
            for each in waiting:
                if each["source_id"] in wanted:
                    status.update(f"{each['source_id']}: {plain(each['name'])}")
                    result.files.append(each | _load(settings, each, night, run_id, take=not files))
            status.update(f"{family}: landing suites")
            for verdict in intake.check_landing(settings, family, night, run_id):
                if verdict.get("verdict") == "held" and verdict["source_id"] in wanted:
                    result.held[verdict["source_id"]] = str(
                        verdict.get("detail") or "its landing suite failed"
                    )
            closed = intake.close_intake(settings, family, night, run_id)
    for source in [] if files else chosen:
        if untaken := intake.untaken_files(settings, source):
            result.untaken[source.id] = list(untaken)
            console.print(untaken_line(source.id, untaken), markup=False, soft_wrap=True)
    for name in closed["unclaimed"]:
        console.print(f"no spec has the id of the inbox folder {plain(name)}", soft_wrap=True)
    return result


def _load(
    settings: Settings, waiting: dict[str, Any], night: date, run_id: str, *, take: bool
) -> dict[str, Any]:
    """One file; what stops its load leaves it in the inbox, and the next file has its turn."""
    from opinion_warehouse import intake

    try:
        done = intake.load_file(settings, waiting["source_id"], waiting["path"], night, run_id, take=take)
    except Exception as error:
        log.debug("load of %s", waiting["name"], exc_info=True)
        # A database's message could quote a cell; our own and the system's do not.
        said = str(error) if isinstance(error, OSError | RuntimeError) else ""
        done = {"outcome": "failed", "reason_code": type(error).__name__, "detail": said}
    why = ": ".join(part for part in (done["reason_code"], done["detail"]) if part)
    return done | {"why": why}
