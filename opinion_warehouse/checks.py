"""Check suites: a YAML of named checks, run by Great Expectations inside the database.

A suite file stands in `expectations/landing/` or `expectations/release/`; its name is `<folder>/<stem>`:

    name: shape
    checks:
      - id: REL-001
        description: no key stands twice
        severity: block                  # block | warn, nothing else
        query: select … from {release_schema}.t …      # rows that break the rule; none = pass
      - id: LND-003
        description: the share of answers out of range is small
        severity: warn
        query: select … from landing.survey_answer where file_id in ({file_ids})
        type: expect_column_mean_to_be_between          # any expectation, over the query's rows
        kwargs: {column: out_of_range, max_value: 0.02}

`{name}` placeholders are filled from `parameters`. Only counts leave the database and only counts are
recorded, never a row's value. Whatever goes wrong with a check is an `error`, and an error never passes.
"""

import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import quote, urlencode

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from opinion_warehouse.settings import PROJECT, Settings

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.expectations.expectation import Expectation

Severity = Literal["block", "warn"]
Outcome = Literal["pass", "fail", "error"]
Parameter = str | int | date | Sequence[int]

EXPECTATIONS = PROJECT / "expectations"
STATEMENT_SECONDS = 60
SUITE_SECONDS = 300
_OFFENDING = "offending_rows"
_COUNTS = ("element_count", "unexpected_count", "missing_count")


class SuiteError(Exception):
    """A suite that cannot be run: missing, unreadable, or without a check."""


class Check(BaseModel):
    """One check of a suite. Without `type`, the query returns the rows that break the rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}-\d{3}$")]
    description: str = Field(min_length=1)
    severity: Severity
    query: str = Field(min_length=1)
    type: str = Field(_OFFENDING, pattern=r"^(expect_[a-z0-9_]+|offending_rows)$")
    kwargs: dict[str, Any] = {}

    @model_validator(mode="after")
    def _kwargs_need_a_type(self) -> Self:
        if self.kwargs and self.type == _OFFENDING:
            raise ValueError("`kwargs` belong to a `type: expect_…`; a plain query has none")
        return self


class Suite(BaseModel):
    """A suite as its file says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    exceptions_allowed: bool = True
    checks: list[Check] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [check.id for check in self.checks]
        if twice := sorted({i for i in ids if ids.count(i) > 1}):
            raise ValueError(f"check ids stand twice: {', '.join(twice)}")
        return self


@dataclass(frozen=True)
class CheckResult:
    """What one check came to; `observed` holds counts only."""

    check_id: str
    description: str
    severity: Severity
    outcome: Outcome
    observed: dict[str, Any] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        return self.severity == "block" and self.outcome != "pass"


def suite_name(suite_file: Path) -> str:
    """`landing/survey`, `release/shape`: what `quality` knows the suite by."""
    return f"{suite_file.parent.name}/{suite_file.stem}"


def load_suite(suite_file: Path) -> Suite:
    """Read and validate a suite file; SuiteError names the file and what to mend."""
    try:
        raw = yaml.safe_load(suite_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SuiteError(f"{suite_file}: the suite file is missing; restore it") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SuiteError(f"{suite_file}: cannot be read as YAML: {error}") from error
    try:
        return Suite.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'suite'}: {e['msg']}" for e in error.errors())
        raise SuiteError(f"{suite_file}: {faults}") from None


