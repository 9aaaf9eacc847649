"""`python -m opinion_warehouse.database up|down|status|dsn [ROLE]`: the database alone, without the rest."""

import sys
from typing import cast, get_args

from opinion_warehouse.database import connect, server
from opinion_warehouse.database.account import NoAccount
from opinion_warehouse.database.migrate import migrate
from opinion_warehouse.database.secrets import SecretMissing
from opinion_warehouse.settings import Settings

USAGE = "usage: python -m opinion_warehouse.database up | down | status | dsn [ROLE]"


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    settings = Settings()
    match arguments:
        case ["up"]:
            if settings.dsn is None:
                server.start(settings)
            applied = migrate(settings)
            print(f"migrations applied: {', '.join(applied) or 'none, up to date'}", file=sys.stderr)
            print(connect.dsn(settings, "admin"))
            print("a role's DSN: python -m opinion_warehouse.database dsn bi_reader", file=sys.stderr)
        case ["down"]:
            print("stopped" if server.stop(settings) else "was not running")
        case ["status"]:
            running = server.status(settings)
            print(
                f"running on {running.host}:{running.port}, pid {running.pid}" if running else "not running"
            )
            return 0 if running else 1
        case ["dsn", *role] if len(role) <= 1 and (not role or role[0] in _logins()):
            print(connect.dsn(settings, cast("connect.Login", role[0] if role else "admin")))
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    return 0


def _logins() -> list[str]:
    return [name for part in get_args(connect.Login) for name in get_args(part)]


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (server.ServerFailed, NoAccount, SecretMissing) as error:
        sys.exit(f"error: {error}")
