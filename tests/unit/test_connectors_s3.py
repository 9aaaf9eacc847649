"""Object storage by moto's S3 server, through one that misbehaves: each object once, whole or not at all."""

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from api_servers import SECRET, Reply, Request, Server, reply, serving
from connector_jobs import connection, job, left, run
from moto.server import ThreadedMotoServer

from opinion_warehouse.connectors import s3
from opinion_warehouse.connectors.base import FetchFailed, Piece
from opinion_warehouse.connectors.http import Patience

BUCKET = "deliveries"
PATIENT = Patience(attempts=4)
FETCH = {"from": "s3", "bucket": BUCKET, "prefix": "exports/"}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def storage(moto: str) -> Iterator[Any]:
    """A client of an empty bucket."""
    http.client.HTTPConnection(urlsplit(moto).netloc).request("POST", "/moto-api/reset")
    client = boto3.client(
        "s3",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="robot",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket=BUCKET)
    yield client


@pytest.fixture
def server(moto: str) -> Iterator[Server]:
    """Hands every request on to moto; its faults come first."""

    def hand_on(request: Request) -> Reply:
        to = http.client.HTTPConnection(urlsplit(moto).netloc)
        to.request(request.method, request.raw_path, request.body or None, request.headers)
        given = to.getresponse()
        kept = {name: value for name, value in given.getheaders() if name.lower() not in SELF_MADE}
        length = int(given.headers["Content-Length"]) if request.method == "HEAD" else None
        return Reply(given.read(), given.status, kept, length)

    with serving(hand_on) as one:
        yield one


SELF_MADE = ("content-length", "connection", "date", "server", "transfer-encoding")


def put(storage: Any, key: str, data: bytes = b"id;at\n", **more: Any) -> None:
    storage.put_object(Bucket=BUCKET, Key=key, Body=data, **more)


def fetched(server: Server, folder: Path, marks: dict[str, str] | None = None, **files: Any) -> list[Piece]:
    return run(s3, job(folder, FETCH, marks, pattern="*.csv", **files), connection(server), PATIENT)


def marks(pieces: list[Piece]) -> dict[str, str]:
    return {piece.item: piece.mark for piece in pieces}


def names(pieces: list[Piece]) -> list[str]:
    return sorted(piece.name for piece in pieces)


def test_objects_under_the_prefix_are_fetched_once(storage: Any, server: Server, tmp_path: Path) -> None:
    put(storage, "exports/a.csv", b"first")
    put(storage, "exports/2026/b.csv", b"second")
    put(storage, "exports/notes.txt")
    put(storage, "exports/.hidden.csv")
    put(storage, "exports/folder/", b"")
    put(storage, "others/c.csv")
    pieces = fetched(server, tmp_path)
    assert names(pieces) == ["2026__b.csv", "a.csv"]
    assert {piece.part.read_bytes() for piece in pieces} == {b"first", b"second"}
    assert fetched(server, tmp_path, marks(pieces)) == []
    put(storage, "exports/a.csv", b"anew")
    (again,) = fetched(server, tmp_path, marks(pieces))
    assert (again.name, again.part.read_bytes()) == ("a.csv", b"anew")


def test_prefix_may_end_within_a_name(storage: Any, server: Server, tmp_path: Path) -> None:
    put(storage, "exports/wave_1.csv")
    put(storage, "exports/other.csv")
    order = job(tmp_path, FETCH | {"prefix": "exports/wave"}, pattern="*.csv")
    assert names(run(s3, order, connection(server), PATIENT)) == ["wave_1.csv"]


def test_listing_of_many_pages_is_read_to_the_end(storage: Any, server: Server, tmp_path: Path) -> None:
    for number in range(7):
        put(storage, f"exports/{number}.csv")
    handed_on = server.answer

    def by_twos(request: Request) -> Reply:
        if "list-type" in request.query:
            request.raw_path += "&max-keys=2"
        return handed_on(request)

    server.answer = by_twos
    assert names(fetched(server, tmp_path)) == [f"{number}.csv" for number in range(7)]
    pages = [each for each in server.requests if "list-type" in each.query]
    assert len(pages) == 4 and "continuation-token" in pages[3].query


