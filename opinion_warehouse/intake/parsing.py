"""The parent's side of the parser: orders to the server that forks limited children (readers/zygote.py)."""

import atexit
import contextlib
import json
import os
import secrets
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from opinion_warehouse.readers import parts
from opinion_warehouse.settings import PROJECT, Settings
from opinion_warehouse.sources import Source

WAIT_SECONDS = 0.02
GRACE_SECONDS = 30
LIMITS = {
    "memory_bytes": 3 << 30,
    "cpu_seconds": 900,
    "wall_seconds": 1800,
    "stall_seconds": 10,
    "file_bytes": 64 << 30,
}


class ParserUnavailable(RuntimeError):
    """The parser's server cannot be started or spoken to."""


class ParserKilled(RuntimeError):
    """The child was killed from outside: by a hand, or by a system that has no memory left."""

    reason_code = "parser_killed"


class ScratchFull(OSError):
    """No room where files are parsed, or a parse that writes more than is allowed."""

    reason_code = "scratch_full"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"there is no room on the disk of {folder}; make room, the file is tried again")


@dataclass(frozen=True)
class Parsed:
    """What a parse came to."""

    rejected: dict[str, Any] | None
    rows_good: int = 0
    rows_bad: int = 0
    rows_harmless: int = 0
    landed: dict[str, int] = field(default_factory=dict)
    """Rows by landing table that its parts hold."""
    quarantine: Path | None = None
    """The bad rows in COPY's CSV form."""
    topic_rules: str | None = None
    """The version of the rules that coded its texts; None where a parse came to no end."""


Part = tuple[str, Path]
"""A landing table, and rows of it in COPY's CSV form."""


class Parse:
    """A parse of one file in a child with limits on memory, time and output. What it does wrong stays there.

    `parts` gives the rows as they are read; when it is exhausted, `parsed` is what the whole file came to,
    which may be that none of them counts. `scratch` is an empty folder to work in, or is made. A child that
    is killed from outside raises ParserKilled with `again_if_killed`; without, the system had no memory left.
    """

    parsed: Parsed

    def __init__(
        self,
        settings: Settings,
        source: Source,
        *,
        path: Path,
        file_name: str,
        file_id: int,
        received_at: datetime,
        night: date,
        key: bytes,
        scratch: Path,
        limits: dict[str, int] | None = None,
        again_if_killed: bool = False,
    ) -> None:
        self._scratch = scratch
        self._order = _order(settings, source, path, file_name, received_at, night, scratch) | {
            "file_id": file_id,
            "key": key.hex(),
            "limits": limits or LIMITS,
            "again_if_killed": again_if_killed,
        }

    def parts(self) -> Generator[Part | None]:
        """Each part once, when it is whole; None now and then, while there is none. To be closed."""
        given: set[Path] = set()

        def new() -> Iterator[Part]:
            for table, path in parts.finished(self._scratch):
                if table != "quarantine" and path not in given:
                    given.add(path)
                    yield table, path

        answer = None
        self._scratch.mkdir(exist_ok=True)
        with closing(_answers(self._order, may_repeat=lambda: not given)) as answers:
            for answer in answers:  # noqa: B007
                yield from new()
                yield None
        if failed := _failure(self._order, answer):
            self.parsed = Parsed(failed)
            return
        summary = json.loads((self._scratch / "summary.json").read_text(encoding="utf-8"))
        rules = summary["topic_rules"]
        if summary["rejected"]:
            self.parsed = Parsed(summary["rejected"], topic_rules=rules)
            return
        bad = dict(parts.finished(self._scratch)).get("quarantine")
        good_bad_harmless = summary["rows_good"], summary["rows_bad"], summary["rows_harmless"]
        self.parsed = Parsed(None, *good_bad_harmless, summary["landed"], bad, rules)


def parse_row(
    settings: Settings,
    source: Source,
    row_number: int,
    *,
    path: Path,
    file_name: str,
    received_at: datetime,
    night: date,
    scratch: Path,
) -> dict[str, Any]:
    """One row as an operator may see it (readers/peek.py), read in a child as a parse is.

    Nothing is written and no id is kept, so it gets a key of its own and no file_id.
    """
    order = _order(settings, source, path, file_name, received_at, night, scratch) | {
        "file_id": 0,
        "key": secrets.token_hex(32),
        "limits": LIMITS,
        "row": row_number,
    }
    if failed := _done(order):
        return {"rows": [], "misshapen": False, "rejected": failed}
    found: dict[str, Any] = json.loads((scratch / "summary.json").read_text(encoding="utf-8"))
    return found


def _order(
    settings: Settings,
    source: Source,
    path: Path,
    file_name: str,
    received_at: datetime,
    night: date,
    scratch: Path,
) -> dict[str, Any]:
    """What every reading of a file has to know."""
    return {
        "source": source.model_dump(mode="json"),
        "path": str(path),
        "file_name": file_name,
        "received_at": received_at.isoformat(),
        "night": night.isoformat(),
        "scratch": str(scratch),
        "reference_dir": str(settings.reference_dir),
    }


