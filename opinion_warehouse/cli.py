"""The command `opinion`.

Exit codes: 0 done (a night with nothing new, or with a source that was refused or could not be fetched, is
done too) · 1 something went wrong · 2 the command was written wrongly · 3 the gate blocked the release; the
published one stays readable · 4 `opinion ingest` and `quarantine replay` only: a file was refused, held or
is never taken from the inbox as it is.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from opinion_warehouse import __version__
from opinion_warehouse.commands import quarantine
from opinion_warehouse.commands.console import (
    Night,
    cell,
    err,
    fail,
    night_of,
    out,
    plain,
    print_rows,
    print_table,
)
from opinion_warehouse.settings import ROLES, Settings

EXIT_CODES = (
    "Exit codes: 0 done · 1 something went wrong · 2 the command was written wrongly · "
    "3 the gate blocked the release, the published one stays readable · "
    "4 (ingest only) a file was refused, held back, or is never taken."
)
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A warehouse of public opinion: files in an inbox, one checked release a night, views for BI.",
    epilog=f"First time: [bold]opinion nightly[/bold] (or make nightly) does everything. {EXIT_CODES}",
)
sources_app = typer.Typer(no_args_is_help=True, help="The source specs in OPINION_SOURCES; works offline.")
release_app = typer.Typer(no_args_is_help=True, help="What was published, what was blocked, and going back.")
app.add_typer(sources_app, name="sources")
app.add_typer(release_app, name="release")
app.add_typer(quarantine.app, name="quarantine")


def main() -> None:
    """Run the command; a mistake is one clear line, never a traceback."""
    try:
        app(prog_name="opinion")
    except KeyboardInterrupt:
        err.print("stopped")
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # the last stop before the person: anything else would be a traceback
        fail(str(error) or type(error).__name__)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version")
    ] = False,
) -> None:
    """Options of the command itself."""


@app.command()
def setup() -> None:
    """Start the server, make roles and keys, migrate, prepare Airflow. Safe to run again."""
    from opinion_warehouse.prepare import prepare

    settings = Settings()
    with err.status("set-up") as status:
        prepare(settings, lambda step: status.update(f"set-up: {step}"))
    out.print(f"ready: {settings.home_dir}", soft_wrap=True)


@app.command()
def up(
    port: Annotated[
        int, typer.Option(help="port of Airflow's page on 127.0.0.1; taken: the next free one")
    ] = 8080,
) -> None:
    """Run Airflow (api-server, scheduler, dag-processor, triggerer) until Ctrl-C, which stops everything."""
    from opinion_warehouse import up as services

    sys.exit(services.run(Settings(), port=port, console=out))


@app.command()
def down() -> None:
    """Stop what `opinion up` or a night left running: Airflow's processes and the embedded server."""
    from opinion_warehouse import up as services

    stopped = services.down(Settings())
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@app.command()
def sample(
    folder: Annotated[Path | None, typer.Argument(help="where to; default: the inbox")] = None,
    seed: Annotated[int, typer.Option(help="another seed, other data; the same seed, the same bytes")] = 2026,
    scale: Annotated[float, typer.Option(help="how much: 1 is about 1,200 respondents a wave")] = 1.0,
    source: Annotated[list[str] | None, typer.Option(help="only this source; may be repeated")] = None,
) -> None:
    """Write sample deliveries: ANES 1996 is real, the others are made and say so."""
    from opinion_warehouse.sample import make_sample

    folder = folder or Settings().inbox_dir
    paths = make_sample(folder, seed=seed, scale=scale, sources=source)
    out.print(f"{len(paths)} files in {folder}", soft_wrap=True)


