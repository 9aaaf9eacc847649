"""DSNs and connections, one role a job. Time limits are the roles' own (roles.sql), so dbt has them too."""

from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

from opinion_warehouse.database import secrets, server
from opinion_warehouse.database.secrets import hmac_key
from opinion_warehouse.settings import Role, Settings

if TYPE_CHECKING:
    import psycopg

__all__ = ["Login", "airflow_database", "connect", "dsn", "hmac_key", "parameters"]

Login = Role | Literal["admin", "airflow"]

# A dead peer is noticed within about a minute, so that its locks and ours go.
_KEEPALIVE: dict[str, int] = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_CONNECT_TIMEOUT = 10
_PATIENCE_SECONDS = {"loader": 16 * 60.0}
"""How long a login waits for an answer; more than its statement_timeout (roles.sql). Others: `watched`."""


def parameters(settings: Settings, role: Login) -> dict[str, str]:
    """libpq parameters (host, port, dbname, user, password, and what else OPINION_DSN says)."""
    if settings.dsn is None:
        given: dict[str, str] = {
            "host": "127.0.0.1",
            "port": str(server.port(settings)),
            "dbname": server.DATABASE,
            "user": server.ADMIN,
        }
        if role == "admin":
            given["password"] = secrets.password(settings, "admin")
    else:
        from psycopg.conninfo import conninfo_to_dict

        parsed = conninfo_to_dict(settings.dsn.get_secret_value())
        given = {name: str(value) for name, value in parsed.items()}
        given.setdefault("dbname", given.get("user", "postgres"))
    if role != "admin":
        given["user"] = role
        given["password"] = secrets.password(settings, role)
    if role == "airflow":
        given["dbname"] = airflow_database(given["dbname"])
    return given


def airflow_database(warehouse: str) -> str:
    """Airflow's metadata stand in a database of their own beside the warehouse."""
    return f"{warehouse}_airflow"


def dsn(settings: Settings, role: Login, driver: str = "postgresql") -> str:
    """The DSN as a URL; `driver` is its scheme, such as `postgresql+psycopg2`."""
    given = parameters(settings, role)
    user, word = quote(given.pop("user"), safe=""), quote(given.pop("password", ""), safe="")
    host, port, database = given.pop("host", ""), given.pop("port", ""), quote(given.pop("dbname"), safe="")
    if host.startswith("/") or "," in host:
        given["host"], host = host, ""
    login = f"{user}:{word}" if word else user
    query = f"?{urlencode(given, quote_via=quote)}" if given else ""
    where = f"[{host}]" if ":" in host else host
    return f"{driver}://{login}@{where}{':' + port if port else ''}/{database}{query}"


def connect(
    settings: Settings, role: Login, *, autocommit: bool = False, application_name: str | None = None
) -> "psycopg.Connection[tuple[Any, ...]]":
    """Connect as one role; refuses plainly when the server is not running."""
    import psycopg

    from opinion_warehouse.database.watched import WatchedConnection

    given: dict[str, Any] = {**_KEEPALIVE, "connect_timeout": _CONNECT_TIMEOUT, **parameters(settings, role)}
    given["application_name"] = application_name or f"opinion {role}"
    try:
        connection = WatchedConnection.connect(**given, autocommit=autocommit)
    except psycopg.OperationalError as error:
        if settings.dsn is None and "refused" in str(error):
            raise server.ServerFailed(
                f"the warehouse's server ({settings.home_dir}) is not running; start it with `opinion setup`"
            ) from error
        raise
    connection.patience_seconds = _PATIENCE_SECONDS.get(role, connection.patience_seconds)
    return connection
