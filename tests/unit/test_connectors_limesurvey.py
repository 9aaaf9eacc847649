"""LimeSurvey RemoteControl 2: the whole export byte for byte, or an error; the session always released."""

import base64
import json
import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_servers import (
    SECRET,
    LimeSurvey,
    Reply,
    Request,
    Server,
    csv_rows,
    lime_csv,
    page_of_html,
    reply,
    serving,
)
from connector_jobs import connection, job, left, run

from opinion_warehouse.connectors import limesurvey
from opinion_warehouse.connectors.base import FetchFailed

SURVEY = 482915
FETCH = {"from": "limesurvey", "survey": SURVEY}


def responses(count: int) -> list[dict[str, str | None]]:
    """Every third is incomplete; one answer is NULL (not shown), one an empty string (not answered)."""
    return [
        {
            "id": str(number),
            "submitdate": None if number % 3 == 0 else "2026-11-20 10:00:00",
            "Q1": "A1" if number % 2 else None,
            "Q1[other]": "",
            "Q2": f'có; "ngoặc"\r\ndòng {number}',
        }
        for number in range(1, count + 1)
    ]


@pytest.fixture
def lime() -> Iterator[tuple[LimeSurvey, Server]]:
    api = LimeSurvey(SURVEY, responses(20))
    with serving(api) as server:
        yield api, server


def fails(server: Server, folder: Path, **more: Any) -> FetchFailed:
    with pytest.raises(FetchFailed) as caught:
        run(limesurvey, job(folder, FETCH), connection(server, **more))
    assert left(folder) == []
    return caught.value


def on(method: str, fault: Reply) -> Any:
    """A fault of one method's call; the calls before it are answered."""

    def answer(request: Request) -> Reply:
        return fault if json.loads(request.body)["method"] == method else LimeSurvey.__call__(api, request)

    api = LimeSurvey(SURVEY, responses(20))
    answer.api = api  # type: ignore[attr-defined]
    return answer


def test_export_is_written_byte_for_byte(lime: tuple[LimeSurvey, Server], tmp_path: Path) -> None:
    api, server = lime
    (piece,) = run(limesurvey, job(tmp_path, FETCH), connection(server))
    assert piece.part.read_bytes() == lime_csv(api.responses)
    assert piece.name == "a_source_20261123T140000Z.csv"
    text = piece.part.read_text(encoding="utf-8")
    assert '"2";"2026-11-20 10:00:00";;"";' in text, "NULL and the empty string stay apart"
    assert api.sessions == set() and api.opened == 1
    export = next(json.loads(each.body)["params"] for each in server.requests if b"export_resp" in each.body)
    assert export[1:] == [SURVEY, "csv", None, "all", "code", "short"]


def test_complete_responses_alone_are_counted_as_such(
    lime: tuple[LimeSurvey, Server], tmp_path: Path
) -> None:
    _, server = lime
    (piece,) = run(limesurvey, job(tmp_path, FETCH | {"responses": "complete"}), connection(server))
    assert len(csv_rows(piece.part.read_bytes())) == 1 + 14


def test_survey_without_responses_writes_nothing(tmp_path: Path) -> None:
    api = LimeSurvey(SURVEY, [])
    with serving(api) as server:
        assert run(limesurvey, job(tmp_path, FETCH), connection(server)) == []
    assert left(tmp_path) == [] and api.sessions == set()


def test_wrong_password_is_refused_and_not_tried_again(
    lime: tuple[LimeSurvey, Server], tmp_path: Path
) -> None:
    _, server = lime
    error = fails(server, tmp_path, password="wrong")
    assert (error.reason_code, error.is_passing) == ("error_in_answer", False)
    assert "Invalid user name or password" in error.detail
    assert len(server.requests) == 1


def test_session_key_that_ends_midway_is_an_error(lime: tuple[LimeSurvey, Server], tmp_path: Path) -> None:
    api, server = lime
    server.faults.extend([None, None, lambda request: api.sessions.clear() or api(request)])
    error = fails(server, tmp_path)
    assert (error.reason_code, error.is_passing) == ("error_in_answer", True)
    assert error.detail == "LimeSurvey says: Invalid session key"


def test_survey_that_is_not_there_is_refused_and_the_session_released(
    lime: tuple[LimeSurvey, Server], tmp_path: Path
) -> None:
    api, server = lime
    api.survey = 1
    error = fails(server, tmp_path)
    assert "Invalid survey ID" in error.detail and not error.is_passing
    assert api.sessions == set()


def test_status_that_nobody_knows_is_not_repeated(tmp_path: Path) -> None:
    answer = on("export_responses", reply({"id": 1, "result": {"status": f"no {SECRET}"}, "error": None}))
    with serving(answer) as server:
        error = fails(server, tmp_path)
    assert error.reason_code == "error_in_answer" and SECRET not in str(error)
    assert answer.api.sessions == set()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (page_of_html(), "no_json"),
        (reply({"id": 1, "result": None, "error": {"code": -32601}}), "error_in_answer"),
        (reply({"id": 1, "result": 5, "error": None}), "bad_answer"),
        (reply({"hello": 1}), "bad_answer"),
        (Reply(b""), "no_json"),
        (Reply(b'{"id":1,"result":"' + base64.b64encode(b'"id"\r\n"1"')), "broken_body"),
        (Reply(b'{"id":1,"result":"!!!!","error":null}'), "broken_body"),
        (Reply(b'{"id":1,"result":"abc","error":null}'), "broken_body"),
        (Reply(b'{"id":1,"result":"aWQ=","error":null} and more'), "no_json"),
        (Reply(b'{"id":1,"result":"aWQ=","error":"no"}'), "error_in_answer"),
    ],
)
def test_export_that_is_none_is_an_error(tmp_path: Path, fault: Reply, reason: str) -> None:
    answer = on("export_responses", fault)
    with serving(answer) as server:
        assert fails(server, tmp_path).reason_code == reason
    assert answer.api.sessions == set(), "the session is released all the same"


