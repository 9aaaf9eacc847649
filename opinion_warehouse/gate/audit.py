"""Audit one sealed release. It fails closed: what is missing, empty, late or crashed blocks."""

import logging
from dataclasses import dataclass
from datetime import date
from typing import Literal

from opinion_warehouse.checks import EXPECTATIONS, STATEMENT_SECONDS, Parameter, SuiteError, run_suite
from opinion_warehouse.database.connect import connect
from opinion_warehouse.gate.exceptions import load_exceptions
from opinion_warehouse.settings import Settings

log = logging.getLogger(__name__)


class GateError(Exception):
    """The release is in no state to be audited."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a release; `reasons` is empty when it may be published."""

    release_id: int
    state: Literal["audited", "blocked"]
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return self.state == "audited"


def run(settings: Settings, release_id: int, night: date, run_id: str) -> Verdict:
    """Run the required suites on `rel_<release_id>` and record the verdict.

    The verdict itself is the database's, from the recorded results: this function can add reasons to a block,
    never turn one into a pass.
    """
    parameters, required = _release(settings, release_id)
    parameters["night"] = night
    reasons: list[str] = []
    warnings: list[str] = []
    try:
        exceptions = load_exceptions(EXPECTATIONS)
    except SuiteError as error:
        return _verdict(settings, release_id, [str(error)], [])
    for suite in required:
        try:
            results = run_suite(
                settings,
                suite_file=EXPECTATIONS / f"{suite}.yml",
                night=night,
                run_id=run_id,
                release_id=release_id,
                parameters=parameters,
                excepted=exceptions,
                statement_seconds=STATEMENT_SECONDS,
            )
        except Exception as error:  # whatever it is, the suite has left no complete record, and so blocks
            log.exception("suite %s crashed", suite)
            reasons.append(f"{suite}: {error if isinstance(error, SuiteError) else type(error).__name__}")
            continue
        for result in results:
            line = f"{result.check_id} {result.description}: {result.outcome} {result.observed}"
            if result.blocks:
                reasons.append(line)
            elif result.outcome != "pass":
                warnings.append(line)
        log.info("suite %s: %d of %d pass", suite, sum(r.outcome == "pass" for r in results), len(results))
    return _verdict(settings, release_id, reasons, warnings)


def _release(settings: Settings, release_id: int) -> tuple[dict[str, Parameter], list[str]]:
    with connect(settings, "gate") as connection:
        row = connection.execute(
            "select release.state, pointer.release_id from release_ctl.release, release_ctl.pointer"
            " where release.release_id = %s",
            (release_id,),
        ).fetchone()
        if row is None or row[0] != "sealed":
            state = row[0] if row else "unknown"
            raise GateError(f"release {release_id} is {state}; only a sealed release can be audited")
        required = [suite for (suite,) in connection.execute("select suite from release_ctl.required_suite")]
    # Without a visible release a release is compared with itself: nothing can have shrunk.
    visible = release_id if row[1] is None else row[1]
    parameters: dict[str, Parameter] = {
        "release_id": release_id,
        "release_schema": f"rel_{release_id}",
        "visible_id": visible,
        "visible_schema": f"rel_{visible}",
    }
    return parameters, sorted(required)


def _verdict(settings: Settings, release_id: int, reasons: list[str], warnings: list[str]) -> Verdict:
    with connect(settings, "gate") as connection:
        row = connection.execute(
            "select verdict, reasons from release_ctl.record_verdict(%s)", (release_id,)
        ).fetchone()
    if row is None or row[0] not in ("audited", "blocked"):
        raise GateError(f"release {release_id}: the database gave no verdict")
    if row[0] == "audited" and reasons:
        raise GateError(f"release {release_id}: audited in spite of: {'; '.join(reasons)}")
    if row[0] == "blocked" and not reasons:
        reasons = list(row[1] or ["the database blocked it without a reason"])
    return Verdict(release_id, row[0], tuple(reasons), tuple(warnings))
