"""What a parse is asked to do, and what it came to."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from opinion_warehouse.readers.coding.topics import TopicCoder
from opinion_warehouse.readers.output import Output
from opinion_warehouse.readers.privacy.keys import Keyed
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
