"""Environment → settings. Every setting has a default; no password has one.

| variable          | default            | meaning                                                        |
|-------------------|--------------------|----------------------------------------------------------------|
| `OPINION_HOME`    | `.opinion`         | server, store, secrets, Airflow's home                         |
| `OPINION_DSN`     | (embedded server)  | administrator's DSN of an existing PostgreSQL database         |
| `OPINION_SOURCES` | `sources`          | folder of source specs                                         |
| `OPINION_INBOX`   | `$OPINION_HOME/inbox` | where files are delivered, one folder a source              |
| `OPINION_STORE`   | `$OPINION_HOME/store` | content-addressed store: a folder, or an fsspec URL (`s3://…`) |
| `OPINION_SECRETS` | `$OPINION_HOME/secrets` | passwords and keys, one file each, mode 0600              |
| `OPINION_NOTIFY_URLS` | `$OPINION_SECRETS/notify.urls` | file of Apprise URLs, one a line; none: the log |

Relative paths are taken from the project folder, so the working directory does not matter.
"""

from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Role = Literal["loader", "transformer", "gate", "publisher", "bi_reader", "erasure"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Login roles, one a job."""

TIME_ZONE = "Asia/Ho_Chi_Minh"
"""Nights are named by this zone's date."""

PROJECT = Path(__file__).resolve().parents[1]
"""The folder that holds dags/, dbt_project/, expectations/ and sources/."""


class Settings(BaseSettings):
    """What the environment says, with paths resolved."""

    model_config = SettingsConfigDict(env_prefix="OPINION_", env_ignore_empty=True, frozen=False)

    home: Path = Path(".opinion")
    dsn: SecretStr | None = None
    sources: Path = Path("sources")
    inbox: Path | None = None
    store: str | None = None
    secrets: Path | None = None
    notify_urls: Path | None = None

    @staticmethod
    def _absolute(path: Path) -> Path:
        path = path.expanduser()
        return path if path.is_absolute() else PROJECT / path

    @cached_property
    def home_dir(self) -> Path:
        return self._absolute(self.home)

    @cached_property
    def sources_dir(self) -> Path:
        return self._absolute(self.sources)

    @cached_property
    def inbox_dir(self) -> Path:
        return self._absolute(self.inbox) if self.inbox else self.home_dir / "inbox"

    @cached_property
    def store_url(self) -> str:
        if self.store and "://" in self.store:
            return self.store
        return str(self._absolute(Path(self.store))) if self.store else str(self.home_dir / "store")

    @cached_property
    def secrets_dir(self) -> Path:
        return self._absolute(self.secrets) if self.secrets else self.home_dir / "secrets"

    @cached_property
    def notify_file(self) -> Path:
        return self._absolute(self.notify_urls) if self.notify_urls else self.secrets_dir / "notify.urls"

    @cached_property
    def reference_dir(self) -> Path:
        """Reference data (places, topics, units): dbt's seeds, read by the parser too."""
        return PROJECT / "dbt_project" / "seeds"
