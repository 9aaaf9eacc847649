"""Keyed pseudonyms. A plain hash is none: all Vietnamese mobile numbers hash in minutes."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence


class Keyed:
    """HMAC-SHA-256 with a key from outside the database; parts are joined so that no two lists collide."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the key of the pseudonyms is missing or too short; see the file key.hmac")
        self._start = hmac.new(key, digestmod=hashlib.sha256)

    def __call__(self, *parts: str) -> str:
        mac = self._start.copy()
        for part in parts:
            mac.update(_sized(part))
        return mac.hexdigest()

    def each(self, parts: Sequence[str], ids: Iterable[str | None]) -> list[str | None]:
        """As of each id behind the same parts; of no id, nothing."""
        start = self._start.copy()
        for part in parts:
            start.update(_sized(part))
        keys: list[str | None] = []
        for own in ids:
            if own is None:
                keys.append(None)
                continue
            mac = start.copy()
            mac.update(_sized(own))
            keys.append(mac.hexdigest())
        return keys


def _sized(part: str) -> bytes:
    data = part.encode()
    return len(data).to_bytes(4, "big") + data