def export_of(rows: list[dict[str, str | None]]) -> Reply:
    return reply({"id": 1, "result": base64.b64encode(lime_csv(rows)).decode(), "error": None})


@pytest.mark.parametrize(
    "rows",
    [responses(19), responses(19) + responses(1), responses(21)],
    ids=["one missing", "one twice, one missing", "one too many"],
)
def test_export_with_another_number_of_responses_is_an_error(tmp_path: Path, rows: Any) -> None:
    with serving(on("export_responses", export_of(rows))) as server:
        error = fails(server, tmp_path)
    assert (error.reason_code, error.is_passing) == ("pages_do_not_add_up", True)


def test_response_that_comes_during_the_export_is_an_error(
    lime: tuple[LimeSurvey, Server], tmp_path: Path
) -> None:
    api, server = lime
    api.between = lambda: api.responses.append(responses(21)[-1])
    assert fails(server, tmp_path).reason_code == "total_changed"


def test_export_that_breaks_off_or_is_busy_is_fetched_again(
    lime: tuple[LimeSurvey, Server], tmp_path: Path
) -> None:
    api, server = lime
    half = Reply(b'{"id":1,"result":"aWQ7', length=5000)
    server.faults.extend([None, None, half, reply({}, 500), reply({}, 429, Retry_After="0")])
    (piece,) = run(limesurvey, job(tmp_path, FETCH), connection(server))
    assert piece.part.read_bytes() == lime_csv(api.responses)
    assert left(tmp_path) == [piece.part.name], "and the half one is gone"


def test_export_larger_than_the_spec_allows_is_an_error(
    lime: tuple[LimeSurvey, Server], tmp_path: Path
) -> None:
    _, server = lime
    with pytest.raises(FetchFailed, match="too_large"):
        run(limesurvey, job(tmp_path, FETCH, max_bytes=100), connection(server))
    assert left(tmp_path) == []


def test_session_that_cannot_be_released_keeps_nothing_back(tmp_path: Path) -> None:
    with serving(on("release_session_key", reply({}, 500))) as server:
        (piece,) = run(limesurvey, job(tmp_path, FETCH), connection(server))
    assert piece.part.exists()


def test_export_of_any_length_and_cut_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a chunk ends: within four letters, within an escape, at the closing quote."""
    data = bytes(range(256)) * 3
    text = base64.b64encode(data).replace(b"/", b"\\/")
    assert b"\\/" in text
    path = tmp_path / "raw"
    path.write_bytes(b'{"id": 1, "result" : "' + text + b'", "error": null}')
    for size in range(30, 120):
        monkeypatch.setattr(limesurvey, "_CHUNK", size)
        with path.open("rb") as raw:
            assert b"".join(limesurvey._decoded_result(raw)) == data


def test_large_export_takes_little_memory(tmp_path: Path) -> None:
    rows = lime_csv(responses(20)).partition(b"\r\n")
    wide = b'"x' + b"y" * 3_000_000 + b'"'
    data = rows[0] + b"\r\n" + b"".join(b'"%d";;;"";' % n + wide + b"\r\n" for n in range(1, 21))
    export = Reply(b'{"id":1,"result":"' + base64.b64encode(data) + b'","error":null}')
    with serving(on("export_responses", export)) as server:
        tracemalloc.start()
        (piece,) = run(limesurvey, job(tmp_path, FETCH), connection(server))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert piece.part.stat().st_size == len(data) > 60_000_000
    assert peak < 40_000_000


def test_password_and_session_key_are_in_no_log(
    lime: tuple[LimeSurvey, Server], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    _, server = lime
    server.faults.extend([None, None, reply({}, 500)])
    run(limesurvey, job(tmp_path, FETCH), connection(server))
    assert "server answers 500" in caplog.text
    assert SECRET not in caplog.text and SECRET[::-1] not in caplog.text


def test_server_of_these_tests_speaks_as_citric_expects(lime: tuple[LimeSurvey, Server]) -> None:
    """A client written by others understands it: the protocol is not made to fit ours."""
    from citric import Client
    from citric.exceptions import LimeSurveyStatusError

    api, server = lime
    with Client(f"{server.url}/index.php/admin/remotecontrol", "robot", SECRET) as client:
        data = client.export_responses(SURVEY, file_format="csv")
        assert data == lime_csv(api.responses)
        summary = client.get_summary(SURVEY)
        assert summary is not None and int(summary["full_responses"]) == 20
        with pytest.raises(LimeSurveyStatusError, match="Invalid survey ID"):
            client.export_responses(1)
    assert api.sessions == set()
