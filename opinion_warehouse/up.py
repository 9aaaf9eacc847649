"""Airflow on this machine: four services, ended by Ctrl-C without a process left.

`airflow standalone` orphans its children on SIGTERM; so each service is our own child in a process group
of its own, and on Linux we adopt what they leave behind (tasks make groups of their own), so that all of it
can be ended. Every listener is bound to 127.0.0.1.
"""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
from rich.console import Console

from opinion_warehouse import airflow_home
from opinion_warehouse.settings import Settings

SERVICES: dict[str, list[str]] = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
HEALTH = ("metadatabase", "scheduler", "triggerer", "dag_processor")
PATIENCE = 120.0
"""Seconds until every service must be healthy."""
GRACE = 15.0
"""Seconds a service has to end before it is killed."""


class NotHealthy(RuntimeError):
    """A service ended or did not come up; the message names its log."""


@dataclass
class Service:
    """A running service."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def run(settings: Settings, *, port: int, console: Console) -> int:
    """Start everything, wait until told to stop, stop everything; returns the exit code."""
    from opinion_warehouse.prepare import only_one, prepare

    _adopt_orphans()
    with only_one(settings, "`opinion up`"), _told_to_stop() as told:
        services: list[Service] = []
        try:
            with console.status("set-up") as status:
                prepare(settings, lambda step: status.update(f"set-up: {step}"))
                port = free_port(port)
                services = _start(settings, port)
                status.update("Airflow is starting")
                _wait_until_healthy(services, port, told)
            if not told:
                _say_where(settings, port, console)
            while not told:
                time.sleep(0.3)
                _complain_about_the_dead(services)
        finally:
            console.print("stopping …")
            left = _stop(settings, services)
            console.print("stopped; no process is left" if not left else f"still running: {left}")
    return 1 if left else 0


def down(settings: Settings) -> list[str]:
    """Stop `opinion up`, or what a killed one left, and the embedded server; returns their names."""
    from opinion_warehouse.database import server

    stopped = []
    for name, process in _remembered(settings):
        # The parent first: it stops its services itself, in order.
        everything = [process, *process.children(recursive=True)]
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
        _, alive = psutil.wait_procs([process], timeout=GRACE * 2)
        for each in [*alive, *everything]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        stopped.append(name)
    _state_file(settings).unlink(missing_ok=True)
    if server.stop(settings):
        stopped.append("database server")
    return stopped


def free_port(wanted: int) -> int:
    """The port wanted, or the next one nobody listens on."""
    for port in range(wanted, min(wanted + 200, 65_536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise NotHealthy(f"no free port from {wanted} on; name another with --port")


def _start(settings: Settings, port: int) -> list[Service]:
    environment = airflow_home.environment(settings, port=port)
    logs = airflow_home.log_folder(settings) / "services"
    logs.mkdir(parents=True, exist_ok=True)
    services = []
    for name, arguments in SERVICES.items():
        log = logs / f"{name}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "airflow", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=airflow_home.folder(settings),
            )
        services.append(Service(name, process, log))
    _remember(settings, services)
    return services


def _wait_until_healthy(services: list[Service], port: int, told: list[int]) -> None:
    until = time.monotonic() + PATIENCE
    waiting: set[str] = set(HEALTH)
    while waiting and not told:
        _complain_about_the_dead(services)
        if time.monotonic() > until:
            raise NotHealthy(
                f"not healthy after {PATIENCE:.0f} s: {', '.join(sorted(waiting))}; "
                f"logs: {services[0].log.parent}"
            )
        time.sleep(0.5)
        waiting = {name for name in HEALTH if health(port).get(name, {}).get("status") != "healthy"}


def health(port: int) -> dict[str, Any]:
    """What Airflow says of its parts; nothing while the API server is not up."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (OSError, ValueError):
        return {}


def _complain_about_the_dead(services: list[Service]) -> None:
    for service in services:
        if (code := service.process.poll()) is not None:
            raise NotHealthy(f"{service.name} ended by itself (code {code}); its log is {service.log}")


def _say_where(settings: Settings, port: int, console: Console) -> None:
    console.print(
        f"Airflow is up: [bold]http://127.0.0.1:{port}[/bold]\n"
        f"  user {airflow_home.USER}, password in {airflow_home.password_file(settings)}\n"
        f"  logs {airflow_home.log_folder(settings)}\n"
        "A night: trigger ingest_survey, ingest_report and ingest_social; publish_opinion follows.\n"
        "[bold]Ctrl-C[/bold] stops everything, the embedded database server too.",
        soft_wrap=True,
    )


def _stop(settings: Settings, services: list[Service]) -> list[int]:
    """End the services, what they left, and the embedded server; returns processes that outlived it."""
    from opinion_warehouse.database import server

    # A task's own process group outlives its service's: remember the whole family before it scatters.
    family = psutil.Process().children(recursive=True)
    database = server.status(settings)
    kept = {database.pid} | _descendants(database.pid) if database else set()
    family = [process for process in family if process.pid not in kept]
    for service in reversed(services):
        _signal_group(service.process.pid, signal.SIGTERM)
    _, alive = psutil.wait_procs(family, timeout=GRACE)
    for service in services:
        _signal_group(service.process.pid, signal.SIGKILL)
    family += [each for each in psutil.Process().children(recursive=True) if each.pid not in kept]
    for process in {*alive, *family}:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    for service in services:
        service.process.wait(timeout=GRACE)
    left = _outlived(family)
    if settings.dsn is None:
        server.stop(settings)
    _state_file(settings).unlink(missing_ok=True)
    return left


def _outlived(family: list[psutil.Process]) -> list[int]:
    """Those that do not end. One whose parent died meanwhile is ours to bury."""
    until = time.monotonic() + GRACE
    while left := [each.pid for each in family if _is_alive(each)]:
        if time.monotonic() > until:
            break
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.05)
    return left


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _descendants(pid: int) -> set[int]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return {child.pid for child in psutil.Process(pid).children(recursive=True)}
    return set()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@contextlib.contextmanager
def _told_to_stop() -> Iterator[list[int]]:
    """Collects the signals that say stop; a second Ctrl-C does not interrupt the stopping."""
    told: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        told.append(number)

    before = {
        number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _adopt_orphans() -> None:
    """Linux: a grandchild whose parent died becomes our child, so it can be found and ended."""
    if sys.platform == "linux":
        pr_set_child_subreaper = 36
        ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _state_file(settings: Settings) -> Path:
    return settings.home_dir / "up.json"


def _remember(settings: Settings, services: list[Service]) -> None:
    """Who runs, for `opinion down` after a kill -9; with start times, for a number may be reused."""
    processes = {"opinion up": os.getpid()} | {each.name: each.process.pid for each in services}
    state = {name: [pid, psutil.Process(pid).create_time()] for name, pid in processes.items()}
    _state_file(settings).write_text(json.dumps(state), encoding="utf-8")


def _remembered(settings: Settings) -> list[tuple[str, psutil.Process]]:
    if not _state_file(settings).exists():
        return []
    found = []
    for name, (pid, started) in json.loads(_state_file(settings).read_text(encoding="utf-8")).items():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            if abs(process.create_time() - started) < 0.01:
                found.append((name, process))
    return found
