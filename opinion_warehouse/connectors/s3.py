"""S3-compatible object storage: each object under a prefix → one file, once for each of its contents."""

import fnmatch
import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from opinion_warehouse.connectors.base import FetchFailed, Job, Piece, part_file
from opinion_warehouse.connectors.connection import Connection, base_url
from opinion_warehouse.connectors.http import Patience
from opinion_warehouse.sources.fetch import S3Fetch

log = logging.getLogger(__name__)
_CHUNK = 8 << 20
_T = TypeVar("_T")


class _ObjectFailed(FetchFailed):
    """Something is wrong with one object; the others have their turn."""


def fetch(
    job: Job, spec: S3Fetch, connection: Connection, patience: Patience | None = None
) -> Iterator[Piece]:
    """One file for each object that is new or has changed, oldest first.

    An object that goes wrong does not keep the others; the first such error is raised at the end.
    """
    store = _filesystem(connection, patience or Patience())
    failed: FetchFailed | None = None
    for found in _listed(store, spec):
        name = _name(spec, found["name"])
        mark = f"{_etag(found)} {found['size']}"
        item = found["name"]
        if not _is_taken(name, job.source.files.pattern):
            log.info("%s is not of `files.pattern`; it stays where it is", item)
        elif (job.folder / name).exists():
            log.info("%s waits in the inbox; what has the same name is fetched after it", name)
        elif job.marks.get(item) != mark:
            try:
                yield _downloaded(job, store, found, name, item, mark)
            except _ObjectFailed as error:
                # The key is for the log alone: like any file's name it may hold a person's.
                log.warning("%s: %s", item, error)
                failed = failed or error
    if failed:
        raise failed


def _filesystem(connection: Connection, patience: Patience) -> Any:
    import s3fs

    if not connection.login or not connection.password:
        raise connection.refused("has no login (access key) or no password (secret key)")
    extra = connection.extra
    own = extra.get("endpoint_url") or (connection.host and base_url(connection))
    if extra.get("endpoint_url"):
        own = base_url(Connection(connection.id, host=str(extra["endpoint_url"]), extra=extra))
    return s3fs.S3FileSystem(
        key=connection.login,
        secret=connection.password,
        token=extra.get("aws_session_token"),
        endpoint_url=own or None,
        client_kwargs={"region_name": extra.get("region_name") or "us-east-1"},
        config_kwargs={
            "connect_timeout": patience.connect,
            "read_timeout": patience.read,
            "retries": {"max_attempts": patience.attempts, "mode": "standard"},
            "s3": {"addressing_style": "path" if own else "auto"},
        },
        skip_instance_cache=True,  # of another connection's credentials
        use_listings_cache=False,
    )


def _listed(store: Any, spec: S3Fetch) -> list[dict[str, Any]]:
    """Every object under the prefix, page by page, oldest first."""
    found = _asked(lambda: store.find(spec.bucket, prefix=spec.prefix, detail=True))
    objects = [
        each for each in found.values() if each.get("type") == "file" and not each["name"].endswith("/")
    ]
    return sorted(objects, key=lambda each: (each["LastModified"], each["name"]))


def _name(spec: S3Fetch, path: str) -> str:
    """The file's name: the key below the prefix's folder."""
    folder = f"{spec.bucket}/{spec.prefix.rpartition('/')[0]}".rstrip("/") + "/"
    return path.removeprefix(folder).replace("/", "__")


def _is_taken(name: str, pattern: str) -> bool:
    return name.isprintable() and not name.startswith(".") and fnmatch.fnmatch(name, pattern)


def _etag(found: dict[str, Any]) -> str:
    return str(found.get("ETag", "")).strip('"')


def _downloaded(job: Job, store: Any, found: dict[str, Any], name: str, item: str, mark: str) -> Piece:
    """Stream an object to disk; its size, and its MD5 where the etag is one, are what was listed."""
    limit = job.source.files.max_bytes
    if found["size"] > limit:
        raise _ObjectFailed("too_large", f"an object has more than the {limit} bytes of `files.max_bytes`")
    digest = hashlib.md5(usedforsecurity=False)
    with part_file(job) as part:
        file = _asked(lambda: store.open(item, "rb", block_size=_CHUNK))
        if _etag(file.details) != _etag(found):
            raise _ObjectFailed("changed", "an object changed while it was fetched", is_passing=True)
        # Every range is asked for under the same etag, so a change midway is an error of the server's.
        while chunk := _asked(lambda: file.read(_CHUNK)):
            digest.update(chunk)
            part.write(chunk)
        if part.size != found["size"]:
            raise _ObjectFailed("damaged", "an object has another size than listed", is_passing=True)
        is_md5 = re.fullmatch(r"[0-9a-f]{32}", _etag(found))
        if is_md5 and digest.hexdigest() != _etag(found) and not _is_sealed_by_a_key(store, item):
            raise _ObjectFailed("damaged", "an object is not the content its etag says", is_passing=True)
    return Piece(part.path, name, part.sha256, item, mark)


def _is_sealed_by_a_key(store: Any, item: str) -> bool:
    """An object encrypted under a key of KMS or the customer's has an etag that is no MD5."""
    bucket, _, key = item.partition("/")
    head = _asked(lambda: store.call_s3("head_object", Bucket=bucket, Key=key))
    return str(head.get("ServerSideEncryption", "")).startswith("aws:kms") or "SSECustomerAlgorithm" in head


def _asked(question: Callable[[], _T]) -> _T:
    """Ask the storage; its own words may hold what should not be repeated."""
    import aiohttp
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return question()
    except PermissionError:
        raise FetchFailed("refused", "the storage refuses: the credentials, or what they may read") from None
    except FileNotFoundError:
        raise FetchFailed("refused", "there is no such bucket or object") from None
    except (OSError, BotoCoreError, ClientError, aiohttp.ClientError) as error:
        detail = f"the storage did not answer well ({type(error).__name__})"
        raise FetchFailed("no_connection", detail, is_passing=True) from None
