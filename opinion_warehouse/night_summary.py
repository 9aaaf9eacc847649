"""What a night came to, as a person reads it: sources, gate, release, how to connect, what to do next."""

import os
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from opinion_warehouse.commands.console import plain, print_table, untaken_line, visible
from opinion_warehouse.night import Night
from opinion_warehouse.settings import PROJECT, Settings

SOURCES = """
with attempt as (
    select source_id,
           count(*) filter (where outcome = 'loaded') as loaded,
           count(*) filter (where outcome = 'duplicate') as duplicate,
           count(*) filter (where outcome = 'rejected') as rejected,
           count(*) filter (where outcome in ('failed', 'aborted') or outcome is null) as failed
    from intake.attempt where run_id = any(%(runs)s) group by source_id
), file as (
    select source_id, sum(rows_read) as rows_read, sum(rows_loaded) as rows_loaded,
           sum(rows_quarantined) as rows_quarantined,
           string_agg(distinct reason_code, ', ') filter (
               where file_id in (select file_id from intake.unresolved_file)
           ) as reasons
    from intake.file where run_id = any(%(runs)s) group by source_id
)
select s.family, s.source_id, coalesce(a.loaded, 0), coalesce(a.duplicate, 0), coalesce(a.rejected, 0),
       coalesce(a.failed, 0), coalesce(f.rows_read, 0), coalesce(f.rows_loaded, 0),
       coalesce(f.rows_quarantined, 0), n.status, coalesce(n.detail, f.reasons, '')
from intake.source as s
left join attempt as a using (source_id)
left join file as f using (source_id)
left join intake.source_night as n on n.source_id = s.source_id and n.night = %(night)s
where s.is_active or a.source_id is not null
order by array_position(array['survey', 'report', 'social'], s.family), s.source_id
"""
GATE = """
select suite, count(*), count(*) filter (where outcome = 'pass'),
       coalesce(string_agg(check_id || ' ' || description, '; ' order by check_id)
                filter (where outcome <> 'pass' and severity = 'block'), ''),
       coalesce(string_agg(check_id, ', ' order by check_id)
                filter (where outcome <> 'pass' and severity = 'warn'), '')
from quality.check_result where release_id = %s group by suite order by suite
"""
STATUS = {
    "accepted": "[green]accepted[/green]",
    "nothing_new": "[dim]nothing new[/dim]",
    "held": "[yellow]held back[/yellow]",
    "rejected": "[red]refused[/red]",
    None: "[red]not closed[/red]",
}


def show(settings: Settings, night: Night, console: Console) -> None:
    """Print the night's table."""
    from opinion_warehouse import release

    console.print()
    table, details = _sources(settings, night)
    print_table(table, console)
    for detail in details:
        console.print(detail, soft_wrap=True)
    for warning in [*_left_out(settings), *_held_waves(settings, night)]:
        console.print(warning, style="yellow", markup=False, soft_wrap=True)
    built = _built(settings, night)
    if built is not None:
        print_table(_gate(settings, built["release_id"]), console)
    visible = release.visible(settings)
    console.print(
        Panel(_verdict(settings, night, built, visible), title=f"Night {night.night}", title_align="left")
    )
    if visible is not None:
        print_table(_connect(settings), console)
    console.print(_next(settings, night))
    console.print(
        f"[dim]pipeline {night.seconds:.0f} s · Airflow's and dbt's log: {_relative(night.log_file)}[/dim]",
        soft_wrap=True,
    )


def _left_out(settings: Settings) -> list[str]:
    """What the night could not look at: wrong specs, files never taken, inbox folders no spec claims."""
    from opinion_warehouse.intake import untaken_files
    from opinion_warehouse.sources import read_sources

    sources, errors = read_sources(settings.sources_dir)
    said = [f"! wrong spec, its source was left out: {error}" for error in errors]
    for source in sources:
        if untaken := untaken_files(settings, source):
            said.append(f"! {untaken_line(source.id, untaken)}")
    known = {source.id for source in sources} | {Path(error.file).stem for error in errors}
    folders = (path for path in settings.inbox_dir.glob("*") if path.is_dir() and path.name not in known)
    return said + [
        f"! no spec claims the inbox folder {visible(_relative(path))}" for path in sorted(folders)
    ]


