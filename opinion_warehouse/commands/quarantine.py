"""`opinion quarantine`: what was refused and why, row by row, and trying it again."""

import json
import sys
import time
from typing import Annotated, Any

import typer
from rich.table import Table

from opinion_warehouse.commands.console import (
    cell,
    check_word,
    err,
    fail,
    night_of,
    out,
    plain,
    print_rows,
    print_table,
)
from opinion_warehouse.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What was refused, why, and trying it again.",
    epilog="In this order: [bold]list[/bold], [bold]show[/bold] a file, mend its spec (or have the file"
    " mended and delivered again), [bold]replay[/bold] it; the next night checks and publishes it.",
)
SourceOption = Annotated[str | None, typer.Option(help="only this source's files")]
ReasonOption = Annotated[
    str | None, typer.Option(help="only files with this reason code, or held by this check (LND-303)")
]
NightOption = Annotated[
    str | None, typer.Option(help="only files read on this night, YYYY-MM-DD", metavar="DATE")
]
Json = Annotated[bool, typer.Option("--json", help="for scripts: JSON on standard output")]
FileId = Annotated[int, typer.Argument(help="a file_id of `quarantine list`", metavar="FILE")]
CAME_TO = {
    "refused": "[red]refused[/red]",
    "held": "[yellow]held[/yellow]",
    "rows": "loaded without these rows",
    "mended": "[dim]mended by a later file[/dim]",
}


@app.command("list")
def list_files(
    source: SourceOption = None,
    reason: ReasonOption = None,
    night: NightOption = None,
    oldest: Annotated[bool, typer.Option("--oldest", help="the oldest first; else the newest")] = False,
    as_json: Json = False,
) -> None:
    """Files that were refused, held back or left rows behind: one line a file and reason, with its rows.

    Examples:

      opinion quarantine list --source vendor_mentions

      opinion quarantine list --reason unknown_code --oldest

      opinion quarantine list --night 2026-11-23 --json | jq '.[].file_id'
    """
    from opinion_warehouse import intake

    settings = Settings()
    _check_filters(settings, source, reason)
    lines = intake.quarantine_list(settings, source, reason, night_of(night))
    if oldest:  # by file: a file's reasons stay in their order
        lines.sort(key=lambda line: (line["night"], line["file_id"]))
    if as_json:
        _print_json(lines)
        return
    if not lines:
        out.print("nothing is in quarantine" if (source, reason, night) == (None,) * 3 else "nothing of that")
        return
    table = Table("file", "source", "night", "file name", "came to", "reason")
    table.add_column("rows", justify="right")
    table.add_column("of", justify="right")
    for line in lines:
        rows = "" if line["row_count"] is None else f"{line['row_count']:,}"
        table.add_row(
            str(line["file_id"]), line["source_id"], str(line["night"]), plain(line["file_name"]),
            CAME_TO[line["came_to"]], line["reason_code"], rows, f"{line['rows_read']:,}",
        )  # fmt: skip
    print_table(table)


@app.command("show")
def show_file(
    file_id: FileId,
    row: Annotated[
        int | None,
        typer.Option(help="show this row itself: to a terminal only, personal data blacked out"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="how many rows to list")] = 100,
    as_json: Json = False,
) -> None:
    """A file: what is wrong by reason and column, the rule that was broken, the mend, and its rows.

    Of a held file: the checks it did not pass, on what (wave, stratum, question …), with the numbers.

    With --row the row is read again from the encrypted store, and shown as the spec reads it: no column the
    spec ignores, ids by their shape alone (9 a digit, a and A letters), personal data in text as [phone] …

    Examples:

      opinion quarantine show 17

      opinion quarantine show 17 --row 204
    """
    from opinion_warehouse import intake

    if row is not None:
        if as_json or not sys.stdout.isatty():
            fail("--row shows a row to a person at a terminal; it goes into no file, pipe or --json", 2)
        _print_row(intake.quarantine_row(Settings(), file_id, row), file_id, row)
        return
    shown = intake.quarantine_show(Settings(), file_id, limit)
    if as_json:
        _print_json(shown)
        return
    rows, checks, reasons = shown.pop("rows"), shown.pop("checks"), shown.pop("reasons")
    for key, value in shown.items():
        if value is not None and not key.startswith(("was_", "is_")):
            out.print(f"[dim]{key:<17}[/dim] {cell(value)}", soft_wrap=True)
    if shown["was_refused"] and not shown["is_unresolved"]:
        out.print("a later file of the same name was accepted: nothing is left to do", style="green")
    for each in reasons:
        _print_reason(each)
    for each in checks:
        _print_check(each)
    if shown["landing_verdict"] == "held" and not checks:
        out.print("its checks could not be run: the next night runs them again", style="yellow")
    listed = [each for each in rows if each["row"] is not None]
    print_rows(listed, ("row", "column", "code", "detail"))
    if listed:
        out.print(f"a row itself: opinion quarantine show {file_id} --row {listed[0]['row']}")
    if not (reasons or checks):
        out.print("no row of it is in quarantine")


