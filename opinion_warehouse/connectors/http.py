"""The one HTTP client of the connectors: limits of time and size, bounded retries, no way to another host."""

import io
import json
import logging
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, NoReturn, Self

import httpx
import tenacity

from opinion_warehouse import __version__
from opinion_warehouse.connectors.base import FetchFailed
from opinion_warehouse.connectors.connection import Connection, base_url

log = logging.getLogger(__name__)
# httpx logs whole URLs, and a credential may stand in one.
logging.getLogger("httpx").addFilter(lambda record: False)

PAGE_LIMIT = 64 << 20
"""Bytes of one JSON answer, unpacked."""
_REDIRECTS = 3
_ANSWERS_WITH_A_MEANING = {
    401: "the credentials are not accepted",
    403: "the account may not read this",
    404: "there is nothing at this address",
}


@dataclass(frozen=True)
class Patience:
    """Limits in seconds, and how often a request is tried."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 600.0
    """One answer from its beginning to its end: a body that drips never trips `read`."""
    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 120.0


class Answer(NamedTuple):
    """A decoded JSON answer, and the address of the next page where its Link header has one."""

    body: Any
    next_link: str | None


class _TryAgain(FetchFailed):
    """What a repeated request may mend; `after`: seconds the server asked for."""

    def __init__(self, reason_code: str, detail: str, after: float | None = None) -> None:
        super().__init__(reason_code, detail, is_passing=True)
        self.after = after


class Client:
    """Speaks with one connection's host, as one account."""

    def __init__(
        self,
        connection: Connection,
        auth: str = "none",
        auth_name: str | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.base = base_url(connection)
        self._patience = patience or Patience()
        self._parameters: dict[str, str] = {}
        headers = {"User-Agent": f"opinion-warehouse/{__version__}", "Accept": "application/json"}
        if auth != "none" and not connection.password:
            raise connection.refused("has no password (or token)")
        basic = httpx.BasicAuth(connection.login, connection.password) if auth == "basic" else None
        if auth in ("bearer", "token"):
            headers["Authorization"] = f"{auth.capitalize()} {connection.password}"
        elif auth == "header":
            headers[str(auth_name)] = connection.password
        elif auth == "parameter":
            self._parameters[str(auth_name)] = connection.password
        times = self._patience
        try:
            self._http = httpx.Client(
                headers=headers,
                auth=basic,
                timeout=httpx.Timeout(times.read, connect=times.connect, pool=times.connect),
                follow_redirects=False,
                trust_env=False,  # ~/.netrc would add credentials, a proxy variable would see them
            )
        except (UnicodeError, ValueError):
            raise connection.refused("has a token that no header can hold") from None
        # Packed only as gzip: what else httpx can unpack grows too far between two looks at the size.
        self._http.headers["Accept-Encoding"] = "gzip"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, params: Mapping[str, Any]) -> Answer:
        """The decoded answer of a path on the host, or of a whole address on it."""
        out = io.BytesIO()
        response = self._request("GET", self._address(path), out, PAGE_LIMIT, params=params)
        body = decoded(out.getvalue())
        return Answer(body, response.links.get("next", {}).get("url"))

    def post(self, path: str, message: Mapping[str, Any], out: BinaryIO, limit: int) -> None:
        """Send JSON; the answer's body is in `out`."""
        self._request("POST", self._address(path), out, limit, json=message)

    def _address(self, path: str) -> httpx.URL:
        try:
            url = httpx.URL(path if "://" in path else f"{self.base}{path}")
        except (httpx.InvalidURL, ValueError):
            raise FetchFailed("bad_address", "the next page's address is none") from None
        if not self._is_own(url):
            raise FetchFailed("other_host", "the next page's address leads to another host")
        return url

    def _is_own(self, url: httpx.URL) -> bool:
        own = httpx.URL(self.base)
        return (url.scheme, url.host, url.port) == (own.scheme, own.host, own.port) and not url.userinfo

    def _request(self, method: str, url: httpx.URL, out: BinaryIO, limit: int, **more: Any) -> httpx.Response:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._patience.attempts),
            wait=self._wait,
            retry=tenacity.retry_if_exception(self._is_worth_waiting),
            before_sleep=_say_again,
            reraise=True,
        )
        response: httpx.Response = retrying(self._followed, method, url, out, limit, more)
        return response

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.after if isinstance(error, _TryAgain) else None
        pause = self._patience.first_wait * 2 ** (state.attempt_number - 1)
        own = pause + random.uniform(0, pause)  # noqa: S311
        return float(min(max(own, asked or 0.0), self._patience.longest_wait))

    def _is_worth_waiting(self, error: BaseException) -> bool:
        # Asked to wait for longer: the next try of the task, or the next night, comes back to it.
        return isinstance(error, _TryAgain) and (error.after or 0) <= self._patience.longest_wait

    def _followed(
        self, method: str, url: httpx.URL, out: BinaryIO, limit: int, more: dict[str, Any]
    ) -> httpx.Response:
        for _ in range(_REDIRECTS + 1):
            response = self._once(method, url, out, limit, more)
            if response.next_request is None:
                return response
            url = response.next_request.url
            if method != "GET" or not self._is_own(url):
                where = "another host or protocol" if not self._is_own(url) else "another address"
                raise FetchFailed(
                    "redirected",
                    f"the server sends this request to {where}; nothing is sent there",
                    is_passing=False,
                )
            more = {}  # the new address has the parameters it needs
        raise FetchFailed("redirected", "the server sends this request on and on")

    def _once(
        self, method: str, url: httpx.URL, out: BinaryIO, limit: int, more: dict[str, Any]
    ) -> httpx.Response:
        out.seek(0)
        out.truncate()
        params = httpx.QueryParams(url.query).merge(more.get("params") or {}).merge(self._parameters)
        deadline = time.monotonic() + self._patience.whole
        try:
            with self._http.stream(
                method, url.copy_with(query=None), params=params, json=more.get("json")
            ) as response:
                if response.next_request is None:
                    _refuse_status(response)
                    _refuse_kind(response)
                    self._receive(response, out, limit, deadline)
                return response
        except httpx.TimeoutException:
            raise _TryAgain("timeout", "the server did not answer in time") from None
        except httpx.DecodingError:
            raise _TryAgain("broken_body", "the answer's packed body is damaged") from None
        except httpx.TransportError as error:
            # Its own words may quote what the server sent.
            raise _TryAgain("no_connection", f"the connection failed ({type(error).__name__})") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise FetchFailed("bad_answer", f"the answer breaks HTTP ({type(error).__name__})") from None

    @staticmethod
    def _receive(response: httpx.Response, out: BinaryIO, limit: int, deadline: float) -> None:
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > limit:
                raise FetchFailed("too_large", f"an answer has more than {limit} bytes")
            if time.monotonic() > deadline:
                raise _TryAgain("timeout", "the answer did not end in time")
            out.write(chunk)