def fill(query: str, parameters: Mapping[str, Parameter]) -> str:
    """Put the parameters in the place of `{name}`; a text must be a plain word."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in parameters:
            raise SuiteError(f"the query's placeholder {{{name}}} is not one of {sorted(parameters)}")
        given = parameters[name]
        if isinstance(given, date):
            return given.isoformat()
        if isinstance(given, int):
            return str(int(given))
        if isinstance(given, str):
            if not re.fullmatch(r"[A-Za-z0-9_]+", given):
                raise SuiteError(f"parameter {name} may hold letters, digits and _ only")
            return given
        return ", ".join(str(int(item)) for item in given) or "null"

    return re.sub(r"\{([a-z_]+)\}", value, query).strip().rstrip(";")


def run_suite(
    settings: Settings,
    *,
    suite_file: Path,
    night: date,
    run_id: str,
    release_id: int | None = None,
    source_id: str | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    excepted: Mapping[str, Mapping[str, str]] | None = None,
    statement_seconds: float = STATEMENT_SECONDS,
) -> list[CheckResult]:
    """Run a suite as role `gate`, record every result in `quality`, and return one result a check.

    Raises SuiteError when the suite cannot be loaded; then nothing is recorded, which blocks as well.
    `excepted` (check id → reason, owner, expires) turns the failure of a check into a warning until it
    expires, and fails a check that would have passed: an exception no longer needed has to go.
    """
    from opinion_warehouse.database.connect import connect

    suite = load_suite(suite_file)
    name = suite_name(suite_file)
    exceptions = {check.id: (excepted or {}).get(check.id) for check in suite.checks}
    if not suite.exceptions_allowed and any(exceptions.values()):
        ids = ", ".join(check_id for check_id, given in exceptions.items() if given)
        raise SuiteError(f"{suite_file}: no exception is allowed here; remove the one for {ids}")
    with connect(settings, "gate", autocommit=True) as connection:
        row = connection.execute(
            "insert into quality.suite_run (release_id, source_id, night, run_id, suite, expected_checks)"
            " values (%s, %s, %s, %s, %s, %s) returning suite_run_id",
            (release_id, source_id, night, run_id, name, len(suite.checks)),
        ).fetchone()
        if row is None:
            raise SuiteError(f"{name}: the run could not be recorded")
        results = evaluate(settings, suite, parameters or {}, statement_seconds)
        results = [_with_exception(result, exceptions[result.check_id], night) for result in results]
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(
                "insert into quality.check_result (release_id, source_id, night, run_id, suite, check_id,"
                " description, severity, outcome, observed) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (
                        release_id,
                        source_id,
                        night,
                        run_id,
                        name,
                        r.check_id,
                        r.description,
                        r.severity,
                        r.outcome,
                        json.dumps(r.observed),
                    )
                    for r in results
                ],
            )
            cursor.execute(
                "update quality.suite_run set ended_at = clock_timestamp() where suite_run_id = %s", row
            )
    return results


def evaluate(
    settings: Settings, suite: Suite, parameters: Mapping[str, Parameter], statement_seconds: float
) -> list[CheckResult]:
    """One result a check, in the suite's order. A check Great Expectations says nothing about is an error."""
    try:
        seen = _validate(settings, suite, parameters, statement_seconds)
        crash: dict[str, Any] = {"error": "no result"}
    except Exception as error:  # a crash of the checker must count against every check it was to make
        seen, crash = {}, {"error": _what(error)}
    results = []
    for check in suite.checks:
        outcome, observed = seen.get(check.id, ("error", crash))
        results.append(CheckResult(check.id, check.description, check.severity, outcome, observed))
    return results


def _with_exception(result: CheckResult, exception: Mapping[str, str] | None, night: date) -> CheckResult:
    if exception is None or result.outcome == "error":
        return result
    if result.outcome == "pass":
        return replace(
            result, severity="block", outcome="fail", observed={**result.observed, "exception_not_needed": 1}
        )
    if date.fromisoformat(exception["expires"]) < night:
        return replace(result, observed={**result.observed, "exception_expired": 1})
    return replace(result, severity="warn", observed={**result.observed, "exception": dict(exception)})


def _validate(
    settings: Settings, suite: Suite, parameters: Mapping[str, Parameter], statement_seconds: float
) -> dict[str, tuple[Outcome, dict[str, Any]]]:
    import logging

    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from sqlalchemy import event

    from opinion_warehouse.database.connect import dsn

    # Great Expectations logs a failing query with the database's message, which can quote a value.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.variables.config.progress_bars = ProgressBarsConfig(globally=False)
    context.enable_analytics(False)
    url = _read_only(dsn(settings, "gate", "postgresql+psycopg2"), suite.name, statement_seconds)
    source = context.data_sources.add_postgres("warehouse", connection_string=url, create_temp_table=False)
    engine = source.get_execution_engine().engine  # not get_engine(): that one only tests the connection
    ends = time.monotonic() + SUITE_SECONDS

    def keep_the_deadline(*_: object) -> None:
        if time.monotonic() > ends:
            raise TimeoutError(f"suite {suite.name} ran longer than {SUITE_SECONDS} s")

    event.listen(engine, "before_cursor_execute", keep_the_deadline)
    found: dict[str, tuple[Outcome, dict[str, Any]]] = {}
    try:
        plain = [check for check in suite.checks if check.type == _OFFENDING]
        typed = [check for check in suite.checks if check.type != _OFFENDING]
        groups = [("select 1 as only_row", plain)] if plain else []
        for query in dict.fromkeys(check.query for check in typed):
            groups.append((fill(query, parameters), [check for check in typed if check.query == query]))
        for number, (query, checks) in enumerate(groups):
            asset = source.add_query_asset(name=f"asset_{number}", query=_for_sqlalchemy(query))
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            expectations = [_expectation(check, parameters) for check in checks]
            wanted = gx.ExpectationSuite(name=f"{suite.name}_{number}", expectations=expectations)
            # No example values: BASIC with a partial list of length 0 asks for counts only.
            result = batch.validate(
                wanted, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            )
            found.update(_read(result))
    finally:
        engine.dispose()
        source.get_engine().dispose()
    return found


