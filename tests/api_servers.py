"""Real HTTP servers on 127.0.0.1 that speak the connectors' protocols, and misbehave when told to."""

import base64
import contextlib
import csv
import io
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

SECRET = "Canary-Secret-0xDEADBEEF"


@dataclass
class Request:
    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    length: int | None = None
    """What Content-Length says, where it lies."""
    pace: float | None = None
    """Seconds between two bytes."""


Answer = Callable[[Request], Reply]


def reply(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(value).encode(), status, {"Content-Type": "application/json", **named})


def page_of_html() -> Reply:
    """A log-in page with status 200."""
    return Reply(b"<html><form>log in</form></html>", headers={"Content-Type": "text/html; charset=utf-8"})


class Server:
    """Answers by `answer`; the replies of `faults` come first, one a request. Keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.faults: deque[Reply | Callable[[Request], Reply] | None] = deque()
        self.requests: list[Request] = []
        own = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query, True).items()}
                size = int(self.headers.get("Content-Length") or 0)
                request = Request(
                    self.command,
                    parts.path,
                    self.path,
                    query,
                    dict(self.headers.items()),
                    self.rfile.read(size),
                )
                own.requests.append(request)
                fault = own.faults.popleft() if own.faults else None
                given = fault(request) if callable(fault) else fault
                self._send(given or own.answer(request))

            do_GET = do_POST = do_HEAD = _serve

            def _send(self, given: Reply) -> None:
                self.send_response(given.status)
                for name, value in given.headers.items():
                    self.send_header(name, value)
                self.send_header(
                    "Content-Length", str(len(given.body) if given.length is None else given.length)
                )
                self.end_headers()
                with contextlib.suppress(OSError):
                    if self.command == "HEAD":
                        pass
                    elif given.pace is None:
                        self.wfile.write(given.body)
                    else:
                        for byte in given.body:
                            self.wfile.write(bytes([byte]))
                            time.sleep(given.pace)
                if given.length is not None:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """A client that hangs up is no news here."""

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.close()


class Kobo:
    """KoboToolbox API v2: a form's data by start and limit, a token, a `query` by `_submission_time`."""

    def __init__(self, uid: str, submissions: list[dict[str, Any]], most: int = 1000) -> None:
        self.uid, self.submissions, self.most = uid, submissions, most

    def __call__(self, request: Request) -> Reply:
        if request.headers.get("Authorization") != f"Token {SECRET}":
            return reply({"detail": "Invalid token."}, 401)
        if request.path != f"/api/v2/assets/{self.uid}/data/":
            return reply({"detail": "Not found."}, 404)
        rows = sorted(self.submissions, key=lambda row: row["_id"])
        if query := request.query.get("query"):
            since = json.loads(query)["_submission_time"]["$gte"]
            rows = [row for row in rows if row["_submission_time"] >= since]
        start, limit = int(request.query["start"]), min(int(request.query["limit"]), self.most)
        following = f"https://elsewhere.example/?start={start + limit}" if start + limit < len(rows) else None
        return reply({"count": len(rows), "next": following, "results": rows[start : start + limit]})


class LimeSurvey:
    """LimeSurvey RemoteControl 2 over JSON-RPC: sessions, summary, and the export of one survey."""

    def __init__(self, survey: int, responses: list[dict[str, str | None]]) -> None:
        self.survey, self.responses = survey, responses
        self.sessions: set[str] = set()
        self.opened = 0
        self.between: Callable[[], None] = lambda: None
        """Called after each export."""

    def __call__(self, request: Request) -> Reply:
        call = json.loads(request.body)
        method, params = call["method"], call["params"]
        result = self._result(method, params)
        # As LimeSurvey does, whose JSON comes from PHP: slashes are escaped.
        text = json.dumps({"id": call["id"], "result": result, "error": None}, separators=(",", ":"))
        return Reply(text.replace("/", "\\/").encode())

    def _result(self, method: str, params: list[Any]) -> Any:
        if method == "get_session_key":
            if params[:2] != ["robot", SECRET]:
                return {"status": "Invalid user name or password"}
            self.opened += 1
            key = f"session-{self.opened}-{SECRET[::-1]}"
            self.sessions.add(key)
            return key
        if params[0] not in self.sessions:
            return {"status": "Invalid session key"}
        if method == "release_session_key":
            self.sessions.remove(params[0])
            return "OK"
        if params[1] != self.survey:
            return {"status": "Error: Invalid survey ID"}
        complete = [row for row in self.responses if row["submitdate"] is not None]
        if method == "get_summary":
            return {
                "completed_responses": str(len(complete)),
                "incomplete_responses": str(len(self.responses) - len(complete)),
                "full_responses": str(len(self.responses)),
            }
        assert method == "export_responses", method
        if not self.responses:
            return {"status": "No Data, could not get max id."}
        text = lime_csv(complete if params[4] == "complete" else self.responses)
        self.between()
        return base64.b64encode(text).decode()


def lime_csv(rows: list[dict[str, str | None]]) -> bytes:
    """A CSV as LimeSurvey writes it: BOM, `;`, CRLF; nothing for NULL and "" for an empty string."""
    lines = [";".join(f'"{name}"' for name in rows[0])]
    for row in rows:
        cells = ["" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row.values()]
        lines.append(";".join(cells))
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def csv_rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
