"""The embedded server: idempotent, movable, survives kills, keeps its secrets."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from opinion_warehouse.database import secrets, server
from opinion_warehouse.database.connect import connect, dsn
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.settings import PROJECT, ROLES, Settings

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="switches accounts")


def answer(settings: Settings) -> int:
    with connect(settings, "admin") as connection:
        row = connection.execute("select count(*) from intake.source").fetchone()
    assert row is not None
    return int(row[0])


def leads_to(link: Path, folder: Path) -> bool:
    try:
        return link.samefile(folder)
    except OSError:
        return False


@pytest.fixture(scope="module")
def own(open_home: Callable[[], Path]) -> Settings:
    """A server of this module's, for it is killed and moved."""
    settings = Settings(home=open_home() / "home", dsn=None)
    server.start(settings)
    migrate(settings)
    return settings


def test_start_twice_is_one_server(own: Settings) -> None:
    first, second = server.start(own), server.start(own)
    assert first == second
    assert migrate(own) == []
    assert answer(own) == 0


def test_start_by_several_at_once_is_one_server(open_home: Callable[[], Path]) -> None:
    settings = Settings(home=open_home() / "home", dsn=None)
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(server.start(settings).pid)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 4
    assert len(set(pids)) == 1


def test_start_after_kill_9_recovers(own: Settings) -> None:
    with connect(own, "admin") as connection:
        connection.execute("create table if not exists public.kept (n int)")
        connection.execute("insert into public.kept values (1)")
    before = server.start(own)
    os.kill(before.pid, signal.SIGKILL)
    after = server.start(own)
    assert after.pid != before.pid
    with connect(own, "admin") as connection:
        assert connection.execute("select max(n) from public.kept").fetchone() == (1,)


def test_start_with_a_recycled_pid_does_not_believe_it(own: Settings) -> None:
    running = server.start(own)
    pid_file = running.data_dir / "postmaster.pid"
    text = pid_file.read_text()
    account = pwd.getpwuid(running.data_dir.stat().st_uid)
    server.stop(own)
    switch = {"user": account.pw_uid, "group": account.pw_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **switch) as stranger:
        pid_file.write_text(text.replace(str(running.pid), str(stranger.pid), 1))
        os.chown(pid_file, account.pw_uid, account.pw_gid)
        assert server.status(own) is None
        assert server.start(own).pid != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("stopped", [True, False])
def test_start_in_a_moved_home_finds_the_data(own: Settings, stopped: bool) -> None:
    pid = server.start(own).pid
    if stopped:
        server.stop(own)
    moved = own.home_dir.with_name("moved home, ünïcode")
    own.home_dir.rename(moved)
    try:
        there = Settings(home=moved, dsn=None)
        assert (server.start(there).pid == pid) is not stopped
        assert answer(there) == 0
    finally:
        moved.rename(own.home_dir)
    server.start(own)


def test_start_when_the_port_is_taken_takes_another(own: Settings) -> None:
    port = server.start(own).port
    server.stop(own)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert server.start(own).port != port
    assert answer(own) == 0


def test_stop_leaves_no_process(own: Settings) -> None:
    running = server.start(own)
    assert server.stop(own) is True
    assert server.status(own) is None
    standing = [entry for entry in Path("/proc").glob("[0-9]*/cwd") if leads_to(entry, running.data_dir)]
    assert standing == []
    assert server.stop(own) is False
    with pytest.raises(server.ServerFailed, match="not running"):
        connect(own, "loader")
    server.start(own)


