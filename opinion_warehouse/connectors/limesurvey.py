"""LimeSurvey RemoteControl 2 → one CSV file of all responses, byte for byte as LimeSurvey writes it.

Whole, never from a response id on: the newest file of a wave speaks for the wave, and a response begun before
the last fetch is finished after it under its old id. One export is also one moment of the survey.

JSON-RPC by the connectors' own client and not by citric: that holds the answer three times in memory, has no
limit of time or size, and follows a redirect with the password.
"""

import base64
import binascii
import contextlib
import csv
import io
import logging
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from opinion_warehouse.connectors.base import FetchFailed, Job, PartFile, Piece, part_file, passing_path
from opinion_warehouse.connectors.connection import Connection
from opinion_warehouse.connectors.http import Client, Patience, decoded
from opinion_warehouse.connectors.paging import whole_number
from opinion_warehouse.sources.fetch import LimeSurveyFetch

log = logging.getLogger(__name__)
_ANSWER_LIMIT = 1 << 20
_CHUNK = 1 << 20
_CELL_LIMIT = 1 << 26
_RESULT = re.compile(rb'"result"\s*:\s*"')
_PASSING_STATUS = ("Invalid session key",)
_KNOWN_STATUS = (
    *_PASSING_STATUS,
    "Invalid user name or password",
    "You have exceeded the number of maximum login attempts",
    "No permission",
    "Invalid survey",
    "Error: Invalid survey ID",
    "Survey does not exist",
    "No Data, survey table does not exist.",
    "No Data, could not get max id.",
    "No available data",
    "Language code not found for this survey.",
)
"""LimeSurvey's own words for an error; others are not repeated, for nobody knows what stands in them."""


def fetch(
    job: Job, spec: LimeSurveyFetch, connection: Connection, patience: Patience | None = None
) -> Iterator[Piece]:
    """One file of all responses; none where the survey has none."""
    counted = "full_responses" if spec.responses == "all" else "completed_responses"
    with Client(connection, patience=patience) as client, _session(client, spec, connection) as key:
        before = _count(_call(client, spec, "get_summary", key, spec.survey, "all"), counted)
        if not before:
            return
        with part_file(job) as part:
            _export(job, client, spec, key, part)
            after = _count(_call(client, spec, "get_summary", key, spec.survey, "all"), counted)
        try:
            if after != before:
                detail = "responses came in during the export; it is made anew next time"
                raise FetchFailed("total_changed", detail, is_passing=True)
            _refuse_unless_whole(job, part, before)
        except FetchFailed:
            part.path.unlink()
            raise
    yield Piece(part.path, f"{job.stem}_{job.now:%Y%m%dT%H%M%SZ}.csv", part.sha256, f"survey {spec.survey}")


@contextlib.contextmanager
def _session(client: Client, spec: LimeSurveyFetch, connection: Connection) -> Iterator[str]:
    """A session key, released whatever happens."""
    if not connection.login or not connection.password:
        raise connection.refused("has no login or no password")
    key = _call(client, spec, "get_session_key", connection.login, connection.password)
    if not isinstance(key, str) or not key:
        raise FetchFailed("bad_answer", "LimeSurvey gives no session key")
    try:
        yield key
    finally:
        try:
            _call(client, spec, "release_session_key", key)
        except FetchFailed as error:
            log.warning("the LimeSurvey session was not released, it ends by itself: %s", error)


def _call(client: Client, spec: LimeSurveyFetch, method: str, *params: Any) -> Any:
    out = io.BytesIO()
    client.post(spec.path, {"method": method, "params": params, "id": 1}, out, _ANSWER_LIMIT)
    return _result(decoded(out.getvalue()))