def _done(order: dict[str, Any]) -> dict[str, Any] | None:
    """Have an order done; the reason where the child came to no end of its own."""
    *_, answer = _answers(order, may_repeat=lambda: True)
    return _failure(order, answer)


def _answers(order: dict[str, Any], may_repeat: Callable[[], bool]) -> Generator[dict[str, Any] | None]:
    """None now and then while an order is done, and last the answer. A killed server starts again, once."""
    try:
        yield from _server.ask(order)
    except ParserUnavailable:
        if not may_repeat():
            raise
        scratch = Path(order["scratch"])  # what the first try left there would be read as the second's
        shutil.rmtree(scratch)
        scratch.mkdir()
        yield from _server.ask(order)


def _failure(order: dict[str, Any], answer: dict[str, Any] | None) -> dict[str, Any] | None:
    failed, scratch = answer["failed"] if answer else None, Path(order["scratch"])
    if failed == "scratch_full":
        raise ScratchFull(scratch.parent)
    if failed == "killed":
        if order.get("again_if_killed"):
            raise ParserKilled("the parser was killed from outside; the file is tried again")
        failed = "parser_oom"
    if not failed:
        return None
    detail = {
        "parser_oom": "reading the file took more memory than is allowed",
        "parser_timeout": "reading the file took longer than is allowed",
    }.get(failed, f"the parser crashed on the file{_place(scratch)}")
    return {"code": failed, "column": None, "detail": detail}


def _place(scratch: Path) -> str:
    """Where in our own code it was; the child writes no message there, for it could quote a cell."""
    errors = scratch / "stderr"
    text = errors.read_text(errors="replace")[:200] if errors.exists() else ""
    words = text.split()
    is_ours = len(words) == 2 and words[0].isidentifier() and words[1].partition(":")[0].endswith(".py")
    return f" ({words[0]} at {words[1]})" if is_ours else ""


def describe(
    path: Path, structure: Path | None, scratch: Path, limits: dict[str, int] | None = None
) -> dict[str, Any]:
    """What a file nobody has described yet seems to be, found in a child as above; see readers/inspection.

    `failed` is None or the reason why it cannot be read.
    """
    order = {
        "describe": True,
        "path": str(path),
        "structure": str(structure) if structure else None,
        "scratch": str(scratch),
        "limits": limits or LIMITS,
    }
    if failed := _done(order):
        return {"failed": failed}
    found: dict[str, Any] = json.loads((scratch / "profile.json").read_text(encoding="utf-8"))
    return found


class _Server:
    """One server a process, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0

    def ask(self, order: dict[str, Any]) -> Generator[dict[str, Any] | None]:
        """Send an order. Gives None now and then while there is no answer, and last the answer."""
        with self._lock:
            process = self._running()
            assert process.stdin and process.stdout  # noqa: S101
            try:
                process.stdin.write(json.dumps(order) + "\n")
                process.stdin.flush()
                until = time.monotonic() + order["limits"]["wall_seconds"] + GRACE_SECONDS
                while not select.select([process.stdout], [], [], WAIT_SECONDS)[0]:
                    yield None
                    if time.monotonic() > until:  # the server itself stands still: it would have said so
                        self._drop()
                        yield {"failed": "parser_timeout"}
                        return
                line = process.stdout.readline()
            except BrokenPipeError:
                line = ""
            except BaseException:
                self._drop()  # an answer left in the pipe must not be taken for the next order's
                raise
            if not line:
                self._drop()
                raise ParserUnavailable("the parser's server does not answer; see the log above for why")
            yield json.loads(line)

    def stop(self) -> None:
        """End the server."""
        with self._lock:
            self._drop()

    def _running(self) -> "subprocess.Popen[str]":
        # After a fork the parent's server is not ours to talk to.
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            kept = ("PATH", "LD_LIBRARY_PATH", "TZDIR", "SYSTEMROOT")
            environment = {name: os.environ[name] for name in kept if name in os.environ}
            environment |= {
                "PYTHONPATH": str(PROJECT),
                "PYTHONUTF8": "1",
                "LC_ALL": "C.UTF-8",
                # What is limited is address space: reserve none beyond the need, and give back what is free.
                "ARROW_DEFAULT_MEMORY_POOL": "system",
                "MALLOC_ARENA_MAX": "2",
                "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
                "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",  # no thread before the fork
            }
            self._process = subprocess.Popen(
                [sys.executable, "-m", "opinion_warehouse.readers.zygote"],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
            self._owner = os.getpid()
        return self._process

    def _drop(self) -> None:
        if self._process is not None and self._owner == os.getpid():
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._process = None


_server = _Server()
atexit.register(_server.stop)
