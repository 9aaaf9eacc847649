"""The HTTP client against servers that misbehave: what is waited for, what is refused, what is never said."""

import gzip
import io
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from api_servers import SECRET, Reply, Server, page_of_html, reply, serving
from connector_jobs import QUICK, connection

from opinion_warehouse.connectors import http
from opinion_warehouse.connectors.base import FetchFailed
from opinion_warehouse.connectors.connection import Connection, base_url, find
from opinion_warehouse.connectors.http import Client, Patience


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(lambda request: reply({"path": request.path, "query": request.query})) as one:
        yield one


def get(server: Server, auth: str = "bearer", name: str | None = None, patience: Patience = QUICK) -> Any:
    with Client(connection(server), auth, name, patience) as client:
        return client.get("/a", {"x": "1"}).body


def refused(server: Server, **more: Any) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        get(server, **more)
    return caught.value


def test_get_answers_are_decoded(server: Server) -> None:
    assert get(server) == {"path": "/a", "query": {"x": "1"}}
    assert server.requests[0].headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("auth", "name", "header", "value"),
    [
        ("token", None, "Authorization", f"Token {SECRET}"),
        ("header", "X-Key", "X-Key", SECRET),
        ("basic", None, "Authorization", "Basic "),
        ("none", None, "Authorization", ""),
    ],
)
def test_credentials_go_where_the_spec_says(
    server: Server, auth: str, name: str | None, header: str, value: str
) -> None:
    get(server, auth, name)
    found = server.requests[0].headers.get(header, "")
    assert found.startswith(value) and bool(found) == bool(value)


def test_busy_server_is_waited_for_as_long_as_it_asks(server: Server) -> None:
    server.faults.append(reply({}, 429, Retry_After="1"))
    began = time.monotonic()
    assert get(server)["path"] == "/a"
    assert time.monotonic() - began >= 1
    assert len(server.requests) == 2


def test_retry_after_may_be_a_date(server: Server) -> None:
    later = datetime.now(UTC) + timedelta(seconds=2)
    server.faults.append(reply({}, 503, Retry_After=format_datetime(later, usegmt=True)))
    began = time.monotonic()
    get(server)
    assert time.monotonic() - began >= 0.9  # dates have whole seconds


def test_busy_server_that_asks_for_an_hour_is_left_for_later(server: Server) -> None:
    server.faults.append(reply({}, 429, Retry_After="3600"))
    began = time.monotonic()
    error = refused(server)
    assert (error.reason_code, error.is_passing) == ("server_busy", True)
    assert time.monotonic() - began < 1
    assert len(server.requests) == 1


def test_two_server_errors_then_an_answer_is_an_answer(server: Server) -> None:
    server.faults.extend([reply({}, 500), reply({}, 502)])
    assert get(server)["path"] == "/a"
    assert len(server.requests) == 3


def test_server_errors_without_end_are_given_up(server: Server) -> None:
    server.faults.extend([reply({}, 500)] * 10)
    error = refused(server)
    assert (error.reason_code, error.is_passing) == ("server_error", True)
    assert len(server.requests) == QUICK.attempts


@pytest.mark.parametrize("status", [400, 401, 403, 404, 204, 206])
def test_other_status_is_refused_at_once(server: Server, status: int) -> None:
    server.faults.append(reply({"detail": "no"}, status))
    error = refused(server)
    assert (error.reason_code, error.is_passing) == ("refused", False)
    assert str(status) in error.detail
    assert len(server.requests) == 1


def test_connection_dropped_midway_is_tried_again(server: Server) -> None:
    server.faults.append(Reply(b'{"path": "/a', length=500))
    assert get(server)["path"] == "/a"
    assert len(server.requests) == 2


def test_connection_always_dropped_is_no_empty_answer(server: Server) -> None:
    server.faults.extend([Reply(b'{"a": 1}', length=500)] * 10)
    assert refused(server).reason_code == "no_connection"


def test_body_that_drips_ends_at_the_limit(server: Server) -> None:
    # Each byte is in time; the whole never would be.
    server.faults.extend([Reply(b"x" * 1000, pace=0.05)] * 10)
    began = time.monotonic()
    error = refused(server, patience=Patience(read=0.5, whole=0.6, attempts=2, first_wait=0.01))
    assert (error.reason_code, error.is_passing) == ("timeout", True)
    assert time.monotonic() - began < 5


def test_silent_server_ends_at_the_read_limit(server: Server) -> None:
    server.faults.append(lambda request: time.sleep(3) or reply({}))
    error = refused(server, patience=Patience(read=0.2, attempts=1))
    assert error.reason_code == "timeout"


def test_nobody_listens() -> None:
    with serving(lambda _: reply({})) as gone:
        pass
    error = refused(gone)
    assert (error.reason_code, error.is_passing) == ("no_connection", True)


def test_redirect_to_another_host_is_refused_and_nothing_sent_there(server: Server) -> None:
    with serving(lambda _: reply({"stolen": True})) as other:
        server.faults.append(reply({}, 302, Location=f"{other.url}/a"))
        error = refused(server)
        assert (error.reason_code, error.is_passing) == ("redirected", False)
        assert other.requests == []


def test_redirect_on_the_same_host_is_followed_with_the_credentials(server: Server) -> None:
    server.faults.append(reply({}, 301, Location="/b?y=2"))
    assert get(server, "parameter", "access_token") == {
        "path": "/b",
        "query": {"y": "2", "access_token": SECRET},
    }


def test_redirect_in_a_circle_ends(server: Server) -> None:
    server.faults.extend([reply({}, 302, Location="/a")] * 20)
    assert refused(server).reason_code == "redirected"
    assert len(server.requests) < 6


