"""Passwords and keys: one file each, mode 0600, made once and never replaced silently.

Files are written whole and then linked into place, so two processes that start together agree on one value
and a kill in the middle leaves none. Root gives the files to the owner of the home folder.
"""

import os
import secrets as tokens
import tempfile
from pathlib import Path

from opinion_warehouse.settings import Settings

HMAC_KEY = "key.hmac"
STORE_KEY = "store.key"
_KEY_BYTES = 32


class SecretMissing(RuntimeError):
    """A password or key that must exist does not, or cannot be read."""

    reason_code = "secret_missing"


def password(settings: Settings, account: str, *, create: bool = False) -> str:
    """Password of a database account; with `create`, made on first use."""
    path = settings.secrets_dir / f"{account}.password"
    if create and not path.exists():
        _write_once(settings, path, tokens.token_urlsafe(24))
    return _read(path, "`opinion setup` makes the passwords; with OPINION_DSN, put the file there")


def key(settings: Settings, name: str) -> bytes:
    """A 32-byte key from its file. A missing one is an error: a new one would not match the data."""
    path = settings.secrets_dir / name
    text = _read(path, "put the key file back from its backup; a new key would break every earlier pseudonym")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != _KEY_BYTES:
        raise SecretMissing(
            f"{path}: is not {_KEY_BYTES} bytes in hexadecimal; put the key back from its backup"
        )
    return value


def create_key(settings: Settings, name: str) -> bytes:
    """Make the key if there is none. Only for a warehouse without data: the caller has made sure."""
    path = settings.secrets_dir / name
    if not path.exists():
        _write_once(settings, path, tokens.token_bytes(_KEY_BYTES).hex())
    return key(settings, name)


def hmac_key(settings: Settings) -> bytes:
    """The key of the respondent and item pseudonyms; it never enters the database."""
    return key(settings, HMAC_KEY)


def store_key(settings: Settings) -> bytes:
    """The key that wraps the keys of the stored raw files."""
    return key(settings, STORE_KEY)


def _read(path: Path, mend: str) -> str:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SecretMissing(f"{path}: no such file; {mend}") from None
    except PermissionError:
        raise SecretMissing(
            f"{path}: this account may not read it; run as the account that owns it"
        ) from None
    if not text:
        raise SecretMissing(f"{path}: is empty; {mend}")
    return text


def _write_once(settings: Settings, path: Path, text: str) -> None:
    owner = settings.home_dir if settings.home_dir.exists() else path.parent.parent
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        _give(path.parent, owner)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mkstemp: 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        _give(Path(name), owner)
        try:
            path.hardlink_to(name)
        except FileExistsError:
            return  # another process was first: its value stands
    finally:
        Path(name).unlink()


def _give(path: Path, like: Path) -> None:
    if os.geteuid() == 0 and like.exists():
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
