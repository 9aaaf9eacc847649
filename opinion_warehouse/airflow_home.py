"""Airflow's environment: everything it needs is said here, nothing is left to `airflow.cfg`.

Locally its metadata live in a database of their own on the warehouse's server, the simple auth manager
reads a generated password, and every listener is bound to 127.0.0.1. Production sets its own environment
(docker-compose.yml) and does not come through here.
"""

import base64
import json
import os
import secrets as random_secrets
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opinion_warehouse.settings import PROJECT, Settings

if TYPE_CHECKING:
    import psycopg

USER = "admin"
"""The local user interface's one account; its password is generated (`password_file`)."""


class AirflowNotReady(RuntimeError):
    """Airflow's metadata database could not be prepared; the message says where its log is."""


def folder(settings: Settings) -> Path:
    """Airflow's home."""
    return settings.home_dir / "airflow"


def log_folder(settings: Settings) -> Path:
    """Logs of Airflow's processes and of the nights; task logs stand beneath `tasks/`."""
    return settings.home_dir / "logs"


def password_file(settings: Settings) -> Path:
    """JSON `{user: password}` of the local user interface, readable by its owner only."""
    return settings.secrets_dir / "airflow.passwords.json"


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _secret(settings: Settings, name: str) -> str:
    """One of Airflow's own keys: it protects sessions, not data, so a lost one may be made anew."""
    path = settings.secrets_dir / f"airflow.{name}"
    if not path.exists():
        write_private(path, base64.urlsafe_b64encode(random_secrets.token_bytes(32)).decode() + "\n")
    return path.read_text(encoding="utf-8").strip()


def environment(
    settings: Settings, *, port: int | None = None, base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The whole environment of an Airflow process; `port` is the API server's."""
    from opinion_warehouse.database.connect import dsn

    if not password_file(settings).exists():
        write_private(password_file(settings), json.dumps({USER: random_secrets.token_urlsafe(12)}) + "\n")
    logs = log_folder(settings)
    options = {
        ("core", "dags_folder"): PROJECT / "dags",
        ("core", "plugins_folder"): folder(settings) / "plugins",
        ("core", "executor"): "LocalExecutor",
        ("core", "parallelism"): max(2, min(8, os.cpu_count() or 2)),
        ("core", "load_examples"): False,
        ("core", "dags_are_paused_at_creation"): False,
        ("core", "max_map_length"): 10_000,  # files of one family in one night
        ("core", "fernet_key"): _secret(settings, "fernet"),
        ("core", "simple_auth_manager_users"): f"{USER}:admin",
        ("core", "simple_auth_manager_passwords_file"): password_file(settings),
        ("core", "default_timezone"): "utc",
        ("database", "sql_alchemy_conn"): dsn(settings, "airflow", driver="postgresql+psycopg2"),
        ("database", "sql_alchemy_conn_async"): dsn(settings, "airflow", driver="postgresql+asyncpg"),
        ("logging", "base_log_folder"): logs / "tasks",
        ("logging", "dag_processor_child_process_log_directory"): logs / "dag_processor",
        ("logging", "colored_console_log"): False,
        ("api", "host"): "127.0.0.1",
        ("api", "secret_key"): _secret(settings, "session"),
        ("api", "enable_swagger_ui"): False,
        ("api", "expose_config"): False,
        ("api_auth", "jwt_secret"): _secret(settings, "jwt"),
        ("api_auth", "jwt_expiration_time"): 3600,
        ("scheduler", "scheduler_idle_sleep_time"): 0.1,  # a local night: 9 s of waiting less
        ("scheduler", "enable_health_check"): False,
        ("dag_processor", "refresh_interval"): 30,
        ("usage_data_collection", "enabled"): False,
        # Lineage is kept beside the logs; a deployment points it at its own collector.
        ("openlineage", "transport"): json.dumps(
            {"type": "file", "log_file_path": str(logs / "openlineage.jsonl"), "append": True}
        ),
        ("openlineage", "namespace"): "opinion",
        # A fork an event cost 0.25 s a task, twice the task's own overhead; and which file became which rows
        # is the ledger's to say, so the mapped tasks emit nothing.
        ("openlineage", "execute_in_thread"): True,
        ("openlineage", "emission_policy"): json.dumps(
            [
                {"scope": {"dag_id": f"ingest_{family}", "task_id": "load_file"}, "controls": {"emit": False}}
                for family in ("survey", "report", "social")
            ]
        ),
    }
    if port is not None:
        url = f"http://127.0.0.1:{port}"
        options |= {
            ("api", "port"): port,
            ("api", "base_url"): url,
            ("core", "execution_api_server_url"): f"{url}/execution/",
        }
    said = dict(os.environ if base is None else base)
    # An Airflow set up elsewhere on this machine must not leak in.
    said = {name: value for name, value in said.items() if not name.startswith("AIRFLOW__")}
    said |= {
        f"AIRFLOW__{section.upper()}__{key.upper()}": str(value) for (section, key), value in options.items()
    }
    return said | {
        "AIRFLOW_HOME": str(folder(settings)),
        "OPINION_HOME": str(settings.home_dir),
        "OPENLINEAGE__FACETS__ENVIRONMENT_VARIABLES": "[]",
        "PYTHONPATH": os.pathsep.join(
            [
                str(PROJECT),
                *(p for p in said.get("PYTHONPATH", "").split(os.pathsep) if p and p != str(PROJECT)),
            ]
        ),
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONWARNINGS": "ignore",
    }


def apply(settings: Settings, *, port: int | None = None) -> None:
    """Make this very process one of Airflow's; call it before `airflow` is imported."""
    said = environment(settings, port=port)
    for name in [name for name in os.environ if name.startswith("AIRFLOW__") and name not in said]:
        del os.environ[name]
    os.environ.update(said)


def prepare(settings: Settings) -> bool:
    """Bring the metadata database to the installed Airflow's revision; True when there was work."""
    home, logs = folder(settings), log_folder(settings)
    for path in (home, home / "plugins", logs):
        path.mkdir(parents=True, exist_ok=True)
    said = environment(settings)

    def revision() -> str | None:
        with metadata(settings) as connection:
            if connection.execute("select to_regclass('public.alembic_version')").fetchone() == (None,):
                return None
            row = connection.execute("select version_num from alembic_version").fetchone()
            return str(row[0]) if row else None

    # Airflow's own check costs four seconds; the stamp says which revision this version ended at.
    stamp = home / "migrated.json"
    installed = version("apache-airflow-core")
    found = revision()
    if found and stamp.exists() and stamp.read_text() == json.dumps([installed, found]):
        return False
    log = logs / "airflow-migrate.log"
    with log.open("ab") as file:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=said,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise AirflowNotReady(f"Airflow's database could not be migrated; its log is {log}")
    stamp.write_text(json.dumps([installed, revision()]))
    return True


def metadata(settings: Settings) -> "psycopg.Connection[tuple[Any, ...]]":
    """A connection to Airflow's metadata database."""
    import psycopg

    from opinion_warehouse.database.connect import dsn

    return psycopg.connect(dsn(settings, "airflow"), connect_timeout=10)
