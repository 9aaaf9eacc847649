"""Where a connector goes and as whom: an Airflow connection, found the way Airflow finds it.

In a task that is Airflow's database or secrets backend; outside one, an environment variable of Airflow's own
form, `AIRFLOW_CONN_<ID>` as a URI or as JSON.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opinion_warehouse.connectors.base import FetchFailed


@dataclass(frozen=True)
class Connection:
    """A connection's parts. What is secret is in no repr."""

    id: str
    kind: str = ""
    host: str = ""
    port: int | None = None
    schema: str = ""
    login: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def refused(self, what: str) -> FetchFailed:
        """An error that names the connection."""
        return FetchFailed("connection_unusable", f"the Airflow connection {self.id!r} {what}")


def find(connection_id: str) -> Connection:
    """The connection, or FetchFailed: nothing is fetched without one."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowException

    try:
        found = BaseHook.get_connection(connection_id)
        extra = found.extra_dejson
    except (AirflowException, ValueError):
        found = None
    if found is None:
        variable = f"AIRFLOW_CONN_{connection_id.upper()}"
        raise FetchFailed(
            "connection_missing",
            f"there is no readable Airflow connection {connection_id!r}; make it in Airflow (Admin,"
            f" Connections) or give {variable} as a URI or JSON",
        ) from None
    return Connection(
        id=connection_id,
        kind=found.conn_type or "",
        host=found.host or "",
        port=found.port,
        schema=found.schema or "",
        login=found.login or "",
        password=found.password or "",
        extra=extra if isinstance(extra, dict) else {},
    )


def base_url(connection: Connection) -> str:
    """`https://host:port`, with the path that `host` has, without a slash at its end.

    As Airflow's HTTP connections say it: the protocol stands before the host, or is `schema`, or the kind.
    """
    protocol, separator, host = connection.host.rpartition("://")
    if not separator:
        known = [each for each in (connection.schema, connection.kind) if each in ("http", "https")]
        protocol = known[0] if known else "https"
    if not host or protocol not in ("http", "https") or "@" in host or "?" in host or "#" in host:
        raise connection.refused("has no usable host; write https://host")
    name, slash, path = host.partition("/")
    if connection.port:
        name = f"{name}:{connection.port}"
    if protocol == "http" and not _is_here(name) and not connection.extra.get("plain_http"):
        raise connection.refused(
            "speaks plain http, which shows the credentials to the network: write https://, or"
            ' {"plain_http": true} in its extra where the network is yours'
        )
    return f"{protocol}://{name}{slash}{path}".rstrip("/")


def _is_here(name: str) -> bool:
    host = name.rpartition(":")[0] if ":" in name and not name.endswith("]") else name
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
