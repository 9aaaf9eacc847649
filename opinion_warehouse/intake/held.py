"""Why a file was held: the checks it did not pass, on what, with the numbers, and the mend.

`quality` keeps counts only. What a check is about (a wave, a stratum, a question) is asked of the landed rows
when an operator looks, of the columns the check `shows` and of this file alone.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.readers.privacy.redact import redact
from opinion_warehouse.settings import Settings

if TYPE_CHECKING:
    import psycopg

MAX_CASES = 20
# The first run after the file landed that came to a verdict; else one in which checks broke.
_NOT_PASSED = """
select c.suite, c.check_id, c.severity, c.outcome, c.description, c.observed
from quality.check_result as c
where c.source_id = %(source)s and c.release_id is null and c.outcome <> 'pass' and c.night >= %(night)s
    and c.run_id = (
        select r.run_id from quality.check_result as r
        where r.source_id = %(source)s and r.release_id is null and r.night >= %(night)s
            and r.checked_at >= %(landed_at)s
        order by r.severity = 'block' and r.outcome = 'fail' desc, r.check_result_id limit 1
    )
order by c.severity, c.check_id
"""


def checks_not_passed(settings: Settings, file: dict[str, Any]) -> list[dict[str, Any]]:
    """Checks of the run that judged the file: id, severity, description, rows, mend, and cases in this file.

    A file is held with the others of its source's night: one without cases is held for another's sake.
    """
    from psycopg.rows import dict_row

    from opinion_warehouse.database.connect import connect

    given = {"source": file["source_id"], "night": file["night"], "landed_at": file["landed_at"]}
    with connect(settings, "gate", autocommit=True) as connection:
        with connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute(_NOT_PASSED, given).fetchall()
        return [_described(connection, each, file) for each in found]


def _described(
    connection: "psycopg.Connection[Any]", result: dict[str, Any], file: dict[str, Any]
) -> dict[str, Any]:
    from opinion_warehouse import checks

    cases: list[dict[str, Any]] = []
    mend = None
    try:
        suite = checks.load_suite(checks.EXPECTATIONS / Path(result["suite"]).with_suffix(".yml"))
        check = next(each for each in suite.checks if each.id == result["check_id"])
        mend = check.mend
        cases = _cases(connection, check.shows, checks.fill(check.query, _parameters(file)))
    except (checks.SuiteError, StopIteration):
        mend = "the check is no longer in its suite; replay the file"
    return {
        "check_id": result["check_id"],
        "severity": result["severity"],
        "outcome": result["outcome"],
        "description": result["description"],
        "broken_count": result["observed"].get("rows"),
        "mend": mend,
        "cases": cases,
    }


def _parameters(file: dict[str, Any]) -> dict[str, Any]:
    return {"file_ids": [file["file_id"]], "source_id": file["source_id"], "night": file["night"]}


def _cases(connection: "psycopg.Connection[Any]", shows: list[str], query: str) -> list[dict[str, Any]]:
    from psycopg import Error, sql
    from psycopg.rows import dict_row

    if not shows:
        return []
    statement = sql.SQL("select {} from ({}) as broken order by {} limit {}").format(
        sql.SQL(", ").join(map(sql.Identifier, shows)),
        sql.SQL(query),  # of a suite in this repository
        sql.SQL(", ").join(map(sql.Identifier, shows)),
        sql.Literal(MAX_CASES),
    )
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement).fetchall()
    except Error:  # a database's message could quote a value
        return []
    return [
        {name: redact(value).text if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]