@app.command()
def ingest(
    source: Annotated[str | None, typer.Argument(help="a source id; default: every source")] = None,
    files: Annotated[list[Path] | None, typer.Argument(help="files handed in; default: the inbox")] = None,
    night: Night = None,
) -> None:
    """Take files in without building a release: store, parse, land, check. Named files are not removed."""
    from opinion_warehouse import ingest as by_hand

    result = by_hand.run(Settings(), source, files or [], night_of(night), err)
    print_rows(
        [{heading: row.get(key) for heading, key in by_hand.COLUMNS.items()} for row in result.files],
        empty="no file was taken" if result.untaken else "no new file waits in the inbox",
    )
    for source_id, detail in result.held.items():
        out.print(f"[yellow]{source_id} is held back[/yellow]: {plain(detail)}", soft_wrap=True)
    raise typer.Exit(4 if result.refused else 0)


@app.command()
def fetch(
    source: Annotated[
        str | None, typer.Argument(help="a source id; default: every source with `fetch`")
    ] = None,
    night: Night = None,
) -> None:
    """Get what is new at the sources whose spec has `fetch` into the inbox; exits 1 where one failed."""
    from opinion_warehouse import fetch as by_hand

    done = by_hand.run(Settings(), source, night_of(night), err)
    print_rows(done, empty="no spec has `fetch`: every file is delivered")
    raise typer.Exit(1 if any(each["outcome"] == "failed" for each in done) else 0)


@app.command()
def nightly(night: Night = None) -> None:
    """The night: take in what waits, build, check and publish one release, and say what it came to."""
    from opinion_warehouse.night import run_night
    from opinion_warehouse.night_summary import show

    settings = Settings()
    done = run_night(settings, night_of(night))
    show(settings, done, out)
    raise typer.Exit(3 if done.is_blocked else 0 if done.is_green else 1)


@app.command()
def dsn(
    role: Annotated[str, typer.Option(help=f"{', '.join(ROLES)}, or admin")] = "bi_reader",
) -> None:
    """Print a role's DSN, password and all: for a BI tool, `--role bi_reader`."""
    from opinion_warehouse.database import connect

    if role not in (*ROLES, "admin"):
        raise typer.BadParameter(f"{role!r} is no role; there are {', '.join(ROLES)} and admin")
    print(connect.dsn(Settings(), role))  # type: ignore[arg-type]


@app.command("subject-key")
def subject_key(source: Annotated[str, typer.Argument(help="a survey or social source")]) -> None:
    """Turn a person's id in a source into the keys `erase_subject` takes; the id comes by standard input.

    An id of several columns (`item_id: [account, post]`) comes with a tab between their cells.
    """
    from opinion_warehouse.maintenance import subject_keys

    own_id = (
        typer.prompt("id", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    )
    for key in subject_keys(Settings(), source, own_id.split("\t")):
        print(key)


@sources_app.command("list")
def sources_list() -> None:
    """The sources: family, whether the data are made, how often they are due."""
    from opinion_warehouse.sources import read_sources

    settings = Settings()
    sources, errors = read_sources(settings.sources_dir)
    table = Table("id", "family", "data", "due", "title", "owner")
    for source in sources:
        made = "made" if source.is_made else "real"
        shown = (source.id, source.family, made, source.due.every, source.title.en, source.owner)
        table.add_row(*map(cell, shown))
    print_table(table)
    if errors:
        fail(f"{len(errors)} error(s) in {settings.sources_dir}; `opinion sources check` names them")


@sources_app.command("check")
def sources_check() -> None:
    """Check every spec: file, line, key, what is wrong and how to mend it."""
    from opinion_warehouse.sources import read_sources, unpublished_waves

    settings = Settings()
    sources, errors = read_sources(settings.sources_dir)
    for error in errors:
        out.print(str(error), markup=False, soft_wrap=True)
    if errors:
        sys.exit(1)
    for warning in [each for source in sources for each in unpublished_waves(source)]:
        out.print(f"! {warning}", style="yellow", markup=False, soft_wrap=True)
    out.print(f"{len(sources)} sources in {settings.sources_dir}: nothing is wrong", soft_wrap=True)


@sources_app.command("new")
def sources_new(
    file: Annotated[Path, typer.Argument(help="a file as it is delivered", exists=True, dir_okay=False)],
    family: Annotated[
        Literal["survey", "report", "social"] | None, typer.Option(help="default: as its headings say")
    ] = None,
    structure: Annotated[
        Path | None,
        typer.Option(help="the questionnaire: LimeSurvey's .lss or an XLSForm", exists=True, dir_okay=False),
    ] = None,
    source_id: Annotated[str | None, typer.Option("--id", help="default: from --out or the file")] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="sources/<family>/<id>.yml; default: print it")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite --out")] = False,
) -> None:
    """Draft a spec from a file: it proposes, you decide.

    It recognises the format, the tool, what each column holds, and people's data, which it leaves out: of
    personal columns and free text it shows no cell. `guessed` says why something stands there.

    Then: fill in the TODOs · opinion sources check · put the file into <inbox>/<id>/ · opinion ingest <id>
    """
    from opinion_warehouse.drafting.command import new

    new(
        Settings(),
        file,
        err,
        family=family,
        structure=structure,
        source_id=source_id,
        target=target,
        force=force,
    )


