"""Paged JSON records, KoboToolbox and histograms: pages that add up are written, others are not."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_servers import Kobo, Reply, Request, Server, page_of_html, reply, serving
from connector_jobs import NOW, connection, job, left, run

from opinion_warehouse.connectors import histogram, http_json, kobo
from opinion_warehouse.connectors.base import FetchFailed, Piece

Rows = list[dict[str, Any]]


def mentions(count: int) -> Rows:
    return [
        {"id": f"m{number}", "at": f"2026-11-2{number % 4}T0{number % 10}:00:00Z"} for number in range(count)
    ]


def lines(piece: Piece) -> Rows:
    return [json.loads(line) for line in piece.part.read_text(encoding="utf-8").splitlines()]


class Paged:
    """One list of records in every manner of paging at once; `cut` changes a page."""

    def __init__(self, rows: Rows, size: int = 3) -> None:
        self.rows, self.size = rows, size
        self.total: Callable[[], int] = lambda: len(self.rows)
        self.cut: Callable[[int, Rows], Rows] = lambda start, page: page

    def __call__(self, request: Request) -> Reply:
        query = request.query
        start = int(query.get("offset") or query.get("cursor") or 0)
        start = (int(query["page"]) - 1) * self.size if "page" in query else start
        following = start + self.size if start + self.size < len(self.rows) else None
        body: dict[str, Any] = {
            "data": {"items": self.cut(start, self.rows[start : start + self.size])},
            "meta": {"total": self.total(), "next": following},
            "links": {"next": f"/items?cursor={following}" if following else None},
        }
        headers = {"Link": f'</items?cursor={following}>; rel="next"'} if following else {}
        return reply(body, **headers)


PAGINGS = {
    "page": {"by": "page"},
    "offset": {"by": "offset", "size": 3},
    "cursor": {"by": "cursor", "at": "meta.next"},
    "link_in_body": {"by": "next_link", "at": "links.next"},
}


def listing(paging: str = "offset", **more: Any) -> dict[str, Any]:
    spec = {
        "from": "http_json",
        "path": "/items",
        "records": "data.items",
        "key": "id",
        "total": "meta.total",
    }
    return spec | {"paging": PAGINGS.get(paging, {"by": paging})} | more


@pytest.fixture
def paged() -> Iterator[tuple[Paged, Server]]:
    api = Paged(mentions(8))
    with serving(api) as server:
        yield api, server


def fails(server: Server, folder: Path, fetch: dict[str, Any], module: Any = http_json) -> FetchFailed:
    """A fetch that fails; nothing of it is left."""
    with pytest.raises(FetchFailed) as caught:
        run(module, job(folder, fetch), connection(server))
    assert left(folder) == []
    return caught.value


@pytest.mark.parametrize("paging", PAGINGS)
@pytest.mark.parametrize("total", ["meta.total", None])
def test_records_of_all_pages_are_written_once(
    paged: tuple[Paged, Server], tmp_path: Path, paging: str, total: str | None
) -> None:
    api, server = paged
    (piece,) = run(http_json, job(tmp_path, listing(paging, total=total)), connection(server))
    assert lines(piece) == api.rows
    assert piece.name == "a_source_20261123T140000Z.jsonl"
    assert len(server.requests) >= 3


def test_pages_by_link_header_are_followed(tmp_path: Path) -> None:
    rows = mentions(5)

    def answer(request: Request) -> Reply:
        start = int(request.query.get("max_id", 0))
        headers = {"Link": f'<{server.url}/api?max_id={start + 2}>; rel="next"'} if start + 2 < 5 else {}
        return reply(rows[start : start + 2], **headers)

    with serving(answer) as server:
        fetch = {"from": "http_json", "path": "/api", "key": "id", "paging": {"by": "next_link"}}
        (piece,) = run(http_json, job(tmp_path, fetch), connection(server))
    assert lines(piece) == rows


def test_busy_and_broken_pages_are_fetched_again_and_nothing_is_doubled(
    paged: tuple[Paged, Server], tmp_path: Path
) -> None:
    api, server = paged
    broken = Reply(b'{"data": {"it', length=900)
    server.faults.extend(
        [None, reply({}, 429, Retry_After="0"), None, reply({}, 500), reply({}, 500), None, broken]
    )
    (piece,) = run(http_json, job(tmp_path, listing()), connection(server))
    assert lines(piece) == api.rows


@pytest.mark.parametrize("paging", PAGINGS)
def test_record_missing_between_pages_is_an_error(
    paged: tuple[Paged, Server], tmp_path: Path, paging: str
) -> None:
    api, server = paged
    api.cut = lambda start, page: page[1:] if start == 3 else page
    error = fails(server, tmp_path, listing(paging))
    assert (error.reason_code, error.is_passing) == ("pages_do_not_add_up", True)
    assert "counts 8 records, and 7 distinct ones came" in error.detail


def test_record_that_stands_on_two_pages_is_written_once(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    api, server = paged
    api.cut = lambda start, page: [api.rows[start - 1], *page] if start == 3 else page
    (piece,) = run(http_json, job(tmp_path, listing("page")), connection(server))
    assert lines(piece) == api.rows


def test_record_doubled_where_another_is_missing_is_an_error(
    paged: tuple[Paged, Server], tmp_path: Path
) -> None:
    """As many rows as the server counts, and yet one is missing."""
    api, server = paged
    api.cut = lambda start, page: [api.rows[start - 1], *page[1:]] if start == 3 else page
    assert fails(server, tmp_path, listing()).reason_code == "pages_do_not_add_up"


def test_total_that_changes_midway_is_an_error(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    api, server = paged
    totals = iter([8, 9, 9, 9])
    api.total = lambda: next(totals)
    error = fails(server, tmp_path, listing("cursor"))
    assert (error.reason_code, error.is_passing) == ("total_changed", True)


def test_page_that_repeats_the_one_before_is_an_error(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    api, server = paged
    api.cut = lambda start, page: api.rows[:3]
    assert fails(server, tmp_path, listing(total=None)).reason_code == "page_repeated"


def test_cursor_that_leads_in_a_circle_is_an_error(tmp_path: Path) -> None:
    numbers = iter(range(1000))

    def answer(request: Request) -> Reply:
        return reply({"items": [{"id": next(numbers)}], "next": "again"})

    with serving(answer) as server:
        fetch = {
            "from": "http_json",
            "path": "/items",
            "records": "items",
            "key": "id",
            "paging": {"by": "cursor", "at": "next"},
        }
        assert fails(server, tmp_path, fetch).reason_code == "page_repeated"
        assert len(server.requests) == 2


def test_more_records_than_the_server_counts_is_an_error(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    api, server = paged
    api.total = lambda: 5
    assert fails(server, tmp_path, listing("cursor")).reason_code == "pages_do_not_add_up"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": "quota exceeded", "data": {"items": []}, "meta": {"total": 0}}, "error_in_answer"),
        ({"status": "error", "data": {"items": []}, "meta": {"total": 0}}, "error_in_answer"),
        ({"success": False, "data": {"items": []}, "meta": {"total": 0}}, "error_in_answer"),
        ({"message": "over quota"}, "bad_answer"),
        ({"data": {"items": None}, "meta": {"total": 0}}, "bad_answer"),
        ({"data": {"items": []}}, "bad_answer"),
        ({"data": {"items": []}, "meta": {"total": "many"}}, "bad_answer"),
        ({"data": {"items": []}, "meta": {"total": 3}}, "pages_do_not_add_up"),
        ({"data": {"items": [{"no": "key"}]}, "meta": {"total": 1}}, "bad_answer"),
        ({"data": {"items": ["text"]}, "meta": {"total": 1}}, "bad_answer"),
        ([], "bad_answer"),
    ],
)
def test_error_with_status_200_is_no_empty_day(
    paged: tuple[Paged, Server], tmp_path: Path, body: Any, reason: str
) -> None:
    _, server = paged
    server.faults.append(reply(body))
    assert fails(server, tmp_path, listing()).reason_code == reason


def test_expected_word_that_is_missing_is_an_error(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    _, server = paged
    error = fails(server, tmp_path, listing(expect={"status_code": "0"}))
    assert error.reason_code == "error_in_answer"
    assert "`status_code`" in error.detail


def test_login_page_midway_is_an_error(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    _, server = paged
    server.faults.extend([None, page_of_html()])
    assert fails(server, tmp_path, listing()).reason_code == "no_json"


def test_window_that_is_truly_empty_writes_nothing(tmp_path: Path) -> None:
    with serving(Paged([])) as server:
        assert run(http_json, job(tmp_path, listing()), connection(server)) == []
    assert left(tmp_path) == []


def test_next_page_on_another_host_is_not_asked(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    _, server = paged
    with serving(lambda _: reply({})) as other:
        body = {"data": {"items": mentions(3)}, "meta": {"total": 8}, "links": {"next": f"{other.url}/items"}}
        server.faults.append(reply(body))
        assert fails(server, tmp_path, listing("link_in_body")).reason_code == "other_host"
        assert other.requests == []


def test_file_larger_than_the_spec_allows_is_not_written(paged: tuple[Paged, Server], tmp_path: Path) -> None:
    _, server = paged
    order = job(tmp_path, listing(), max_bytes=100)
    with pytest.raises(FetchFailed, match="too_large"):
        run(http_json, order, connection(server))
    assert left(tmp_path) == []


def test_half_a_surrogate_pair_spoils_its_row_alone(tmp_path: Path) -> None:
    rows = [{"id": "1", "t": "Hòa"}, {"id": "2", "t": "\ud800"}]
    with serving(Paged(rows)) as server:
        (piece,) = run(http_json, job(tmp_path, listing()), connection(server))
    assert lines(piece) == rows
    assert "Hòa" in piece.part.read_text(encoding="utf-8")


SINCE = {"parameter": "after", "at": "at", "first": "2026-11-01", "overlap_days": 2}


def newest_first(rows: Rows) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        found = [row for row in rows if row["at"] >= request.query["after"]]
        return reply({"data": {"items": found[::-1]}, "meta": {"total": len(found)}})

    return answer


def test_next_fetch_begins_an_overlap_before_the_newest_record(tmp_path: Path) -> None:
    rows = mentions(8)
    with serving(newest_first(rows)) as server:
        fetch = listing(since=SINCE, paging="nothing")
        (first,) = run(http_json, job(tmp_path, fetch), connection(server))
        assert server.requests[-1].query["after"] == "2026-10-31T17:00:00Z"  # midnight in Cần Thơ
        assert first.name == "a_source_20261031T170000Z_20261123T140000Z.jsonl"
        assert first.mark == "2026-11-23T07:00:00+00:00"
        # One that came late, with a time before the newest.
        rows.insert(0, {"id": "late", "at": "2026-11-21T08:00:00Z"})
        (second,) = run(http_json, job(tmp_path, fetch, {first.item: first.mark}), connection(server))
    assert server.requests[-1].query["after"] == "2026-11-21T07:00:00Z"
    assert "late" in {row["id"] for row in lines(second)}
    assert second.mark == first.mark


def test_record_from_the_future_does_not_move_the_mark_past_the_fetch(tmp_path: Path) -> None:
    with serving(newest_first([{"id": "1", "at": "2099-01-01T00:00:00Z"}])) as server:
        fetch = listing(since=SINCE, paging="nothing")
        (piece,) = run(http_json, job(tmp_path, fetch), connection(server))
    assert piece.mark == NOW.isoformat()


@pytest.mark.parametrize("moment", [None, "yesterday", 5, ""])
def test_record_without_a_time_is_an_error_where_time_is_the_mark(tmp_path: Path, moment: Any) -> None:
    body = {"data": {"items": [{"id": "1", "at": moment}]}, "meta": {"total": 1}}
    with serving(lambda _: reply(body)) as server:
        fetch = listing(since=SINCE, paging="nothing")
        assert fails(server, tmp_path, fetch).reason_code == "bad_time"


def test_another_query_begins_at_the_beginning(tmp_path: Path) -> None:
    with serving(newest_first(mentions(3))) as server:
        fetch = listing(since=SINCE, paging="nothing")
        (piece,) = run(http_json, job(tmp_path, fetch), connection(server))
        other = fetch | {"params": {"q": "another"}}
        run(http_json, job(tmp_path, other, {piece.item: piece.mark}), connection(server))
    assert server.requests[-1].query["after"] == "2026-10-31T17:00:00Z"


# ------------------------------------------------------------------ KoboToolbox
UID = "aBcDeFgHiJkLmNoPqRsTuV"


def submissions(count: int) -> Rows:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    return [
        {
            "_id": 100 + number,
            "_submission_time": f"{start + timedelta(hours=number):%Y-%m-%dT%H:%M:%S}",
            "group/q1": "co khong",
        }
        for number in range(count)
    ]


def test_kobo_submissions_of_all_pages_are_written(tmp_path: Path) -> None:
    rows = submissions(2500)
    with serving(Kobo(UID, rows)) as server:
        (piece,) = run(kobo, job(tmp_path, {"from": "kobo", "asset": UID}), connection(server))
        assert [request.query["start"] for request in server.requests] == ["0", "1000", "2000"]
    assert lines(piece) == rows


def test_kobo_server_that_caps_its_pages_is_read_to_the_end(tmp_path: Path) -> None:
    rows = submissions(250)
    with serving(Kobo(UID, rows, most=100)) as server:
        (piece,) = run(kobo, job(tmp_path, {"from": "kobo", "asset": UID}), connection(server))
    assert lines(piece) == rows


def test_kobo_next_fetch_asks_from_the_newest_submission_less_the_overlap(tmp_path: Path) -> None:
    rows = submissions(48)
    fetch = {"from": "kobo", "asset": UID, "since": {"first": "2026-10-01", "overlap_days": 1}}
    with serving(Kobo(UID, rows)) as server:
        (first,) = run(kobo, job(tmp_path, fetch), connection(server))
        assert len(lines(first)) == 48
        (second,) = run(kobo, job(tmp_path, fetch, {first.item: first.mark}), connection(server))
    assert first.mark == "2026-11-02T23:00:00+00:00"
    assert [row["_id"] for row in lines(second)] == list(range(123, 148))


def test_kobo_submission_that_comes_between_two_pages_is_an_error(tmp_path: Path) -> None:
    rows = submissions(1500)
    with serving(Kobo(UID, rows)) as server:
        server.faults.extend(
            [None, lambda request: rows.append(submissions(1501)[-1]) or server.answer(request)]
        )
        error = fails(server, tmp_path, {"from": "kobo", "asset": UID}, kobo)
    assert error.reason_code == "total_changed"


@pytest.mark.parametrize("uid", [UID, UID[::-1]])
def test_kobo_wrong_token_or_form_is_refused(tmp_path: Path, uid: str) -> None:
    with serving(Kobo(UID, submissions(3))) as server:
        where = connection(server, password="wrong") if uid == UID else connection(server)
        with pytest.raises(FetchFailed, match="refused"):
            run(kobo, job(tmp_path, {"from": "kobo", "asset": uid}), where)
    assert left(tmp_path) == []


# ------------------------------------------------------------------ histograms
def day_ms(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}T00:00:00+07:00").timestamp() * 1000)


class Histogram:
    """Talkwalker's form: buckets by day, a value a series, an error as a status code."""

    def __init__(self, counts: dict[str, list[Any]], series: list[str] | None = None) -> None:
        self.counts, self.series = counts, series

    def __call__(self, request: Request) -> Reply:
        low, high = int(request.query["min"]), int(request.query["max"])
        data = [
            {"t": day_ms(day), "v": values}
            for day, values in self.counts.items()
            if low <= day_ms(day) <= high
        ]
        result: dict[str, Any] = {"data": data}
        if self.series:
            result["header"] = {"v": self.series}
        return reply({"status_code": "0", "status_message": "OK", "result_histogram": result})