def decoded(data: bytes) -> Any:
    """JSON → values; numbers that are none, and what nests too deep, are refused."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise FetchFailed("no_json", "the answer is no JSON") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _refuse_status(response: httpx.Response) -> None:
    status = response.status_code
    if status == 429 or status >= 500:
        after = _retry_after(response.headers.get("Retry-After"))
        raise _TryAgain(
            "server_busy" if status == 429 else "server_error", f"the server answers {status}", after
        )
    if status != 200:
        meaning = _ANSWERS_WITH_A_MEANING.get(status, "expected 200")
        raise FetchFailed("refused", f"the server answers {status}: {meaning}")


def _refuse_kind(response: httpx.Response) -> None:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # The first RemoteControls said that their JSON is JavaScript.
    if kind not in ("application/json", "text/javascript") and not kind.endswith("+json"):
        page = " (a log-in page?)" if kind == "text/html" else ""
        raise FetchFailed("no_json", f"the server answers with another content type than JSON{page}")
    packed = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packed not in ("identity", "gzip", ""):
        raise FetchFailed("bad_answer", "the answer is packed in another way than gzip")


def _retry_after(text: str | None) -> float | None:
    """Seconds, of a number of them or of a date."""
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text).astimezone(UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _say_again(state: tenacity.RetryCallState) -> None:
    log.info("tried again soon: %s", state.outcome.exception() if state.outcome else "")