def _held_waves(settings: Settings, night: Night) -> list[str]:
    """Waves that were delivered and wait."""
    from opinion_warehouse.database.connect import connect

    with connect(settings, "publisher") as connection:
        held = connection.execute(
            "select source_id, wave_id, reason_code, detail from release_ctl.held_wave"
            " inner join release_ctl.release using (release_id) where run_id = %s order by 1, 2",
            (night.run_ids.get("publish_opinion"),),
        ).fetchall()
    return [f"! {source}: wave {wave} is held ({reason}): {detail}" for source, wave, reason, detail in held]


def refused_sources(settings: Settings, night: Night) -> list[str]:
    """Sources the night did not take: refused or held back."""
    from opinion_warehouse.database.connect import connect

    with connect(settings, "loader") as connection:
        rows = connection.execute(
            "select source_id from intake.source_night where night = %s and run_id = any(%s)"
            " and status in ('held', 'rejected') order by 1",
            (night.night, list(night.run_ids.values())),
        ).fetchall()
    return [row[0] for row in rows]


def _sources(settings: Settings, night: Night) -> tuple[Table, list[str]]:
    from opinion_warehouse.database.connect import connect

    table = Table(title="Sources tonight", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("source", no_wrap=True)
    for heading in ("files", "rows read", "loaded", "quarantined"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("came to", no_wrap=True)
    details: list[str] = []
    with connect(settings, "loader") as connection:
        rows = connection.execute(
            SOURCES, {"runs": list(night.run_ids.values()), "night": night.night}
        ).fetchall()
    for family, source, loaded, duplicate, rejected, failed, read, took, bad, status, detail in rows:
        parts = ((duplicate, "again"), (rejected, "refused"), (failed, "failed"))
        notes = [f"{count} {word}" for count, word in parts if count]
        files = f"{loaded + duplicate + rejected + failed}" + (f" ({', '.join(notes)})" if notes else "")
        shown = status
        if status == "accepted" and not (loaded or duplicate or rejected or failed):
            shown = "nothing_new"  # this run brought nothing; an earlier one of the same night did
        table.add_row(
            f"{source} [dim]{family}[/dim]",
            files,
            f"{read:,}",
            f"{took:,}",
            f"{bad:,}",
            STATUS.get(shown, shown),
        )
        if detail:
            details.append(f"  [yellow]{source}[/yellow]: {plain(detail)}")
    if any(rejected for _, _, _, _, rejected, *_ in rows):
        details.append(f"  [dim]a refused file's name and its mend: {command()} quarantine show <FILE>[/dim]")
    return table, details


def _built(settings: Settings, night: Night) -> dict[str, Any] | None:
    """The release this night built, whatever became of it."""
    from opinion_warehouse import release

    run_id = night.run_ids.get("publish_opinion")
    return next((each for each in release.list_releases(settings) if each["run_id"] == run_id), None)


def _gate(settings: Settings, release_id: int) -> Table:
    from opinion_warehouse.database.connect import connect

    table = Table(
        title=f"Gate: release {release_id}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    table.add_column("suite", no_wrap=True)
    table.add_column("checks passed", justify="right")
    table.add_column("result")
    with connect(settings, "gate") as connection:
        rows = connection.execute(GATE, (release_id,)).fetchall()
    for suite, count, passed, blocking, warned in rows:
        said = f"[red]blocks: {plain(blocking)}[/red]" if blocking else "[green]pass[/green]"
        table.add_row(
            suite, f"{passed}/{count}", said + (f" [yellow]warned: {warned}[/yellow]" if warned else "")
        )
    if not rows:
        table.add_row("none ran", "0", "[red]blocked: no check left a result[/red]")
    return table


def _verdict(settings: Settings, night: Night, built: dict[str, Any] | None, visible: int | None) -> str:
    lines = [
        f"[red]✗ {plain(f'{dag_id}.{task}')}[/red]: {plain(why)}" for dag_id, task, why in night.failures
    ]
    lines += [
        f"[red]✗ {dag_id} ended as {state}[/red]"
        for dag_id, state in night.states.items()
        if state != "success" and not any(dag_id == failed for failed, _, _ in night.failures)
    ]
    still = f"release {visible} stays readable" if visible is not None else "there is no release to read yet"
    if built and built["state"] == "published" and built["release_id"] == visible:
        lines.insert(
            0,
            f"[bold green]✓ release {visible} is published[/bold green]"
            f"{_kind(built)}{_content(settings, visible)}",
        )
    elif night.is_blocked:
        lines.insert(
            0, f"[bold red]the gate blocked release {built and built['release_id']}[/bold red]; {still}"
        )
    elif "open_release" in night.skipped:
        lines.insert(0, f"[bold]{_nothing_new(visible)}[/bold]; {still}")
    else:
        lines.insert(0, f"[bold red]nothing was published[/bold red]; {still}")
    return "\n".join(lines)


def _nothing_new(visible: int | None) -> str:
    if visible is None:
        return "no source has accepted data: nothing to publish"
    return "nothing new since the last release: nothing was published"


def _kind(built: dict[str, Any]) -> str:
    if built["is_partial"]:
        return ", [yellow]partial[/yellow]: not every source is fresh (`opinion.release_notes` says which)"
    return ", full: every source is fresh"


def _content(settings: Settings, release_id: int) -> str:
    from opinion_warehouse import release

    shown = release.show_release(settings, release_id)
    facts = [
        f"{name} {table['rows']:,}"
        for name, table in sorted(shown["tables"].items())
        if name.startswith("fct_")
    ]
    digest = str(shown["digest"] or "")[:16]
    data = f"data {shown['data_start']} to {shown['data_end']}"
    return f"\n  rows: {', '.join(facts)}\n  digest {digest}… · {data}"


def _connect(settings: Settings) -> Table:
    from opinion_warehouse.database.connect import parameters

    given = parameters(settings, "bi_reader")
    table = Table(title="Connect a BI tool", title_justify="left", show_header=False, box=None)
    table.add_row("type", "PostgreSQL, schema [bold]opinion[/bold]: obt_survey_estimate, …")
    table.add_row("host, port", f"{given.get('host', '')}, {given.get('port', '5432')}")
    table.add_row("database", given["dbname"])
    table.add_row("role", "bi_reader: reads the views of schema opinion, nothing else")
    table.add_row("password, DSN", f"[bold]{command()} dsn --role bi_reader[/bold]")
    return table


def _next(settings: Settings, night: Night) -> str:
    run = command()
    steps = [(f"{run} release list", "what was published, blocked, and when")]
    if not night.is_green:
        steps.insert(0, (f"less '{_relative(night.log_file)}'", "what went wrong, in full"))
    steps += [
        (f"{run} quarantine list", "what was refused, and why"),
        ("make up", "Airflow's page; Ctrl-C stops everything"),
        ("docs/add-a-source.md", "a source of your own"),
    ]
    if settings.dsn is None:  # somebody else's server is not ours to stop
        steps.append((f"{run} down", "stop the database server, which runs on"))
    width = max(len(step) for step, _ in steps)
    return "Next:\n" + "\n".join(f"  [bold]{step:<{width}}[/bold]  {what}" for step, what in steps)


def command() -> str:
    """How this checkout's `opinion` is called from where the person stands."""
    launcher = PROJECT / "opinion"
    if not launcher.exists():
        return "python -m opinion_warehouse"
    shown = _relative(launcher)
    shown = shown if os.sep in shown else f"./{shown}"
    return f"'{shown}'" if " " in shown else shown


def _relative(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
