"""F32, F34, F35: nothing comes, yesterday's file comes again, or much less than yesterday."""

import gzip
from datetime import date

import pytest
from house import (
    CONTENT,
    HEADER,
    NIGHT,
    OLD,
    ROWS,
    SOURCE,
    SPEC,
    assert_whole,
    deliver,
    digest,
    load,
    outcomes,
    query,
    rows,
    visible,
)

from opinion_warehouse import intake
from opinion_warehouse.settings import Settings

LATER = date(2026, 7, 21)


@pytest.fixture
def accepted(house: Settings) -> str:
    """A night went well; the digest of what it took in."""
    deliver(house)
    assert outcomes(house) == ["loaded"]
    assert [each["verdict"] for each in intake.check_landing(house, "social", NIGHT, "r")] == ["accepted"]
    return digest(house)


def closed(settings: Settings) -> tuple[str, str | None]:
    (summary,) = intake.close_intake(settings, "social", LATER, "r")["sources"]
    return summary["status"], summary["detail"]


def test_nothing_came_and_the_last_data_stand(house: Settings, accepted: str) -> None:
    assert load(house, LATER) == []
    assert intake.check_landing(house, "social", LATER, "r") == []
    assert closed(house) == ("nothing_new", None)
    assert digest(house) == accepted
    state = query(house, "select last_accepted_night from intake.source_state(%s)", LATER)
    assert state == [(NIGHT,)], "whether that is late by now: tests/integration/test_release_life.py"


def test_yesterdays_file_again_is_a_duplicate_and_changes_nothing(house: Settings, accepted: str) -> None:
    deliver(house, "of_today.csv", modified=OLD + 86_400)
    assert [each["outcome"] for each in load(house, LATER)] == ["duplicate"]
    assert closed(house)[0] == "nothing_new"
    assert digest(house) == accepted
    assert_whole(house)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (HEADER.encode(), "empty"),
        (b"\n\n", "no_header"),
        (b"id,at\n1,2026-06-01T10:00:00Z\n", "missing_column"),
    ],
)
def test_empty_file_is_refused_and_the_last_data_stand(
    house: Settings, accepted: str, content: bytes, reason: str
) -> None:
    deliver(house, "b.csv", content, OLD + 86_400)
    (result,) = load(house, LATER)
    assert (result["outcome"], result["reason_code"]) == ("rejected", reason)
    assert closed(house)[0] == "rejected"
    assert visible(house) == ROWS
    assert digest(house).startswith(accepted[:32])


def test_file_cut_short_in_a_row_sets_that_row_aside_and_takes_nothing_away(
    house: Settings, accepted: str
) -> None:
    content = HEADER + rows(0, ROWS)
    cut = content[: len(content) * 6 // 10].rstrip("\n")
    cut = cut[: cut.rindex(",", 0, cut.rindex(","))]  # within a row
    deliver(house, "b.csv", cut, OLD + 86_400)
    (result,) = load(house, LATER)
    assert result["outcome"] == "loaded"
    assert result["rows_quarantined"] == 1
    assert result["rows_read"] == cut.count("\n")
    # Both files stay: what the second lacks, the first has.
    assert query(house, "select count(distinct item_key) from landing.social_item") == [(ROWS,)]


def test_compressed_file_cut_short_is_refused_whole(house: Settings) -> None:
    spec = house.sources_dir / "social" / f"{SOURCE}.yml"
    spec.write_text(SPEC.replace('"*.csv"', '"*", compression: gz'), encoding="utf-8")
    try:
        whole = gzip.compress(CONTENT.encode())
        deliver(house, "b.gz", whole[: len(whole) * 6 // 10])
        (result,) = load(house)
        assert (result["outcome"], result["reason_code"]) == ("rejected", "bad_archive")
        deliver(house, "b.gz", whole, OLD + 60)
        assert outcomes(house) == ["loaded"]
    finally:
        spec.write_text(SPEC, encoding="utf-8")
    assert_whole(house)
