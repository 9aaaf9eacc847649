"""The one expectation of our own; apart, because importing it imports Great Expectations."""

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation


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
        offending = int(row["offending_rows"])
        return {"success": offending == 0, "result": {"observed_value": offending}}
