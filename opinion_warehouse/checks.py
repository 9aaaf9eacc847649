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
      - id: LND-004
        description: every wave has its weights
        severity: block
        mend: have the weights delivered            # every landing check has one
        query: select file_id, wave_id, count(*) as without_weight from … group by 1, 2
        shows: [wave_id, without_weight]            # `opinion quarantine show` prints these of a held file

`{name}` placeholders are filled from `parameters`. Only counts leave the database and only counts are
recorded, never a row's value; what a check `shows` is asked for again when an operator looks. Whatever goes
wrong with a check is an `error`, and an error never passes.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from opinion_warehouse.settings import PROJECT, Settings

Severity = Literal["block", "warn"]
Outcome = Literal["pass", "fail", "error"]
Found = tuple[Outcome, dict[str, Any]]
Parameter = str | int | date | Sequence[int]

EXPECTATIONS = PROJECT / "expectations"
STATEMENT_SECONDS = 60
OFFENDING = "offending_rows"


class SuiteError(Exception):
    """A suite that cannot be run: missing, unreadable, or without a check."""


class Check(BaseModel):
    """One check of a suite. Without `type`, the query returns the rows that break the rule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}-\d{3}$")]
    description: str = Field(min_length=1)
    severity: Severity
    query: str = Field(min_length=1)
    type: str = Field(OFFENDING, pattern=r"^(expect_[a-z0-9_]+|offending_rows)$")
    kwargs: dict[str, Any] = {}
    mend: str | None = Field(None, description="what to do where it fails; every landing check has one")
    shows: list[Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]] = Field(
        [], description="columns of the query an operator may see: codes of the design and counts, no cells"
    )

    @model_validator(mode="after")
    def _kwargs_need_a_type(self) -> Self:
        if self.kwargs and self.type == OFFENDING:
            raise ValueError("`kwargs` belong to a `type: expect_…`; a plain query has none")
        if self.shows and self.type != OFFENDING:
            raise ValueError("`shows` names columns of a plain query; an expectation gives no rows")
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
    seen: dict[str, Found] = {}
    crash: dict[str, Any] = {"error": "no result"}
    try:
        from opinion_warehouse import validation  # its import is Great Expectations' import: seconds

        seen = validation.validate(settings, suite, parameters, statement_seconds)
    except Exception as error:  # a crash of the checker counts against every check it was to make
        known = isinstance(error, SuiteError | TimeoutError)
        crash = {"error": str(error) if known else type(error).__name__}
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
