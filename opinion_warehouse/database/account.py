"""Which account runs the embedded server, and what it may read.

PostgreSQL refuses to run as root. Then the server runs as the owner of the home folder, else `postgres`, else
`nobody`: a named account, for initdb asks its name.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class NoAccount(RuntimeError):
    """No account can run the server."""


@dataclass(frozen=True)
class Account:
    """The account of the server's processes; `switch` when it is not our own."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_arguments(self) -> dict[str, Any]:
        """Arguments of subprocess that make the child run as this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may_read(self, path: Path) -> bool:
        """Asks the kernel rather than mode bits, so that ACLs and mounts count too."""
        return self._asks(["test", "-r", str(path), "-a", "-x", str(path)])

    def may_enter(self, path: Path) -> bool:
        return self._asks(["test", "-x", str(path)])

    def _asks(self, command: Sequence[str]) -> bool:
        if not self.switch:
            return os.access(command[-1], os.X_OK)
        return subprocess.run(command, cwd="/", check=False, **self.popen_arguments()).returncode == 0


def choose(home: Path, data: Path) -> Account:
    """The account to run as, for a home folder that exists and a data folder that may."""
    if os.geteuid() != 0:
        own = pwd.getpwuid(os.geteuid())
        if data.parent.exists() and data.parent.stat().st_uid != own.pw_uid:
            other = data.parent.stat().st_uid
            raise NoAccount(
                f"{data.parent}: belongs to {_name(other) or other}, and this is {own.pw_name}; "
                "run as the account that made it (or root), or set OPINION_HOME to another folder"
            )
        return Account(own.pw_name, own.pw_uid, own.pw_gid, switch=False)
    # A data folder that exists has decided already.
    owners = [path.stat().st_uid for path in (data, home) if path.exists()]
    for name in (*(_name(uid) for uid in owners if uid != 0), "postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name or "")
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)
    raise NoAccount(
        "root may not run PostgreSQL and there is no account `postgres` or `nobody`; add one of them"
    )


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