@sources_app.command("show")
def sources_show(source: Annotated[str, typer.Argument(help="a source id")]) -> None:
    """One source's spec, with every default filled in."""
    import yaml

    from opinion_warehouse.sources import read_sources

    settings = Settings()
    found = [each for each in read_sources(settings.sources_dir)[0] if each.id == source]
    if not found:
        fail(f"no source {source!r} in {settings.sources_dir}; `opinion sources list` shows them")
    print(
        yaml.safe_dump(
            found[0].model_dump(mode="json", exclude_none=True), allow_unicode=True, sort_keys=False
        )
    )


@release_app.command("list")
def release_list() -> None:
    """Every release, newest first; → is the one BI reads."""
    from opinion_warehouse import release

    table = Table("", "release", "state", "night", "kind", "data", "published", "digest")
    for each in release.list_releases(Settings()):
        data = f"{each['data_start']} – {each['data_end']}" if each["data_start"] else ""
        published = f"{each['published_at']:%Y-%m-%d %H:%M} UTC" if each["published_at"] else ""
        table.add_row(
            "→" if each["is_visible"] else "",
            str(each["release_id"]),
            each["state"],
            str(each["night"]),
            "partial" if each["is_partial"] else "full",
            data,
            published,
            str(each["digest"] or "")[:12],
        )
    print_table(table)


@release_app.command("show")
def release_show(number: Annotated[int, typer.Argument(help="a release id")]) -> None:
    """One release: its tables, sources, checks that did not pass, and its log."""
    from opinion_warehouse import release

    shown = release.show_release(Settings(), number)
    head: dict[str, Any] = {key: value for key, value in shown.items() if not isinstance(value, list | dict)}
    for key, value in head.items():
        out.print(f"[dim]{key:<18}[/dim] {'' if value is None else plain(str(value))}", soft_wrap=True)
    tables = Table("table", "rows", "digest")
    for name, each in sorted(shown["tables"].items()):
        tables.add_row(name, f"{each['rows']:,}", each["digest"][:16])
    print_table(tables)
    print_rows(
        shown["sources"],
        ("source_id", "source_status", "last_accepted_night", "accepted_file_count", "detail"),
    )
    failed = [each for each in shown["checks"] if each["outcome"] != "pass"]
    out.print(f"checks: {len(shown['checks']) - len(failed)} of {len(shown['checks'])} passed")
    print_rows(failed, ("check_id", "severity", "outcome", "description", "observed"))
    print_rows(shown["log"], ("at", "action", "by_role", "from_release_id", "why"))


@release_app.command("roll-back")
def release_roll_back(
    number: Annotated[int, typer.Argument(help="an attached release (`opinion release list`)")],
    why: Annotated[str, typer.Option(help="kept in the release log", prompt="why")],
) -> None:
    """Show an older release that is still attached; readers wait for nothing."""
    from opinion_warehouse import release

    out.print(f"release {number}: {release.roll_back(Settings(), number, why)}")