def _read_only(dsn: str, suite: str, statement_seconds: float) -> str:
    milliseconds = int(statement_seconds * 1000)
    options = f"-c statement_timeout={milliseconds} -c default_transaction_read_only=on -c jit=off"
    asked = urlencode({"application_name": f"opinion gate {suite}", "options": options}, quote_via=quote)
    # A $ would be taken for a variable of Great Expectations' own configuration.
    return f"{dsn}{'&' if '?' in dsn else '?'}{asked}".replace("$", "%24")


def _for_sqlalchemy(query: str) -> str:
    """A colon before a word would be taken for a bind parameter."""
    return re.sub(r"(?<![:\w$\\]):([\w$]+)(?![:\w$])", r"\\:\1", query)


def _expectation(check: Check, parameters: Mapping[str, Parameter]) -> "Expectation":
    from great_expectations.expectations.registry import get_expectation_impl

    from opinion_warehouse.offending_rows import OffendingRows

    meta = {"check_id": check.id}
    if check.type != _OFFENDING:
        return get_expectation_impl(check.type)(**check.kwargs, meta=meta)
    query = fill(check.query, parameters).replace("{", "{{").replace("}", "}}")
    # Great Expectations prints a complaint about a query without {batch}; the batch is a dummy here.
    counted = f"select count(*) as {_OFFENDING} from (\n{query}\n) as broken /* {{batch}} */"  # noqa: S608
    return OffendingRows(unexpected_rows_query=_for_sqlalchemy(counted), meta=meta)


def _read(
    validated: "ExpectationSuiteValidationResult",
) -> Iterable[tuple[str, tuple[Outcome, dict[str, Any]]]]:
    for result in validated.results:
        configuration = result.expectation_config
        if configuration is None:
            continue
        check_id = str((configuration.meta or {})["check_id"])
        if errors := _errors(result.exception_info or {}):
            yield check_id, ("error", {"error": errors})
            continue
        detail = result.result or {}
        observed = {name: int(detail[name]) for name in _COUNTS if isinstance(detail.get(name), int)}
        value = detail.get("observed_value")
        counts_rows = configuration.type.startswith(("offending", "expect_table_row_count"))
        if counts_rows and isinstance(value, int):
            observed["rows"] = value
        yield check_id, ("pass" if result.success is True else "fail", observed)


def _errors(info: Mapping[str, Any]) -> str:
    if "raised_exception" in info:
        info = {"": info}
    raised = [entry for entry in info.values() if isinstance(entry, Mapping) and entry["raised_exception"]]
    return "; ".join(sorted({_tame(str(entry.get("exception_message", ""))) for entry in raised}))


def _what(error: BaseException) -> str:
    if isinstance(error, SuiteError | TimeoutError):
        return str(error)
    return f"{type(error).__name__}: {_tame(str(error))}"


def _tame(message: str) -> str:
    """What may be kept of an error: its kind, and names of relations and columns; a value never.

    PostgreSQL quotes the offending value in data errors, so only messages about names and time are kept.
    """
    kind = re.search(r"\(?psycopg2\.errors\.(\w+)\)?", message)
    if kind is None:
        return "check failed to run" if "SuiteError" not in message else message
    first = message.split(")", 1)[-1].strip().splitlines()[:1]
    named = kind.group(1).startswith(("Undefined", "Syntax", "Insufficient", "Ambiguous", "QueryCanceled"))
    return f"{kind.group(1)}: {first[0]}" if named and first else kind.group(1)
