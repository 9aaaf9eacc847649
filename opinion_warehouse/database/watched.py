"""A connection that gives up a server that says nothing: its machine answers, but nobody is at home.

Keepalives find a machine that is gone. A proxy that hangs, or a server that is stopped, they do not: without
this a client waits for ever, and no limit of the server's reaches it.
"""

from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

_Result = TypeVar("_Result")


class WatchedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Closes itself and raises OperationalError where a statement takes more than `patience_seconds`.

    That must be more than its statement_timeout: only a server that can no longer say so takes so long.
    """

    patience_seconds = 75 * 60.0

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        """Wait for what psycopg waits for."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience_seconds)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()  # else what cleans up after the error would wait again
            detail = f"the server gave no answer for {self.patience_seconds:.0f} seconds"
            raise psycopg.OperationalError(detail) from None
