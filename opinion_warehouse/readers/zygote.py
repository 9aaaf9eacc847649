"""A small server that forks one limited child a file.

It imports the parsers once (half a second) and forks in milliseconds. It is a fresh process, so its children
inherit no database connection, no password in the environment and no thread. Orders come as JSON lines on
stdin (the key too: neither arguments nor environment can be read by others); each is answered by a line.
"""

import contextlib
import errno
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

MEMORY_MARKS = (
    b"memory allocation",
    b"memoryerror",
    b"bad_alloc",
    b"out of memory",
    b"cannot allocate memory",
)
CRASHED, NO_MEMORY, NO_ROOM = 3, 4, 5


def serve() -> None:
    """Answer orders until stdin closes."""
    parent = os.getppid()
    _preload()
    for line in sys.stdin:
        order = json.loads(line)
        sys.stdout.write(json.dumps({"failed": _run(order, parent)}) + "\n")
        sys.stdout.flush()


def _preload() -> None:
    """Import what children use, here, where it is paid once. Nothing may start a thread before a fork."""
    import lxml.etree  # noqa: F401
    import polars  # noqa: F401
    import psutil  # noqa: F401
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet
    import pyreadstat  # noqa: F401
    import python_calamine  # noqa: F401
    import triple_s  # noqa: F401

    from opinion_warehouse.readers import parse  # noqa: F401

    pa.array([""])  # the first array looks for pandas: 0.3 s
    time.strptime("2026", "%Y")


def _run(order: dict[str, Any], parent: int) -> str | None:
    """Parse in a child; None, or why the child did not come to an end of its own."""
    errors = Path(order["scratch"]) / "stderr"
    pid = os.fork()
    if pid == 0:
        _child(order, errors)
    until = time.monotonic() + order["limits"]["wall_seconds"]
    watch = _Watch(pid, order["limits"]["stall_seconds"])
    pause = 0.001
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return _reason(status, errors)
        orphaned = os.getppid() != parent
        is_stalled = watch.is_stalled()
        if orphaned or is_stalled or time.monotonic() > until:
            is_full = is_stalled and watch.address_space() > order["limits"]["memory_bytes"] / 2
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            if orphaned:
                sys.exit()
            return "parser_oom" if is_full else "parser_timeout"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


class _Watch:
    """Whether a child still gets on: out of memory, Arrow can wait for ever for a thread of its that died."""

    def __init__(self, pid: int, seconds: float) -> None:
        import psutil

        self._process = psutil.Process(pid)
        self._seconds = seconds
        self._spent = -1.0
        self._since = time.monotonic()

    def is_stalled(self) -> bool:
        """No processor time for a while, asleep, and not for a disk: a child works all the time."""
        if time.monotonic() - self._since < self._seconds:
            return False
        times = self._process.cpu_times()
        spent = times.user + times.system
        is_same, self._spent, self._since = spent == self._spent, spent, time.monotonic()
        return is_same and str(self._process.status()) == "sleeping"

    def address_space(self) -> int:
        """Bytes; what RLIMIT_AS limits."""
        return int(self._process.memory_info().vms)


def _child(order: dict[str, Any], errors: Path) -> None:
    code = CRASHED
    try:
        _die_with_parent()
        for number, flags, name in (
            (0, os.O_RDONLY, os.devnull),
            (1, os.O_WRONLY, os.devnull),
            (2, os.O_WRONLY | os.O_CREAT, errors),
        ):
            handle = os.open(name, flags, 0o600)
            os.dup2(handle, number)
            os.close(handle)
        _limit(order["limits"])
        from opinion_warehouse.readers import no_network

        # LibreOffice, which reads .doc files, talks to itself by a local socket.
        files = order.get("source", {}).get("files", {})
        no_network.shut(local_sockets=(files.get("attachment") or files).get("format") == "doc")
        if order.get("describe"):
            from opinion_warehouse.readers.inspection.describe import describe

            describe(order)
        else:
            from opinion_warehouse.readers.parse import parse

            parse(order)
        code = 0
    except BaseException as error:  # the child must never return into the server's loop
        code = _exit_code(error)  # first: on a full disk nothing below can be written
        # Only where it happened: a message could quote a cell.
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        os.write(2, f"{type(error).__name__} {place}".encode())
    finally:
        os._exit(code)


def _exit_code(error: BaseException) -> int:
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        return NO_MEMORY
    said = str(error).lower()
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "no space left" in said:
        return NO_ROOM
    return NO_MEMORY if "memory" in said else CRASHED


def _limit(limits: dict[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"] + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"],) * 2)


def _reason(status: int, errors: Path) -> str | None:
    if status == 0:
        return None
    ended = os.waitstatus_to_exitcode(status)
    if ended == -signal.SIGXCPU:
        return "parser_timeout"
    if ended in (NO_ROOM, -signal.SIGXFSZ):
        return "scratch_full"
    # A native library that gets no memory says so and aborts.
    noise = errors.read_bytes()[-100_000:].lower() if errors.exists() else b""
    if ended == NO_MEMORY or any(mark in noise for mark in MEMORY_MARKS):
        return "parser_oom"
    return "killed" if ended == -signal.SIGKILL else "parser_crash"


def _die_with_parent() -> None:
    """Linux: be killed when the server dies, so that no child outlives a killed night."""
    import ctypes

    # On another system there is no prctl; the server then ends when its stdin closes.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    serve()
