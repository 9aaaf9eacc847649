"""Keyed pseudonyms. A plain hash is none: all Vietnamese mobile numbers hash in minutes."""

import hashlib
import hmac


class Keyed:
    """HMAC-SHA-256 with a key from outside the database; parts are joined so that no two lists collide."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("the key of the pseudonyms is missing or too short; see the file key.hmac")
        self._start = hmac.new(key, digestmod=hashlib.sha256)

    def __call__(self, *parts: str) -> str:
        mac = self._start.copy()
        for part in parts:
            data = part.encode()
            mac.update(len(data).to_bytes(4, "big") + data)
        return mac.hexdigest()