COUNTS = {f"2026-11-{day:02}": [day, 2.0 * day] for day in range(15, 24)}
HISTOGRAM = {
    "from": "histogram",
    "path": "/api/v1/search/histogram/published",
    "params": {"q": "xe buýt", "interval": "day", "breakdown": "source_type"},
    "auth": "parameter",
    "auth_name": "access_token",
    "expect": {"status_code": "0"},
    "series": "result_histogram.header.v",
    "first": "2026-11-16",
    "overlap_days": 3,
}


def test_histogram_is_written_bucket_by_bucket_up_to_yesterday(tmp_path: Path) -> None:
    with serving(Histogram(COUNTS, ["news", "facebook"])) as server:
        (piece,) = run(histogram, job(tmp_path, HISTOGRAM), connection(server))
        asked = server.requests[0].query
    assert asked["min"] == str(day_ms("2026-11-16"))
    assert asked["max"] == str(day_ms("2026-11-23") - 1)
    found = lines(piece)
    assert found[:2] == [
        {"day": "2026-11-16", "series": "news", "count": 16},
        {"day": "2026-11-16", "series": "facebook", "count": 32},
    ]
    # 21:00 of the 23rd in Cần Thơ: that day is not over.
    assert len(found) == 14 and found[-1]["day"] == piece.mark == "2026-11-22"
    assert piece.name == "a_source_20261116_20261122_20261123T140000Z.jsonl"
    with serving(Histogram(COUNTS, ["news", "facebook"])) as server:
        (again,) = run(histogram, job(tmp_path, HISTOGRAM, {piece.item: piece.mark}), connection(server))
    assert lines(again)[0]["day"] == "2026-11-20"