def test_post_is_never_redirected(server: Server) -> None:
    server.faults.append(reply({}, 307, Location="/b"))
    with Client(connection(server), patience=QUICK) as client, pytest.raises(FetchFailed) as caught:
        client.post("/a", {"password": SECRET}, io.BytesIO(), 100)
    assert caught.value.reason_code == "redirected"
    assert len(server.requests) == 1


def test_login_page_with_status_200_is_refused(server: Server) -> None:
    server.faults.append(page_of_html())
    error = refused(server)
    assert error.reason_code == "no_json" and "log-in page" in error.detail


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"NaN", b'{"a": Infinity}', b"[" * 100_000])
def test_body_that_is_no_json_is_refused(server: Server, body: bytes) -> None:
    server.faults.append(Reply(body))
    assert refused(server).reason_code == "no_json"


def test_huge_body_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAGE_LIMIT", 100_000)
    server.faults.append(Reply(b" " * 10_000_000))
    assert refused(server).reason_code == "too_large"


def test_body_packed_small_and_huge_unpacked_is_cut_off(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "PAGE_LIMIT", 100_000)
    bomb = gzip.compress(b" " * 50_000_000)
    server.faults.append(
        Reply(bomb, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    )
    assert refused(server).reason_code == "too_large"


def test_body_packed_in_another_way_is_refused(server: Server) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "br"}
    server.faults.append(Reply(b"\x0b\x02\x80{}\x03", headers=headers))
    assert refused(server).reason_code == "bad_answer"


def test_packed_body_that_is_damaged_is_tried_again(server: Server) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    server.faults.append(Reply(b"no gzip at all", headers=headers))
    assert get(server)["path"] == "/a"


@pytest.mark.parametrize("address", ["http://other.example/a", "https://127.0.0.1/a", "http://127.0.0.1:1/"])
def test_next_page_elsewhere_is_refused(server: Server, address: str) -> None:
    with Client(connection(server), "bearer", None, QUICK) as client, pytest.raises(FetchFailed) as caught:
        client.get(address, {})
    assert caught.value.reason_code == "other_host"
    assert server.requests == []


def test_password_is_in_no_message_log_or_repr(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "tenacity"):
        caplog.set_level(logging.DEBUG, logger=name)
    mirror = reply({"error": SECRET}, 500, X_Secret=SECRET)
    said = [repr(connection(server))]
    for auth in ("bearer", "token", "basic", "header", "parameter"):
        server.faults.extend([mirror] * QUICK.attempts)
        error = refused(server, auth=auth, name="access_token")
        chain: BaseException | None = error
        while chain is not None:
            said += [str(chain), repr(chain)]
            chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    own = [
        record.getMessage() for record in caplog.records if record.name.startswith(("opinion", "tenacity"))
    ]
    others = [record.getMessage() for record in caplog.records if "httpx" in record.name]
    assert any("server answers 500" in line for line in own)
    assert not [line for line in [*said, *own, *others] if SECRET in line]
    sent = [each for each in server.requests if each.query.get("access_token") == SECRET]
    assert len(sent) == QUICK.attempts, "the parameter was sent, and is in no log all the same"


def test_connection_without_a_password_sends_nothing(server: Server) -> None:
    with pytest.raises(FetchFailed) as caught:
        Client(connection(server, password=""), "bearer")
    assert caught.value.reason_code == "connection_unusable"


@pytest.mark.parametrize(
    ("parts", "url"),
    [
        ({"host": "https://h.example/"}, "https://h.example"),
        ({"host": "h.example"}, "https://h.example"),
        ({"host": "h.example", "kind": "https", "port": 8443}, "https://h.example:8443"),
        ({"host": "h.example", "schema": "https", "kind": "http"}, "https://h.example"),
        ({"host": "https://h.example/lime", "port": 444}, "https://h.example:444/lime"),
        ({"host": "127.0.0.1", "kind": "http", "port": 80}, "http://127.0.0.1:80"),
        ({"host": "http://localhost:9000"}, "http://localhost:9000"),
        ({"host": "http://inside", "extra": {"plain_http": True}}, "http://inside"),
    ],
)
def test_base_url_of_a_connection(parts: dict[str, Any], url: str) -> None:
    assert base_url(Connection("c", **parts)) == url


@pytest.mark.parametrize(
    "parts",
    [
        {"host": ""},
        {"host": "http://h.example"},
        {"host": "h.example", "kind": "http"},
        {"host": "ftp://h.example"},
        {"host": "https://evil@h.example"},
        {"host": "http://127.0.0.1.evil.example"},
    ],
)
def test_connection_without_a_safe_host_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(FetchFailed, match="connection_unusable"):
        base_url(Connection("c", **parts))


def test_connection_is_found_in_the_environment_as_airflow_writes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_BY_URI", "https://robot:s%2Fcret@h.example:8443/")
    monkeypatch.setenv(
        "AIRFLOW_CONN_BY_JSON",
        '{"conn_type": "http", "host": "https://h.example", "password": "s/cret", "extra": {"a": 1}}',
    )
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", '{"conn_type": "s/cret"')
    by_uri, by_json = find("by_uri"), find("by_json")
    assert (base_url(by_uri), by_uri.login, by_uri.password) == ("https://h.example:8443", "robot", "s/cret")
    assert (base_url(by_json), by_json.password, by_json.extra) == ("https://h.example", "s/cret", {"a": 1})
    for missing in ("broken", "no_such"):
        with pytest.raises(FetchFailed) as caught:
            find(missing)
        assert caught.value.reason_code == "connection_missing"
        assert f"AIRFLOW_CONN_{missing.upper()}" in caught.value.detail
        assert "s/cret" not in caught.value.detail
