"""The content-addressed store of raw files: a local folder, or an fsspec URL.

A file's sha256 is its name. Each is encrypted with a key of its own (AES-256-GCM, by the megabyte, memory
flat), and that key is wrapped with `store.key`: forgetting a file is deleting it. Locally a copy is written,
fsynced and renamed, so a name in the store always stands for a whole file.
"""

import contextlib
import errno
import hashlib
import os
import secrets as tokens
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from opinion_warehouse.database.secrets import store_key
from opinion_warehouse.settings import Settings

MAGIC = b"OWSTORE1"
CHUNK = 1 << 20
_NONCE = 12
_TAG = 16


class StoreCorrupt(RuntimeError):
    """A stored copy is not what was stored."""

    reason_code = "store_corrupt"


class StoreFull(OSError):
    """No room in the store."""

    reason_code = "store_full"


def put(settings: Settings, path: Path) -> tuple[str, int]:
    """Copy a file into the store; its sha256 and size, of exactly the bytes that were copied."""
    key = store_key(settings)
    digest = hashlib.sha256()
    size = 0
    with _noting_full(settings), _new_object(settings) as target:
        with path.open("rb") as source:
            for block in _encrypted(_chunks(source), key):
                plain, sealed = block
                digest.update(plain)
                size += len(plain)
                target.write(sealed)
        sha256 = digest.hexdigest()
        target.keep_as(sha256)
    return sha256, size


def fetch(settings: Settings, sha256: str, target: Path) -> None:
    """Write a stored file's bytes to `target`, or raise StoreCorrupt."""
    digest = hashlib.sha256()
    try:
        with _open(settings, sha256) as source, target.open("wb") as out:
            for plain in _decrypted(source, store_key(settings)):
                digest.update(plain)
                out.write(plain)
    except FileNotFoundError:
        raise StoreCorrupt(f"{sha256} is not in the store (kept for keep.raw_days only)") from None
    if digest.hexdigest() != sha256:
        raise StoreCorrupt(f"the stored copy of {sha256} is damaged; deliver the file again")


def remove(settings: Settings, sha256: str) -> bool:
    """Forget a file; True where there was one."""
    filesystem, root = _filesystem(settings)
    name = _name(root, sha256)
    if not filesystem.exists(name):
        return False
    filesystem.rm_file(name)
    return True


def exists(settings: Settings, sha256: str) -> bool:
    """Whether the file is in the store."""
    filesystem, root = _filesystem(settings)
    return bool(filesystem.exists(_name(root, sha256)))


def _filesystem(settings: Settings) -> tuple[Any, str]:
    import fsspec

    filesystem, root = fsspec.core.url_to_fs(settings.store_url)
    return filesystem, str(root)


def _name(root: str, sha256: str) -> str:
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise ValueError("a sha256 has 64 hexadecimal digits")
    return f"{root}/{sha256[:2]}/{sha256}"


def _chunks(source: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Chunks, each with whether it is the last."""
    chunk = source.read(CHUNK)
    while True:
        following = source.read(CHUNK) if len(chunk) == CHUNK else b""
        yield chunk, not following
        if not following:
            return
        chunk = following


def _encrypted(chunks: Iterator[tuple[bytes, bool]], key: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Pairs of plain and sealed bytes; the first pair is the head."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    own = tokens.token_bytes(32)
    nonce = tokens.token_bytes(_NONCE)
    yield b"", MAGIC + nonce + AESGCM(key).encrypt(nonce, own, MAGIC)
    cipher = AESGCM(own)
    for number, (chunk, is_last) in enumerate(chunks):
        # The chunk's number and whether it is the last are under the seal: none can be cut off or swapped.
        yield chunk, cipher.encrypt(number.to_bytes(_NONCE, "big"), chunk, b"last" if is_last else b"more")


def _decrypted(source: IO[bytes], key: bytes) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        if source.read(len(MAGIC)) != MAGIC:
            raise StoreCorrupt("the stored copy has no right beginning")
        nonce = source.read(_NONCE)
        cipher = AESGCM(AESGCM(key).decrypt(nonce, source.read(32 + _TAG), MAGIC))
        sealed = source.read(CHUNK + _TAG)
        number = 0
        while True:
            following = source.read(CHUNK + _TAG)
            kind = b"more" if following else b"last"
            yield cipher.decrypt(number.to_bytes(_NONCE, "big"), sealed, kind)
            if not following:
                return
            sealed, number = following, number + 1
    except (InvalidTag, ValueError):
        raise StoreCorrupt(
            "the stored copy is damaged, or store.key is not the key it was stored with"
        ) from None


def _open(settings: Settings, sha256: str) -> Any:
    filesystem, root = _filesystem(settings)
    return filesystem.open(_name(root, sha256), "rb")


class _Object:
    """A new object under a passing name, until `keep_as` gives it its own."""

    def __init__(self, filesystem: Any, root: str, local: bool) -> None:
        self._filesystem, self._root, self._local = filesystem, root, local
        folder = f"{root}/new"
        filesystem.makedirs(folder, exist_ok=True)
        self._passing = f"{folder}/{tokens.token_hex(16)}"
        self._file = filesystem.open(self._passing, "wb")
        self._kept = False
        self.write = self._file.write

    def keep_as(self, sha256: str) -> None:
        """Give it the name of its content; one of that name that is there already stays."""
        if self._local:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()
        name = _name(self._root, sha256)
        if self._filesystem.exists(name):
            return
        self._filesystem.makedirs(name.rpartition("/")[0], exist_ok=True)
        if self._local:
            Path(self._passing).replace(name)
            _sync_folder(Path(name).parent)
        else:
            self._filesystem.mv(self._passing, name)
        self._kept = True

    def leave(self) -> None:
        """Remove what was not kept: an object of a full disk or a killed copy is no file."""
        with contextlib.suppress(OSError):
            self._file.close()
        if not self._kept:
            with contextlib.suppress(OSError):
                self._filesystem.rm_file(self._passing)


@contextlib.contextmanager
def _new_object(settings: Settings) -> Iterator[_Object]:
    filesystem, root = _filesystem(settings)
    local = "://" not in settings.store_url
    if local and not Path(root).exists():
        Path(root).mkdir(parents=True, mode=0o700)
    new = _Object(filesystem, root, local)
    try:
        yield new
    finally:
        new.leave()


@contextlib.contextmanager
def _noting_full(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            detail = f"the store {settings.store_url} is full; make room, the file is tried again"
            raise StoreFull(detail) from None
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
