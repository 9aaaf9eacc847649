"""The embedded PostgreSQL server: started when no DSN is set, and left running.

Nothing in the data folder knows where it stands, so a moved home works. `server.json` in the home folder says
where the data are and on which port. The server listens on 127.0.0.1 and on a socket in a short private
folder (a socket's path may have 107 bytes at most).
"""

import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from opinion_warehouse.database import account as accounts
from opinion_warehouse.database import process, secrets
from opinion_warehouse.database.account import Account
from opinion_warehouse.settings import Settings

ADMIN = "opinion_admin"
DATABASE = "opinion"
ELSEWHERE = Path("/var/lib/opinion_warehouse")
"""Where root puts the data when the server's account cannot reach the home folder."""

_PORTS = range(15432, 32000)  # below the range the kernel takes for outgoing connections
_LOG_BYTES = 10_000_000
_PASSING_FAULTS = ("Address already in use", "still in use", "is another postmaster")
_CONFIGURATION = """\
# Rewritten at every start.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
timezone = 'UTC'
log_timezone = 'UTC'
log_lock_waits = on
log_checkpoints = off
log_line_prefix = '%m [%p] %q%u@%d '
# An error's detail, context or statement may quote a row: none of them reaches the log.
log_error_verbosity = terse
log_min_error_statement = panic
"""


class ServerFailed(RuntimeError):
    """The embedded server cannot be started or stopped."""


@dataclass(frozen=True)
class ServerInfo:
    """A running server."""

    host: str
    port: int
    socket_dir: str
    admin_dsn: str
    data_dir: Path
    log_file: Path
    pid: int


def start(settings: Settings) -> ServerInfo:
    """Start the server of this home, or find it running."""
    if settings.dsn is not None:
        raise ServerFailed("OPINION_DSN is set: that server is used, and none is started here")
    settings.home_dir.mkdir(parents=True, exist_ok=True)
    with _locked(settings):
        for _ in range(20):
            running = status(settings) or _start(settings)
            if _create_database(settings):
                return running
            time.sleep(0.25)  # killed a moment ago, its process is still to be seen
        raise ServerFailed(f"PostgreSQL takes no connection; the end of its log:\n{_log_end(settings)}")


def stop(settings: Settings) -> bool:
    """Stop the server; False when it was not running."""
    if settings.dsn is not None or not settings.home_dir.exists():
        return False
    with _locked(settings):
        running = status(settings)
        if running is None:
            return False
        account = accounts.choose(settings.home_dir, running.data_dir)
        folder, words = running.data_dir.parent, ("stop", "-D", "data", "-m", "fast", "-w", "-t", "60")
        if process.run(account, folder, "pg_ctl", *words, elsewhere=ELSEWHERE):
            raise ServerFailed(f"the server did not stop within a minute; see {running.log_file}")
        with suppress(OSError):
            Path(running.socket_dir).rmdir()
        return True


def remove(settings: Settings) -> None:
    """Stop the server and delete its data, wherever they stand."""
    stop(settings)
    folder = _folder(settings)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    (settings.home_dir / "server.json").unlink(missing_ok=True)


def status(settings: Settings) -> ServerInfo | None:
    """The running server of this home, or None."""
    folder = _folder(settings)
    if folder is None:
        return None
    data = folder / "data"
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid, port, socket_dir, state = int(lines[0]), int(lines[3]), lines[4], lines[7].strip()
    except (FileNotFoundError, IndexError, ValueError):
        return None
    if state != "ready" or not process.is_postmaster(pid, data):
        return None
    return ServerInfo(
        "127.0.0.1", port, socket_dir, admin_dsn(settings, port), data, folder / "server.log", pid
    )


def admin_dsn(settings: Settings, port: int, database: str = DATABASE) -> str:
    word = secrets.password(settings, "admin")
    return f"postgresql://{ADMIN}:{word}@127.0.0.1:{port}/{database}"


def port(settings: Settings) -> int:
    """The port of the embedded server, as last started."""
    try:
        return int(json.loads((settings.home_dir / "server.json").read_text(encoding="utf-8"))["port"])
    except FileNotFoundError:
        raise ServerFailed(
            f"{settings.home_dir}: no server was ever started here; run `opinion setup`, or set OPINION_DSN"
        ) from None


# ---------------------------------------------------------------- starting
def _start(settings: Settings) -> ServerInfo:
    folder = _folder(settings)
    account = accounts.choose(settings.home_dir, (folder or settings.home_dir / "server") / "data")
    folder = folder or _make_folder(settings, account)
    data = folder / "data"
    if not data.exists():
        _initialise(settings, account, folder)
    socket_dir = _socket_dir(settings, account)
    log = folder / "server.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(folder / "server.log.1")
    last_port = _remembered_port(settings)
    for attempt in range(20):
        process.forget_recycled_pid(data)
        chosen = _free_port(last_port if attempt == 0 else None)
        process.write_as(
            account, data / "opinion.conf", _CONFIGURATION.format(port=chosen, socket_dir=socket_dir)
        )
        _remember(settings, folder, chosen)
        words = ("start", "-D", "data", "-l", "server.log", "-w", "-t", "120")
        if process.run(account, folder, "pg_ctl", *words, elsewhere=ELSEWHERE) == 0:
            running = status(settings)
            if running is not None:
                return running
        time.sleep(0.5)  # children of a killed server hold its shared memory for a moment
        if attempt >= 2 and not any(words in process.tail(log) for words in _PASSING_FAULTS):
            break
    raise ServerFailed(
        f"PostgreSQL did not start (as {account.name}); the end of {log}:\n{process.tail(log)}"
    )


