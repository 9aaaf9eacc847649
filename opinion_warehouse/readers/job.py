"""What a parse is asked to do, and what it came to."""

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from opinion_warehouse.readers.keys import Keyed
from opinion_warehouse.readers.output import Output
from opinion_warehouse.readers.problems import BadCell, Reason
from opinion_warehouse.readers.topics import TopicCoder
from opinion_warehouse.reference import Reference
from opinion_warehouse.sources import Source

PARSER_VERSION = "6"
"""Raise it when the same file would give other rows: files refused before are then read again."""


@dataclass
class Job:
    """One file to read."""

    source: Source
    path: Path
    file_name: str
    """Of an e-mail that is read: its attachment's."""
    received_at: datetime
    night: date
    reference: Reference
    keyed: Keyed
    topics: TopicCoder
    output: Output
    scratch: Path
    sent_at: datetime | None = None
    """When the e-mail says that it was sent."""


@dataclass
class RowCheck:
    """The reasons a row is bad, gathered cell by cell."""

    reasons: dict[int, list[Reason]] = field(default_factory=dict)

    def add(self, row_number: int, column: str | None, problem: BadCell) -> None:
        """Note a problem of a row."""
        reason: Reason = {"code": problem.code, "column": column, "detail": problem.detail}
        reasons = self.reasons.setdefault(row_number, [])
        if reason not in reasons:  # several answers may stand in one cell
            reasons.append(reason)

    def take(self, other: "RowCheck", rows: set[int]) -> None:
        """The problems another check found in some of the rows."""
        for row, reasons in other.reasons.items():
            if row in rows:
                self.reasons.setdefault(row, []).extend(reasons)

    def sorted(self) -> list[tuple[int, list[Reason]]]:
        """Bad rows by number."""
        return sorted(self.reasons.items())