def test_histogram_without_series_has_one_count_a_day(tmp_path: Path) -> None:
    fetch = {name: value for name, value in HISTOGRAM.items() if name != "series"}
    with serving(Histogram({day: [1] for day in COUNTS})) as server:
        (piece,) = run(histogram, job(tmp_path, fetch), connection(server))
    assert lines(piece)[0] == {"day": "2026-11-16", "count": 1}


def test_histogram_series_may_be_named_by_a_part_of_theirs(tmp_path: Path) -> None:
    data = [{"day": "2026-11-22", "counts": [3, 4]}]
    body = {"rows": data, "groups": [{"id": 1, "name": "news"}, {"id": 2, "name": "forum"}]}
    fetch = {
        "from": "histogram",
        "path": "/daily",
        "first": "2026-11-22",
        "format": "date",
        "buckets": "rows",
        "time": "day",
        "values": "counts",
        "series": "groups",
        "series_name": "name",
    }
    with serving(lambda _: reply(body)) as server:
        (piece,) = run(histogram, job(tmp_path, fetch), connection(server))
        assert (server.requests[0].query["min"], server.requests[0].query["max"]) == ("2026-11-22",) * 2
    assert [(row["series"], row["count"]) for row in lines(piece)] == [("news", 3), ("forum", 4)]