def test_large_object_streams_by_ranges(
    storage: Any, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_CHUNK", 100_000)
    data = bytes(range(256)) * 2000
    put(storage, "exports/large.csv", data)
    (piece,) = fetched(server, tmp_path)
    assert piece.part.read_bytes() == data
    ranges = [each for each in server.requests if "Range" in each.headers]
    assert len(ranges) >= 3
    assert {each.headers["If-Match"].strip('"') for each in ranges} == {piece.mark.split()[0]}


def test_upload_in_parts_whose_etag_is_no_md5_is_fetched(
    storage: Any, server: Server, tmp_path: Path
) -> None:
    upload = storage.create_multipart_upload(Bucket=BUCKET, Key="exports/parts.csv")["UploadId"]
    etags = []
    for number, data in enumerate([b"x" * (5 << 20), b"end"], start=1):
        part = storage.upload_part(
            Bucket=BUCKET, Key="exports/parts.csv", UploadId=upload, PartNumber=number, Body=data
        )
        etags.append({"ETag": part["ETag"], "PartNumber": number})
    storage.complete_multipart_upload(
        Bucket=BUCKET, Key="exports/parts.csv", UploadId=upload, MultipartUpload={"Parts": etags}
    )
    (piece,) = fetched(server, tmp_path)
    assert piece.part.stat().st_size == (5 << 20) + 3
    assert "-2 " in piece.mark


def damage(server: Server, how: Any) -> None:
    """Change what moto answers to the reading of an object."""
    handed_on = server.answer

    def answer(request: Request) -> Reply:
        given = handed_on(request)
        if request.method == "GET" and request.path.endswith(".csv"):
            return how(request, given)
        return given

    server.answer = answer


def test_damaged_object_is_refused_and_the_others_are_fetched(
    storage: Any, server: Server, tmp_path: Path
) -> None:
    put(storage, "exports/a.csv", b"first")
    put(storage, "exports/b.csv", b"second")

    def flip(request: Request, given: Reply) -> Reply:
        if request.path.endswith("a.csv"):
            given.body = b"F" + given.body[1:]
            given.headers = {k: v for k, v in given.headers.items() if not k.startswith("x-amz-checksum")}
        return given

    damage(server, flip)
    order = job(tmp_path, FETCH, pattern="*.csv")
    pieces = []
    with pytest.raises(FetchFailed, match="damaged") as caught:
        pieces.extend(s3.fetch(order, order.source.fetch, connection(server), Patience(attempts=2)))
    assert caught.value.is_passing
    (good,) = tmp_path.iterdir()
    assert good.read_bytes() == b"second"


def test_object_sealed_by_a_key_has_an_etag_that_is_no_md5(
    storage: Any, server: Server, tmp_path: Path
) -> None:
    put(storage, "exports/a.csv", b"first", ServerSideEncryption="aws:kms")

    def other_bytes(request: Request, given: Reply) -> Reply:
        given.headers = {k: v for k, v in given.headers.items() if not k.startswith("x-amz-checksum")}
        return Reply(b"plain", given.status, given.headers)

    damage(server, other_bytes)
    (piece,) = fetched(server, tmp_path)
    assert piece.part.read_bytes() == b"plain"


def test_object_that_changes_after_the_listing_is_left_for_the_next_time(
    storage: Any, server: Server, tmp_path: Path
) -> None:
    put(storage, "exports/a.csv", b"first")
    handed_on = server.answer

    def answer(request: Request) -> Reply:
        given = handed_on(request)
        if "list-type" in request.query:
            put(storage, "exports/a.csv", b"other")
        return given

    server.answer = answer
    with pytest.raises(FetchFailed, match="changed"):
        fetched(server, tmp_path)
    assert left(tmp_path) == []


def test_object_larger_than_the_spec_allows_is_not_read_and_named_in_the_log_alone(
    storage: Any, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(storage, "exports/a.csv", b"x" * 1000)
    with pytest.raises(FetchFailed, match="too_large") as caught:
        fetched(server, tmp_path, max_bytes=999)
    assert "a.csv" not in str(caught.value)
    assert "exports/a.csv: too_large" in caplog.text
    assert not [each for each in server.requests if each.path.endswith("a.csv")]
    assert left(tmp_path) == []


def test_busy_storage_is_waited_for(storage: Any, server: Server, tmp_path: Path) -> None:
    put(storage, "exports/a.csv", b"first")
    server.faults.extend([reply({}, 503), reply({}, 500)])
    assert names(fetched(server, tmp_path)) == ["a.csv"]


def test_storage_that_never_answers_well_is_no_empty_listing(server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: reply({}, 500)
    order = job(tmp_path, FETCH, pattern="*.csv")
    with pytest.raises(FetchFailed) as caught:
        run(s3, order, connection(server), Patience(attempts=1))
    assert caught.value.is_passing
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "code"), [(403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (404, "NoSuchBucket")]
)
def test_refusal_is_said_without_the_storage_s_own_words(
    server: Server, tmp_path: Path, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    text = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"
    server.answer = lambda _: Reply(text.encode(), status, {"Content-Type": "application/xml"})
    with pytest.raises(FetchFailed) as caught:
        fetched(server, tmp_path)
    assert (caught.value.reason_code, caught.value.is_passing) == ("refused", False)
    assert SECRET not in str(caught.value)


def test_secret_key_is_in_no_log(
    storage: Any, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for name in ("botocore", "aiobotocore", "s3fs", "fsspec", "aiohttp"):
        caplog.set_level("DEBUG", logger=name)
    put(storage, "exports/a.csv", b"first")
    caplog.clear()
    assert names(fetched(server, tmp_path)) == ["a.csv"]
    assert caplog.text and SECRET not in caplog.text


def test_connection_without_keys_is_refused(server: Server, tmp_path: Path) -> None:
    order = job(tmp_path, FETCH, pattern="*.csv")
    with pytest.raises(FetchFailed, match="connection_unusable"):
        run(s3, order, connection(server, login=""))
    assert server.requests == []


def test_endpoint_may_stand_in_the_extra_as_airflow_has_it(
    storage: Any, server: Server, tmp_path: Path
) -> None:
    put(storage, "exports/a.csv", b"first")
    where = connection("", kind="aws", extra={"endpoint_url": server.url, "region_name": "us-east-1"})
    order = job(tmp_path, FETCH, pattern="*.csv")
    assert names(run(s3, order, where, PATIENT)) == ["a.csv"]