@app.command("replay")
def replay_files(
    file_ids: Annotated[
        list[int] | None, typer.Argument(help="file_ids of `quarantine list`", metavar="FILE…")
    ] = None,
    source: SourceOption = None,
    reason: ReasonOption = None,
    night: NightOption = None,
) -> None:
    """Read stored files again, after a spec, a rule or the parser was mended.

    Named by their ids, or all that `quarantine list` shows of a source, a reason or a night. Each is replaced
    whole or not at all. Afterwards the next night checks and publishes them.

    Exit codes: 0 all were loaded, 1 one could not be read (its raw copy is gone, a spec is wrong),
    2 nothing was named, or what there is not, 4 one was refused again.

    Examples:

      opinion quarantine replay 17 18

      opinion quarantine replay --source vendor_mentions --reason unknown_query
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from opinion_warehouse import intake
    from opinion_warehouse.night import tonight

    if not (file_ids or source or reason or night):
        fail("say what to replay: file ids, --source, --reason or --night", 2)
    settings = Settings()
    _check_filters(settings, source, reason)
    chosen = intake.chosen_files(settings, file_ids or [], source, reason, night_of(night))
    if not chosen:
        out.print("nothing of that is in quarantine")
        return
    parts = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*parts, console=err, transient=True) as progress:
        task = progress.add_task("", total=len(chosen))
        results = intake.replay_all(
            settings, chosen, tonight(), f"replay__{time.time_ns()}",
            lambda name: progress.update(task, advance=1, description=plain(name)),
        )  # fmt: skip
    print_rows([_before_and_after(result) for result in results])
    for each in results:
        if each["outcome"] != "loaded":
            said = ": ".join(filter(None, (each["reason_code"], each["detail"])))
            out.print(f"file {each.get('new_file_id') or each['file_id']}: {plain(said)}", soft_wrap=True)
    outcomes = [each["outcome"] for each in results]
    if "loaded" in outcomes:
        out.print("the next night checks and publishes what was loaded: opinion nightly")
    raise typer.Exit(1 if "failed" in outcomes else 4 if "rejected" in outcomes else 0)


@app.command("reasons")
def reasons(
    code: Annotated[str | None, typer.Argument(help="one code; default: all")] = None, as_json: Json = False
) -> None:
    """Every reason code: what it means, and its mend. The landing checks are in docs/landing-checks.md.

    Examples:

      opinion quarantine reasons unknown_column
    """
    from opinion_warehouse.readers.meanings import MEANINGS
    from opinion_warehouse.readers.problems import HARMLESS, MENDS

    if code:
        check_word("reason", code, MENDS, "opinion quarantine reasons")
    listed = [
        {"reason": each, "means": MEANINGS[each], "mend": MENDS[each], "is_harmless": each in HARMLESS}
        for each in ([code] if code else MENDS)
    ]
    if as_json:
        _print_json(listed)
        return
    table = Table("reason", "means", "mend")
    for each in listed:
        mark = " [dim](not counted as bad)[/dim]" if each["is_harmless"] else ""
        table.add_row(str(each["reason"]) + mark, plain(str(each["means"])), plain(str(each["mend"])))
    print_table(table)


def _check_filters(settings: Settings, source: str | None, reason: str | None) -> None:
    """A misspelt filter is not the good news that nothing is in quarantine."""
    from opinion_warehouse import intake
    from opinion_warehouse.readers.problems import MENDS

    if source:
        check_word("source", source, intake.known_sources(settings), "opinion sources list")
    if reason and reason not in MENDS:
        check_word("reason or check", reason, intake.known_reasons(settings), "opinion quarantine reasons")


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _print_reason(reason: dict[str, Any]) -> None:
    column = f" in {plain(reason['column'])}" if reason["column"] else ""
    out.print(f"\n[bold]{reason['code']}[/bold]{column}: {reason['row_count']:,} rows", soft_wrap=True)
    for name in ("rule", "meaning", "mend"):
        if reason[name]:
            out.print(f"  [dim]{name:<8}[/dim] {plain(reason[name])}", soft_wrap=True)


def _print_check(check: dict[str, Any]) -> None:
    colour = "red" if check["severity"] == "block" else "yellow"
    said = "could not be run" if check["outcome"] == "error" else "is not so"
    out.print(
        f"\n[{colour}]{check['check_id']}[/{colour}] {plain(check['description'])}: {said}", soft_wrap=True
    )
    if check["mend"]:
        out.print(f"  [dim]{'mend':<8}[/dim] {plain(check['mend'])}", soft_wrap=True)
    if check["cases"]:
        print_rows(check["cases"])
    elif check["outcome"] == "fail" and check["severity"] == "block":
        out.print(
            "  of this file there is no more to say; it may be held for another of the same night's sake"
        )


def _print_row(found: dict[str, Any], file_id: int, row_number: int) -> None:
    by_column = {reason["column"]: reason for reason in found["reasons"]}
    for reason in found["reasons"]:
        where = f" in {plain(reason['column'])}" if reason["column"] else ""
        out.print(f"[bold]{reason['code']}[/bold]{where}: {plain(reason['detail'])}", soft_wrap=True)
    if rejected := found.get("rejected"):
        fail(f"file {file_id} cannot be read as its spec is now: {rejected['code']}: {rejected['detail']}")
    if found["misshapen"]:
        fail(f"row {row_number} is not shown: it has no columns to tell its cells by; look into the file")
    if not found["rows"]:
        fail(f"file {file_id} has no row {row_number}")
    for row in found["rows"]:
        table = Table("", "column", "cell")
        for column, text in row.items():
            shown = "[dim]nothing[/dim]" if text is None else plain(text) or '[dim]""[/dim]'
            table.add_row("→" if column in by_column else "", plain(column), shown)
        print_table(table)


def _before_and_after(result: dict[str, Any]) -> dict[str, Any]:
    before = result.get("before", {})

    def change(name: str) -> str:
        return f"{before[name]:,} → {result[name]:,}" if before else ""

    new_id = result.get("new_file_id")
    return {
        "file": f"{result['file_id']} → {new_id}" if new_id else str(result["file_id"]),
        "file name": result.get("name"),
        "before": before.get("came_to"),
        "now": result["outcome"],
        "loaded": change("rows_loaded"),
        "quarantined": change("rows_quarantined"),
    }
