"""The server's processes: run as its account, and told from strangers after a crash."""

import os
import subprocess
from pathlib import Path

from opinion_warehouse.database import binaries
from opinion_warehouse.database.account import Account

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All a PostgreSQL program gets of an environment."""

_PROC = Path("/proc")


def is_postmaster(pid: int, data: Path) -> bool:
    """A number alone proves nothing after a crash: a postmaster stands in its data folder."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _stands_in(pid, data) if _PROC.joinpath("self").exists() else True  # no /proc: believe the file


def forget_recycled_pid(data: Path) -> None:
    """A dead server's number may belong to another program of the account by now: PostgreSQL would not start.

    Otherwise its file is left alone. By it PostgreSQL sees that children of a killed server still live;
    starting beside them would ruin the data.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return
    except PermissionError:
        pass
    processes = [int(entry.name) for entry in _PROC.glob("[0-9]*")]
    if processes and not any(_stands_in(process, data) for process in processes):
        file.unlink()


def run(
    account: Account, folder: Path, program: str, *arguments: str, elsewhere: Path, log: str | None = None
) -> int:
    """Run a PostgreSQL program in the server's folder, with nothing of our environment or terminal.

    Paths are relative to that folder: none of ours needs quoting or ends up in a file.
    """
    bin_dir = binaries.for_account(account, elsewhere)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    handle = os.open(folder / log, flags, 0o600) if log else subprocess.DEVNULL
    try:
        return subprocess.run(
            [str(bin_dir / program), *arguments],
            cwd=folder,
            env=ENVIRONMENT,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            **account.popen_arguments(),
        ).returncode
    finally:
        if log:
            os.close(handle)


def write_as(account: Account, path: Path, text: str) -> None:
    """A file only the account may read."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if account.switch:
            os.fchown(handle, account.uid, account.gid)
        file.write(text)


def tail(log: Path) -> str:
    """The end of a log."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _stands_in(pid: int, folder: Path) -> bool:
    try:
        return (_PROC / str(pid) / "cwd").samefile(folder)
    except OSError:
        return False