def _initialise(settings: Settings, account: Account, folder: Path) -> None:
    """Make the data folder beside its place and rename it: a kill in the middle leaves nothing half made."""
    shutil.rmtree(folder / "data.new", ignore_errors=True)
    words = folder / "password.new"
    process.write_as(account, words, secrets.password(settings, "admin", create=True))
    try:
        failed = process.run(
            account, folder, "initdb", "-D", "data.new", "-U", ADMIN, "--pwfile=password.new",
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C",
            "--builtin-locale=C.UTF-8", "--no-instructions", elsewhere=ELSEWHERE, log="initdb.log",
        )  # fmt: skip
    finally:
        words.unlink()
    if failed:
        raise ServerFailed(f"initdb failed (as {account.name}): {process.tail(folder / 'initdb.log')}")
    with (folder / "data.new" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("\ninclude 'opinion.conf'\n")
    (folder / "data.new").rename(folder / "data")


def _make_folder(settings: Settings, account: Account) -> Path:
    folder = settings.home_dir / "server"
    if account.switch and not account.may_enter(settings.home_dir):
        ELSEWHERE.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="server-", dir=ELSEWHERE))
    folder.mkdir(mode=0o700, exist_ok=True)
    if account.switch:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    return folder


def _create_database(settings: Settings) -> bool:
    """Make the database where there is none; False when the server does not answer."""
    import psycopg

    try:
        with psycopg.connect(admin_dsn(settings, port(settings), "postgres"), autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone():
                connection.execute(f"create database {DATABASE}")
                for database in ("postgres", "template1", DATABASE):
                    connection.execute(f"revoke all on database {database} from public")
    except psycopg.OperationalError as error:
        if "authentication" in str(error):
            raise ServerFailed(
                f"{settings.secrets_dir / 'admin.password'}: is not this server's password; put the file back"
            ) from error
        return False
    return True


def _log_end(settings: Settings) -> str:
    folder = _folder(settings)
    return process.tail(folder / "server.log") if folder else ""


# ---------------------------------------------------------------- where it stands
def _folder(settings: Settings) -> Path | None:
    try:
        state = json.loads((settings.home_dir / "server.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    folder = Path(state["folder"])
    return folder if folder.is_absolute() else settings.home_dir / folder


def _remembered_port(settings: Settings) -> int | None:
    return port(settings) if (settings.home_dir / "server.json").exists() else None


def _remember(settings: Settings, folder: Path, chosen: int) -> None:
    inside = folder.is_relative_to(settings.home_dir)
    state = {
        "note": "Where the embedded server's data are (a relative path: in this folder) and its port.",
        "folder": str(folder.relative_to(settings.home_dir) if inside else folder),
        "port": chosen,
    }
    new = settings.home_dir / "server.json.new"
    new.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    new.replace(settings.home_dir / "server.json")


def _free_port(wanted: int | None) -> int:
    offset = random.SystemRandom().randrange(len(_PORTS))
    for step in range(len(_PORTS)):
        chosen = wanted if wanted and step == 0 else _PORTS[(offset + step) % len(_PORTS)]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", chosen))
            except OSError:
                continue
            return chosen
    raise ServerFailed("no free port on 127.0.0.1")


def _socket_dir(settings: Settings, account: Account) -> str:
    """A short folder that only the server's account may enter; one somebody else put there is not used."""
    name = hashlib.sha256(str(settings.home_dir.resolve()).encode()).hexdigest()[:12]
    base = Path(tempfile.gettempdir())
    if len(str(base)) > 60:
        base = Path("/tmp")  # noqa: S108 (the folder below is checked to be private)
    folder = base / f"opinion-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if account.switch and folder.lstat().st_uid == 0:
        os.chown(folder, account.uid, account.gid)
    seen = folder.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != account.uid or stat.S_IMODE(seen.st_mode) != 0o700:
        folder = Path(tempfile.mkdtemp(prefix="opinion-", dir=base))
        if account.switch:
            os.chown(folder, account.uid, account.gid)
    return str(folder)


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """One process at a time starts or stops the server of a home."""
    try:
        file = (settings.home_dir / "server.lock").open("a")
    except PermissionError as error:
        raise ServerFailed(
            f"{settings.home_dir}: this account may not write there; run as the account that made it,"
            " or set OPINION_HOME to another folder"
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