@as_root
def test_start_where_the_account_cannot_enter_puts_the_data_elsewhere(
    open_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = open_home() / "shut"
    shut.mkdir(mode=0o700)
    monkeypatch.setattr(server, "ELSEWHERE", open_home() / "elsewhere")
    settings = Settings(home=shut / "home", dsn=None)
    running = server.start(settings)
    assert running.data_dir.is_relative_to(server.ELSEWHERE)
    assert str(running.data_dir.parent) in (settings.home_dir / "server.json").read_text()
    server.remove(settings)
    assert not running.data_dir.exists()


@as_root
def test_binaries_not_readable_by_the_account_are_copied(
    open_home: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from opinion_warehouse.database import binaries

    shut = open_home() / "shut venv"
    shut.mkdir(mode=0o700)
    installed = binaries.installed()
    for name in (installed.name, f"{installed.name}.libs"):
        shutil.copytree(installed.parent / name, shut / name)
    monkeypatch.setattr(binaries, "installed", lambda: shut / installed.name)
    monkeypatch.setattr(server, "ELSEWHERE", open_home() / "elsewhere")
    settings = Settings(home=open_home() / "home", dsn=None)
    assert server.start(settings).pid
    assert list(server.ELSEWHERE.glob("postgresql-*"))
    server.remove(settings)


@as_root
def test_start_in_a_home_of_an_ordinary_user_runs_as_that_user(open_home: Callable[[], Path]) -> None:
    home = open_home() / "home"
    home.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    settings = Settings(home=home, dsn=None)
    running = server.start(settings)
    assert running.data_dir.stat().st_uid == nobody.pw_uid
    assert (settings.secrets_dir / "admin.password").stat().st_uid == nobody.pw_uid
    server.remove(settings)


def test_server_listens_on_the_loopback_and_a_private_socket_only(own: Settings) -> None:
    running = server.start(own)
    with connect(own, "admin") as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("show fsync").fetchone() == ("on",)
        methods = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert methods == [("scram-sha-256",)]
    assert stat.S_IMODE(Path(running.socket_dir).stat().st_mode) == 0o700
    assert stat.S_IMODE(running.data_dir.stat().st_mode) == 0o700
    assert len(f"{running.socket_dir}/.s.PGSQL.{running.port}") < 107


def test_secrets_are_files_only_their_owner_reads(own: Settings) -> None:
    files = list(own.secrets_dir.iterdir())
    assert {file.name for file in files} == {
        *(f"{role}.password" for role in (*ROLES, "admin", "airflow")), secrets.HMAC_KEY, secrets.STORE_KEY
    }  # fmt: skip
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(own.secrets_dir.stat().st_mode) == 0o700
    assert len({file.read_text() for file in files}) == len(files)


def test_dsn_of_each_role_connects_and_a_wrong_password_does_not(own: Settings) -> None:
    server.start(own)
    for role in (*ROLES, "admin", "airflow"):
        with psycopg.connect(dsn(own, role)) as connection:
            assert connection.info.dbname == ("opinion_airflow" if role == "airflow" else "opinion")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn(own, "loader").replace(":" + secrets.password(own, "loader"), ":wrong"))


def test_dsn_given_by_the_environment_keeps_its_options() -> None:
    settings = Settings(
        home=Path("/nowhere"), dsn=SecretStr("postgresql://boss:w%40rd@db.example:6543/polls?sslmode=require")
    )
    assert dsn(settings, "admin", "postgresql+psycopg2") == (
        "postgresql+psycopg2://boss:w%40rd@db.example:6543/polls?sslmode=require"
    )
    with pytest.raises(server.ServerFailed, match="OPINION_DSN"):
        server.start(settings)
    with pytest.raises(secrets.SecretMissing, match=r"loader\.password: no such file"):
        dsn(settings, "loader")


def test_migrate_with_a_missing_or_foreign_key_fails_closed(
    fresh_warehouse: Settings, tmp_path: Path
) -> None:
    from release_steps import deliver

    own_secrets = tmp_path / "secrets"
    shutil.copytree(fresh_warehouse.secrets_dir, own_secrets)
    settings = Settings(home=tmp_path / "other home", dsn=fresh_warehouse.dsn, secrets=own_secrets)
    key = own_secrets / secrets.HMAC_KEY
    kept = key.read_text()
    key.unlink()
    migrate(settings)  # no data yet: a new key harms nothing
    assert key.read_text() != kept
    key.write_text(kept)
    migrate(settings)
    deliver(settings, "first file")
    key.unlink()
    with pytest.raises(secrets.SecretMissing, match="no such file"):
        migrate(settings)
    assert not key.exists()
    key.write_text("ab" * 32)
    with pytest.raises(secrets.SecretMissing, match="is not the key"):
        migrate(settings)
    key.write_text("short")
    with pytest.raises(secrets.SecretMissing, match="32 bytes"):
        migrate(settings)
    key.write_text(kept)
    migrate(settings)


def test_migrate_by_an_administrator_who_is_no_superuser_works(warehouse: Settings, tmp_path: Path) -> None:
    """A hosted PostgreSQL gives CREATEROLE and CREATEDB, not superuser."""
    with connect(warehouse, "admin", autocommit=True) as connection:
        connection.execute("create role hosted login createrole createdb password 'hosted'")
        logins = ", ".join((*ROLES, "airflow", "opinion_owner", "serve_owner"))
        # The roles are there already, so give what creating them would have given.
        connection.execute(f"grant {logins} to hosted with admin true, inherit false, set false")
        connection.execute("create database hosted owner hosted")
    admin = server.admin_dsn(warehouse, server.port(warehouse), "hosted")
    word = secrets.password(warehouse, "admin")
    settings = Settings(
        home=tmp_path, secrets=warehouse.secrets_dir,
        dsn=SecretStr(admin.replace(f"{server.ADMIN}:{word}", "hosted:hosted")),
    )  # fmt: skip
    try:
        assert migrate(settings)
        assert migrate(settings) == []
        with connect(settings, "bi_reader") as connection:
            assert connection.execute("select count(*) from release_notes").fetchone() == (0,)
    finally:
        with connect(warehouse, "admin", autocommit=True) as connection:
            connection.execute("drop database if exists hosted_airflow with (force)")
            connection.execute("drop database hosted with (force)")
            connection.execute("drop owned by hosted")
            connection.execute("drop role hosted")


def test_command_up_status_down_from_another_folder(open_home: Callable[[], Path]) -> None:
    home = open_home() / "home"
    environment = {**os.environ, "OPINION_HOME": str(home), "PYTHONPATH": str(PROJECT)}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "opinion_warehouse.database", *words]
        return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)

    assert run("status").returncode == 1
    started = time.monotonic()
    up = run("up")
    assert up.returncode == 0, up.stderr
    assert time.monotonic() - started < 60
    assert up.stdout.startswith("postgresql://opinion_admin:")
    assert run("dsn", "bi_reader").stdout.startswith("postgresql://bi_reader:")
    assert run("dsn", "nobody").returncode == 2
    assert run("status").returncode == 0
    assert run("down").stdout == "stopped\n"