def _result(answer: Any) -> Any:
    """What a JSON-RPC answer gives; a status instead of a result is an error, though HTTP says 200."""
    if not isinstance(answer, dict) or "result" not in answer:
        raise FetchFailed("bad_answer", "the answer is none of JSON-RPC; is RemoteControl set to JSON-RPC?")
    if answer.get("error") is not None:
        raise FetchFailed("error_in_answer", "JSON-RPC answers with an error", is_passing=True)
    result = answer["result"]
    if isinstance(result, dict) and result.get("status") not in (None, "OK"):
        status = str(result["status"])
        known = next((each for each in _KNOWN_STATUS if status.startswith(each)), "a status not known here")
        raise FetchFailed("error_in_answer", f"LimeSurvey says: {known}", is_passing=known in _PASSING_STATUS)
    return result


def _count(summary: Any, name: str) -> int:
    if not isinstance(summary, dict) or name not in summary:
        raise FetchFailed("bad_answer", f"the survey's summary has no `{name}`; is the survey active?")
    return whole_number(summary[name], name)


def _export(job: Job, client: Client, spec: LimeSurveyFetch, key: str, part: PartFile) -> None:
    """The export's base64 goes to disk as it comes and is decoded from there: memory stays flat."""
    method = "export_responses"
    params = [key, spec.survey, "csv", spec.language, spec.responses, "code", "short"]
    path = passing_path(job)
    limit = job.source.files.max_bytes * 4 // 3 + _ANSWER_LIMIT
    try:
        with path.open("xb+") as raw:
            client.post(spec.path, {"method": method, "params": params, "id": 1}, raw, limit)
            raw.seek(0)
            for chunk in _decoded_result(raw):
                part.write(chunk)
    finally:
        path.unlink(missing_ok=True)


def _decoded_result(raw: BinaryIO) -> Iterator[bytes]:
    """The bytes of a JSON-RPC answer whose result is one long base64 text."""
    head = _chunk(raw)
    found = _RESULT.search(head)
    if not found:
        _result(decoded(head + raw.read(_ANSWER_LIMIT)))
        raise FetchFailed("bad_answer", "the export is no text")
    rest, chunk = b"", head[found.end() :]
    while chunk:
        text, quote, tail = chunk.partition(b'"')
        text = rest + text.replace(b"\\/", b"/")  # PHP may escape it
        if quote:
            yield _plain(text)
            _result(decoded(head[: found.end()] + quote + tail + raw.read(_ANSWER_LIMIT)))
            return
        whole = len(text) - len(text) % 4  # base64 is decoded by fours
        yield _plain(text[:whole])
        rest, chunk = text[whole:], _chunk(raw)
    raise FetchFailed("broken_body", "the export breaks off", is_passing=True)


def _chunk(raw: BinaryIO) -> bytes:
    """The next chunk; an escape is not cut in two."""
    chunk = raw.read(_CHUNK)
    return chunk + raw.read(1) if chunk.endswith(b"\\") else chunk


def _plain(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise FetchFailed("broken_body", "the export is no base64", is_passing=True) from None


def _refuse_unless_whole(job: Job, part: PartFile, expected: int) -> None:
    """As many responses as the summary counts, each once."""
    files = job.source.files
    ids: set[str] = set()
    count = 0
    csv.field_size_limit(_CELL_LIMIT)  # how long a cell may be is the reader's to say
    try:
        with part.path.open(encoding=files.encoding, newline="") as file:
            if file.read(1) != "\ufeff":
                file.seek(0)
            rows = csv.reader(file, delimiter=files.delimiter, strict=True)
            header = next(rows, [])
            if "id" not in header:
                detail = "the export has no column `id`; look at `files.delimiter` and `encoding`"
                raise FetchFailed("bad_answer", detail)
            place = header.index("id")
            for row in rows:
                if row:
                    count += 1
                    ids.add(row[place] if place < len(row) else "")
    except (csv.Error, UnicodeError):
        raise FetchFailed("bad_answer", "the export is no CSV in the encoding of `files`") from None
    if count != expected or len(ids) != expected:
        detail = (
            f"the survey counts {expected} responses, and the export has {count} rows of {len(ids)} responses"
        )
        raise FetchFailed("pages_do_not_add_up", detail, is_passing=True)
