"""`opinion sources new`: what it prints, and where it writes."""

import sys
from pathlib import Path

from rich.console import Console

from opinion_warehouse.drafting.draft import DraftFailed, draft
from opinion_warehouse.settings import Settings
from opinion_warehouse.sources import Family


def new(
    settings: Settings,
    file: Path,
    err: Console,
    *,
    family: Family | None,
    structure: Path | None,
    source_id: str | None,
    target: Path | None,
    force: bool,
) -> None:
    """Write the draft to `target`, or print it; raises DraftFailed, with nothing written."""
    if target and target.exists() and not force:
        raise DraftFailed(f"{target} is there already; choose another --out, or say --force to overwrite it")
    made = draft(
        file,
        settings.reference_dir,
        family=family,
        structure=structure,
        source_id=source_id or (target.stem if target else None),
    )
    if target:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(made.text, encoding="utf-8")
    else:
        sys.stdout.write(made.text)
    what = f"{made.family}, {made.tool}" if made.tool else made.family
    where = target or f"--out {settings.sources_dir}/{made.family}/{made.id}.yml would keep it"
    err.print(f"{where}: {what}; {made.rows} rows read, {made.todos} TODOs", markup=False, soft_wrap=True)