def changed(**more: Any) -> dict[str, list[Any]]:
    return COUNTS | {f"2026-11-{name[1:]}": value for name, value in more.items()}


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({day: values for day, values in COUNTS.items() if day != "2026-11-18"}, "pages_do_not_add_up"),
        ({}, "pages_do_not_add_up"),
        (changed(d18=[1]), "bad_answer"),
        (changed(d18=[1, -1]), "bad_answer"),
        (changed(d18=[1, 1.5]), "bad_answer"),
        (changed(d18=[1, None]), "bad_answer"),
        (changed(d18=[True, 1]), "bad_answer"),
    ],
)
def test_histogram_with_a_gap_or_no_count_is_an_error(
    tmp_path: Path, counts: dict[str, list[Any]], reason: str
) -> None:
    with serving(Histogram(counts, ["news", "facebook"])) as server:
        assert fails(server, tmp_path, HISTOGRAM, histogram).reason_code == reason


def test_histogram_error_in_its_status_code_is_an_error(tmp_path: Path) -> None:
    with serving(lambda _: reply({"status_code": "23", "status_message": "rate limit"})) as server:
        assert fails(server, tmp_path, HISTOGRAM, histogram).reason_code == "error_in_answer"


def test_histogram_day_twice_or_outside_the_window_is_an_error(tmp_path: Path) -> None:
    def with_days(*days: str) -> Callable[[Request], Reply]:
        data = [{"t": day_ms(day), "v": [1, 1]} for day in days]
        head = {"v": ["news", "facebook"]}
        return lambda _: reply({"status_code": "0", "result_histogram": {"data": data, "header": head}})

    week = [f"2026-11-{day}" for day in range(16, 23)]
    with serving(with_days(*week, "2026-11-18")) as server:
        assert fails(server, tmp_path, HISTOGRAM, histogram).reason_code == "page_repeated"
    with serving(with_days(*week, "2026-11-23")) as server:
        assert fails(server, tmp_path, HISTOGRAM, histogram).reason_code == "window_ignored"


def test_histogram_with_a_sum_of_its_own_may_leave_days_out(tmp_path: Path) -> None:
    fetch = {name: value for name, value in HISTOGRAM.items() if name != "series"} | {"total": "sum"}
    data = [{"t": day_ms("2026-11-18"), "v": [5]}, {"t": day_ms("2026-11-20"), "v": [2]}]
    body = {"status_code": "0", "result_histogram": {"data": data}, "sum": 7}
    with serving(lambda _: reply(body)) as server:
        (piece,) = run(histogram, job(tmp_path, fetch), connection(server))
        assert [row["count"] for row in lines(piece)] == [5, 2]
        piece.part.unlink()
        server.answer = lambda _: reply(body | {"sum": 8})
        assert fails(server, tmp_path, fetch, histogram).reason_code == "pages_do_not_add_up"
