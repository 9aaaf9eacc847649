"""Great Expectations, as the checks use it: SQL only, read only, offline, counts only.

Importing this module imports Great Expectations, which takes seconds: import it inside functions.
"""

import logging
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import great_expectations as gx
from great_expectations.core import ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import get_expectation_impl
from sqlalchemy import event

from opinion_warehouse.checks import OFFENDING, Check, Found, Parameter, Suite, fill
from opinion_warehouse.database.connect import dsn
from opinion_warehouse.settings import Settings

SUITE_SECONDS = 300
_COUNTS = ("element_count", "unexpected_count", "missing_count")

# Great Expectations logs a failing query with the database's message, which can quote a value.
logging.getLogger("great_expectations").setLevel(logging.CRITICAL)


class OffendingRows(UnexpectedRowsExpectation):
    """Great Expectations' own query expectation, run once and over a count.

    As shipped it runs the query twice and brings rows to the client; here the query is
    `select count(*) as offending_rows from (…)`, so that one row with one number comes.
    """

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        [row] = metrics["unexpected_rows_query.table"]
        offending = int(row[OFFENDING])
        return {"success": offending == 0, "result": {"observed_value": offending}}


def validate(
    settings: Settings, suite: Suite, parameters: Mapping[str, Parameter], statement_seconds: float
) -> dict[str, Found]:
    """Check id → outcome and counts, of every check Great Expectations has something to say about."""
    context = gx.get_context(
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        )
    )
    url = _read_only(dsn(settings, "gate", "postgresql+psycopg2"), suite.name, statement_seconds)
    source = context.data_sources.add_postgres("warehouse", connection_string=url, create_temp_table=False)
    engine = source.get_execution_engine().engine  # not get_engine(): that one only tests the connection
    ends = time.monotonic() + SUITE_SECONDS

    def keep_the_deadline(*_: object) -> None:
        if time.monotonic() > ends:
            raise TimeoutError(f"suite {suite.name} ran longer than {SUITE_SECONDS} s")

    event.listen(engine, "before_cursor_execute", keep_the_deadline)
    found: dict[str, Found] = {}
    try:
        for number, (query, checks) in enumerate(_batches(suite, parameters)):
            asset = source.add_query_asset(name=f"asset_{number}", query=_for_sqlalchemy(query))
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            wanted = gx.ExpectationSuite(
                name=f"{suite.name}_{number}", expectations=[_expectation(c, parameters) for c in checks]
            )
            # No example values: BASIC with a partial list of length 0 asks for counts only.
            result = batch.validate(
                wanted, result_format={"result_format": "BASIC", "partial_unexpected_count": 0}
            )
            found.update(_read(result))
    finally:
        engine.dispose()
        source.get_engine().dispose()
    return found


def _batches(suite: Suite, parameters: Mapping[str, Parameter]) -> Iterable[tuple[str, list[Check]]]:
    """Plain queries hang on one dummy batch; typed checks of the same query share its batch."""
    if plain := [check for check in suite.checks if check.type == OFFENDING]:
        yield "select 1 as only_row", plain
    typed = [check for check in suite.checks if check.type != OFFENDING]
    for query in dict.fromkeys(check.query for check in typed):
        yield fill(query, parameters), [check for check in typed if check.query == query]


def _read_only(url: str, suite: str, statement_seconds: float) -> str:
    milliseconds = int(statement_seconds * 1000)
    options = f"-c statement_timeout={milliseconds} -c default_transaction_read_only=on -c jit=off"
    asked = urlencode({"application_name": f"opinion gate {suite}", "options": options}, quote_via=quote)
    # A $ would be taken for a variable of Great Expectations' own configuration.
    return f"{url}{'&' if '?' in url else '?'}{asked}".replace("$", "%24")


def _for_sqlalchemy(query: str) -> str:
    """A colon before a word would be taken for a bind parameter."""
    return re.sub(r"(?<![:\w$\\]):([\w$]+)(?![:\w$])", r"\\:\1", query)


def _expectation(check: Check, parameters: Mapping[str, Parameter]) -> Expectation:
    meta = {"check_id": check.id}
    if check.type != OFFENDING:
        return get_expectation_impl(check.type)(**check.kwargs, meta=meta)
    query = fill(check.query, parameters).replace("{", "{{").replace("}", "}}")
    # Great Expectations prints a complaint about a query without {batch}; the batch is a dummy here.
    counted = f"select count(*) as {OFFENDING} from (\n{query}\n) as broken /* {{batch}} */"  # noqa: S608
    return OffendingRows(unexpected_rows_query=_for_sqlalchemy(counted), meta=meta)


def _read(validated: ExpectationSuiteValidationResult) -> Iterable[tuple[str, Found]]:
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
        # Other observed values (a mean, a maximum) can be a row's own.
        counts_rows = configuration.type.startswith((OFFENDING, "expect_table_row_count"))
        if counts_rows and isinstance(value, int):
            observed["rows"] = value
        yield check_id, ("pass" if result.success is True else "fail", observed)


def _errors(info: Mapping[str, Any]) -> str:
    if "raised_exception" in info:
        info = {"": info}
    raised = [entry for entry in info.values() if isinstance(entry, Mapping) and entry["raised_exception"]]
    return "; ".join(sorted({_tame(str(entry.get("exception_message", ""))) for entry in raised}))


def _tame(message: str) -> str:
    """What may be kept of an error: its kind, and names of relations and columns; a value never.

    PostgreSQL quotes the offending value in data errors, so only messages about names and time are kept.
    """
    kind = re.search(r"\(?psycopg2\.errors\.(\w+)\)?", message)
    if kind is None:
        return "check failed to run"
    first = message.split(")", 1)[-1].strip().splitlines()[:1]
    named = kind.group(1).startswith(("Undefined", "Syntax", "Insufficient", "Ambiguous", "QueryCanceled"))
    return f"{kind.group(1)}: {first[0]}" if named and first else kind.group(1)
