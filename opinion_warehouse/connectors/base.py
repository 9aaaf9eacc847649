"""What every connector is handed, what it hands back, and how it fails."""

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from opinion_warehouse.sources import Source

PASSING_PREFIX = ".fetch-"
"""Begins the passing names in the inbox; what a killed fetch left there is removed by the next."""


class FetchFailed(RuntimeError):
    """Nothing was written, or nothing more. `is_passing`: it may go well when it is tried again.

    The message is for people, tables and logs: it holds neither credentials nor a server's own words.
    """

    def __init__(self, reason_code: str, detail: str, *, is_passing: bool = False) -> None:
        super().__init__(f"{reason_code}: {detail}")
        self.reason_code = reason_code
        self.detail = detail
        self.is_passing = is_passing


@dataclass(frozen=True)
class Job:
    """One fetch of one source."""

    source: Source
    folder: Path
    """Where passing files are written: the source's inbox folder, so that renaming is enough."""
    now: datetime
    """When the fetch began, in UTC."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Item → how far it was fetched. What an item and a mark are is each connector's own."""

    @property
    def stem(self) -> str:
        """How the name of a written file begins."""
        return getattr(self.source.fetch, "stem", None) or self.source.id

    @property
    def zone(self) -> ZoneInfo:
        """Of times without an offset, and of what a day is."""
        return ZoneInfo(self.source.time_zone)


@dataclass(frozen=True)
class Piece:
    """A file that is whole, under its passing name; and the mark that holds once it is in the inbox."""

    part: Path
    name: str
    sha256: str
    item: str = ""
    mark: str = ""


class PartFile:
    """A file being written: counts, digests, and refuses to grow past its limit."""

    def __init__(self, path: Path, file: BinaryIO, limit: int) -> None:
        self.path = path
        self._file, self._limit = file, limit
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append."""
        self.size += len(data)
        if self.size > self._limit:
            raise FetchFailed("too_large", f"more than the {self._limit} bytes of `files.max_bytes` came")
        self._digest.update(data)
        self._file.write(data)

    @property
    def sha256(self) -> str:
        """Of what was written so far."""
        return self._digest.hexdigest()


@contextlib.contextmanager
def part_file(job: Job) -> Iterator[PartFile]:
    """A new passing file; on disk when the block ends well, gone when it does not."""
    path = passing_path(job)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        with os.fdopen(descriptor, "wb") as file:
            yield PartFile(path, file, job.source.files.max_bytes)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def passing_path(job: Job) -> Path:
    """A passing name nobody else has."""
    return job.folder / f"{PASSING_PREFIX}{secrets.token_hex(8)}.part"


MISSING: Any = object()


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path of decoded JSON; MISSING where nothing does. "" is the value itself.

    >>> at({"meta": {"total": 3}}, "meta.total")
    3
    """
    for name in path.split(".") if path else []:
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return MISSING
    return value
