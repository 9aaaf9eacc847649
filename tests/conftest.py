"""Fixtures every folder shares: a real server, and an empty migrated warehouse."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from opinion_warehouse.database import server
from opinion_warehouse.database.connect import connect
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.settings import Settings

# What the developer's shell says must not reach the tests.
for _name in [name for name in os.environ if name.startswith("OPINION_")]:
    del os.environ[_name]


@pytest.fixture(scope="session")
def open_home() -> Iterator[Callable[[], Path]]:
    """Makes folders with a space in their name that the server's account may enter (pytest's are 0700)."""
    made: list[Path] = []

    def make() -> Path:
        folder = Path(tempfile.mkdtemp(prefix="opinion test "))
        folder.chmod(0o755)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        server.remove(Settings(home=folder, dsn=None))
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def warehouse(open_home: Callable[[], Path]) -> Settings:
    """A started embedded server, migrated; shared by the whole run."""
    settings = Settings(home=open_home(), dsn=None)
    server.start(settings)
    migrate(settings)
    with connect(settings, "admin", autocommit=True) as connection:
        # A hundred databases are made and dropped, and none must outlive a power cut: half the suite's time.
        connection.execute("alter system set fsync = off")
        connection.execute("select pg_reload_conf()")
    return settings


@pytest.fixture(scope="session")
def new_warehouse(
    warehouse: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], AbstractContextManager[Settings]]:
    """Makes empty migrated databases on the shared server, reached as OPINION_DSN reaches any server.

    Roles and passwords belong to the whole server, so the secrets are the shared ones.
    """

    @contextmanager
    def make() -> Iterator[Settings]:
        name = f"fresh_{uuid.uuid4().hex[:12]}"
        with connect(warehouse, "admin", autocommit=True) as connection:
            connection.execute(f"create database {name}")
        dsn = server.admin_dsn(warehouse, server.port(warehouse), name)
        settings = Settings(
            home=tmp_path_factory.mktemp("home of one test"),
            dsn=SecretStr(dsn),
            secrets=warehouse.secrets_dir,
        )
        migrate(settings)
        try:
            yield settings
        finally:
            with connect(warehouse, "admin", autocommit=True) as connection:
                connection.execute(f"drop database {name} with (force)")
                connection.execute(f"drop database {name}_airflow with (force)")

    return make


@pytest.fixture
def fresh_warehouse(new_warehouse: Callable[[], AbstractContextManager[Settings]]) -> Iterator[Settings]:
    """An empty migrated database of one test's own."""
    with new_warehouse() as settings:
        yield settings
